"""Positions and the one pure function that books a fill: average cost, realised PnL, flips.

The ledger, the backtest and the simulated broker all call ``apply``, so they cannot disagree.
Money is rounded per fill to the currency's minor unit and only then added up, so that any reader who adds the same
rows gets the same cents. Average cost: IAS 2 "weighted average cost", applied to both sides of zero.
"""

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple, cast

from quantstrip.errors import InvalidRecord
from quantstrip.model.enums import OrderSide, PositionEvent

if TYPE_CHECKING:
    from collections.abc import Callable

QUANTITY_DIGITS = 9
"""Holdings lie on a grid of this many decimals, so that float arithmetic on lots leaves no ghost position behind.

A million buys of 0.1 add up to 100000.00000133 in floats: off the grid, selling 100000 would not be flat.
"""

_SMALLEST = 10.0**-QUANTITY_DIGITS
_HUGE = 2.0**53
"""From here on a double leaves out units: a position that large would swallow the next fill of 10 without a trace."""
_HUGE_SQUARED = _HUGE * _HUGE
_DIGITS = 8
_SCALES = tuple(10.0**digits for digits in range(_DIGITS + 1))
_SHIFT = 1.5 * 2.0**52
"""A double this large has no fraction: adding and subtracting it leaves the nearest whole number."""

# Reading a member through its class costs more than the booking's arithmetic.
_BUY, _SELL = OrderSide.BUY, OrderSide.SELL
_OPEN_LONG, _OPEN_SHORT = PositionEvent.OPEN_LONG, PositionEvent.OPEN_SHORT
_CLOSE, _COVER, _FLIP = PositionEvent.CLOSE, PositionEvent.COVER, PositionEvent.FLIP
_PARTIAL_CLOSE, _PARTIAL_COVER = PositionEvent.PARTIAL_CLOSE, PositionEvent.PARTIAL_COVER


class Position(NamedTuple):
    """A holding of one instrument.

    Attributes:
        quantity: signed units; negative is short.
        avg_price: average entry price of what is held, unrounded, in price units.
        cost: signed book cost of what is held, in money, rounded to the minor unit.
        realized_pnl: gross profit of what was closed since the start, in money, before commission.

    """

    quantity: float = 0.0
    avg_price: float = 0.0
    cost: float = 0.0
    realized_pnl: float = 0.0

    @property
    def is_flat(self) -> bool:
        """True when nothing is held."""
        return self.quantity == 0.0


class Booking(NamedTuple):
    """What one fill did.

    Attributes:
        position: the position afterwards.
        event: the kind of change.
        trade_quantity: signed quantity of the fill.
        realized_pnl: gross profit booked by this fill, in money.
        amount: signed cash of the fill before commission (negative when buying), in money.

    """

    position: Position
    event: PositionEvent
    trade_quantity: float
    realized_pnl: float
    amount: float


FLAT = Position()

# Bookings are made once a fill: without a Python call for each tuple they take half the time.
_position = cast("Callable[[type[Position], tuple[float, ...]], Position]", tuple.__new__)
_booking = cast("Callable[[type[Booking], tuple[object, ...]], Booking]", tuple.__new__)


def apply(
    position: Position,
    side: OrderSide,
    quantity: float,
    price: float,
    multiplier: float = 1.0,
    digits: int = 2,
) -> Booking:
    """Book a fill of ``quantity`` units at ``price`` on ``position``.

    The cost released by a partial close is its share of the book cost; the last unit out takes what is left. So at any
    moment realised PnL minus book cost is exactly the sum of the rounded cash amounts of the fills, and a trip from
    flat to flat realises exactly that sum, however the fills were split (up to 2**53 minor units, 90 trillion dollars).

    Args:
        position: what was held before.
        side: BUY or SELL.
        quantity: units, at least 1e-9, less than 2**53, as is the amount in money.
        price: finite; may be negative, as spreads and oil futures have been.
        multiplier: money per point and unit, positive.
        digits: decimal digits of the currency's smallest booked amount.

    Raises:
        InvalidRecord: a number is impossible, or the side is neither BUY nor SELL.

    """
    if side is _BUY or side == _BUY:
        trade = quantity
    elif side == _SELL:
        trade = -quantity
    else:
        raise InvalidRecord(f"a fill is a BUY or a SELL, got {side!r}")
    amount = rounded(-trade * price * multiplier, digits) + 0.0  # never minus zero, people would see "-0.0"
    # An infinite or unknown number in makes an infinite or unknown amount.
    if not (quantity >= _SMALLEST and quantity < _HUGE and multiplier > 0.0 and amount * amount < _HUGE_SQUARED):
        raise _impossible(quantity, price, multiplier)
    held, avg, cost, realized = position
    after = held + trade
    if after % 1.0:
        after = on_grid(after)
    if held == 0.0 or (held > 0.0) == (trade > 0.0):
        average = price if held == 0.0 else (held * avg + trade * price) / (held + trade)
        opened = _OPEN_LONG if trade > 0.0 else _OPEN_SHORT
        spent = rounded(cost - amount, digits) + 0.0 if cost else 0.0 - amount
        return _booking(Booking, (_position(Position, (after, average, spent, realized)), opened, trade, 0.0, amount))
    if after == 0.0:
        gain = rounded(amount - cost, digits) + 0.0
        closed = _CLOSE if held > 0.0 else _COVER
        rest = _position(Position, (0.0, 0.0, 0.0, rounded(realized + gain, digits) + 0.0))
        return _booking(Booking, (rest, closed, trade, gain, amount))
    if (after > 0.0) == (held > 0.0):
        released = _money(cost * (-trade / held), digits)
        gain = _money(amount - released, digits)
        partial = _PARTIAL_CLOSE if held > 0.0 else _PARTIAL_COVER
        rest = Position(after, avg, _money(cost - released, digits), _money(realized + gain, digits))
        return Booking(rest, partial, trade, gain, amount)
    opening_cost = _money(after * price * multiplier, digits)
    gain = _money(amount + opening_cost - cost, digits)
    turned = Position(after, price, opening_cost, _money(realized + gain, digits))
    return Booking(turned, _FLIP, trade, gain, amount)


def rounded(value: float, digits: int) -> float:
    """What ``round(value, digits)`` gives, in less than half the time; a zero may lack its minus.

    ``round`` writes the number down and reads it again. Here the nearest whole number of minor units is found by
    arithmetic, and divided by a power of ten that is exact: a correctly rounded quotient is what reading gives. Where
    the error of the product could decide (near a half, or beyond 1e12 minor units), ``round`` itself does.
    """
    if 0 <= digits <= _DIGITS:
        scale = _SCALES[digits]
        units = value * scale
        if units * units < 1e24:  # as a chain of comparisons it would take twice the time
            whole = units + _SHIFT - _SHIFT
            off = units - whole
            if off * off < 0.249:
                return whole / scale
    return round(value, digits)


def _impossible(quantity: float, price: float, multiplier: float) -> InvalidRecord:
    """What to raise for numbers that no fill has."""
    if quantity >= _SMALLEST and multiplier > 0.0 and isfinite(quantity) and isfinite(price) and isfinite(multiplier):
        return InvalidRecord(
            f"a fill of {quantity!r} at {price!r} is more, in units or money, than a number can hold to the unit "
            f"({_HUGE:.0f})",
            hint="Check the quantity and the price.",
        )
    return InvalidRecord(
        f"a fill needs a quantity of at least {_SMALLEST:g}, a finite price and a positive multiplier, "
        f"got quantity={quantity!r} price={price!r} multiplier={multiplier!r}"
    )


def market_value(position: Position, price: float, multiplier: float = 1.0) -> float:
    """Signed money the position is worth at ``price``."""
    return position.quantity * price * multiplier


def on_grid(quantity: float) -> float:
    """A quantity on the grid of ``QUANTITY_DIGITS``; never minus zero."""
    return (quantity if quantity % 1.0 == 0.0 else round(quantity, QUANTITY_DIGITS)) + 0.0


def _money(value: float, digits: int) -> float:
    """Rounded to the minor unit; never minus zero, which SQL and people would see as "-0.0"."""
    return rounded(value, digits) + 0.0
