"""A feed's columns are its bars: what is read from them is what was fed."""

from typing import Any

import pytest

from quantstrip.bars import read_folder, sample_folder
from quantstrip.feeds import HistoryFeed
from quantstrip.indicators import BarWindows


@pytest.mark.parametrize("symbols", [["IBM"], ["AAPL", "IBM"]])
def test_windows_built_from_columns_hold_the_bars_of_the_feed(symbols: list[str]) -> None:
    feed = HistoryFeed(read_folder(sample_folder(), symbols))
    windows = BarWindows()
    for symbol, columns in feed.columns().items():
        windows.history(symbol).preload(columns)
    fed: dict[str, list[Any]] = {symbol: [] for symbol in symbols}
    for _, bars in feed.slices():
        for bar in bars:
            windows.history(bar.symbol).add(bar)
            fed[bar.symbol].append(bar)
    for symbol in symbols:
        assert windows[symbol] == fed[symbol][-500:]
        assert windows[symbol][0].timeframe == "1d"
