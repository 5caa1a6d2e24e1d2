"""Dollar-cost averaging: buys for a fixed amount every month, and for more after a dip; never sells before the target.

An event script in the older words: ``ctx.buy`` and ``ctx.sell`` with their ``intent``, and the position as a number.
"""

# @param amount float 500 Money for each regular purchase
# @param dip float 0.08 Fall from the highest close of 60 bars that buys extra, as a fraction
# @param dip_factor float 2 How many times the amount a dip buys
# @param target float 0.6 Gain over the average entry that sells all, as a fraction
# @strategy tradeDirection long


def on_init(ctx):
    ctx.month = 0
    ctx.rested = 0


def on_bar(ctx, bar):
    amount = float(ctx.param("amount", 500.0))
    if ctx.position > 0 and bar.close >= ctx.position.long_entry * (1 + ctx.param("target", 0.6)):
        ctx.sell(price=bar.close, intent="close_long", reason="target")
        return
    if bar.timestamp.month != ctx.month and ctx.balance > amount:
        ctx.month = bar.timestamp.month
        ctx.buy(amount=amount, price=bar.close, intent="open_long", reason="monthly")
    top = max(each.close for each in ctx.bars(60))
    ctx.rested += 1
    if bar.close < top * (1 - ctx.param("dip", 0.08)) and ctx.rested > 20:
        ctx.rested = 0
        extra = min(amount * ctx.param("dip_factor", 2.0), ctx.balance)
        if extra >= amount:
            ctx.buy(amount=extra, price=bar.close, reason="dip")
