"""Rides trends from the breakout of a channel, on either side, and sizes by what a stop would cost.

An event script: ``on_bar`` decides at the close of each bar, and orders fill at the next open. The engine protects
every entry with the stop and the trailing stop below, besides what the script itself closes.
"""

# @strategy stopLossPct 0.05
# @strategy trailingEnabled true
# @strategy trailingStopPct 0.08
# @strategy trailingActivationPct 0.1
# @param channel int 40 Bars of the channel that is broken out of
# @param exit_channel int 15 Bars of the channel that ends the trend
# @param risk float 0.01 Share of the equity that the stop may cost
# @param both_ways bool true Go short as well
# @param busy float 0.5 Least volume of a breakout, over the channel's mean volume


def on_init(ctx):
    ctx.log(f"{ctx.symbol}: breakouts of {ctx.param('channel', 40)} bars, with {ctx.balance:,.0f} to begin with")


def on_bar(ctx, bar):
    bars = ctx.bars(ctx.param("channel", 40) + 1)
    if len(bars) <= ctx.param("channel", 40):
        return
    before = bars[:-1]
    top, bottom = max(each.high for each in before), min(each.low for each in before)
    recent = before[-ctx.param("exit_channel", 15) :]
    amount = ctx.equity * ctx.param("risk", 0.01) / 0.05
    usual = sum(each.volume for each in before) / len(before)
    rises, busy = bar.close > bar.open, bar.volume > ctx.param("busy", 0.5) * usual

    if ctx.position.has_long() and bar.close < min(each.low for each in recent):
        ctx.close_long(price=bar.close, reason="trend_over")
    elif ctx.position.has_short() and bar.close > max(each.high for each in recent):
        ctx.close_short(price=bar.close, reason="trend_over")

    # On one bar closes come before opens: what ended above may turn around here.
    if bar.close > top and rises and busy and ctx.position <= 0:
        ctx.open_long(amount=amount, price=bar.close, reason="breakout")
    elif bar.close < bottom and busy and ctx.position >= 0 and ctx.param("both_ways", True):
        ctx.open_short(amount=amount, price=bar.close, reason="breakdown")
