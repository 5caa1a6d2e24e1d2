"""Coarser bars follow the sessions and never show a price before its time."""

from pathlib import Path

import numpy as np
import pandas as pd
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


@settings(max_examples=25)
@given(
    present=st.sets(st.integers(0, 389), min_size=1),
    timeframe=st.sampled_from(["5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h"]),
    seed=st.integers(0, 5),
)
def test_of_a_session_they_are_what_pandas_makes_of_it(present: set[int], timeframe: str, seed: int) -> None:
    opening = from_text("2024-03-12 13:30")
    label = opening + np.array(sorted(present)) * MINUTE
    random = np.random.default_rng(seed)
    low = random.uniform(90, 100, len(label))
    values = {
        "open": low + 1,
        "high": low + 3,
        "low": low,
        "close": low + 2,
        "volume": random.integers(0, 9, len(label)),
    }
    table = BarTable.from_arrays("ABC", "1m", label, low + 1, low + 3, low, low + 2, values["volume"])

    made = resample(table, timeframe, partial=True)

    frame = pd.DataFrame(values, index=pd.to_datetime(label, unit="us"))
    rules = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    seconds = TIMEFRAMES[timeframe]
    expected = frame.resample(f"{seconds}s", origin=pd.Timestamp(opening, unit="us")).agg(rules).dropna()
    assert made.label.tolist() == pd.DatetimeIndex(expected.index).as_unit("us").asi8.tolist()
    for name in rules:
        assert np.array_equal(getattr(made, name), expected[name].to_numpy(dtype=float))
    assert (made.ts <= from_text("2024-03-12 20:00")).all()


@settings(max_examples=10)
@given(st.sets(st.integers(0, 60 * 24 * 9), min_size=1, max_size=400), st.sampled_from(["1d", "1w"]))
def test_of_a_market_without_closing_they_are_what_pandas_makes_of_it(present: set[int], timeframe: str) -> None:
    label = from_text("2024-02-26") + np.array(sorted(present)) * MINUTE
    price = np.arange(1.0, len(label) + 1)
    table = BarTable.from_arrays("ABC", "1m", label, price, price + 1, price / 2, price + 0.5, price)

    made = resample(table, timeframe, "24/7", partial=True)

    frame = pd.DataFrame({"open": price, "close": price + 0.5, "volume": price}, index=pd.to_datetime(label, unit="us"))
    rule = frame.resample("W-MON", label="left", closed="left") if timeframe == "1w" else frame.resample("1D")
    expected = rule.agg({"open": "first", "close": "last", "volume": "sum"}).dropna()
    assert made.label.tolist() == pd.DatetimeIndex(expected.index).as_unit("us").asi8.tolist()
    assert made.open.tolist() == expected["open"].tolist()
    assert made.close.tolist() == expected["close"].tolist()
    assert made.volume.tolist() == expected["volume"].tolist()


def test_bars_outside_the_sessions_are_left_out_where_that_is_asked() -> None:
    table = minutes("2000-03-03 14:29", "2000-03-03 14:30", "2000-03-03 21:00")
    with pytest.raises(DataError, match="is in no session of NYSE"):
        resample(table, "1h")
    assert resample(table, "1h", outside="drop", partial=True).open.tolist() == [2.0]
    assert len(resample(table.rows(0, 1), "1d", outside="drop")) == 0
