"""Breakouts to the highest close of some weeks, held by a stop that trails once the position is well in profit.

A dataframe script that goes long alone: ``tradeDirection long`` would filter short signals out, were there any. Each
further breakout adds to the position. No column closes it: the engine's stop and trailing stop do, for each entry by
its own price, and a stopped position is opened again by the next breakout alone.
"""

# @strategy stopLossPct 0.06             # until the trailing stop is armed
# @strategy trailingEnabled true
# @strategy trailingStopPct 0.05         # from the highest price since the entry
# @strategy trailingActivationPct 0.08   # armed after a move of 8 %
# @strategy entryPct 0.05
# @strategy tradeDirection long
# @param lookback int 55 Bars whose highest close is to be passed
# @param margin float 0.002 How far above it, as a fraction
# @param trend bool true Only above the average of 200 bars
# @param source string close Column that is looked at: close or high

df = df.copy()

price = df[params["source"]]
ceiling = price.rolling(params["lookback"]).max().shift(1)  # of the bars before this one
beyond = price > ceiling * (1 + params["margin"])
if params["trend"]:
    beyond &= df["close"] > df["close"].rolling(200).mean()

df["open_long"] = beyond & ~beyond.shift(1, fill_value=False)

output = {
    "name": "Breakout",
    "plots": [{"name": "ceiling", "data": ceiling.tolist(), "color": "#8D6E63", "overlay": True}],
}
