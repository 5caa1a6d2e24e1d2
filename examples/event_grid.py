"""A grid around an anchor price: each level down buys, each level up sells, on a long and a short leg at once.

An event script with state of its own: what it sets on ``ctx`` stays from bar to bar. A level down covers shorts first
and buys with what is left of the order; a level up the other way round. Far from the anchor everything is closed and
the grid begins anew.
"""


def on_init(ctx):
    ctx.param("grid_pct", 0.05)  # step between levels, as a fraction of the anchor
    ctx.param("grid_levels", 6)  # levels on each side
    ctx.param("order_pct", 0.04)  # of the equity, each order
    ctx.param("take_profit_pct", 0.02)  # gain of the whole stack, as a fraction of the equity, that ends the grid
    ctx.anchor = None


def begin(ctx, bar):
    ctx.anchor, ctx.level, ctx.base = bar.close, 0, ctx.equity
    ctx.log(f"grid around {bar.close:.2f}")


def on_bar(ctx, bar):
    if ctx.anchor is None:
        begin(ctx, bar)
        return
    level = round((bar.close / ctx.anchor - 1) / ctx.param("grid_pct", 0.05))
    gained = ctx.equity > ctx.base * (1 + ctx.param("take_profit_pct", 0.02))
    if abs(level) > ctx.param("grid_levels", 6) or (gained and not ctx.position.is_flat()):
        ctx.close_position(reason="grid_over")
        begin(ctx, bar)
        return

    order = ctx.equity * ctx.param("order_pct", 0.04) * abs(level - ctx.level)
    held = ctx.position
    if level < ctx.level:
        cover = min(order, held.short_size * bar.close)
        if cover > 0:
            ctx.close_short(amount=cover, price=bar.close, reason="grid_cover")
        if order > cover:
            ctx.open_long(amount=order - cover, price=bar.close, reason="grid_buy")
    elif level > ctx.level:
        sale = min(order, held.long_size * bar.close)
        if sale > 0:
            ctx.close_long(amount=sale, price=bar.close, reason="grid_sell")
        if order > sale:
            ctx.open_short(amount=order - sale, price=bar.close, reason="grid_short")
    ctx.level = level
