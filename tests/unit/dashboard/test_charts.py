"""The curve says what happened from the first session on."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest

from quantstrip.clock import from_text
from quantstrip.home import asset
from quantstrip.operations.curves import Curve

DAYS = ("2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08", "2024-03-11", "2024-03-12")


@pytest.fixture(autouse=True, scope="module")
def components() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(asset("dashboard"))
    yield
    patch.undo()


def drawn(*pnl: float, by_session: bool = True) -> dict[str, Any]:
    """The chart of one strategy that made ``pnl`` up to each of the first days."""
    from components.charts import figure

    times = tuple(from_text(day) for day, _ in zip(DAYS, pnl, strict=False))
    made: dict[str, Any] = figure((Curve("trend", times, pnl, by_session=by_session),), "pnl", "USD", UTC)
    return made


def test_a_first_session_is_a_point_above_its_date() -> None:
    chart = drawn(0.2)

    assert chart["data"][0]["mode"] == "lines+markers"
    axis = chart["layout"]["xaxis"]
    assert (axis["tickvals"], axis["range"]) == (
        ["2024-03-01 00:00:00"],
        ["2024-02-29 00:00:00", "2024-03-02 00:00:00"],
    )


def test_the_first_sessions_are_named_by_their_dates_and_not_by_hours() -> None:
    axis = drawn(0.2, 0.4, 0.1)["layout"]["xaxis"]

    assert axis["tickvals"] == ["2024-03-01 00:00:00", "2024-03-04 00:00:00", "2024-03-05 00:00:00"]
    assert "range" not in axis


@pytest.mark.parametrize("chart", [(dict.fromkeys(range(8), 1.0), True), ({0: 1.0, 1: 2.0}, False)])
def test_long_curves_and_curves_within_a_day_have_the_usual_axis(chart: tuple[dict[int, float], bool]) -> None:
    values, by_session = chart
    assert "tickvals" not in drawn(*values.values(), by_session=by_session)["layout"]["xaxis"]


@pytest.mark.parametrize(("made", "written"), [(0.2, ",.2~f"), (-999.0, ",.2~f"), (1000.0, "~s"), (-25_000.0, "~s")])
def test_thousands_are_shortened_and_small_amounts_written_in_full(made: float, written: str) -> None:
    assert drawn(made)["layout"]["yaxis"]["tickformat"] == written
