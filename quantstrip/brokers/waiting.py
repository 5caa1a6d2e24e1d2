"""An order that waits at the simulated broker, and in which order the waiting ones are looked at."""

from typing import TYPE_CHECKING

from quantstrip.matching import Memory
from quantstrip.model import Order, OrderSide, OrderType, TimeInForce

if TYPE_CHECKING:
    from quantstrip.clock import Micros

_FRESH = Memory()
_RANK = {
    OrderType.MARKET: 0,
    OrderType.STOP: 1,
    OrderType.TRAILING_STOP: 1,
    OrderType.STOP_LIMIT: 2,
    OrderType.LIMIT: 3,
}
_BUY = OrderSide.BUY
_DAY = TimeInForce.DAY
_TRAILING = OrderType.TRAILING_STOP


class Waiting:
    """A waiting order and what the broker remembers of it.

    Attributes:
        reference, symbol, kind, since: the order's own, read for every bar; ``since`` is when it was sent.
        held_back: a protective order whose entry has not filled.
        conditional: it may end before it fills, with its session or its position.
        accepted: its resting has been reported.
        deadline: end of the session it is good for, None before its first bar.
        memory: what the fill rules remember.

    """

    __slots__ = (
        "accepted", "conditional", "deadline", "held_back", "kind", "memory", "order", "reference", "since", "symbol",
    )  # fmt: skip

    def __init__(self, order: Order) -> None:
        self.order = order
        self.reference, _, self.symbol, _, _, kind, self.since, _, reduce_only, in_force, parent = order[:11]
        self.kind = kind
        self.held_back = parent != ""
        self.conditional = reduce_only or in_force is _DAY
        self.accepted = False
        self.deadline: Micros | None = None
        self.memory = Memory(peak=order.decision_price) if kind is _TRAILING else _FRESH

    def precedence(self) -> tuple[bool, int]:
        """Sort key within a bar: sells before buys, what acts at the open first, stops before limits."""
        order = self.order
        return order.side is _BUY, _RANK[order.order_type]

    def wake(self, order: Order, fill_price: float) -> None:
        """Begin to protect an entry that filled at ``fill_price``; ``order`` carries the prices that follow from it."""
        self.order = order
        self.held_back = False
        if order.order_type is _TRAILING:
            self.memory = Memory(peak=fill_price)
