"""When an order fills in a bar, and at what price: scalar functions of floats, NaN where it does not fill.

Only the bar's open, high and low are known, not the way between them, so every rule takes the worse of what could
have happened. Prices are before slippage. ``buying`` is the order's side.
"""

from math import nan


def limit_price(buying: bool, limit: float, open_: float, high: float, low: float) -> float:
    """A limit fills when the bar touches it: at the limit, or at the open where that is better (a gap through it)."""
    if buying:
        if low > limit:
            return nan
        return min(open_, limit)
    if high < limit:
        return nan
    return max(open_, limit)


def stop_price(buying: bool, stop: float, open_: float, high: float, low: float) -> float:
    """A stop triggers when the bar touches it and fills at the worse of stop and open (a gap through it)."""
    if buying:
        if high < stop:
            return nan
        return max(open_, stop)
    if low > stop:
        return nan
    return min(open_, stop)


def stop_limit_price(
    buying: bool, stop: float, limit: float, triggered: bool, open_: float, high: float, low: float
) -> tuple[float, bool]:
    """Price and whether the stop has triggered.

    Once triggered it is a limit order. In the bar that triggers it, it may fill only if the bar opened at or beyond
    the stop: else the touch of the limit could have come before that of the stop.
    """
    if triggered:
        return limit_price(buying, limit, open_, high, low), True
    opened_beyond = open_ >= stop if buying else open_ <= stop
    if opened_beyond:
        return limit_price(buying, limit, open_, high, low), True
    return nan, (high >= stop if buying else low <= stop)


def trailing_level(buying: bool, peak: float, amount: float, percent: float) -> float:
    """The stop that ``peak`` implies: ``amount`` in price units, or ``percent`` as a fraction where amount is 0."""
    distance = amount if amount > 0.0 else peak * percent
    return peak + distance if buying else peak - distance


def trailing_price(
    buying: bool, peak: float, amount: float, percent: float, open_: float, high: float, low: float
) -> tuple[float, float]:
    """Price and the new peak.

    The stop is taken from the peak before this bar; only when it holds does the bar's extreme move the peak. Buying
    (to cover), the "peak" is the lowest price so far.
    """
    price = stop_price(buying, trailing_level(buying, peak, amount, percent), open_, high, low)
    if price == price:  # not NaN
        return price, peak
    return nan, (min(peak, low) if buying else max(peak, high))
