"""Bars from outside: put in order, checked, and reported on; what is refused is a choice, never a guess."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quantstrip.bars import BarTable, csvfile, parquetfile, read_csv
from quantstrip.bars.intake import IntakeReport, Policy, take_in
from quantstrip.bars.outliers import outliers
from quantstrip.clock import HOUR, MINUTE, from_text
from quantstrip.errors import DataError

Write = Callable[..., Path]
FRIDAY, MONDAY, TUESDAY = "2000-03-03", "2000-03-06", "2000-03-07"


def taken(path: Path, timeframe: str = "1d", **options: Any) -> tuple[BarTable, IntakeReport]:
    raw = csvfile.parse(path, daily=timeframe == "1d", delimiter=csvfile.delimiter_of(path))
    return take_in(raw, "ABC", timeframe, **options)


def labels(table: BarTable) -> list[str]:
    return [table.label_text(row) for row in range(len(table))]


def test_a_clean_file_has_nothing_to_report(write: Write) -> None:
    table, report = taken(write(f"{FRIDAY},10,12,9,11,5", f"{MONDAY},11,13,10,12,6"))
    assert labels(table) == [FRIDAY, MONDAY]
    assert (report.rows, report.bars, report.first, report.last, report.lines()) == (2, 2, FRIDAY, MONDAY, [])


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2)])
def test_bars_in_any_order_are_sorted_and_that_is_told(write: Write, order: tuple[int, ...]) -> None:
    lines = [f"{FRIDAY},10,12,9,11,5", f"{MONDAY},11,13,10,12,6", f"{TUESDAY},12,13,10,12,6"]
    table, report = taken(write(*(lines[at] for at in order)))
    assert labels(table) == [FRIDAY, MONDAY, TUESDAY]
    assert report.lines() == ["not sorted by time: sorted"]


def test_doubled_times_are_refused_or_one_of_each_is_kept(write: Write) -> None:
    path = write(f"{FRIDAY},10,12,9,11,5", f"{FRIDAY},10,12,9,11,5", f"{MONDAY},1,2,1,2,1", f"{MONDAY},2,3,2,3,1")
    with pytest.raises(DataError, match=r"line 3: 2 times are there twice, 1 of them with the same values") as no:
        taken(path)
    assert "duplicates='first' or 'last'" in no.value.hint
    first, report = taken(path, policy=Policy(duplicates="first"))
    last, _ = taken(path, policy=Policy(duplicates="last"))
    assert (list(first.open), list(last.open)) == ([10, 1], [10, 2])
    assert (report.rows, report.bars, report.repeated, report.contradictory) == (4, 2, 1, 1)
    assert len(report.lines()) == 2


def test_bars_that_overlap_are_refused(write: Write) -> None:
    with pytest.raises(DataError, match=r"before the 1h bar of .* ends"):
        taken(write(f"{FRIDAY} 15:00,1,1,1,1,1", f"{FRIDAY} 15:30,1,1,1,1,1"), "1h")


@pytest.mark.parametrize("bad", ["10,8,9,10,1", "10,12,9,nan,1", "-1,12,9,11,1"])
def test_impossible_prices_are_refused_with_their_line(write: Write, bad: str) -> None:
    with pytest.raises(DataError, match=r"ABC.csv line 3 \(2000-03-03\)"):
        taken(write(f"{MONDAY},10,12,9,11,5", f"{FRIDAY},{bad}"))


def test_the_file_is_named_though_its_lines_were_put_in_order(write: Write) -> None:
    path = write("2000-03-01,1,1,1,1,1", "2000-03-06,1,1,1,1,1", "2000-03-03,1,1,1,1,1")
    with pytest.raises(DataError, match=rf"^{path}: .* 1 of 4 sessions of NYSE are missing") as no:
        taken(path, "1d")
    assert "(--gaps accept)" in no.value.hint


def test_missing_sessions_are_refused_or_reported(write: Write) -> None:
    path = write(f"{FRIDAY},10,12,9,11,5", f"{TUESDAY},11,13,10,12,6")
    with pytest.raises(DataError, match="1 of 3 sessions of NYSE are missing"):
        taken(path)
    table, report = taken(path, policy=Policy(gaps="accept"))
    assert report.lines() == [f"NYSE: 1 of 3 sessions missing ({MONDAY})"]
    assert table.gaps is report.gaps


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_recognised(write: Write, delimiter: str) -> None:
    path = write(
        delimiter.join([FRIDAY, *"12121"]), header=delimiter.join(["Date", "Open", "High", "Low", "Close", "Volume"])
    )
    path.write_text(path.read_text().replace(delimiter.join("12121"), delimiter.join(["1", "2", "1", "2", "1"])))
    assert labels(taken(path)[0]) == [FRIDAY]


def test_an_export_of_metatrader_is_read_with_its_brokers_clock(write: Write) -> None:
    head = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>"
    rows = [f"2024.07.01\t{hour}:00:00\t1.1\t1.2\t1.0\t1.15\t7\t0\t2" for hour in ("15", "16")]
    path = write(*rows, header=head)
    table, _ = taken(path, "1h", zone="Europe/Helsinki", calendar="24/5")
    assert labels(table) == ["2024-07-01 12:00:00", "2024-07-01 13:00:00"]
    assert list(table.volume) == [7.0, 7.0]
    daily = write("2024.07.01\t1.1\t1.2\t1.0\t1.15\t7\t0\t2", header=head.replace("<TIME>\t", ""))
    assert labels(taken(daily, calendar="24/5")[0]) == ["2024-07-01"]
    with pytest.raises(DataError, match="line 3: has 7 fields, the header has 8"):
        taken(write(rows[0], rows[1].rsplit("\t", 1)[0], header=head), "1h")


# -------------------------------------------------------------------------------------------- clocks


def test_times_of_a_named_zone_become_utc_winter_and_summer(write: Write) -> None:
    path = write("2024-03-08 09:30,1,1,1,1,1", "2024-03-11 09:30,1,1,1,1,1")
    table, _ = taken(path, "1h", zone="America/New_York")
    assert labels(table) == ["2024-03-08 14:30:00", "2024-03-11 13:30:00"]


def test_an_hour_that_is_there_twice_is_told_apart_by_its_order(write: Write) -> None:
    hours = [f"2024-11-03 {hour}:00,1,1,1,1,1" for hour in ("00", "01", "01", "02")]
    for lines in (hours, hours[::-1]):
        table, _ = taken(write(*lines), "1h", zone="America/New_York", calendar="24/7")
        assert [text[11:13] for text in labels(table)] == ["04", "05", "06", "07"]


@pytest.mark.parametrize(
    ("time", "why"),
    [("2024-03-10 02:30", "left out when the clock is put forward"), ("2024-11-03 01:30", "there twice")],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_a_time_that_a_clock_does_not_show_or_shows_twice_is_refused_with_its_line(
    write: Write, time: str, why: str, backwards: bool
) -> None:
    times = ["2024-01-02 10:00", time, "2024-12-02 10:00"]
    path = write(*(f"{each},1,1,1,1,1" for each in (reversed(times) if backwards else times)))
    with pytest.raises(DataError, match=f"line 3: its times do not fit the clock of America/New_York: .* {why}"):
        taken(path, "1h", zone="America/New_York", calendar="24/7")


def test_a_zone_is_refused_where_it_is_none_or_the_times_have_their_own(write: Write) -> None:
    with pytest.raises(DataError, match="there is no time zone 'Mars/Base'"):
        taken(write(f"{FRIDAY} 15:00,1,1,1,1,1"), "1h", zone="Mars/Base")
    for text in (f"{FRIDAY} 15:00Z", "952095600", f"{FRIDAY} 15:00-05:00"):
        with pytest.raises(DataError, match="its times name their zone"):
            taken(write(f"{text},1,1,1,1,1"), "1h", zone="Europe/Berlin")


def test_local_times_that_pass_for_utc_in_a_part_of_the_year_are_noticed(write: Write) -> None:
    # The exchange's own clock, wrongly shifted by winter's five hours all year: right until 8 March 2024, then not.
    days = [f"2024-03-{day:02}" for day in (4, 5, 6, 7, 8, 11, 12, 13, 14, 15)]
    lines = [f"{day} {hour}:30,1,1,1,1,1" for day in days for hour in range(14, 21)]
    path = write(*lines)
    reads: list[Callable[[], Any]] = [lambda: taken(path, "1h"), lambda: read_csv(path, timeframe="1h")]
    for read in reads:
        with pytest.raises(DataError, match=r"in a part of the year .* lie outside the sessions of NYSE") as refused:
            read()
        assert "--zone America/New_York" in refused.value.hint


# -------------------------------------------------------------------------------------------- DataFrames


def frame(**columns: Any) -> pd.DataFrame:
    index = pd.date_range("2024-01-02 09:30", periods=2, freq="1h", tz="America/New_York", name="Datetime")
    values = {"Open": [10.0, 11], "High": [12.0, 13], "Low": [9.0, 10], "Close": [11.0, 12], "Volume": [5, 6]}
    return pd.DataFrame(values | columns, index=index)


def test_a_frame_gives_its_index_for_the_times_and_leaves_other_columns() -> None:
    table, _ = take_in(parquetfile.of_frame(frame(Dividends=0.0), daily=False), "X", "1h")
    assert labels(table) == ["2024-01-02 14:30:00", "2024-01-02 15:30:00"]
    assert list(table.volume) == [5.0, 6.0]


def test_a_frame_of_one_symbol_among_several_levels_is_read() -> None:
    stacked = frame()
    stacked.columns = pd.MultiIndex.from_product([stacked.columns, ["X"]])
    assert len(parquetfile.of_frame(stacked, daily=False).time) == 2


def test_a_frame_of_several_symbols_is_refused() -> None:
    both = pd.concat({name: frame() for name in ("X", "Y")}, axis=1).swaplevel(axis=1)
    with pytest.raises(DataError, match="more than once"):
        parquetfile.of_frame(both, daily=False)


# -------------------------------------------------------------------------------------------- outliers


def walk(count: int = 300, seed: int = 3) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(random.normal(0, 0.01, count).cumsum())
    opens = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opens, close) * 1.001, np.minimum(opens, close) * 0.999
    return {"open": opens, "high": high, "low": low, "close": close}


def table_of(columns: dict[str, Any]) -> BarTable:
    label = from_text("2024-01-01") + np.arange(len(columns["close"])) * HOUR
    return BarTable.from_arrays("X", "1h", label, **columns, volume=np.ones(len(label)))


@pytest.mark.parametrize("seed", range(5))
def test_an_ordinary_market_has_no_outliers(seed: int) -> None:
    assert outliers(table_of(walk(seed=seed))) == []


def test_a_spike_a_split_and_wicks_are_found_and_explained() -> None:
    columns = walk()
    columns["close"][50] *= 1.5
    columns["high"][50] = columns["close"][50]
    columns["open"][51] = columns["close"][49]
    for name in columns:
        columns[name][150:] /= 2
    columns["high"][200] *= 1.4
    columns["low"][220] /= 1.4
    found = {each.row: each.why for each in outliers(table_of(columns))}
    assert list(found) == [50, 150, 200, 220]
    assert "stands between" in found[50]
    assert "as after a 2 for 1 split that was not adjusted" in found[150]
    assert "its high" in found[200]
    assert "its low" in found[220]


def test_outliers_are_reported_or_refused(write: Write) -> None:
    lines = [f"2000-03-{day:02},10,10,10,10,1" for day in (1, 2, 3, 6, 7, 8)]
    lines[2] = f"{FRIDAY},10,20,10,20,1"
    _, report = taken(write(*lines))
    assert report.lines() == [f"{FRIDAY} looks wrong: its close 20 stands between 10 and 10"]
    with pytest.raises(DataError, match="1 bars look wrong: 2000-03-03"):
        taken(write(*lines), policy=Policy(outliers="refuse"))


def test_what_is_found_is_told_in_few_lines() -> None:
    columns = walk()
    columns["high"][100:120] *= 2
    raw = table_of(columns)
    assert len(outliers(raw)) == 20
    report = IntakeReport("X", "1h", 300, 300, "", "", raw.gaps, outliers=tuple(outliers(raw)))
    assert report.lines()[-1] == "15 more bars look wrong"
    assert len(report.lines()) == 7  # with the calendar that was not named


def test_minutes_of_quiet_are_no_outliers() -> None:
    label = from_text("2024-01-01") + np.arange(50) * MINUTE
    one = np.ones(50)
    assert outliers(BarTable.from_arrays("X", "1m", label, one, one, one, one, np.zeros(50))) == []
