"""What a strategy wants and what becomes of it: signals, orders, fills."""

from datetime import datetime
from typing import NamedTuple, Self

from quantstrip.clock import Micros
from quantstrip.model.enums import Leg, OrderSide, OrderType, TimeInForce
from quantstrip.model.market import Number

# Reading a member through its class costs more than the comparison it is for.
_BUY, _SELL = OrderSide.BUY, OrderSide.SELL
_MARKET, _GTC, _NET = OrderType.MARKET, TimeInForce.GTC, Leg.NET
_new = tuple.__new__


class _SignalFields(NamedTuple):
    symbol: str
    side: OrderSide
    strength: float
    order_type: OrderType
    limit_price: float | None
    quantity: float | None
    reason: str
    timestamp: datetime | None
    stop_price: float | None
    trail_amount: float | None
    trail_percent: float | None
    time_in_force: TimeInForce
    leg: Leg
    stop_loss: float | None
    take_profit: float | None
    stop_loss_pct: float | None
    take_profit_pct: float | None
    trailing_pct: float | None
    cancel: str | None
    tag: str
    trailing_activation_pct: float | None


class Signal(_SignalFields):
    """What a strategy wants done; the engine sizes, checks and orders it.

    Words and ``Decimal`` are welcome (``side="BUY"``, ``quantity=Decimal("100")``); inside, everything is one type.

    Attributes:
        strength: confidence from 0 to 1; kept with the order, no part in its size.
        limit_price: needed by LIMIT and STOP_LIMIT.
        stop_price: needed by STOP and STOP_LIMIT.
        trail_amount: distance of a TRAILING_STOP in price units; ``trail_percent`` as a fraction of the price.
        quantity: units; None lets the engine size it (see ``quantstrip.trading.sizing``).
        timestamp: moment of the decision, aware or UTC; None for the bar at hand.
        stop_loss, take_profit: bracket prices that live from the entry bar.
        stop_loss_pct, take_profit_pct, trailing_pct: the same as fractions of the fill price (0.03 is 3 %).
        trailing_activation_pct: favourable move from the fill price, as a fraction, that arms the trailing stop of
            ``trailing_pct``; None arms it at the fill.
        cancel: reference or symbol whose waiting orders are cancelled; such a signal orders nothing.
        tag: groups signals in reports.

    Raises:
        ValueError: a word or a number cannot be read.

    Example:
        >>> Signal("AAPL", "BUY", reason="golden cross").side
        <OrderSide.BUY: 'BUY'>

    """

    __slots__ = ()

    def __new__(
        cls,
        symbol: str,
        side: OrderSide | str = _BUY,
        strength: Number = 1.0,
        order_type: OrderType | str = _MARKET,
        limit_price: Number | None = None,
        quantity: Number | None = None,
        reason: str = "",
        timestamp: datetime | None = None,
        stop_price: Number | None = None,
        trail_amount: Number | None = None,
        trail_percent: Number | None = None,
        time_in_force: TimeInForce | str = _GTC,
        leg: Leg | str = _NET,
        stop_loss: Number | None = None,
        take_profit: Number | None = None,
        stop_loss_pct: Number | None = None,
        take_profit_pct: Number | None = None,
        trailing_pct: Number | None = None,
        cancel: str | None = None,
        tag: str = "",
        trailing_activation_pct: Number | None = None,
    ) -> Self:
        # Strategies make one a decision, sweeps make millions: what is left out needs no look, the usual types one
        # comparison each.
        given = (
            symbol, side, strength, order_type, limit_price, quantity, reason, timestamp, stop_price, trail_amount,
            trail_percent, time_in_force, leg, stop_loss, take_profit, stop_loss_pct, take_profit_pct, trailing_pct,
            cancel, tag, trailing_activation_pct,
        )  # fmt: skip
        if (
            given[8:18] == PLAIN
            and time_in_force is _GTC  # a word equals its member
            and leg is _NET
            and (side is _BUY or side is _SELL)
            and order_type is _MARKET
            and limit_price is None
            and (quantity is None or type(quantity) is float)
            and type(strength) is float
        ):
            return _new(cls, given)
        return tuple.__new__(
            cls,
            (
                symbol,
                side if type(side) is OrderSide else OrderSide(side),
                strength if type(strength) is float else float(strength),
                order_type if type(order_type) is OrderType else OrderType(order_type),
                limit_price if limit_price is None or type(limit_price) is float else float(limit_price),
                quantity if quantity is None or type(quantity) is float else float(quantity),
                reason,
                timestamp,
                stop_price if stop_price is None or type(stop_price) is float else float(stop_price),
                trail_amount if trail_amount is None or type(trail_amount) is float else float(trail_amount),
                trail_percent if trail_percent is None or type(trail_percent) is float else float(trail_percent),
                time_in_force if type(time_in_force) is TimeInForce else TimeInForce(time_in_force),
                leg if type(leg) is Leg else Leg(leg),
                stop_loss if stop_loss is None or type(stop_loss) is float else float(stop_loss),
                take_profit if take_profit is None or type(take_profit) is float else float(take_profit),
                stop_loss_pct if stop_loss_pct is None or type(stop_loss_pct) is float else float(stop_loss_pct),
                take_profit_pct
                if take_profit_pct is None or type(take_profit_pct) is float
                else float(take_profit_pct),
                trailing_pct if trailing_pct is None or type(trailing_pct) is float else float(trailing_pct),
                cancel,
                tag,
                trailing_activation_pct
                if trailing_activation_pct is None or type(trailing_activation_pct) is float
                else float(trailing_activation_pct),
            ),
        )

    def plain(self) -> "Signal":
        """The same of this very class, for one of a class derived from it."""
        return tuple.__new__(Signal, self)


PLAIN = (None, None, None, _GTC, _NET, None, None, None, None, None)
"""``stop_price`` to ``trailing_pct`` of a signal that asks for none of them."""


class Order(NamedTuple):
    """An instruction to a broker, with a reference that is the same each time the run is repeated.

    Attributes:
        reference: hash of (run, strategy, leg, time of the deciding bar, sequence); the key of idempotency.
        ts: time of the deciding bar.
        decision_price: last known price at the decision, for slippage and price deviation.
        parent: reference of the entry a bracket order protects; the broker holds it back until that fills.
        group: orders of one group cancel each other when one fills.
        stop_price: of a TRAILING_STOP, the price that arms it; None where it is armed from the start.
        reduce_only: never opens or flips a position.

    """

    reference: str
    strategy: str
    symbol: str
    side: OrderSide
    quantity: float
    order_type: OrderType
    ts: Micros
    leg: Leg = Leg.NET
    reduce_only: bool = False
    time_in_force: TimeInForce = TimeInForce.GTC
    parent: str = ""
    group: str = ""
    limit_price: float | None = None
    stop_price: float | None = None
    trail_amount: float | None = None
    trail_percent: float | None = None
    decision_price: float = 0.0
    stop_loss: float | None = None
    take_profit: float | None = None
    stop_loss_pct: float | None = None
    take_profit_pct: float | None = None
    trailing_pct: float | None = None
    reason: str = ""
    strength: float = 1.0
    tag: str = ""
    trailing_activation_pct: float | None = None


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
