"""Round trips: what the fills of a run amount to, from flat to flat."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from quantstrip.clock import Micros
from quantstrip.model import FLAT, Fill, Instrument, Leg, OrderSide, Position, apply

_CLEAN = 9
"""Decimal digits kept of sums of commissions: below any currency's unit, above the noise of adding floats."""


class RoundTrip(NamedTuple):
    """One position from its first fill to the fill that closed it.

    Attributes:
        side: ``LONG`` or ``SHORT``.
        quantity: all units that were opened, adds included.
        entry_ts, exit_ts: moments of the first and of the last fill.
        entry_price, exit_price: means of the opening and of the closing fills, weighted by quantity.
        pnl: realised profit after commissions, in money.
        commission: commissions of all its fills; a flip's is shared by quantity between the trip it closes and the one
            it opens.

    """

    symbol: str
    side: str
    quantity: float
    entry_ts: Micros
    entry_price: float
    exit_ts: Micros
    exit_price: float
    pnl: float
    commission: float


@dataclass(slots=True)
class OpenTrip:
    """A position that is not flat yet, and what it has booked so far."""

    symbol: str
    side: str
    entry_ts: Micros
    opened: float = 0.0
    opened_value: float = 0.0
    closed: float = 0.0
    closed_value: float = 0.0
    realized: float = 0.0
    commission: float = 0.0
    position: Position = field(default=FLAT)
    entries: set[float] = field(default_factory=set)
    exits: set[float] = field(default_factory=set)
    """Prices of its opening and of its closing fills."""


def round_trips(fills: Iterable[Fill], instruments: Mapping[str, Instrument]) -> tuple[list[RoundTrip], list[OpenTrip]]:
    """Put fills together to round trips, in the order in which these ended, and what is still open.

    Each (strategy, symbol, leg) is a position of its own. Booking is ``quantstrip.model.apply``, the ledger's.
    """
    done: list[RoundTrip] = []
    running: dict[tuple[str, str, Leg], OpenTrip] = {}
    terms: dict[str, tuple[float, int]] = {}
    for fill in fills:
        _, _, strategy, symbol, side, quantity, price, ts, commission, _, leg, _ = fill[:]
        if symbol not in terms:
            instrument = instruments.get(symbol) or Instrument(symbol)
            terms[symbol] = instrument.multiplier, instrument.digits
        multiplier, digits = terms[symbol]
        key = (strategy, symbol, leg)
        trip = running.get(key) or _begin(fill)
        held = trip.position.quantity
        position, _, trade, gain, _ = apply(trip.position, side, quantity, price, multiplier, digits)[:]
        after = position.quantity
        if held * trade >= 0.0:
            _open(trip, quantity, price, commission)
        else:
            closing = min(quantity, abs(held))
            share = commission * (closing / quantity)
            trip.closed += closing
            trip.closed_value += closing * price
            trip.exits.add(price)
            trip.realized += gain
            trip.commission += share
            if after * held <= 0.0:
                done.append(_finish(trip, ts, digits))
                if after == 0.0:
                    del running[key]
                    continue
                trip = _begin(fill)
                _open(trip, abs(after), price, commission - share)
        trip.position = position
        running[key] = trip
    return done, list(running.values())


def _begin(fill: Fill) -> OpenTrip:
    return OpenTrip(fill.symbol, "LONG" if fill.side is OrderSide.BUY else "SHORT", fill.ts)


def _open(trip: OpenTrip, quantity: float, price: float, commission: float) -> None:
    trip.opened += quantity
    trip.opened_value += quantity * price
    trip.entries.add(price)
    trip.commission += commission


def _finish(trip: OpenTrip, ts: Micros, digits: int) -> RoundTrip:
    commission = round(trip.commission, _CLEAN)
    return RoundTrip(
        trip.symbol,
        trip.side,
        trip.opened,
        trip.entry_ts,
        _mean(trip.opened_value, trip.opened, trip.entries),
        ts,
        _mean(trip.closed_value, trip.closed, trip.exits),
        round(round(trip.realized, digits) - commission, _CLEAN),
        commission,
    )


def _mean(value: float, quantity: float, prices: set[float]) -> float:
    """The mean price; of fills at one price that price itself, to the last bit."""
    return next(iter(prices)) if len(prices) == 1 else value / quantity
