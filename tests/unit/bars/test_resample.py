"""Coarser bars follow the sessions and never show a price before its time."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.bars import BarTable, read_csv, read_folder, resample, sample_folder
from quantstrip.clock import DAY, MINUTE, SECOND, from_text, to_text
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES, Bar


def minutes(*starts: str, step: str = "1m") -> BarTable:
    """Bars whose prices tell which bar they came from: bar i opens at i+1 and closes at i+1.5."""
    begin = np.array([from_text(start) for start in starts])
    price = np.arange(1.0, len(starts) + 1)
    return BarTable.from_arrays("ABC", step, begin, price, price + 1, price / 2, price + 0.5, price * 10)


def session(day: str, first: str, count: int, step: str = "1m") -> list[str]:
    begin = from_text(f"{day} {first}")
    return [to_text(begin + i * TIMEFRAMES[step] * SECOND) for i in range(count)]


def test_hours_count_from_the_opening_and_the_last_ends_with_the_session() -> None:
    table = minutes(*session("2000-03-03", "14:30", 13, "30m"), step="30m")

    hours = list(resample(table, "4h").bars())

    assert [bar.open_time.strftime("%H:%M") for bar in hours] == ["14:30", "18:30"]
    assert [bar.timestamp.strftime("%H:%M") for bar in hours] == ["18:30", "21:00"]
    assert hours[0][4:9] == (1.0, 9.0, 0.5, 8.5, sum(range(1, 9)) * 10.0)
    assert hours[1][4:9] == (9.0, 14.0, 4.5, 13.5, sum(range(9, 14)) * 10.0)


def test_a_bar_never_spans_two_sessions() -> None:
    table = minutes("2000-03-03 20:59", "2000-03-06 14:30", "2000-03-06 14:31")
    five = resample(table, "5m", partial=True)
    assert [five.label_text(row) for row in range(len(five))] == ["2000-03-03 20:55:00", "2000-03-06 14:30:00"]
    assert five.open.tolist() == [1.0, 2.0]


def test_minutes_become_days_named_by_their_session() -> None:
    table = minutes("2000-03-03 14:30", "2000-03-03 20:59", "2000-03-06 14:30", "2000-03-06 20:59")
    days = resample(table, "1d")
    assert [days.label_text(row) for row in range(2)] == ["2000-03-03", "2000-03-06"]
    assert list(days.bars())[1].timestamp.isoformat() == "2000-03-06T21:00:00+00:00"
    assert days.close.tolist() == [2.5, 4.5]


def test_days_become_weeks_that_close_with_their_last_session() -> None:
    daily = read_folder(sample_folder(), ["IBM"])["IBM"]
    weekly = resample(daily, "1w")

    # The week of Thanksgiving 2012 ends with a half-day on Friday, the week of Good Friday 2012 on Thursday.
    closes = {weekly.label_text(row): to_text(int(weekly.ts[row]))[:16] for row in range(len(weekly))}
    assert closes["2012-11-19"] == "2012-11-23 18:00"
    assert closes["2012-04-02"] == "2012-04-05 20:00"

    row = int(np.searchsorted(weekly.label, from_text("2012-11-19")))
    days = daily.between(from_text("2012-11-19"), from_text("2012-11-26"))
    assert len(days) == 4
    assert weekly.open[row] == days.open[0]
    assert weekly.high[row] == days.high.max()
    assert weekly.low[row] == days.low.min()
    assert weekly.close[row] == days.close[-1]
    assert weekly.volume[row] == days.volume.sum()


def test_a_week_without_its_last_session_is_not_shown_unless_asked_for() -> None:
    daily = read_folder(sample_folder(), ["IBM"])["IBM"].between(from_text("2012-11-05"), from_text("2012-11-15"))
    assert [resample(daily, "1w").label_text(row) for row in range(1)] == ["2012-11-05"]
    assert len(resample(daily, "1w")) == 1
    assert len(resample(daily, "1w", partial=True)) == 2
    assert len(resample(daily.rows(0, 2), "1w")) == 0
    assert len(resample(daily.rows(0, 0), "1w")) == 0


def test_a_file_of_weekly_bars_reads_as_the_weeks_that_were_resampled(tmp_path: Path) -> None:
    weekly = resample(read_folder(sample_folder(), ["IBM"])["IBM"].between(from_text("2012-01-01")), "1w")
    columns = (weekly.open, weekly.high, weekly.low, weekly.close, weekly.volume)
    lines = [
        ",".join([weekly.label_text(row), *(repr(float(column[row])) for column in columns)])
        for row in range(len(weekly))
    ]
    path = tmp_path / "IBM.csv"

    path.write_text("time,open,high,low,close,volume\n" + "\n".join(lines))
    assert list(read_csv(path, timeframe="1w").bars()) == [bar._replace(source="IBM.csv") for bar in weekly.bars()]

    path.write_text("time,open,high,low,close,volume\n" + "\n".join(lines[:9] + lines[10:]))
    with pytest.raises(DataError, match=r"1 of 61 weeks of NYSE are missing, the first after .*line 10: 2012-03-05"):
        read_csv(path, timeframe="1w")


def test_what_cannot_be_made_is_refused() -> None:
    table = minutes("2000-03-03 14:30", step="30m")
    for target in ("5m", "30m"):
        with pytest.raises(DataError, match="cannot be made of 30m bars"):
            resample(table, target)
    with pytest.raises(DataError, match="unknown timeframe '3h'"):
        resample(table, "3h")
    with pytest.raises(DataError, match="is in no session of NYSE"):
        resample(minutes("2000-03-03 13:00"), "1h")


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 3 * 1440 - 1), min_size=1), st.sampled_from(["5m", "1h", "4h", "1d"]))
def test_resampling_equals_the_plain_definition(offsets: set[int], timeframe: str) -> None:
    starts = [to_text(from_text("2024-01-01") + offset * MINUTE) for offset in sorted(offsets)]
    table = minutes(*starts)

    coarse = resample(table, timeframe, "24/7", partial=True)

    length = TIMEFRAMES[timeframe] * SECOND
    groups: dict[int, list[Bar]] = {}
    for bar in table.bars():
        groups.setdefault(bar.ts_open // length * length, []).append(bar)
    expected = [
        (
            start,
            start + length,
            bars[0].open,
            max(b.high for b in bars),
            min(b.low for b in bars),
            bars[-1].close,
            sum(b.volume for b in bars),
        )
        for start, bars in groups.items()
    ]
    assert [tuple(bar[2:9]) for bar in coarse.bars()] == expected
    assert len(resample(table, timeframe, "24/7")) == len(expected) - (
        max(offsets) % (length // MINUTE) != length // MINUTE - 1
    )
    assert DAY % length == 0
