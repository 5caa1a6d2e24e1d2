"""A curve of a word's height keeps what the curve says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.home import asset


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(asset("dashboard"))
    from components import sparkline

    return sparkline


def test_it_is_green_where_it_ends_higher_and_says_what_it_shows(spark: Any) -> None:
    shown = spark.sparkline([100.0, 90.0, 120.0], "from <b> to")
    assert "qs-up" in shown
    assert 'aria-label="from &lt;b&gt; to"' in shown
    assert "polygon(0.0% 56.7%, 50.0% 85.0%, 100.0% 0.0%, 100% 100%, 0% 100%)" in shown
    assert "qs-down" in spark.sparkline([2.0, 1.0], "")


@pytest.mark.parametrize("values", [[], [1.0]])
def test_one_point_is_no_curve(spark: Any, values: list[float]) -> None:
    assert spark.sparkline(values, "") == ""


def test_a_flat_curve_is_a_line(spark: Any) -> None:
    assert "polygon(0.0% 0.0%, 100.0% 0.0%," in spark.sparkline([5.0, 5.0], "")


def test_thinning_loses_no_extreme_neither_end_nor_order(spark: Any) -> None:
    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=600))
    def holds(values: list[float]) -> None:
        kept = spark.thinned(values)
        assert len(kept) <= 2 * 40 + 2
        assert (kept[0], kept[-1]) == (values[0], values[-1])
        assert (min(kept), max(kept)) == (min(values), max(values))
        rest = iter(values)
        assert all(value in rest for value in kept), "in their order"

    holds()
