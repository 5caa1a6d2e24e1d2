"""The words of the domain. Each is a ``StrEnum``: ``str(side) == "BUY"`` holds and the ledger stores the word."""

from enum import StrEnum


class OrderSide(StrEnum):
    """Direction of a signal, an order or a fill."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is OrderSide.BUY else -1

    @property
    def opposite(self) -> "OrderSide":
        """The other side."""
        return OrderSide.SELL if self is OrderSide.BUY else OrderSide.BUY


class OrderType(StrEnum):
    """How an order becomes a fill; the rules are in ``quantstrip.matching``."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"
    TRAILING_STOP = "TRAILING_STOP"


class TimeInForce(StrEnum):
    """How long an order waits: until cancelled, to the session's end, or for the next bar only."""

    GTC = "GTC"
    DAY = "DAY"
    BAR = "BAR"


class Mode(StrEnum):
    """Whose money moves. Reports show one mode at a time, never a sum of modes."""

    LIVE = "live"
    PAPER = "paper"
    REPLAY = "replay"
    SIMULATION = "simulation"
    BACKTEST = "backtest"


class Leg(StrEnum):
    """Which position an order belongs to: the netted one, or one side of a hedge."""

    NET = "NET"
    LONG = "LONG"
    SHORT = "SHORT"


class OrderState(StrEnum):
    """States of an order; ``quantstrip.model.states`` holds the allowed changes."""

    CREATED = "CREATED"
    SUBMITTED = "SUBMITTED"
    ACCEPTED = "ACCEPTED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class PositionEvent(StrEnum):
    """What one fill did to a position."""

    OPEN_LONG = "OPEN_LONG"
    OPEN_SHORT = "OPEN_SHORT"
    PARTIAL_CLOSE = "PARTIAL_CLOSE"
    PARTIAL_COVER = "PARTIAL_COVER"
    CLOSE = "CLOSE"
    COVER = "COVER"
    FLIP = "FLIP"


class EventStatus(StrEnum):
    """Life of a strategy event: intended, begun to fill, reconciled, or ended without a fill."""

    PENDING = "PENDING"
    EXECUTED = "EXECUTED"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"
