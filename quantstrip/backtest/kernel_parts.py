"""What the kernel does to one symbol: money, sizes, limits. Plain float functions, compiled with numba.

Prices at which orders fill come from ``quantstrip.matching.rules`` itself, compiled here.
"""

from math import floor, inf, nan
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.backtest.compiled import bound, jit
from quantstrip.matching import rules

limit_price = jit(rules.limit_price)
stop_price = jit(rules.stop_price)
_trailing_level = jit(rules.trailing_level)
trailing_price = bound(rules.trailing_price, {"stop_price": stop_price, "trailing_level": _trailing_level})


class Terms(NamedTuple):
    """What a run trades on, as numbers; infinite or -infinite where there is no limit.

    Attributes:
        cash: allocation.
        quantity: units of an entry; 0 for ``ratio``.
        ratio: share of equity that an entry is worth.
        buyers, sellers: prices after slippage, as factors.
        per_share, rate, minimum: commission.
        stop, target, trailing: protection of an entry, as fractions of its price; 0 for none.
        activation: move that arms the trailing stop, a fraction; 0 where it is armed from the beginning.
        legs: entries are decided whatever is held, as scripts with a leg for each side do; else from flat alone.
        order_value, symbol_weight, total_weight, cash_ratio: see ``risk.Guard.limits``.
        may_buy, may_sell: may an entry be long, or short?
        daily_loss, drawdown: fractions of equity that halt entries; infinite for none.

    """

    cash: float
    quantity: float
    ratio: float
    buyers: float
    sellers: float
    per_share: float
    rate: float
    minimum: float
    stop: float
    target: float
    trailing: float
    activation: float
    legs: bool
    order_value: float
    symbol_weight: float
    total_weight: float
    cash_ratio: float
    may_buy: bool
    may_sell: bool
    daily_loss: float
    drawdown: float


_WHOLE = 2.0**53
_SPLIT = 134217729.0  # 2**27 + 1


@jit
def rounded(value: float, scale: float) -> float:
    """What ``round(value, digits)`` gives, for ``scale = 10**digits``: the product's own error decides near a half.

    The error is exact (T. J. Dekker, A floating-point technique for extending the available precision, Numerische
    Mathematik 18, 1971); ties go to the even digit.
    """
    units = value * scale
    if not -_WHOLE < units < _WHOLE:
        return value
    part = _SPLIT * value
    high = part - (part - value)
    low = value - high
    part = _SPLIT * scale
    above = part - (part - scale)
    below = scale - above
    error = ((high * above - units) + high * below + low * above) + low * below
    whole = floor(units) * 1.0
    side = (units - whole - 0.5) + error
    if side > 0.0 or (side == 0.0 and whole % 2.0 != 0.0):
        whole += 1.0
    return whole / scale


@jit
def on_grid(units: float) -> float:
    """As ``model.position.on_grid``: what a holding of so many units is booked as."""
    return units if units % 1.0 == 0.0 else rounded(units, 1e9)


@jit
def commission(terms: Terms, quantity: float, price: float, multiplier: float, scale: float) -> float:
    """As ``matching.CostModel.commission``."""
    paid = quantity * terms.per_share
    if terms.rate != 0.0:
        paid += quantity * price * multiplier * terms.rate
    return rounded(paid if paid > terms.minimum else terms.minimum, scale)


@jit
def opening_units(terms: Terms, equity: float, price: float, multiplier: float, lot: float) -> float:
    """As ``trading.sizing.size`` for an entry from flat."""
    if terms.quantity > 0.0:
        asked = terms.quantity
    elif terms.legs:  # as scripts size: never worth more than the share, on the grid of holdings
        share, unit = terms.ratio * equity, price * multiplier
        if share < 0.0:
            share = 0.0
        asked = floor(share / unit * 1e9) / 1e9
        if asked * unit > share:
            asked -= 1.0 / 1e9
            if asked < 0.0:
                asked = 0.0
    else:
        asked = terms.ratio * equity / (price * multiplier)
        if asked < 0.0:
            asked = 0.0
    if lot <= 0.0 or asked % lot == 0.0:
        return asked
    return on_grid(floor(asked / lot + 1e-9) * lot)


@jit
def allowed(
    terms: Terms, buying: bool, value: float, equity: float, cash: float, own: float, gross: float, halted: bool
) -> bool:  # fmt: skip
    """As ``risk.within_limits`` for an entry decided on the last known price."""
    if halted or (not terms.may_buy if buying else not terms.may_sell):
        return False
    # No limit is asked first: infinity times an equity below zero would be one.
    if value > terms.order_value:
        return False
    if terms.symbol_weight < inf and own + value > terms.symbol_weight * equity:
        return False
    if terms.total_weight < inf and gross + value > terms.total_weight * equity:
        return False
    return not buying or terms.cash_ratio == -inf or cash - value >= terms.cash_ratio * equity


@jit
def by_time(rows: npt.NDArray[np.int64], order: npt.NDArray[np.int64]) -> None:
    """Put numbers of symbols in the order of their rows, equal ones as they are numbered: so orders wait."""
    for place in range(len(order)):
        order[place] = place
    for place in range(1, len(order)):
        number, before = order[place], place - 1
        while before >= 0 and rows[order[before]] > rows[number]:
            order[before + 1] = order[before]
            before -= 1
        order[before + 1] = number


@jit
def trip_pnl(gain: float, paid: float, scale: float) -> float:
    """Profit of a round trip as ``backtest.round_trips`` writes it: ``paid`` are its commissions."""
    return rounded(rounded(gain, scale) - rounded(paid, 1e9), 1e9)


@jit
def stop_exit(
    side: float, stop: float, trailing: float, arm: float, peak: float, open_: float, high: float, low: float
) -> tuple[float, float]:
    """Where a position's stop or trailing stop fills in a bar (NaN: nowhere), and the peak from then on.

    Args:
        side: 1 for a long position, -1 for a short one.
        stop: price of the stop; NaN for none.
        trailing: fraction of the peak; 0 for none.
        arm: price that arms the trailing stop once earlier bars have reached it; NaN where it is armed.
        peak: best price so far.

    """
    buying = side < 0.0
    if stop == stop:
        price = stop_price(buying, stop, open_, high, low)
        if price == price:
            return price, peak
    if trailing > 0.0:
        if arm == arm and (peak > arm if buying else peak < arm):
            return nan, (min(peak, low) if buying else max(peak, high))
        return trailing_price(buying, peak, 0.0, trailing, open_, high, low)
    return nan, peak


@jit
def target_exit(side: float, target: float, open_: float, high: float, low: float) -> float:
    """Where a position's target fills in a bar; NaN: nowhere, or there is none."""
    if target != target:
        return nan
    return limit_price(side < 0.0, target, open_, high, low)
