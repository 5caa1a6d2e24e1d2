"""A process of many runs on the same bars builds them once, and feeds every run the same."""

from collections.abc import Iterator

import numpy as np
import pytest

from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.feeds import HistoryFeed, timeline


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    timeline._kept = None


def table(symbol: str, size: int = 3_000) -> BarTable:
    price = np.arange(size) + 100.0
    return BarTable.from_arrays(symbol, "1d", np.arange(size) * DAY, price, price + 1, price - 1, price, price)


@pytest.mark.parametrize("names", ["A", "AB"])
def test_every_run_is_fed_the_same_bars_which_are_built_once(names: str) -> None:
    tables = [table(name) for name in names]
    plain = [(ts, list(bars)) for ts, bars in HistoryFeed(tables).slices()]
    timeline.keep_slices(10_000)
    first, again = ([(ts, list(bars)) for ts, bars in HistoryFeed(tables).slices()] for _ in range(2))
    assert plain == first == again
    assert all(
        one is other for (_, a), (_, b) in zip(first, again, strict=True) for one, other in zip(a, b, strict=True)
    )
    other = [table(name, 2_000) for name in names]
    assert len(list(HistoryFeed(other).slices())) == 2_000


def test_more_bars_than_are_kept_are_built_each_time() -> None:
    tables = [table("A")]
    timeline.keep_slices(2_999)
    first, again = (next(iter(HistoryFeed(tables).slices()))[1][0] for _ in range(2))
    assert first == again
    assert first is not again
