"""Ticks become bars as they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.bars import TickBars
from quantstrip.clock import MINUTE, SECOND
from quantstrip.errors import DataError
from quantstrip.model import Tick


def tick(seconds: float, price: float, size: float = 1.0) -> Tick:
    return Tick("ABC", round(seconds * SECOND), price, size, source="test")


def test_a_bar_comes_when_the_next_span_begins() -> None:
    maker = TickBars("ABC", "1m")
    assert [maker.add(t) for t in (tick(5, 10, 2), tick(20, 12), tick(40, 9), tick(59.999999, 11))] == [None] * 4

    bar = maker.add(tick(60, 13))

    assert bar is not None
    assert bar[2:] == (0, MINUTE, 10, 12, 9, 11, 5.0, "test")
    assert maker.flush(2 * MINUTE - 1) is None
    assert maker.flush(2 * MINUTE) is not None
    assert maker.flush(3 * MINUTE) is None


def test_a_span_without_a_tick_gives_no_bar() -> None:
    maker = TickBars("ABC", "1m")
    maker.add(tick(0, 10))
    first = maker.add(tick(600, 11))
    assert first is not None
    assert first.ts == MINUTE
    last = maker.flush(11 * MINUTE)
    assert last is not None
    assert last.ts_open == 10 * MINUTE


def test_a_late_tick_changes_nothing_and_is_counted() -> None:
    maker = TickBars("ABC", "1m")
    maker.add(tick(70, 10))
    maker.add(tick(59, 99))
    assert maker.late == 1
    bar = maker.flush(2 * MINUTE)
    assert bar is not None
    assert bar.high == 10
    assert maker.add(tick(100, 99)) is None
    assert maker.late == 2
    assert maker.flush(3 * MINUTE) is None


def test_impossible_ticks_are_refused() -> None:
    maker = TickBars("ABC", "1m")
    for bad in (tick(0, 0), tick(0, -1), tick(0, float("nan")), tick(0, float("inf")), tick(0, 1, -1)):
        with pytest.raises(DataError, match="needs a positive price"):
            maker.add(bad)
    with pytest.raises(DataError, match="a tick of XYZ came to the bars of ABC"):
        maker.add(Tick("XYZ", 0, 1.0))
    with pytest.raises(DataError, match="cannot be made into '1d' bars"):
        TickBars("ABC", "1d")


@given(st.lists(st.tuples(st.integers(0, 600), st.floats(1, 100), st.floats(0, 10)), min_size=1))
def test_bars_equal_the_plain_definition(raw: list[tuple[int, float, float]]) -> None:
    ticks = [tick(*row) for row in sorted(raw, key=lambda row: row[0])]
    maker = TickBars("ABC", "1m")
    bars = [bar for bar in (*map(maker.add, ticks), maker.flush(3600 * SECOND)) if bar]

    groups: dict[int, list[Tick]] = {}
    for t in ticks:
        groups.setdefault(t.ts // MINUTE, []).append(t)
    assert [(b.ts_open, b.open, b.high, b.low, b.close) for b in bars] == [
        (key * MINUTE, g[0].price, max(t.price for t in g), min(t.price for t in g), g[-1].price)
        for key, g in groups.items()
    ]
    assert sum(b.volume for b in bars) == pytest.approx(sum(t.size for t in ticks))
    assert maker.late == 0
