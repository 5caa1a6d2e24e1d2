"""One order against one bar."""

from math import nan
from typing import NamedTuple

from quantstrip.errors import InvalidRecord
from quantstrip.matching.rules import limit_price, stop_limit_price, stop_price, trailing_price
from quantstrip.model import Bar, Order, OrderSide, OrderType


class Memory(NamedTuple):
    """What must be kept of a waiting order from bar to bar: has its stop triggered, the best price it has seen."""

    triggered: bool = False
    peak: float = nan


class Match(NamedTuple):
    """What a bar does to an order: ``price`` before slippage (NaN: it goes on waiting), and what to remember."""

    price: float
    slips: bool
    memory: Memory


_BUY = OrderSide.BUY
_MARKET, _LIMIT, _STOP = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP
_STOP_LIMIT, _TRAILING = OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
_FRESH = Memory()


def match(order: Order, memory: Memory, bar: Bar) -> Match:
    """What ``bar``, which began after the order was placed, does to it.

    Market and stop orders pay slippage, limit orders do not. A trailing stop needs ``memory.peak``: the price at
    which trailing began. With a ``stop_price`` it is armed once the peak of earlier bars has reached that.

    Raises:
        InvalidRecord: the order lacks a price that its type needs.

    """
    kind, buying = order.order_type, order.side is _BUY
    if kind is _MARKET:
        return Match(bar.open, True, memory)
    try:
        if kind is _LIMIT:
            return Match(limit_price(buying, _given(order.limit_price), bar.open, bar.high, bar.low), False, memory)
        if kind is _STOP:
            return Match(stop_price(buying, _given(order.stop_price), bar.open, bar.high, bar.low), True, memory)
        if kind is _STOP_LIMIT:
            stop, limit = _given(order.stop_price), _given(order.limit_price)
            price, triggered = stop_limit_price(
                buying, stop, limit, memory.triggered, bar.open, bar.high, bar.low
            )  # fmt: skip
            return Match(price, False, Memory(triggered, memory.peak))
        amount, percent = order.trail_amount or 0.0, order.trail_percent or 0.0
        _given((amount or percent) or None)
        armed = order.stop_price
        if armed is not None and (memory.peak > armed if buying else memory.peak < armed):
            peak = min(memory.peak, bar.low) if buying else max(memory.peak, bar.high)
            return Match(nan, True, Memory(memory.triggered, peak))
        price, peak = trailing_price(buying, memory.peak, amount, percent, bar.open, bar.high, bar.low)
        return Match(price, True, Memory(memory.triggered, peak))
    except TypeError as error:
        raise InvalidRecord(f"a {kind} order needs {NEEDS[kind]}, order {order.reference} has none") from error


NEEDS = {
    _LIMIT: "limit_price",
    _STOP: "stop_price",
    _STOP_LIMIT: "stop_price and limit_price",
    _TRAILING: "trail_amount or trail_percent",
}
"""The prices each type of order cannot do without."""


def _given(value: float | None) -> float:
    if value is None:
        raise TypeError
    return value
