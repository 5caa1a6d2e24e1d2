"""Is a signal something a broker could understand? Each problem is named with what to do about it."""

import math

from quantstrip.model import OrderSide, OrderType, Signal
from quantstrip.model.trade import PLAIN

_LIMIT, _STOP = OrderType.LIMIT, OrderType.STOP
_MARKET, _STOP_LIMIT, _TRAILING = OrderType.MARKET, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
_BUY = OrderSide.BUY
_INF = math.inf
_PRICES = ("limit_price", "stop_price", "trail_amount", "stop_loss", "take_profit")
_FRACTIONS = ("trail_percent", "stop_loss_pct", "take_profit_pct", "trailing_pct")
_ALLOWED: dict[OrderType, frozenset[str]] = {
    _MARKET: frozenset(),
    _LIMIT: frozenset({"limit_price"}),
    _STOP: frozenset({"stop_price"}),
    _STOP_LIMIT: frozenset({"limit_price", "stop_price"}),
    _TRAILING: frozenset({"trail_amount", "trail_percent"}),
}
_TYPE_PRICES = ("limit_price", "stop_price", "trail_amount", "trail_percent")


def problem(signal: Signal, price: float) -> str | None:
    """Why ``signal`` can be no order, or None.

    Args:
        signal: what the strategy wants.
        price: last known price of its symbol; NaN where none is known.

    """
    if not 0.0 < price < _INF:
        return f"no price of {signal.symbol} is known yet; wait for its first bar"
    quantity = signal.quantity
    if quantity is not None and not 0.0 < quantity < _INF:
        return (
            f"quantity must be a positive number of units, got {quantity:g}; leave it out to have the order sized, and "
            "use side to say the direction"
        )
    if signal.order_type is _MARKET and signal.limit_price is None and signal[8:18] == PLAIN:
        return None  # the commonest by far
    return _bad_number(signal) or _bad_prices(signal) or _bad_bracket(signal, price)


def _bad_number(signal: Signal) -> str | None:
    for name in _PRICES:
        value = getattr(signal, name)
        if value is not None and not 0.0 < value < math.inf:
            return f"{name} must be a positive price, got {value:g}; leave it out where it is not wanted"
    for name in _FRACTIONS:
        value = getattr(signal, name)
        if value is not None and not 0.0 < value < (math.inf if name == "take_profit_pct" else 1.0):
            return f"{name} must be a fraction between 0 and 1, got {value:g}; 0.03 is 3 %"
    activation = signal.trailing_activation_pct
    if activation is not None and (signal.trailing_pct is None or not 0.0 < activation < math.inf):
        return (
            f"trailing_activation_pct arms the stop of trailing_pct, got {activation:g}; give both as fractions "
            "above 0, or leave it out"
        )
    return None


def _bad_prices(signal: Signal) -> str | None:
    kind = signal.order_type
    allowed = _ALLOWED[kind]
    for name in _TYPE_PRICES:
        if getattr(signal, name) is not None and name not in allowed:
            return _extra(name, kind)
    given = [name for name in allowed if getattr(signal, name) is not None]
    if kind is _TRAILING:
        if len(given) != 1:
            return "a TRAILING_STOP needs either trail_amount or trail_percent, and only one of them"
    elif len(given) != len(allowed):
        missing = " and ".join(sorted(allowed.difference(given)))
        return f"a {kind} order needs {missing}, got none"
    return None


def _bad_bracket(signal: Signal, price: float) -> str | None:
    for name in ("stop_loss", "take_profit"):
        if getattr(signal, name) is not None and getattr(signal, f"{name}_pct") is not None:
            return f"give {name} or {name}_pct, not both"
    entry = expected_price(signal, price)
    below, above = (signal.stop_loss, signal.take_profit)
    if signal.side is not _BUY:
        below, above = above, below
    if below is not None and below >= entry:
        return f"{_level(signal, below)} of {below:g} must lie below the entry at about {entry:g} for a {signal.side}"
    if above is not None and above <= entry:
        return f"{_level(signal, above)} of {above:g} must lie above the entry at about {entry:g} for a {signal.side}"
    return None


def expected_price(signal: Signal, price: float) -> float:
    """The price an order may be expected to fill at: its limit, its stop, else the last known price."""
    if signal.limit_price is not None:
        return signal.limit_price
    return signal.stop_price if signal.stop_price is not None else price


def _level(signal: Signal, value: float) -> str:
    return "stop_loss" if value == signal.stop_loss else "take_profit"


def _extra(name: str, kind: OrderType) -> str:
    fitting = ", ".join(other for other, allowed in _ALLOWED.items() if name in allowed)
    return f"a {kind} order takes no {name}; use order_type {fitting}, or leave it out"
