"""Which calendar bars follow, where nobody says."""

import numpy as np
import pytest

from quantstrip.bars import BarTable, read_csv, sample_folder
from quantstrip.bars.fitting import fitting_calendar
from quantstrip.clock import DAY

_HOUR = DAY // 24
_MONDAY = 19_723 * DAY  # 2024-01-01


def bars(labels: "np.ndarray[tuple[int], np.dtype[np.int64]]", timeframe: str = "1d", length: int = DAY) -> BarTable:
    flat = np.full(len(labels), 5.0)
    return BarTable("S", timeframe, labels, labels, labels + length, flat, flat, flat, flat, flat)


def test_shares_of_new_york_follow_its_sessions() -> None:
    assert fitting_calendar(read_csv(sample_folder() / "IBM.csv", calendar=None)) == "NYSE"


def test_one_bar_on_a_sunday_is_a_mistake_and_no_other_market() -> None:
    sample = read_csv(sample_folder() / "IBM.csv", calendar=None).label
    labels = np.sort(np.append(sample, sample[4] + 2 * DAY))  # the first week began on a Wednesday
    assert fitting_calendar(bars(labels)) == "NYSE"


@pytest.mark.parametrize(("timeframe", "length"), [("1d", DAY), ("1h", _HOUR), ("4h", 4 * _HOUR)])
def test_a_market_that_never_closes_is_known_by_its_weekends(timeframe: str, length: int) -> None:
    labels = np.arange(60 * DAY // length, dtype=np.int64) * length + _MONDAY
    assert fitting_calendar(bars(labels, timeframe, length)) == "24/7"


def test_one_with_holes_is_taken_as_it_is() -> None:
    labels = np.delete(np.arange(60, dtype=np.int64) * DAY + _MONDAY, [10, 11, 30])
    assert fitting_calendar(bars(labels)) is None


def test_currencies_and_weekdays_without_holidays_are_taken_as_they_are() -> None:
    days = np.arange(300, dtype=np.int64)
    weekdays = days[days % 7 < 5]
    assert fitting_calendar(bars(weekdays * DAY + _MONDAY)) is None
    hours = (weekdays[:, None] * DAY + np.arange(24) * _HOUR + _MONDAY).ravel()
    assert fitting_calendar(bars(hours, "1h", _HOUR)) is None
