"""Stop, target and trailing stop that protect an entry from the bar it fills in."""

from quantstrip.model import Bar, Order, OrderSide


def price_bracket(protection: Order, fill_price: float) -> Order:
    """A protective order of an entry that filled at ``fill_price``: percentages count from it, given prices stand."""
    away = 1.0 if protection.side is _SELL else -1.0  # a sell protects a long position
    if protection.stop_price is None and protection.stop_loss_pct is not None:
        return protection._replace(stop_price=fill_price * (1.0 - away * protection.stop_loss_pct))
    if protection.limit_price is None and protection.take_profit_pct is not None:
        return protection._replace(limit_price=fill_price * (1.0 + away * protection.take_profit_pct))
    if protection.stop_price is None and protection.trailing_activation_pct is not None:
        return protection._replace(stop_price=fill_price * (1.0 + away * protection.trailing_activation_pct))
    return protection


def entry_rest(bar: Bar, price: float, entry_side: OrderSide) -> Bar:
    """What is left of the entry bar for the bracket of an entry at ``price`` (before slippage).

    After an entry at the open that is the whole bar. After one inside the bar, its extremes may have come before the
    entry: the one that hurts counts (the stop is taken), of the one that helps only the close is sure to have come
    after.
    """
    if price == bar.open:
        return bar
    if entry_side is _BUY:
        return bar._replace(open=price, high=max(price, bar.close))
    return bar._replace(open=price, low=min(price, bar.close))


_BUY, _SELL = OrderSide.BUY, OrderSide.SELL
