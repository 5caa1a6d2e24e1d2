"""How many units an order is for."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from quantstrip.model import Instrument, Leg, OrderSide, Signal
from quantstrip.model.position import on_grid

DEFAULT_RATIO = 0.02
"""Share of the strategy's equity that an entry without a quantity is worth."""


class Size(NamedTuple):
    """Units of an order, split by what they do; a flip has both parts.

    ``note`` says what was changed about the quantity asked for, "" where nothing was.
    """

    reducing: float
    opening: float
    note: str = ""


def size(
    signal: Signal,
    held: float,
    closing: float,
    equity: float,
    price: float,
    instrument: Instrument,
    ratio: float = DEFAULT_RATIO,
    allow_short: bool = False,
    allow_long: bool = True,
) -> Size:
    """Size a signal; a ``Size`` of zero units means there is nothing to do, and its note says why.

    Without a quantity, the opening side gets ``ratio`` of ``equity`` at ``price``, down to the lot; the reducing side
    the whole position. With one, it is taken down to the lot; what exceeds the position flips it where that is
    allowed and is cut off where not.

    Args:
        signal: what the strategy wants.
        held: units held on the signal's leg, negative when short.
        closing: units of it that market orders on their way will close.
        equity: the strategy's allocation plus its own PnL, in money; asked for by entries without a quantity alone.
        price: close of the deciding bar.
        instrument: its lot and multiplier.
        ratio: share of equity for an entry without a quantity.
        allow_short: may a sell go below zero?
        allow_long: may a buy go above zero?

    """
    buying = signal.side is _BUY
    wanted = signal.quantity
    against = held < 0.0 if buying else held > 0.0
    if not against:
        if signal.leg is not _NET and _only_reduces(signal):
            return Size(0.0, 0.0, f"there is no {signal.leg} position in {signal.symbol} to close")
        return _opening(wanted, equity, price, instrument, ratio)
    free = max(0.0, abs(held) - closing)
    if free == 0.0 and (wanted is None or not _may_flip(signal, allow_short, allow_long)):
        return Size(0.0, 0.0, f"the position of {held:g} {signal.symbol} is being closed already")
    if wanted is None or wanted == free:
        return _size((free, 0.0, ""))
    if wanted < free:
        reducing = floor_to_lot(wanted, instrument.lot_size)
        return Size(reducing, 0.0, "" if reducing else _below_a_lot(wanted, instrument))
    if not _may_flip(signal, allow_short, allow_long):
        return Size(free, 0.0, f"clipped from {wanted:g} to the position of {free:g}")
    return Size(free, floor_to_lot(wanted - free, instrument.lot_size))


def floor_to_lot(quantity: float, lot: float) -> float:
    """The largest whole number of lots within ``quantity`` (forgiving float noise of 1e-9 lots)."""
    if lot <= 0.0 or quantity % lot == 0.0:
        return quantity
    lots = math.floor(quantity / lot + 1e-9)
    return on_grid(lots * lot)


_size: Callable[[tuple[float, float, str]], Size] = partial(tuple.__new__, Size)
_BUY, _SELL = OrderSide.BUY, OrderSide.SELL
_NET, _LONG = Leg.NET, Leg.LONG


def _only_reduces(signal: Signal) -> bool:
    """A sell of the long leg and a buy of the short one never open anything."""
    return signal.side is (_SELL if signal.leg is _LONG else _BUY)


def _may_flip(signal: Signal, allow_short: bool, allow_long: bool) -> bool:
    return signal.leg is _NET and (allow_long if signal.side is _BUY else allow_short)


def _opening(wanted: float | None, equity: float, price: float, instrument: Instrument, ratio: float) -> Size:
    asked = max(0.0, ratio * equity / (price * instrument.multiplier)) if wanted is None else wanted
    opening = floor_to_lot(asked, instrument.lot_size)
    if opening > 0.0:
        return _size((0.0, opening, ""))
    if wanted is not None:
        return Size(0.0, 0.0, _below_a_lot(wanted, instrument))
    return Size(
        0.0,
        0.0,
        f"{ratio:.2%} of an equity of {equity:,.2f} buys {asked:.4g} {instrument.symbol} at {price:g}, less than the "
        f"lot of {instrument.lot_size:g}; allocate more cash, raise the strategy's position_size_ratio or give the "
        "signal a quantity",
    )


def _below_a_lot(wanted: float, instrument: Instrument) -> str:
    return (
        f"a quantity of {wanted:g} is less than the lot of {instrument.lot_size:g} of {instrument.symbol}; ask for a "
        "whole lot"
    )
