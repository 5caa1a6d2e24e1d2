"""Positions and the one pure function that books a fill: average cost, realised PnL, flips.

The ledger, the backtest and the simulated broker all call ``apply``, so they cannot disagree.
Money is rounded per fill to the currency's minor unit and only then added up, so that any reader who adds the same
rows gets the same cents. Average cost: IAS 2 "weighted average cost", applied to both sides of zero.
"""

from typing import NamedTuple

from quantstrip.errors import InvalidRecord
from quantstrip.model.enums import OrderSide, PositionEvent

EPSILON = 1e-9
"""Quantities closer to zero than this are flat: what is left of float arithmetic on lots."""


# Reading a member through its class costs more than the booking's arithmetic.
_BUY = OrderSide.BUY
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


def apply(
    position: Position,
    side: OrderSide,
    quantity: float,
    price: float,
    multiplier: float = 1.0,
    digits: int = 2,
) -> Booking:
    """Book a fill of ``quantity`` (> 0) at ``price`` (finite) on ``position``.

    The cost released by a partial close is its share of the book cost; the last unit out takes what is left. So the
    realised PnL of a trip from flat to flat is exactly the sum of the rounded cash amounts of its fills, however the
    fills were split.

    Raises:
        InvalidRecord: quantity is not positive, or a number is not finite.

    """
    if not (0.0 < quantity < _HUGE) or not (-_HUGE < price < _HUGE):
        raise InvalidRecord(
            f"a fill needs a positive quantity and a finite price, got quantity={quantity!r} price={price!r}"
        )
    trade = quantity if side is _BUY else -quantity
    amount = round(-trade * price * multiplier, digits)
    held, avg, cost, realized = position
    after = held + trade
    if abs(after) < EPSILON:
        after = 0.0
    if held == 0.0 or (held > 0.0) == (trade > 0.0):
        average = price if held == 0.0 else (held * avg + trade * price) / after
        opened = _OPEN_LONG if trade > 0.0 else _OPEN_SHORT
        return Booking(Position(after, average, round(cost - amount, digits), realized), opened, trade, 0.0, amount)
    if after == 0.0:
        gain = round(amount - cost, digits)
        closed = _CLOSE if held > 0.0 else _COVER
        return Booking(Position(0.0, 0.0, 0.0, round(realized + gain, digits)), closed, trade, gain, amount)
    if (after > 0.0) == (held > 0.0):
        released = round(cost * (-trade / held), digits)
        gain = round(amount - released, digits)
        partial = _PARTIAL_CLOSE if held > 0.0 else _PARTIAL_COVER
        rest = Position(after, avg, round(cost - released, digits), round(realized + gain, digits))
        return Booking(rest, partial, trade, gain, amount)
    opening_cost = round(after * price * multiplier, digits)
    gain = round(amount + opening_cost - cost, digits)
    turned = Position(after, price, opening_cost, round(realized + gain, digits))
    return Booking(turned, _FLIP, trade, gain, amount)


def market_value(position: Position, price: float, multiplier: float = 1.0) -> float:
    """Signed money the position is worth at ``price``."""
    return position.quantity * price * multiplier


_HUGE = float("inf")
