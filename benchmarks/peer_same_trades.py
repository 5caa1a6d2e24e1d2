"""Strategies in backtesting.py; run by the peer's own Python.

``peer_same_trades.py export GOOG FILE.npz`` writes the package's test data; ``run FILE.npz STRATEGY SIZE`` prints one
JSON object: closed trades as [entry bar, exit bar, side, entry price, exit price] and the final equity.
"""

# The peer lives in an environment of its own: nothing here can be checked against it.
# mypy: ignore-errors

import json
import sys
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy, test
from backtesting.lib import crossover


def sma(values, period):
    return pd.Series(values).rolling(period).mean()


def ema(values, period):
    """Seeded with the mean of the first values."""
    values = pd.Series(values).dropna()
    seeded = pd.concat(
        [pd.Series([values.iloc[:period].mean()], index=[values.index[period - 1]]), values.iloc[period:]]
    )
    return seeded.ewm(span=period, adjust=False).mean()


def wilder(values, period):
    seeded = pd.concat(
        [pd.Series([values.iloc[:period].mean()], index=[values.index[period - 1]]), values.iloc[period:]]
    )
    return seeded.ewm(alpha=1 / period, adjust=False).mean()


def rsi(values, period):
    change = pd.Series(values).diff().iloc[1:]
    up, down = wilder(change.clip(lower=0), period), wilder(-change.clip(upper=0), period)
    return (100 * up / (up + down)).reindex(range(len(values))).to_numpy()


def bands(values, period):
    close = pd.Series(values)
    mid, width = close.rolling(period).mean(), close.rolling(period).std(ddof=0)
    return mid, mid - 2 * width


def macd(values):
    close = pd.Series(values)
    slow = ema(close, 26)
    fast = pd.concat([close.iloc[26 - 12 : 26 - 12], ema(close.iloc[26 - 12 :], 12)])  # both begin together
    line = (fast - slow).dropna()
    whole = range(len(close))
    return line.reindex(whole).to_numpy(), ema(line, 9).reindex(whole).to_numpy()


class Sided(Strategy):
    size = 100

    def go(self, wanted):
        held = 1 if self.position.is_long else -1 if self.position.is_short else 0
        if wanted is None or wanted == held:
            return
        if held:
            self.position.close()
        if wanted > 0:
            self.buy(size=self.size)
        elif wanted < 0:
            self.sell(size=self.size)


class sma_cross(Sided):  # noqa: N801
    short = 0

    def init(self):
        self.fast, self.slow = self.I(sma, self.data.Close, 10), self.I(sma, self.data.Close, 30)

    def next(self):
        self.go(1 if crossover(self.fast, self.slow) else self.short if crossover(self.slow, self.fast) else None)


class sma_flip(sma_cross):  # noqa: N801
    short = -1


class rsi_reversion(Sided):  # noqa: N801
    def init(self):
        self.rsi = self.I(rsi, self.data.Close, 14)

    def next(self):
        self.go(1 if self.rsi[-1] < 30 else 0 if self.rsi[-1] > 60 else None)


class bollinger(Sided):  # noqa: N801
    def init(self):
        self.mid, self.lower = self.I(bands, self.data.Close, 20)

    def next(self):
        close = self.data.Close[-1]
        self.go(1 if close < self.lower[-1] else 0 if close > self.mid[-1] else None)


class breakout(Sided):  # noqa: N801
    def init(self):
        self.highest = self.I(lambda high: pd.Series(high).rolling(20).max().shift(1), self.data.High)
        self.lowest = self.I(lambda low: pd.Series(low).rolling(20).min().shift(1), self.data.Low)

    def next(self):
        close = self.data.Close[-1]
        self.go(1 if close > self.highest[-1] else -1 if close < self.lowest[-1] else None)


class macd_cross(Sided):  # noqa: N801
    def init(self):
        self.line, self.signal = self.I(macd, self.data.Close)

    def next(self):
        self.go(1 if crossover(self.line, self.signal) else 0 if crossover(self.signal, self.line) else None)


class momentum(Sided):  # noqa: N801
    def init(self):
        self.before = self.I(lambda close: pd.Series(close).shift(60), self.data.Close)

    def next(self):
        self.go(1 if self.data.Close[-1] > self.before[-1] else 0)


class limit_dip(Sided):  # noqa: N801
    def init(self):
        self.mean = self.I(sma, self.data.Close, 10)

    def next(self):
        for order in self.orders:
            order.cancel()
        close = self.data.Close[-1]
        if not self.position and close < self.mean[-1] * (1 - 1e-9):
            self.buy(size=self.size, limit=close * 0.99)
        elif self.position and close > self.mean[-1] * (1 + 1e-9):
            self.position.close()


def main():
    warnings.filterwarnings("ignore")
    if sys.argv[1] == "export":
        frame = getattr(test, sys.argv[2])
        ts = frame.index.to_numpy().astype("datetime64[us]").astype(np.int64)
        np.savez(sys.argv[3], ts=ts, **{name.lower(): frame[name].to_numpy(float) for name in frame.columns})
        print("{}")
        return
    data = np.load(sys.argv[2])
    frame = pd.DataFrame(
        {name: data[name.lower()] for name in ("Open", "High", "Low", "Close", "Volume")},
        index=pd.to_datetime(data["ts"], unit="us"),
    )
    strategy = globals()[sys.argv[3]]
    strategy.size = int(float(sys.argv[4]))
    stats = Backtest(frame, strategy, cash=1e9, commission=0.0).run()
    rows = stats["_trades"]
    trades = [
        [int(row.EntryBar), int(row.ExitBar), 1 if row.Size > 0 else -1, float(row.EntryPrice), float(row.ExitPrice)]
        for row in rows.itertuples()
    ]
    print(json.dumps({"trades": trades, "equity": float(stats["Equity Final [$]"])}))


if __name__ == "__main__":
    main()
