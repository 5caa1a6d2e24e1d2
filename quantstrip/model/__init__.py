"""What the platform talks about: frozen values and pure functions, no storage, no time, no network."""

from quantstrip.model.enums import (
    EventStatus,
    Leg,
    Mode,
    OrderSide,
    OrderState,
    OrderType,
    PositionEvent,
    TimeInForce,
)
from quantstrip.model.exits import ExitCode
from quantstrip.model.halt import Control, Halt
from quantstrip.model.market import (
    TIMEFRAMES,
    Bar,
    Instrument,
    Number,
    Pulse,
    Quote,
    Tick,
    bar_of_row,
    bars_of_rows,
    minor_digits,
)
from quantstrip.model.position import FLAT, Booking, Position, apply, market_value
from quantstrip.model.states import FINAL, advance
from quantstrip.model.trade import Fill, Order, Signal

__all__ = [
    "FINAL",
    "FLAT",
    "TIMEFRAMES",
    "Bar",
    "Booking",
    "Control",
    "EventStatus",
    "ExitCode",
    "Fill",
    "Halt",
    "Instrument",
    "Leg",
    "Mode",
    "Number",
    "Order",
    "OrderSide",
    "OrderState",
    "OrderType",
    "Position",
    "PositionEvent",
    "Pulse",
    "Quote",
    "Signal",
    "Tick",
    "TimeInForce",
    "advance",
    "apply",
    "bar_of_row",
    "bars_of_rows",
    "market_value",
    "minor_digits",
]
