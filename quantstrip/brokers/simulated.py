"""A broker made of the fill rules: backtest, replay and paper trade against it."""

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import cast

from quantstrip.brokers.waiting import Waiting
from quantstrip.clock import Micros
from quantstrip.errors import OrderRefused
from quantstrip.matching import CostModel, SessionEnd, bar_session_end, entry_rest, match, price_bracket
from quantstrip.model import Bar, Fill, Instrument, Leg, Order, OrderSide, OrderState, OrderType, TimeInForce
from quantstrip.model.position import on_grid
from quantstrip.ports import BrokerEvent, BrokerPosition, OrderUpdate, new_update


class SimulatedBroker:
    """Fills orders from bars by ``quantstrip.matching``; everything that happens comes out of ``advance``.

    An order can fill in the first bar that begins after it was sent. It fills whole or not at all; protective orders
    are held back until their entry fills, act in the entry bar already, and are cancelled with the position.

    Args:
        instruments: what can be traded, by symbol.
        costs: slippage and commission.
        account: name of the account.
        session_end: when a bar's session ends, for DAY orders.
        netting: hold one position of a symbol, as most brokers of shares do: an order that would open one leg while
            another holds, or waits to hold, the other side is refused. Without it every leg is a position of its own.

    """

    name = "simulated"
    persistent = False

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        costs: CostModel | None = None,
        account: str = "SIM",
        session_end: SessionEnd = bar_session_end,
        *,
        netting: bool = False,
    ) -> None:
        self.account = account
        self.costs = costs or CostModel()
        self._commission = self.costs.commission
        self._buyers, self._sellers = self.costs.slipped(1.0, True), self.costs.slipped(1.0, False)
        self._terms = {name: (one.multiplier, one.digits, one.currency) for name, one in instruments.items()}
        self._session_end = session_end
        self._netting = netting
        self._seen: set[str] = set()
        self._legs: set[Leg] = set()
        """Legs that orders came for; where it is only one there is nothing to net."""
        self._waiting: dict[str, Waiting] = {}
        self._positions: dict[tuple[str, Leg], float] = {}
        self._fills: list[Fill] = []
        self._events: list[BrokerEvent] = []
        self._now: Micros = 0
        self.idle = True

    def submit(self, order: Order) -> None:
        """Take an order; a reference seen before is left alone.

        Raises:
            OrderRefused: the symbol is unknown, the quantity is not positive, or positions are netted and another leg
                is on the other side.

        """
        reference, _, symbol, _, quantity, kind, ts, leg, reduce_only, in_force, parent = order[:11]
        if reference in self._seen:
            return
        if symbol not in self._terms:
            raise OrderRefused(f"{symbol} is not traded here", hint="Add it to the run's instruments.")
        if not 0.0 < quantity < _INF:
            raise OrderRefused(f"an order needs a positive quantity, got {quantity!r}")
        if self._netting:
            self._legs.add(leg)
            if len(self._legs) > 1 and not reduce_only:
                self._check_netting(order)
        self._seen.add(reference)
        self._now = ts
        waiting = self._waiting[reference] = Waiting(order, symbol, kind, ts)
        if parent:
            waiting.held_back = True
        # A market order fills in its first bar, which looks itself whether there is anything to reduce.
        if in_force is _DAY or (reduce_only and kind is not _MARKET):
            waiting.conditional = True
        self.idle = False

    def cancel(self, reference: str) -> None:
        """Cancel a waiting order, effective before the next bar; its protective orders go with it."""
        waiting = self._waiting.get(reference)
        if waiting is not None:
            self._end(waiting, _CANCELLED, "cancelled on request")

    def advance(self, now: Micros, bars: Sequence[Bar]) -> Sequence[BrokerEvent]:
        """What happened up to ``now``, the close of ``bars``: all sells before all buys, brackets after entries."""
        self._now = now
        waiting = self._waiting
        if waiting:
            if len(waiting) == 1 and len(bars) == 1:  # the commonest by far
                (only,) = waiting.values()
                if only.symbol == bars[0].symbol:
                    self._look(only, bars[0])
            else:
                self._look_at_all(bars)
            self.idle = not waiting
        events, self._events = self._events, []
        return events

    def fill_at(self, reference: str, price: float, bar: Bar) -> Sequence[BrokerEvent]:
        """Fill a waiting order whole, at ``price``, in ``bar``: for forms that trade within the bar they look at."""
        self._now = bar.ts
        self._fill(self._waiting[reference].order, price, False, bar)
        self.idle = not self._waiting
        events, self._events = self._events, []
        return events

    def open_orders(self) -> Sequence[OrderUpdate]:
        """Every order that waits."""
        return [
            OrderUpdate(reference, _ACCEPTED, 0.0, waiting.order.quantity, 0.0, self._now)
            for reference, waiting in self._waiting.items()
        ]

    def executions_since(self, ts: Micros) -> Sequence[Fill]:
        """Every fill at or after ``ts``."""
        return [fill for fill in self._fills if fill.ts >= ts]

    def positions(self) -> Sequence[BrokerPosition]:
        """What is held; the average price is not kept here."""
        return [
            BrokerPosition(self.account, symbol, quantity, nan)
            for (symbol, _leg), quantity in self._positions.items()
            if quantity
        ]

    def _check_netting(self, order: Order) -> None:
        """Refuse an order that would make a symbol long on one leg and short on another."""
        for leg in Leg:
            if leg is not order.leg and self._opposed(order, leg):
                there, here = ("short", "long") if order.side is _BUY else ("long", "short")
                raise OrderRefused(
                    f"{order.symbol} is {there} on its {leg} leg, or about to be, and positions are netted here: it "
                    f"cannot be {here} on its {order.leg} leg at once",
                    hint="Close the other leg first, or switch virtual_legs on.",
                )

    def _opposed(self, order: Order, leg: Leg) -> bool:
        """True where ``leg`` holds, or waits to open, what is against ``order``; an exit at the market is as done."""
        rest = self._positions.get((order.symbol, leg), 0.0) * order.side.sign
        for waiting in self._waiting.values():
            other = waiting.order
            if other.symbol != order.symbol or other.leg is not leg:
                continue
            if other.side is order.side:
                rest += other.quantity if other.order_type is _MARKET else 0.0
            elif not other.reduce_only:
                return True
        return rest < 0.0

    def _look_at_all(self, bars: Sequence[Bar]) -> None:
        by_symbol = {bar.symbol: bar for bar in bars}
        queue = sorted(self._waiting.values(), key=Waiting.precedence)
        asleep = {waiting.order.reference for waiting in queue if waiting.held_back}
        for waiting in queue:
            bar, reference = by_symbol.get(waiting.symbol), waiting.order.reference
            if bar is not None and reference in self._waiting:  # no other has ended it
                self._look(waiting, bar, acted=reference in asleep)

    def _look(self, waiting: Waiting, bar: Bar, *, acted: bool = False) -> None:
        """Let a bar act on an order; ``acted`` is one that an entry of this bar woke: it has, in the rest of it."""
        # A bar that had begun before the order was sent cannot fill it: its open is not to be had any more.
        if bar.ts_open < waiting.since or waiting.held_back:
            return
        if (waiting.conditional and self._ended(waiting, bar)) or acted:
            return
        if waiting.kind is _MARKET:
            self._fill(waiting.order, bar.open, True, bar)
        else:
            self._match(waiting, bar)

    def _ended(self, waiting: Waiting, bar: Bar) -> bool:
        """End an order whose time is over or whose position is gone; True when it was ended."""
        order = waiting.order
        if order.reduce_only and not self._reducible(order):
            self._end(waiting, _CANCELLED, "nothing left to reduce")
            return True
        if order.time_in_force is _DAY:
            if waiting.deadline is None:
                waiting.deadline = self._session_end(bar)
            elif bar.ts > waiting.deadline:
                self._end(waiting, _EXPIRED, "the session ended")
                return True
        return False

    def _match(self, waiting: Waiting, bar: Bar) -> None:
        order = waiting.order
        price, slips, waiting.memory = match(order, waiting.memory, bar)
        if price == price:  # not NaN
            self._fill(order, price, slips, bar)
        elif order.time_in_force is _BAR:
            self._end(waiting, _EXPIRED, "not filled in its bar")
        elif not waiting.accepted:
            waiting.accepted = True
            self._update(order, _ACCEPTED, 0.0, 0.0)

    def _fill(self, order: Order, price: float, slips: bool, bar: Bar) -> None:
        reference, strategy, symbol, side, quantity, kind, _, leg, reduce_only = order[:9]
        multiplier, digits, currency = self._terms[symbol]
        key = (symbol, leg)
        held = self._positions.get(key, 0.0)
        against = -held if side is _BUY else held
        wanted = quantity if not reduce_only or quantity <= against else against
        if wanted <= 0.0:
            self._end(self._waiting[reference], _CANCELLED, "nothing left to reduce")
            return
        if side is _BUY:
            paid, after = price * self._buyers if slips else price, held + wanted
        else:
            paid, after = price * self._sellers if slips else price, held - wanted
        commission = self._commission(wanted, paid, multiplier, digits)
        fill = _new_fill(Fill, (
            reference + ".1", reference, strategy, symbol, side, wanted, paid, bar.ts, commission, currency, leg, kind
        ))  # fmt: skip
        self._positions[key] = on_grid(after) if after % 1.0 else after
        self._fills.append(fill)
        self._events.append(fill)
        del self._waiting[reference]
        if wanted < quantity:
            self._update(order, _PARTIALLY_FILLED, wanted, paid)
            self._update(order, _CANCELLED, wanted, paid, "nothing left to reduce")
        else:
            self._events.append(new_update((reference, _FILLED, wanted, 0.0, paid, self._now, "", "")))
        if self._waiting:
            self._after_fill(order, paid, entry_rest(bar, price, side))

    def _after_fill(self, order: Order, price: float, rest: Bar) -> None:
        """Cancel the group's other orders; wake an entry's protection and let it act in what is left of the bar."""
        if order.group:
            for other in self._children(order.group):
                self._end(other, _CANCELLED, f"{order.reason or order.order_type} filled first")
            return
        woken = sorted(self._children(order.reference), key=Waiting.precedence)
        for waiting in woken:
            waiting.wake(price_bracket(waiting.order, price), price)
        for waiting in woken:
            # An opposite entry of the same bar may have left nothing for this one's protection to reduce.
            if waiting.order.reference in self._waiting and not self._ended(waiting, rest):
                self._match(waiting, rest)

    def _children(self, group: str) -> list[Waiting]:
        return [waiting for waiting in self._waiting.values() if waiting.order.group == group]

    def _reducible(self, order: Order) -> float:
        """Units a reduce-only order may still take off the position."""
        held = self._positions.get((order.symbol, order.leg), 0.0)
        return max(0.0, -held if order.side is _BUY else held)

    def _end(self, waiting: Waiting, state: OrderState, reason: str) -> None:
        order = waiting.order
        del self._waiting[order.reference]
        self._update(order, state, 0.0, 0.0, reason)
        if not order.parent:
            for child in self._children(order.reference):
                self._end(child, _CANCELLED, "the entry ended without a fill")

    def _update(self, order: Order, state: OrderState, filled: float, average: float, reason: str = "") -> None:
        self._events.append(
            OrderUpdate(order.reference, state, filled, order.quantity - filled, average, self._now, reason)
        )


_new_fill = cast("Callable[[type[Fill], tuple[object, ...]], Fill]", tuple.__new__)
_INF = float("inf")
_BUY, _MARKET = OrderSide.BUY, OrderType.MARKET
_ACCEPTED, _FILLED, _PARTIALLY_FILLED = OrderState.ACCEPTED, OrderState.FILLED, OrderState.PARTIALLY_FILLED
_CANCELLED, _EXPIRED = OrderState.CANCELLED, OrderState.EXPIRED
_BAR, _DAY = TimeInForce.BAR, TimeInForce.DAY
