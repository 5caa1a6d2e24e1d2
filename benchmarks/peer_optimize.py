"""A grid in backtesting.py's ``optimize``; run by the peer's own Python: ``peer_optimize.py DATA.npz FAST SLOW``.

Prints one JSON object: seconds of the whole grid, and how many runs it was.
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
    fast = 10
    slow = 30

    def init(self):
        self.short = self.I(sma, self.data.Close, self.fast)
        self.long = self.I(sma, self.data.Close, self.slow)

    def next(self):
        if crossover(self.short, self.long):
            self.buy(size=10)
        elif crossover(self.long, self.short):
            self.position.close()


def main():
    warnings.filterwarnings("ignore")
    data = np.load(sys.argv[1])
    fast, slow = json.loads(sys.argv[2]), json.loads(sys.argv[3])
    frame = pd.DataFrame(
        {name: data[name.lower()] for name in ("Open", "High", "Low", "Close", "Volume")},
        index=pd.to_datetime(data["ts"], unit="us"),
    )
    test = Backtest(frame, SmaCross, cash=10_000_000, commission=0.001)
    begin = time.perf_counter()
    _, heat = test.optimize(fast=fast, slow=slow, maximize="Equity Final [$]", return_heatmap=True)
    print(json.dumps({"seconds": time.perf_counter() - begin, "runs": int(heat.notna().sum())}))


if __name__ == "__main__":
    main()
