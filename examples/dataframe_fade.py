"""Fades rallies, short alone: the two-way form with ``tradeDirection short``, where ``sell`` opens and ``buy`` covers.

The stop trails from the profit that would have been the target: ``trailingActivationPct`` is left out, so that
``takeProfitPct`` arms the trail and is no exit of its own. ``ts`` tells the days on which nothing is begun.
"""

# @strategy stopLossPct 0.05
# @strategy takeProfitPct 0.03
# @strategy trailingEnabled true
# @strategy trailingStopPct 0.02
# @strategy entryPct 0.1
# @strategy tradeDirection short
# @param period int 20 Bars of the average
# @param stretch float 1.5 Standard deviations above it that are sold
# @param mondays bool false Sell on Mondays too

df = df.copy()

mean = df["close"].rolling(params["period"]).mean()
score = (df["close"] - mean) / df["close"].rolling(params["period"]).std()
high = (score > params["stretch"]) & (df["close"] > df["open"])
if not params["mondays"]:
    high &= df["ts"].dt.day_name() != "Monday"


def edge(s):
    """True where it turns true."""
    s = s.fillna(False).astype(bool)
    return s & ~s.shift(1).fillna(False)


df["sell"] = edge(high)
df["buy"] = edge(score < 0)

output = {
    "name": "Fade",
    "plots": [
        {"name": "mean", "data": mean.tolist(), "color": "#5C6BC0", "overlay": True},
        {"name": "score", "data": score.tolist(), "color": "#8D6E63", "overlay": False},
    ],
    "signals": [
        {"type": "sell", "text": "fade", "data": df["high"].where(df["sell"]).tolist(), "color": "#C62828"},
        {"type": "buy", "text": "mean", "data": df["low"].where(df["buy"]).tolist(), "color": "#2E7D32"},
    ],
}
