"""A simulated broker whose orders take a share of each bar's volume at most, and wait with the rest."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from quantstrip.brokers.simulated import SimulatedBroker
from quantstrip.brokers.waiting import Waiting
from quantstrip.matching import CostModel, SessionEnd, bar_session_end, entry_rest
from quantstrip.model import Bar, Fill, Instrument, Order, OrderSide, OrderState, OrderType, TimeInForce
from quantstrip.model.position import on_grid
from quantstrip.ports import OrderUpdate

if TYPE_CHECKING:
    from quantstrip.clock import Micros


class _Done(NamedTuple):
    """What of an order has filled: how often, units and value, and how many units it was for."""

    fills: int
    quantity: float
    value: float
    whole: float


class SharingBroker(SimulatedBroker):
    """``SimulatedBroker`` that fills a symbol's orders in a bar up to a share of the bar's volume, down to the lot.

    What is left of an order goes on waiting, at the market once its stop has been touched; a bar without volume fills
    nothing. The first part of an entry wakes its protection, which reduces what is held by then. When a protective
    order fills, what is left of its entry is cancelled.

    Args:
        share: of a bar's volume, above 0 and up to 1; all orders of the symbol share it.
        instruments, costs, account, session_end, netting: as of ``SimulatedBroker``.

    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        costs: CostModel | None = None,
        account: str = "SIM",
        session_end: SessionEnd = bar_session_end,
        *,
        netting: bool = False,
        share: float,
    ) -> None:
        super().__init__(instruments, costs, account, session_end, netting=netting)
        self._share = share
        self._lots = {name: one.lot_size for name, one in instruments.items()}
        self._left: dict[str, tuple[Micros, float]] = {}
        """Units that the bar closing at a moment may still fill, by symbol."""
        self._done: dict[str, _Done] = {}
        """Orders that have filled in part, by reference; those that wait are for their rest."""

    def _fill(self, order: Order, price: float, slips: bool, bar: Bar) -> None:
        waiting = self._waiting[order.reference]
        buying, symbol, quantity = order.side is _BUY, order.symbol, order.quantity
        held = self._positions.get((symbol, order.leg), 0.0)
        against = -held if buying else held
        wanted = quantity if not order.reduce_only or quantity <= against else against
        if wanted <= 0.0:
            self._end(waiting, _CANCELLED, "nothing left to reduce")
            return
        part = min(wanted, self._free(bar))
        if part > 0.0:
            self._book(waiting, part, price, slips, bar)
        if order.reference not in self._waiting:
            return
        if part < wanted:
            self._wait_on(waiting)
        else:
            self._end(waiting, _CANCELLED, "nothing left to reduce")

    def _book(self, waiting: Waiting, part: float, price: float, slips: bool, bar: Bar) -> None:
        """Fill ``part`` of an order; it goes on waiting for the rest, if there is one."""
        order = waiting.order
        reference, _, symbol, side, quantity, kind = order[:6]
        multiplier, digits, currency = self._terms[symbol]
        key, buying = (symbol, order.leg), side is _BUY
        paid = price if not slips else price * (self._buyers if buying else self._sellers)
        done = self._done.get(reference) or _Done(0, 0.0, 0.0, quantity)
        done = _Done(done.fills + 1, on_grid(done.quantity + part), done.value + part * paid, done.whole)
        fill = Fill(
            f"{reference}.{done.fills}", reference, order.strategy, symbol, side, part, paid, bar.ts,
            self._commission(part, paid, multiplier, digits), currency, order.leg, kind,
        )  # fmt: skip
        self._positions[key] = on_grid(self._positions.get(key, 0.0) + (part if buying else -part))
        ts, left = self._left[symbol]
        self._left[symbol] = ts, on_grid(left - part)
        self._fills.append(fill)
        self._events.append(fill)
        rest = on_grid(quantity - part)
        if rest > 0.0:
            self._done[reference] = done
            waiting.order = order._replace(quantity=rest)
        else:
            self._done.pop(reference, None)
            del self._waiting[reference]
        self._events.append(
            OrderUpdate(reference, _PARTIALLY_FILLED if rest > 0.0 else _FILLED, done.quantity, rest,
                        done.value / done.quantity, self._now)
        )  # fmt: skip
        if order.group:
            entry = [self._waiting[order.group]] if order.group in self._waiting else []
            for other in (*entry, *self._children(order.group)):
                if other is not waiting:
                    self._end(other, _CANCELLED, f"{order.reason or order.order_type} filled first")
        elif done.fills == 1:
            self._after_fill(order, paid, entry_rest(bar, price, side))

    def _wait_on(self, waiting: Waiting) -> None:
        """An order that the bar's volume did not fill: a stop that was touched is a market order from now on."""
        order = waiting.order
        if order.time_in_force is _BAR:
            self._end(waiting, _EXPIRED, "not filled in its bar")
            return
        if order.order_type in _STOPS:
            waiting.kind = _MARKET
        waiting.conditional = waiting.conditional or order.reduce_only
        if not waiting.accepted and order.reference not in self._done:
            self._update(order, _ACCEPTED, 0.0, 0.0)
        waiting.accepted = True

    def _free(self, bar: Bar) -> float:
        """Units that the bar may still fill, in whole lots."""
        ts, left = self._left.get(bar.symbol, (-1, 0.0))
        if ts != bar.ts:
            left = bar.volume * self._share
            self._left[bar.symbol] = bar.ts, left
        lot = self._lots[bar.symbol]
        return on_grid(math.floor(left / lot + 1e-9) * lot) if lot > 0.0 else left

    def _end(self, waiting: Waiting, state: OrderState, reason: str) -> None:
        done = self._done.pop(waiting.order.reference, None)
        if done is None:
            super()._end(waiting, state, reason)
            return
        del self._waiting[waiting.order.reference]
        self._events.append(
            OrderUpdate(waiting.order.reference, state, done.quantity, on_grid(done.whole - done.quantity),
                        done.value / done.quantity, self._now, reason)
        )  # fmt: skip


_BUY, _MARKET, _BAR = OrderSide.BUY, OrderType.MARKET, TimeInForce.BAR
_STOPS = (OrderType.STOP, OrderType.TRAILING_STOP)
_ACCEPTED, _FILLED, _PARTIALLY_FILLED = OrderState.ACCEPTED, OrderState.FILLED, OrderState.PARTIALLY_FILLED
_CANCELLED, _EXPIRED = OrderState.CANCELLED, OrderState.EXPIRED
