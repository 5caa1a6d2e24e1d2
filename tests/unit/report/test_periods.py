"""Horizons, months and the sides of charts."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.report.axis import date_ticks, thinned, value_ticks
from quantstrip.report.periods import HORIZONS, horizon_start, yearly_table


def test_a_horizon_begins_after_the_same_day_so_many_months_before() -> None:
    assert horizon_start(date(2024, 5, 15), "3M") == date(2024, 2, 15)
    assert horizon_start(date(2024, 5, 31), "3M") == date(2024, 2, 29)
    assert horizon_start(date(2023, 5, 31), "3M") == date(2023, 2, 28)
    assert horizon_start(date(2024, 2, 29), "5Y") == date(2019, 2, 28)
    assert horizon_start(date(2024, 2, 29), "ALL") is None
    with pytest.raises(KeyError):
        horizon_start(date(2024, 2, 29), "10Y")


@given(st.dates(date(1980, 1, 1), date(2100, 1, 1)))
def test_longer_horizons_begin_earlier(last: date) -> None:
    starts = [horizon_start(last, name) for name in HORIZONS if name != "ALL"]
    found = [start for start in starts if start]
    assert len(found) == 6
    assert sorted(found, reverse=True) == found
    assert found[0] < last - timedelta(days=80)


def test_months_multiply_to_years() -> None:
    days = np.array(["2022-12-30", "2023-01-03", "2023-01-31", "2023-03-01", "2024-01-02"], dtype="datetime64[D]")
    table = yearly_table(days, np.array([100.0, 110.0, 121.0, 108.9, 130.68, 117.612]))
    assert [row.year for row in table] == [2024, 2023, 2022]
    newest, year, oldest = table
    assert oldest.months[11] == oldest.total == pytest.approx(0.1)
    assert year.months[1] is None
    assert [year.months[0], year.months[2]] == pytest.approx([-0.01, 0.2])
    assert year.total == pytest.approx(0.99 * 1.2 - 1)
    assert newest.total == pytest.approx(-0.1)


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.integers(2, 9))
def test_ticks_are_round_and_enclose_what_is_drawn(low: float, size: float, wanted: int) -> None:
    high = low + size
    ticks = value_ticks(low, high, wanted)
    slack = 1e-6 * max(abs(low), abs(high), 1.0)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack
    assert 2 <= len(ticks) <= wanted + 4
    assert ticks == sorted(set(ticks))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=900), st.integers(6, 60))
def test_thinning_keeps_the_ends_and_the_extremes(values: list[float], most: int) -> None:
    series = np.array(values)
    kept = thinned(series, most)
    assert len(kept) <= max(most, len(values) if len(values) <= most else most)
    assert {0, len(values) - 1} <= set(kept.tolist())
    assert series[kept].max() == series.max()
    assert series[kept].min() == series.min()


@pytest.mark.parametrize("count", [1, 2, 5, 20, 70, 300, 2520, 12_000])
def test_dates_along_a_chart_are_few_and_ascending(count: int) -> None:
    ticks = date_ticks(np.datetime64("2001-03-05") + np.arange(count))
    places = [place for place, _ in ticks]
    assert 1 <= len(ticks) <= 8
    assert places == sorted(places)
    assert len({label for _, label in ticks}) == len(ticks)
    assert all(0.0 <= place <= 1.0 for place in places)
