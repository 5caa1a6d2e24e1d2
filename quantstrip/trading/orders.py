"""What has become of each order, by the one table of states."""

from collections.abc import Iterator, Sequence

from quantstrip.model import FINAL, Order, OrderSide, OrderState, OrderType, advance
from quantstrip.model.position import QUANTITY_DIGITS
from quantstrip.model.states import ALLOWED
from quantstrip.ports import OrderUpdate

_DUST = 10.0**-QUANTITY_DIGITS


class TrackedOrder:
    """An order and its last known state; ``filled`` in units, ``average_price`` 0 before the first fill."""

    __slots__ = ("average_price", "external_id", "filled", "order", "state")

    def __init__(self, order: Order, state: OrderState = OrderState.CREATED) -> None:
        self.order = order
        self.state = state
        self.filled = 0.0
        self.average_price = 0.0
        self.external_id = ""

    @property
    def remaining(self) -> float:
        """Units that may still fill; float dust counts as nothing."""
        rest = self.order.quantity - self.filled
        return rest if rest > _DUST else 0.0


class OrderBook:
    """Orders that are not final; finished ones are forgotten, their record is the recorder's.

    Attributes:
        open: by reference; for reading.
        executions: what is booked of every order, finished ones too, by reference: None, one, or several execution
            ids. Whoever books keeps it.

    """

    def __init__(self) -> None:
        self.open: dict[str, TrackedOrder] = {}
        self.executions: dict[str, str | set[str] | None] = {}

    def __len__(self) -> int:
        return len(self.open)

    def __iter__(self) -> Iterator[TrackedOrder]:
        return iter(self.open.values())

    def get(self, reference: str) -> TrackedOrder | None:
        """The open order of that reference, or None."""
        return self.open.get(reference)

    def add(self, order: Order, state: OrderState = OrderState.CREATED, booked: Sequence[str] = ()) -> TrackedOrder:
        """Track an order; ``booked`` are its executions so far."""
        reference = order.reference
        self.executions[reference] = set(booked) if booked else None
        tracked = self.open[reference] = TrackedOrder(order, state)
        return tracked

    def apply(self, update: OrderUpdate) -> TrackedOrder | None:
        """Take in a broker's word; returns the order when its state or fill changed, None where nothing is new.

        Raises:
            InvalidRecord: the change of state is impossible.

        """
        reference, new, filled, _, average, _, _, external_id = update[:]
        tracked = self.open.get(reference)
        if tracked is None:
            return None
        if new is not tracked.state:
            if new not in ALLOWED[tracked.state]:
                advance(tracked.state, new)  # says what is wrong
            tracked.state = new
        elif filled == tracked.filled:
            return None
        tracked.filled = filled
        tracked.average_price = average
        if external_id:
            tracked.external_id = external_id
        if new in FINAL:
            del self.open[reference]
        return tracked

    def matching(self, key: str) -> list[TrackedOrder]:
        """Open orders of a symbol, or the one of a reference."""
        found = self.open.get(key)
        return [found] if found is not None else [one for one in self if one.order.symbol == key]


def bracket_orders(entry: Order, quantity: float) -> list[Order]:
    """The protective orders of an entry: stop, target and trailing stop, where it asks for them.

    They reduce only, cancel each other, and wait for the entry to fill; prices given as percentages are left to the
    broker, who knows the fill price (``quantstrip.matching.price_bracket``).
    """
    wanted = (
        ("S", _STOP, entry.stop_loss is not None or entry.stop_loss_pct is not None),
        ("T", _LIMIT, entry.take_profit is not None or entry.take_profit_pct is not None),
        ("R", _TRAILING, entry.trailing_pct is not None),
    )
    return [
        Order(
            reference=f"{entry.reference}-{suffix}",
            strategy=entry.strategy,
            symbol=entry.symbol,
            side=_SELL if entry.side is _BUY else _BUY,
            quantity=quantity,
            order_type=kind,
            ts=entry.ts,
            limit_price=entry.take_profit if kind is _LIMIT else None,
            stop_price=entry.stop_loss if kind is _STOP else None,
            trail_percent=entry.trailing_pct if kind is _TRAILING else None,
            leg=entry.leg,
            decision_price=entry.decision_price,
            parent=entry.reference,
            group=entry.reference,
            reduce_only=True,
            stop_loss_pct=entry.stop_loss_pct if kind is _STOP else None,
            take_profit_pct=entry.take_profit_pct if kind is _LIMIT else None,
            trailing_activation_pct=entry.trailing_activation_pct if kind is _TRAILING else None,
            reason=_REASONS[kind],
            tag=entry.tag,
        )
        for suffix, kind, asked in wanted
        if asked
    ]


_BUY, _SELL = OrderSide.BUY, OrderSide.SELL
_STOP, _LIMIT, _TRAILING = OrderType.STOP, OrderType.LIMIT, OrderType.TRAILING_STOP
_REASONS = {_STOP: "stop loss", _LIMIT: "take profit", _TRAILING: "trailing stop"}
