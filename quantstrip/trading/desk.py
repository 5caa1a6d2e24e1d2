"""Decides what becomes of a signal: one or more orders, a recorded refusal, or both."""

from collections.abc import Callable, Iterator, Mapping
from math import inf, nan
from typing import cast

from quantstrip.clock import Micros, to_text
from quantstrip.model import Instrument, Leg, Order, OrderSide, OrderType, Signal
from quantstrip.model.trade import PLAIN
from quantstrip.risk import Book, Guard, Intent, Refusal, RiskProfile, check, within_limits
from quantstrip.trading.account import Account
from quantstrip.trading.orders import OrderBook, bracket_orders
from quantstrip.trading.references import References
from quantstrip.trading.sizing import DEFAULT_RATIO, Size, size
from quantstrip.trading.validity import expected_price, problem

Hours = Callable[[Instrument, Micros], bool]
"""Is the instrument's exchange open at that moment?"""


Decision = tuple[list[Order], Refusal | None]
"""What to do about a signal: orders to send, in this order, and the refusal to record, if any.

Both together mean that a flip was refused and only its reducing part is sent.
"""


class Desk:
    """Sizes signals, asks the risk rules and writes orders for one strategy of one run.

    Args:
        run: the run's key.
        strategy: the strategy's name.
        account: its books.
        orders: its open orders.
        guard: halts, duplicates, kill switch; carries the risk profile.
        instruments: by symbol.
        ratio: share of equity for entries without a quantity.
        quantity: units for entries without a quantity, instead of ``ratio``.
        hours: when exchanges are open; None where orders wait for their bar anyway.

    """

    def __init__(
        self,
        run: str,
        strategy: str,
        account: Account,
        orders: OrderBook,
        guard: Guard,
        instruments: Mapping[str, Instrument],
        *,
        ratio: float = DEFAULT_RATIO,
        quantity: float | None = None,
        hours: Hours | None = None,
    ) -> None:
        self.profile: RiskProfile = guard.profile
        self._reference = References(run, strategy).make
        self._strategy = strategy
        self._account = account
        self._orders = orders
        self._open = orders.open
        self._guard = guard
        self._instruments = instruments
        self._ratio = ratio
        self.quantity = quantity
        self._hours = hours if self.profile.trading_hours else None

    def decide(self, signal: Signal, ts: Micros, sequence: int, decision_price: float | None = None) -> Decision:
        """Orders for ``signal``, decided at ``ts`` on ``decision_price`` (default: the last known price).

        NaN is a price that nobody knows any more: no rule that needs it lets an entry pass.
        """
        symbol, side, _, kind, limit, quantity = signal[:6]
        account = self._account
        price = account.prices.get(symbol, nan)
        instrument = self._instruments.get(symbol)
        if instrument is None:
            known = ", ".join(sorted(self._instruments)) or "none"
            return _refused("validity", f"{symbol!r} is not an instrument of this run; there are: {known}")
        plain = kind is _MARKET and limit is None and signal[8:18] == PLAIN
        if not (plain and 0.0 < price < inf and (quantity is None or 0.0 < quantity < inf)):  # as most are
            wrong = problem(signal, price)
            if wrong is not None:
                return _refused("validity", wrong)
        if self._hours is not None and not self._hours(instrument, ts):
            return _refused("trading_hours", f"{instrument.calendar} is closed at {to_text(ts)} UTC")
        held = account.units(symbol, signal.leg)
        against = held < 0.0 if side is _BUY else held > 0.0
        if against and quantity is None and not self._open:
            reducing, opening, note = abs(held), 0.0, ""  # all of it: the commonest exit
        elif plain and not against and quantity is not None and not quantity % (instrument.lot_size or quantity):
            reducing, opening, note = 0.0, quantity, ""  # whole lots: the commonest entry
        else:
            reducing, opening, note = self._size(signal, held, instrument, price)
        decided = decision_price or price
        refusal = None
        if opening > 0.0:
            expected = price if plain else expected_price(signal, price)
            refusal = self._check(signal, instrument, opening, expected, decided, price, ts)
            if refusal is not None:
                opening, note = 0.0, "clipped to the position: the opening part was refused"
            else:
                self._guard.accept(symbol, side, signal.leg, opening, ts)
        if reducing + opening <= 0.0:
            return [], refusal or Refusal("sizing", note)
        if decided != decided:  # NaN
            decided = price
        order = self._order(signal, ts, sequence, reducing, opening, decided, note)
        if opening > 0.0 and not plain and signal[13:18] != _NO_BRACKET:
            return [order, *bracket_orders(order, opening)], refusal
        return [order], refusal

    def _size(self, signal: Signal, held: float, instrument: Instrument, price: float) -> Size:
        equity = 0.0
        if signal.quantity is None and (held >= 0.0 if signal.side is _BUY else held <= 0.0):
            if self.quantity is not None:
                signal = signal._replace(quantity=self.quantity)
            else:
                equity = self._account.equity()
        closing = self._closing(signal) if self._open else 0.0
        profile = self.profile
        return size(
            signal, held, closing, equity, price, instrument, self._ratio, profile.allow_short, profile.allow_long
        )

    def _closing(self, signal: Signal) -> float:
        """Units that market orders on their way will take off the position already."""
        return sum(
            tracked.remaining
            for tracked in self._orders
            if (order := tracked.order).symbol == signal.symbol
            and order.leg is signal.leg
            and order.side is signal.side
            and order.order_type is _MARKET
        )

    def _check(
        self,
        signal: Signal,
        instrument: Instrument,
        opening: float,
        expected: float,
        decided: float,
        last: float,
        ts: Micros,
    ) -> Refusal | None:
        account, (symbol, side) = self._account, signal[:2]
        value = opening * expected * instrument.multiplier
        if self._open or account.held:
            equity, cash, own, gross = self._values(symbol)
        else:
            equity, cash, own, gross = account.cash, account.cash, 0.0, 0.0
        if last == decided and within_limits(self._guard, side, value, ts, equity, cash, own, gross):
            return None
        intent = Intent(instrument, side, signal.leg, opening, value, decided, last, ts)
        return check(self.profile, intent, Book(equity, cash, own, gross), self._guard)

    def _values(self, symbol: str) -> tuple[float, float, float, float]:
        """Equity, cash, value of ``symbol`` and of all as if every waiting entry had filled."""
        account = self._account
        cash = account.cash
        equity, gross, own = account.values(symbol)
        for units in self._leaving(symbol) if self._open else ():
            value = units * account.prices[symbol] * self._instruments[symbol].multiplier
            gross, own, cash = gross - abs(value), own - abs(value), cash + value
        for order, opening in self.entries():
            last = account.prices.get(order.symbol, order.decision_price)
            price = order.limit_price or order.stop_price or last
            value = opening * price * self._instruments[order.symbol].multiplier
            gross += value
            cash -= value if order.side is _BUY else 0.0
            own += value if order.symbol == symbol else 0.0
        return equity, cash, own, gross

    def _leaving(self, symbol: str) -> Iterator[float]:
        """Units of ``symbol`` that exits at the market take off each of its legs, negative where it is short.

        They fill no later than an entry that is decided now: what they close makes room for it.
        """
        for holding in self._account.held:
            if holding.symbol == symbol:
                held = holding.position.quantity
                side = _SELL if held > 0.0 else _BUY
                waiting = sum(
                    tracked.remaining
                    for tracked in self._orders
                    if (order := tracked.order).symbol == symbol
                    and order.leg is holding.leg
                    and order.side is side
                    and order.order_type is _MARKET
                    and order.reduce_only
                )
                yield min(waiting, abs(held)) * side.opposite.sign

    def entries(self) -> Iterator[tuple[Order, float]]:
        """Waiting orders that would open something, and how many units: of a flip, what exceeds the position.

        A position is closed once: what market orders and flips before it take off is not there for the next flip.
        """
        taken: dict[tuple[str, Leg, OrderSide], float] = {}
        for tracked in self._orders:
            order = tracked.order
            if order.reduce_only and order.order_type is not _MARKET:
                continue
            key = (order.symbol, order.leg, order.side)
            held = self._account.position(order.symbol, order.leg).quantity
            against = max(0.0, -held if order.side is _BUY else held) - taken.get(key, 0.0)
            closing = min(tracked.remaining, against)
            taken[key] = taken.get(key, 0.0) + closing
            if not order.reduce_only and tracked.remaining > closing:
                yield order, tracked.remaining - closing

    def _order(
        self, signal: Signal, ts: Micros, sequence: int, reducing: float, opening: float, decided: float, note: str
    ) -> Order:
        (
            symbol, side, strength, kind, limit, _, reason, _, stop, trail_amount, trail_percent, in_force, leg,
            stop_loss, take_profit, stop_loss_pct, take_profit_pct, trailing_pct, _, tag, activation,
        ) = signal[:]  # fmt: skip
        if note:
            reason = f"{reason} ({note})" if reason else note
        return _new_order(Order, (
            self._reference(leg, ts, sequence), self._strategy, symbol, side, reducing + opening, kind, ts, leg,
            opening == 0.0, in_force, "", "", limit, stop, trail_amount, trail_percent, decided,
            stop_loss, take_profit, stop_loss_pct, take_profit_pct, trailing_pct, reason, strength, tag, activation,
        ))  # fmt: skip


_BUY, _SELL = OrderSide.BUY, OrderSide.SELL
_MARKET = OrderType.MARKET
_NO_BRACKET = (None,) * 5
# Made for every signal: without a Python call for the tuple it takes half the time.
_new_order = cast("Callable[[type[Order], tuple[object, ...]], Order]", tuple.__new__)


def _refused(rule: str, reason: str) -> Decision:
    return [], Refusal(rule, reason)
