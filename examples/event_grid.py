"""A grid around an anchor price: each level down buys, each level up sells, on a long and a short leg at once.

An event script with state of its own: what it sets on ``ctx`` stays from bar to bar. A level down covers shorts first
and buys with what is left of the order; a level up the other way round. Far from the anchor everything is closed and
the grid begins anew. It is made to be run as a bot, within the bars: ``--param runtime=bot --param grid_pct=0.02``.
"""


def on_init(ctx):
    ctx.param("grid_pct", 0.05)  # step between levels, as a fraction of the anchor
    ctx.param("grid_levels", 6)  # levels on each side
    ctx.param("order_pct", 0.04)  # of the equity, each order
    ctx.param("max_position_value_pct", 0.5)  # of the equity, what either leg may be worth
    ctx.param("take_profit_pct", 0.02)  # gain of the whole stack, as a fraction of the equity, that ends the grid
    ctx.anchor = None


def begin(ctx, bar):
    ctx.anchor, ctx.level, ctx.base = bar.close, 0, ctx.equity
    ctx.log(f"grid around {bar.close:.2f}")


def gain(held, price):
    """What both legs are ahead of their entries, in money."""
    return (price - held.long_entry) * held.long_size + (held.short_entry - price) * held.short_size


def on_bar(ctx, bar):
    if ctx.anchor is None:
        begin(ctx, bar)
        return
    level = round((bar.close / ctx.anchor - 1) / ctx.param("grid_pct"))
    held = ctx.position
    won = gain(held, bar.close) > ctx.base * ctx.param("take_profit_pct")
    if abs(level) > ctx.param("grid_levels") or (won and not held.is_flat()):
        ctx.close_position()
        begin(ctx, bar)
        return

    order = ctx.equity * ctx.param("order_pct") * abs(level - ctx.level)
    budget = ctx.equity * ctx.param("max_position_value_pct")
    if level < ctx.level:
        cover = min(order, held.short_size * bar.close)
        if cover > 0:
            ctx.close_short(amount=cover, price=bar.close, reason="grid_cover")
        if order > cover and held.long_size * bar.close + order - cover <= budget:
            ctx.open_long(amount=order - cover, price=bar.close, reason="grid_buy")
    elif level > ctx.level:
        sale = min(order, held.long_size * bar.close)
        if sale > 0:
            ctx.close_long(amount=sale, price=bar.close, reason="grid_sell")
        if order > sale and held.short_size * bar.close + order - sale <= budget:
            ctx.open_short(amount=order - sale, price=bar.close, reason="grid_short")
    ctx.level = level
