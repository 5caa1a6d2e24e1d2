"""Stop, target and trailing stop that protect an entry from the bar it fills in."""

from typing import NamedTuple

from quantstrip.model import Bar, Order, OrderSide


class Levels(NamedTuple):
    """Prices of a bracket; None where the entry asks for none. ``trail`` is a fraction of the peak."""

    stop: float | None
    target: float | None
    trail: float | None


def bracket_levels(entry: Order, fill_price: float) -> Levels:
    """The bracket of an entry that filled at ``fill_price``; percentages count from that price, prices stand."""
    away = 1.0 if entry.side is OrderSide.BUY else -1.0
    stop, target = entry.stop_loss, entry.take_profit
    if stop is None and entry.stop_loss_pct is not None:
        stop = fill_price * (1.0 - away * entry.stop_loss_pct)
    if target is None and entry.take_profit_pct is not None:
        target = fill_price * (1.0 + away * entry.take_profit_pct)
    return Levels(stop, target, entry.trailing_pct)


def entry_rest(bar: Bar, price: float, entry_side: OrderSide) -> Bar:
    """What is left of the entry bar for the bracket of an entry at ``price`` (before slippage).

    After an entry at the open that is the whole bar. After one inside the bar, its extremes may have come before the
    entry: the one that hurts counts (the stop is taken), of the one that helps only the close is sure to have come
    after.
    """
    if price == bar.open:
        return bar
    if entry_side is OrderSide.BUY:
        return bar._replace(open=price, high=max(price, bar.close))
    return bar._replace(open=price, low=min(price, bar.close))
