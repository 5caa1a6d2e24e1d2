"""An order that waits at the simulated broker, and in which order the waiting ones are looked at."""

from quantstrip.clock import Micros
from quantstrip.matching import Memory
from quantstrip.model import Order, OrderSide, OrderType

_FRESH = Memory()
_RANK = {
    OrderType.MARKET: 0,
    OrderType.STOP: 1,
    OrderType.TRAILING_STOP: 1,
    OrderType.STOP_LIMIT: 2,
    OrderType.LIMIT: 3,
}
_BUY = OrderSide.BUY
_TRAILING = OrderType.TRAILING_STOP


class Waiting:
    """A waiting order and what the broker remembers of it.

    Attributes:
        symbol, kind, since: the order's own, read for every bar; ``since`` is when it was sent.
        held_back: a protective order whose entry has not filled.
        conditional: it may end before it fills, with its session or its position.
        accepted: its resting has been reported.
        deadline: end of the session it is good for, None before its first bar.
        memory: what the fill rules remember.

    """

    # Of the class until an order differs: most are at the market and gone with the next bar.
    held_back = False
    conditional = False
    accepted = False
    deadline: Micros | None = None
    memory = _FRESH

    def __init__(self, order: Order, symbol: str, kind: OrderType, since: Micros) -> None:
        self.order = order
        self.symbol = symbol
        self.kind = kind
        self.since = since
        if kind is _TRAILING:
            self.memory = Memory(peak=order.decision_price)

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
