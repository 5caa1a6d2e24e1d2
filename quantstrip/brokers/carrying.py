"""What it costs to hold a position: borrowed shares, and the funding of perpetual futures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quantstrip.brokers.simulated import SimulatedBroker
from quantstrip.clock import DAY, HOUR, Micros
from quantstrip.model import Bar, Fill, Instrument, Order
from quantstrip.model.position import rounded
from quantstrip.ports import BrokerEvent, BrokerPosition, Charge, OrderUpdate

_YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True)
class Carry:
    """Rates of holding.

    Attributes:
        borrow_rate: paid for the value of short positions, a year of 365 days, at each midnight UTC that they are held
            over.
        funding_rate: paid by long positions, received by short ones, on their value at each end of an interval that
            they are held over; where it is negative, the other way round.
        funding_hours: length of the interval, counted from midnight UTC.

    """

    borrow_rate: float = 0.0
    funding_rate: float = 0.0
    funding_hours: float = 8.0


class CarryingBroker:
    """A simulated broker that also books what positions cost while they are held.

    A moment up to the bar's open is charged on what was held before the bar, at the close before; one inside the bar on
    what is held after the bar's fills, at its open: bars tell no more.

    Args:
        inner: where orders go.
        instruments: by symbol.
        carry: the rates.

    """

    def __init__(self, inner: SimulatedBroker, instruments: Mapping[str, Instrument], carry: Carry) -> None:
        self.name, self.account, self.persistent = inner.name, inner.account, inner.persistent
        self._inner = inner
        self._instruments = instruments
        self._borrow = carry.borrow_rate / _YEAR_DAYS
        self._funding = carry.funding_rate
        self._every = round(carry.funding_hours * HOUR)
        self._last: dict[str, tuple[Micros, float]] = {}
        """Close of the last bar and its price, by symbol."""

    @property
    def idle(self) -> bool:
        """Never: bars without orders have to be seen too."""
        return False

    def submit(self, order: Order) -> None:
        """As ``SimulatedBroker.submit``."""
        self._inner.submit(order)

    def cancel(self, reference: str) -> None:
        """As ``SimulatedBroker.cancel``."""
        self._inner.cancel(reference)

    def advance(self, now: Micros, bars: Sequence[Bar]) -> Sequence[BrokerEvent]:
        """What happened to orders, between what was charged before the bar's fills and after them."""
        events: list[BrokerEvent] = [charge for bar in bars if bar.symbol in self._last for charge in self._before(bar)]
        events += self._inner.advance(now, bars)
        events += [charge for bar in bars for charge in self._inside(bar)]
        for bar in bars:
            self._last[bar.symbol] = bar.ts, bar.close
        return events

    def fill_at(self, reference: str, price: float, bar: Bar) -> Sequence[BrokerEvent]:
        """As ``SimulatedBroker.fill_at``."""
        return self._inner.fill_at(reference, price, bar)

    def open_orders(self) -> Sequence[OrderUpdate]:
        """Every order that waits."""
        return self._inner.open_orders()

    def executions_since(self, ts: Micros) -> Sequence[Fill]:
        """Every fill at or after ``ts``."""
        return self._inner.executions_since(ts)

    def positions(self) -> Sequence[BrokerPosition]:
        """What is held."""
        return self._inner.positions()

    def _before(self, bar: Bar) -> Iterable[Charge]:
        since, price = self._last[bar.symbol]
        return self._charges(bar, price, since, bar.ts_open + 1)

    def _inside(self, bar: Bar) -> Iterable[Charge]:
        return self._charges(bar, bar.open, bar.ts_open + 1, bar.ts)

    def _charges(self, bar: Bar, price: float, since: Micros, until: Micros) -> list[Charge]:
        """Charges at the moments from ``since`` on and before ``until``."""
        nights = _multiples(DAY, since, until) if self._borrow else 0
        intervals = _multiples(self._every, since, until) if self._funding else 0
        if not nights and not intervals:
            return []
        instrument = self._instruments[bar.symbol]
        held = [one.quantity for one in self._inner.positions() if one.symbol == bar.symbol]
        value = price * instrument.multiplier
        short = -sum(quantity for quantity in held if quantity < 0.0) * value
        amounts = (
            ("borrow", -short * self._borrow * nights),
            ("funding", -sum(held) * value * self._funding * intervals),
        )
        charged = [(kind, rounded(amount, instrument.digits)) for kind, amount in amounts]
        return [Charge(bar.ts, bar.symbol, kind, amount) for kind, amount in charged if amount]


def _multiples(step: int, since: Micros, until: Micros) -> int:
    """How many whole multiples of ``step`` lie from ``since`` on and before ``until``."""
    return max(0, -(-until // step) - -(-since // step))
