"""Two exponential averages: long while the fast one is above, short while it is below; stops and targets by the engine.

A dataframe script: ``df`` and ``params`` are given, the four columns below are what is traded. Each is an edge: true on
the bar of the crossing alone. Decided at that bar's close, filled at the next open; a flip closes before it opens.
"""

# @strategy stopLossPct 0.04
# @strategy takeProfitPct 0.12
# @strategy entryPct 0.2
# @strategy tradeDirection both
# @param fast int 12 Bars of the fast average
# @param slow int 40 Bars of the slow average

my_indicator_name = "EMA cross"
my_indicator_description = "Two exponential averages: long while the fast one is above, short while it is below."

df = df.copy()

fast = df["close"].ewm(span=params["fast"], adjust=False).mean()
slow = df["close"].ewm(span=params["slow"], adjust=False).mean()
above = fast > slow
known = pd.Series(np.arange(len(df)) >= params["slow"], index=df.index)  # the averages need some bars to mean anything


def begins(condition):
    """True on the bar where the condition begins to hold."""
    return condition & ~condition.shift(1, fill_value=False)


up, down = begins(above & known), begins(~above & known)

df["open_long"] = up
df["close_short"] = up
df["open_short"] = down
df["close_long"] = down

# Decoration of the chart; no order follows it. One value a bar, None where there is nothing to draw.
output = {
    "name": my_indicator_name,
    "plots": [
        {"name": f"EMA {params['fast']}", "data": fast.tolist(), "color": "#FF9800", "overlay": True},
        {"name": f"EMA {params['slow']}", "data": slow.tolist(), "color": "#3F51B5", "overlay": True},
        {"name": "gap", "data": (fast - slow).tolist(), "color": "#607D8B", "overlay": False},
    ],
    "signals": [
        {"type": "buy", "text": "L", "data": (df["low"] * 0.99).where(up).tolist(), "color": "#2E7D32"},
        {"type": "sell", "text": "S", "data": (df["high"] * 1.01).where(down).tolist(), "color": "#C62828"},
    ],
}
