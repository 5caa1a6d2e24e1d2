"""Averages down: after each adverse move it buys more than before, and sells all a little above the average entry.

It shows scaling in and the limits that such a scheme cannot do without: a cap on what it may hold, and a loss at which
it gives up. Without them one long fall takes the account.
"""

# @param first_pct float 0.02 First purchase, as a share of the equity
# @param step float 0.04 Fall below the last purchase that buys again, as a fraction
# @param factor float 1.6 Each purchase over the one before
# @param take_profit float 0.03 Gain over the average entry that sells all, as a fraction
# @param max_position float 0.3 Cap on the position's value, as a share of the equity
# @param max_loss float 0.05 Loss that gives up, as a share of the equity
# @param max_daily_loss float 0.02 Fall of the equity within a day after which nothing is bought that day


def on_init(ctx):
    ctx.size = 0.0
    ctx.last = None
    ctx.day = None
    ctx.seen = ctx.equity


def halted(ctx, bar):
    """Whether the day has lost so much that nothing more is bought in it: a day begins at the equity before it."""
    if bar.timestamp.date() != ctx.day:
        ctx.day, ctx.began = bar.timestamp.date(), ctx.seen
    ctx.seen = ctx.equity
    return ctx.equity < ctx.began * (1 - ctx.param("max_daily_loss", 0.02))


def on_bar(ctx, bar):
    held = ctx.position
    stopped = halted(ctx, bar)
    if held.is_flat() and not stopped:
        bars = ctx.bars(20)
        if len(bars) == 20 and bar.close < sum(each.close for each in bars) / 20:
            ctx.size, ctx.last = ctx.equity * ctx.param("first_pct", 0.02), bar.close
            ctx.open_long(amount=ctx.size, price=bar.close, reason="first")
    if held.is_flat():
        return
    gain = (bar.close - held.long_entry) * held.long_size
    if bar.close > held.long_entry * (1 + ctx.param("take_profit", 0.03)):
        ctx.close_position(reason="profit")
    elif gain < -ctx.param("max_loss", 0.05) * ctx.equity:
        ctx.log(f"gives up at {bar.close:.2f} with {gain:,.0f}")
        ctx.close_position(reason="max_loss")
    elif bar.close < ctx.last * (1 - ctx.param("step", 0.04)) and not stopped:
        wanted = ctx.size * ctx.param("factor", 1.6)
        if held.long_size * bar.close + wanted <= ctx.param("max_position", 0.3) * ctx.equity:
            ctx.size, ctx.last = wanted, bar.close
            ctx.open_long(amount=wanted, price=bar.close, reason="average_down")
