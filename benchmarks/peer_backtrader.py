"""The same work in backtrader; run by the peer's own Python: ``peer_backtrader.py DATA.npz BARS``.

Prints one JSON object: seconds of processor time of the run, bars and closed trades.
"""

# The peer lives in an environment of its own: nothing here can be checked against it.
# mypy: ignore-errors

import json
import sys
import time

import backtrader as bt
import numpy as np
import pandas as pd


class SmaCross(bt.Strategy):
    def __init__(self):
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=10), bt.ind.SMA(period=30))

    def next(self):
        if self.cross > 0:
            self.buy(size=10)
        elif self.cross < 0 and self.position:
            self.close()


def main():
    count = int(sys.argv[2])
    with np.load(sys.argv[1]) as data:
        frame = pd.DataFrame(
            {name: data[name][:count] for name in ("open", "high", "low", "close", "volume")},
            index=pd.to_datetime(data["ts"][:count], unit="us"),
        )
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(SmaCross)
    cerebro.addanalyzer(bt.analyzers.TradeAnalyzer, _name="trades")
    cerebro.broker.setcash(10_000_000.0)
    cerebro.broker.setcommission(commission=0.001)
    begin = time.process_time()
    (ran,) = cerebro.run()
    seconds = time.process_time() - begin
    print(
        json.dumps(
            {"seconds": seconds, "bars": count, "trades": ran.analyzers.trades.get_analysis()["total"]["closed"]}
        )
    )


if __name__ == "__main__":
    main()
