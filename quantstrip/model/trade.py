"""What a strategy wants and what becomes of it: signals, orders, fills."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from quantstrip.clock import Micros
from quantstrip.model.enums import Leg, OrderSide, OrderType, TimeInForce


@dataclass(frozen=True, slots=True)
class Signal:
    """What a strategy wants done; the engine sizes, checks and orders it.

    Attributes:
        strength: confidence from 0 to 1; kept with the order, no part in its size.
        limit_price: needed by LIMIT and STOP_LIMIT.
        stop_price: needed by STOP and STOP_LIMIT.
        trail_amount: distance of a TRAILING_STOP in price units; ``trail_percent`` as a fraction of the price.
        quantity: units; None lets the engine size it (see ``quantstrip.trading.sizing``).
        stop_loss, take_profit: bracket prices that live from the entry bar.
        stop_loss_pct, take_profit_pct, trailing_pct: the same as fractions of the fill price (0.03 is 3 %).
        cancel: reference or symbol whose waiting orders are cancelled; such a signal orders nothing.
        tag: groups signals in reports.

    Example:
        >>> Signal("AAPL", "BUY", reason="golden cross").side
        <OrderSide.BUY: 'BUY'>

    """

    symbol: str
    side: OrderSide = OrderSide.BUY
    strength: float = 1.0
    order_type: OrderType = OrderType.MARKET
    limit_price: float | None = None
    quantity: float | None = None
    reason: str = ""
    timestamp: datetime | None = None
    stop_price: float | None = None
    trail_amount: float | None = None
    trail_percent: float | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    leg: Leg = Leg.NET
    stop_loss: float | None = None
    take_profit: float | None = None
    stop_loss_pct: float | None = None
    take_profit_pct: float | None = None
    trailing_pct: float | None = None
    cancel: str | None = None
    tag: str = ""

    def __post_init__(self) -> None:
        # Plain words and Decimals are welcome; inside, everything is one type.
        for name, kind in (
            ("side", OrderSide),
            ("order_type", OrderType),
            ("time_in_force", TimeInForce),
            ("leg", Leg),
        ):
            object.__setattr__(self, name, kind(getattr(self, name)))
        for name in _NUMBERS:
            value = getattr(self, name)
            if value is not None and type(value) is not float:
                object.__setattr__(self, name, float(value))


_NUMBERS = (
    "strength", "limit_price", "quantity", "stop_price", "trail_amount", "trail_percent",
    "stop_loss", "take_profit", "stop_loss_pct", "take_profit_pct", "trailing_pct",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """An instruction to a broker, with a reference that is the same each time the run is repeated.

    Attributes:
        reference: hash of (run, strategy, leg, time of the deciding bar, sequence); the key of idempotency.
        ts: time of the deciding bar.
        decision_price: last known price at the decision, for slippage and price deviation.
        parent: reference of the entry a bracket order protects; the broker holds it back until that fills.
        group: orders of one group cancel each other when one fills.
        reduce_only: never opens or flips a position.

    """

    reference: str
    strategy: str
    symbol: str
    side: OrderSide
    quantity: float
    order_type: OrderType
    ts: Micros
    limit_price: float | None = None
    stop_price: float | None = None
    trail_amount: float | None = None
    trail_percent: float | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    leg: Leg = Leg.NET
    decision_price: float = 0.0
    parent: str = ""
    group: str = ""
    reduce_only: bool = False
    stop_loss: float | None = None
    take_profit: float | None = None
    stop_loss_pct: float | None = None
    take_profit_pct: float | None = None
    trailing_pct: float | None = None
    reason: str = ""
    strength: float = 1.0
    tag: str = ""


class Fill(NamedTuple):
    """One execution of an order.

    ``commission`` is money in ``currency``, positive when paid. ``exec_id`` is the key: the same fill reported
    twice is one fill.
    """

    exec_id: str
    reference: str
    strategy: str
    symbol: str
    side: OrderSide
    quantity: float
    price: float
    ts: Micros
    commission: float = 0.0
    currency: str = "USD"
    leg: Leg = Leg.NET
    order_type: OrderType = OrderType.MARKET
