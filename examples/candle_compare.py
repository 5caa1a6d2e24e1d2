"""A script that compares the prototype in ``candle_prototype.py`` with its candle strategy, on the sample's bars.

    quantstrip python examples/candle_compare.py

It prints a line for each symbol, and each signal that only one of the two has.
"""

import pandas as pd
from candle_prototype import AboveMean, prototype

from quantstrip.bars import read_folder, sample_folder
from quantstrip.dialects.candle import MidPriceCandle, ReplayClient, StrategyManager, compare_signals


def compare(table, window=20):
    """The report on one symbol's bars."""
    prices = pd.DataFrame({table.symbol: table.close}, index=pd.to_datetime(table.ts, unit="us", utc=True))
    manager = StrategyManager([AboveMean([table.symbol], window)])
    if table.timeframe in ("1d", "1w"):  # ticks make no sessions: the bars are the candles
        for bar in table.bars():
            manager.on_candle(MidPriceCandle.of(bar))
    else:
        manager.run(ReplayClient(table.bars()), table.timeframe)
    return compare_signals(prototype(prices, window), manager)


if __name__ == "__main__":
    for found in read_folder(sample_folder()).values():
        print(f"{found.symbol}: {compare(found)}")
