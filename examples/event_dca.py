"""Dollar-cost averaging: buys for a fixed amount on a schedule, and for more after a dip; sells at its target alone.

An event script in the older words: ``ctx.buy`` and ``ctx.sell``, with and without their ``intent``, and the position as
a number. It decides at closes, or as a bot within the bars: ``--param runtime=bot``.
"""

# @param schedule string monthly When it buys: daily, weekly or monthly
# @param amount float 500 Money for each regular purchase
# @param dip float 0.08 Fall from the highest close of 60 bars that buys extra, as a fraction
# @param dip_factor float 2 How many times the amount a dip buys
# @param rest int 20 Days between two dips that are bought
# @param target float 0.6 Gain over the average entry that sells, as a fraction
# @param all_out bool false Sell all of it at the target, not half of it
# @strategy tradeDirection long


def on_init(ctx):
    ctx.period = None
    ctx.dipped = None


def period_of(schedule, moment):
    """What changes when a new purchase is due."""
    if schedule == "daily":
        return moment.date()
    return moment.isocalendar()[:2] if schedule == "weekly" else (moment.year, moment.month)


def on_bar(ctx, bar):
    amount = ctx.param("amount")
    if int(ctx.position) > 0 and bar.close >= ctx.position.long_entry * (1 + ctx.param("target")):
        if ctx.param("all_out"):
            ctx.sell(price=bar.close, intent="close_long", reason="target")
        else:
            ctx.sell(amount=ctx.position.long_size * bar.close / 2, price=bar.close, reason="half")
        return
    period = period_of(ctx.param("schedule"), bar.timestamp)
    if period != ctx.period and ctx.balance > amount:
        ctx.period = period
        ctx.buy(amount=amount, price=bar.close, intent="open_long", reason="scheduled")
    top = max(each.close for each in ctx.bars(60))
    rested = ctx.dipped is None or (bar.timestamp - ctx.dipped).days > ctx.param("rest")
    extra = min(amount * ctx.param("dip_factor"), ctx.balance)
    if bar.close < top * (1 - ctx.param("dip")) and rested and extra >= amount:
        ctx.dipped = bar.timestamp
        ctx.buy(amount=extra, price=bar.close, reason="dip")
