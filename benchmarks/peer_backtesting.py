"""The same work in backtesting.py; run by the peer's own Python: ``peer_backtesting.py DATA.npz``.

Prints one JSON object: seconds of the run, and its closed trades as [entry bar, exit bar, entry price, exit price].
"""

# The peer lives in an environment of its own: nothing here can be checked against it.
# mypy: ignore-errors

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy
from backtesting.lib import crossover


def sma(values, period):
    return pd.Series(values).rolling(period).mean()


class SmaCross(Strategy):
    def init(self):
        self.fast = self.I(sma, self.data.Close, 10)
        self.slow = self.I(sma, self.data.Close, 30)

    def next(self):
        if crossover(self.fast, self.slow):
            self.buy(size=10)
        elif crossover(self.slow, self.fast):
            self.position.close()


def main():
    warnings.filterwarnings("ignore")
    data = np.load(sys.argv[1])
    frame = pd.DataFrame(
        {name: data[name.lower()] for name in ("Open", "High", "Low", "Close", "Volume")},
        index=pd.to_datetime(data["ts"], unit="us"),
    )
    test = Backtest(frame, SmaCross, cash=10_000_000, commission=0.001)
    begin = time.process_time()
    stats = test.run()
    seconds = time.process_time() - begin
    trades = stats["_trades"][["EntryBar", "ExitBar", "EntryPrice", "ExitPrice"]].to_numpy().tolist()
    print(json.dumps({"seconds": seconds, "trades": trades}))


if __name__ == "__main__":
    main()
