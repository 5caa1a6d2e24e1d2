"""Back to the middle of the Bollinger Bands: the two-way form of a dataframe script, with ``buy`` and ``sell``.

What the two mean depends on ``tradeDirection``: with ``both``, a buy covers what is short and goes long, a sell the
other way round; ``long`` and ``short`` leave one leg out. Try: ``--param tradeDirection=long --param leverage=2``.
"""

# @strategy stopLossPct 0.08
# @strategy takeProfitPct 0.05
# @strategy entryPct 10          # the older way to write 0.1
# @strategy tradeDirection both
# @param period int 25 Bars of the middle band
# @param width float 2.2 Distance of the bands, in standard deviations

import talib

df = df.copy()

upper, middle, lower = talib.BBANDS(df["close"], params["period"], params["width"], params["width"])
below = df["close"] < lower
above = df["close"] > upper


def ends(condition):
    """True on the first bar after the condition held: the price has turned."""
    return ~condition & condition.shift(1, fill_value=False)


df["buy"] = ends(below)
df["sell"] = ends(above)
df["sell"] &= ~df["buy"]  # a bar that jumps from one side to the other is bought

output = {
    "name": "Bands",
    "plots": [
        {"name": name, "data": values.tolist(), "color": "#90A4AE", "overlay": True}
        for name, values in (("upper", upper), ("middle", middle), ("lower", lower))
    ],
    "signals": [
        {"type": "buy", "text": "B", "data": df["low"].where(df["buy"]).tolist(), "color": "#2E7D32"},
        {"type": "sell", "text": "S", "data": df["high"].where(df["sell"]).tolist(), "color": "#C62828"},
    ],
}
