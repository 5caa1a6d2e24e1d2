"""A file of bars becomes a table, or is refused with the line and what to do."""

import gzip
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip.bars import BarTable, read_csv, read_folder, sample_folder, validate
from quantstrip.clock import MINUTE, from_text
from quantstrip.errors import DataError

Write = Callable[..., Path]
FRIDAY, MONDAY, TUESDAY = "2000-03-03", "2000-03-06", "2000-03-07"


def test_daily_bars_open_and_close_with_their_session(write: Write) -> None:
    table = read_csv(write(f"{FRIDAY},10,12,9,11,1000", f"{MONDAY},11,13,10,12,2000"))

    first = next(table.bars())

    assert (table.symbol, table.timeframe, len(table)) == ("ABC", "1d", 2)
    assert first.open_time.isoformat() == "2000-03-03T14:30:00+00:00"
    assert first.timestamp.isoformat() == "2000-03-03T21:00:00+00:00"
    assert first[4:9] == (10.0, 12.0, 9.0, 11.0, 1000.0)
    assert [table.label_text(row) for row in range(2)] == [FRIDAY, MONDAY]
    assert str(table.gaps) == "NYSE: all 2 sessions present"


def test_a_half_day_closes_early(write: Write) -> None:
    table = read_csv(write("2012-11-23,10,12,9,11,1000"))
    assert next(table.bars()).timestamp.isoformat() == "2012-11-23T18:00:00+00:00"


def test_fields_are_plain_numbers(write: Write) -> None:
    bar = next(read_csv(write(f"{FRIDAY},10,12,9,11,1000")).bars())
    assert [type(value) for value in bar[2:9]] == [int, int, float, float, float, float, float]


@pytest.mark.parametrize(
    "header",
    ["Time,Open,High,Low,Close,Volume", "date,open,high,low,close,volume", "time , open,high,low,close, volume"],
)
def test_headers_may_be_capitalised_and_spaced(write: Write, header: str) -> None:
    assert len(read_csv(write(f"{FRIDAY},10,12,9,11,1000", header=header))) == 1


def test_columns_may_stand_in_any_order_and_others_are_left_out(write: Write) -> None:
    path = write(f"7,1000,11,9,12,10,{FRIDAY}", header="adj,volume,close,low,high,open,date")
    assert next(read_csv(path).bars())[4:9] == (10.0, 12.0, 9.0, 11.0, 1000.0)


def test_a_compressed_file_with_a_byte_order_mark_reads_the_same(tmp_path: Path, write: Write) -> None:
    lines = (f"{FRIDAY},10,12,9,11,1000", f"{MONDAY},11,13,10,12,2000")
    packed = tmp_path / "XYZ.csv.gz"
    packed.write_bytes(gzip.compress(b"\xef\xbb\xbf" + write(*lines).read_bytes()))
    assert read_csv(packed, "ABC").digest() == read_csv(write(*lines)).digest()


@pytest.mark.parametrize(
    "text", ["2000-03-03 14:30:00", "2000-03-03T14:30", "2000-03-03T14:30:00Z", "2000-03-03 09:30:00-05:00"]
)
def test_times_of_shorter_bars_are_utc_unless_they_say_otherwise(write: Write, text: str) -> None:
    table = read_csv(write(f"{text},10,12,9,11,1000"), timeframe="1m")
    assert next(table.bars())[2:4] == (from_text("2000-03-03 14:30:00"), from_text("2000-03-03 14:31:00"))


def test_the_last_bar_of_a_session_ends_with_it(write: Write) -> None:
    path = write("2000-03-03 19:30:00,10,12,9,11,1000", "2000-03-03 20:30:00,11,12,9,11,1000")
    assert list(read_csv(path, timeframe="1h").bars())[-1].timestamp.isoformat() == "2000-03-03T21:00:00+00:00"


def test_without_a_calendar_gaps_are_not_looked_for_and_pandas_is_not_loaded(write: Write) -> None:
    path = write("2000-03-04,10,12,9,11,1000", "2000-03-20,11,13,10,12,2000")
    code = (
        f"import sys; from quantstrip.bars import read_csv; table = read_csv({str(path)!r}, calendar=None); "
        "print(table.gaps, 'pandas' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "gaps not checked (no calendar) False"


# ------------------------------------------------------------------------------------------------- what is refused


def refusal(path: Path, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read_csv(path, **options)
    return caught.value


def test_unsorted_bars_name_the_line_and_say_to_sort(write: Write) -> None:
    error = refusal(write(f"{MONDAY},10,12,9,11,1", f"{FRIDAY},10,12,9,11,1"))
    assert error.message.endswith("ABC.csv line 3: 2000-03-03 comes after 2000-03-06")
    assert error.hint == "Sort the file by time, oldest first."


def test_a_doubled_time_is_refused(write: Write) -> None:
    error = refusal(write(f"{FRIDAY},10,12,9,11,1", f"{FRIDAY},10,12,9,11,1"))
    assert "line 3: repeats the time 2000-03-03" in error.message
    assert "Keep one bar" in error.hint


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("-10,12,9,11,1", "open is -10, expected a finite number above zero"),
        ("10,12,0,11,1", "low is 0, expected a finite number above zero"),
        ("10,12,9,nan,1", "close is nan, expected a finite number above zero"),
        ("10,inf,9,11,1", "high is inf, expected a finite number above zero"),
        ("10,8,9,10,1", "the high 8 is below the low 9"),
        ("13,12,9,11,1", "the open 13 is outside the bar's range 9 to 12"),
        ("10,12,9,8.5,1", "the close 8.5 is outside the bar's range 9 to 12"),
        ("10,12,9,11,-1", "volume is -1, expected zero or more"),
        ("10,12,9,11,nan", "volume is nan, expected zero or more"),
    ],
)
def test_impossible_prices_name_file_line_time_and_value(write: Write, line: str, what: str) -> None:
    error = refusal(write(f"{FRIDAY},10,12,9,11,1", f"{MONDAY},{line}"))
    assert error.message.endswith(f"ABC.csv line 3 (2000-03-06): {what}")
    assert "Correct the line" in error.hint
    assert "gaps='accept'" in error.hint


def test_a_missing_session_is_refused_unless_gaps_are_accepted(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    path = write(f"{FRIDAY},10,12,9,11,1", f"{TUESDAY},10,12,9,11,1")

    error = refusal(path)
    assert "1 of 3 sessions of NYSE are missing" in error.message
    assert "ABC.csv line 2: 2000-03-06" in error.message
    assert "accept the gaps with gaps='accept'" in error.hint

    table = read_csv(path, gaps="accept")
    assert [day.isoformat() for day in table.gaps.missing_sessions] == [MONDAY]
    assert "1 of 3 sessions missing (2000-03-06)" in caplog.text


def test_a_bar_on_a_day_without_session_asks_for_the_right_calendar(write: Write) -> None:
    path = write("2000-03-04,10,12,9,11,1")
    error = refusal(path)
    assert "line 2: 2000-03-04 is no session of NYSE" in error.message
    assert "24/7" in error.hint
    assert len(read_csv(path, calendar="24/7")) == 1


def test_missing_minutes_are_reported_not_refused(write: Write) -> None:
    path = write(*(f"2000-03-03 14:{minute},10,12,9,11,1" for minute in (30, 31, 34)))
    table = read_csv(path, timeframe="1m")
    assert (table.gaps.missing_bars, table.gaps.missing_sessions, table.gaps.clean) == (2, (), False)


def test_bars_outside_the_session_are_reported(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    path = write(*(f"2000-03-03 {time},10,12,9,11,1" for time in ("14:29", "14:30", "14:31")))
    table = read_csv(path, timeframe="1m")
    assert (table.gaps.outside, table.gaps.missing_bars, table.gaps.clean) == (1, 0, False)
    assert "1 bars outside the sessions" in caplog.text


def test_a_missing_session_of_minutes_is_refused(write: Write) -> None:
    path = write("2000-03-03 20:58,1,1,1,1,1", "2000-03-03 20:59,1,1,1,1,1", "2000-03-07 14:30,1,1,1,1,1")
    error = refusal(path, timeframe="1m")
    assert "1 of 3 sessions of NYSE are missing" in error.message
    assert "line 3: 2000-03-06" in error.message
    assert read_csv(path, timeframe="1m", gaps="accept").gaps.missing_bars == 0


def test_bars_in_local_time_fall_outside_every_session(write: Write) -> None:
    error = refusal(write("2000-03-03 04:30,1,1,1,1,1", "2000-03-03 04:31,1,1,1,1,1"), timeframe="1m")
    assert "none of the bars lies in a session of NYSE" in error.message
    assert "UTC" in error.hint


def test_the_wrong_timeframe_is_noticed(write: Write) -> None:
    five = [f"2000-03-03 14:{minute:02},1,1,1,1,1" for minute in (30, 35, 40)]
    assert "at least 300 seconds apart" in refusal(write(*five), timeframe="1m").message
    assert "before the 15m bar" in refusal(write(*five), timeframe="15m").message
    assert "unknown timeframe '7m'" in refusal(write(*five), timeframe="7m").message
    assert "named by its session's date" in refusal(write(*five), timeframe="1d").message


@pytest.mark.parametrize(
    ("lines", "header", "what"),
    [
        ((), None, "holds no bars"),
        ((f"{FRIDAY},10,12,9,11",), "time,open,high,low,close", "the header lacks volume"),
        ((f"{FRIDAY};10;12;9;11;1",), "time;open;high;low;close;volume", "the header lacks time, open"),
        ((f"{FRIDAY},1,2,1,2,1,3",), "time,open,high,low,close,volume,open", "names open more than once"),
        ((f"{FRIDAY},{FRIDAY},1,2,1,2,1",), "time,date,open,high,low,close,volume", "time and date more than once"),
        ((f"{FRIDAY},10,12,9,11",), None, "line 2: has 5 fields, the header has 6"),
        ((f"{FRIDAY},10,12,9,11,1", "", f"{MONDAY},10,12,9,11,1"), None, "line 3: has 0 fields"),
        ((f"{FRIDAY},10,12,9,eleven,1",), None, "line 2: close is 'eleven', expected a number"),
        ((f"{FRIDAY},10,12,9,,1",), None, "line 2: close is '', expected a number"),
        (("03/03/2000,10,12,9,11,1",), None, "line 2: '03/03/2000' is not a time"),
        (("20000303,10,12,9,11,1",), None, "line 2: '20000303' is not a time"),
        (("2000-02-30,10,12,9,11,1",), None, "line 2: '2000-02-30' is not a time"),
        ((f'{FRIDAY},"10"x,12,9,11,1',), None, "cannot be read as a CSV file"),
    ],
)
def test_a_malformed_file_says_where_and_what_was_expected(
    write: Write, lines: tuple[str, ...], header: str | None, what: str
) -> None:
    error = refusal(write(*lines, **({"header": header} if header else {})))
    assert what in error.message
    assert error.hint


def test_empty_lines_at_the_end_are_harmless(write: Write) -> None:
    assert len(read_csv(write(f"{FRIDAY},10,12,9,11,1", "", ""))) == 1


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ABC.csv.gz"
    path.write_bytes(b"not gzip")
    assert "cannot be read as a CSV file" in refusal(path).message
    assert "cannot be read as a CSV file" in refusal(tmp_path / "none.csv").message


def test_a_folder_gives_its_symbols_sorted_and_names_those_it_has(write: Write, tmp_path: Path) -> None:
    for name in ("ZED.csv", "ABC.csv"):
        write(f"{FRIDAY},10,12,9,11,1", name=name)
    (tmp_path / "README.md").write_text("not bars")

    assert list(read_folder(tmp_path)) == ["ABC", "ZED"]
    assert list(read_folder(tmp_path, ["ZED"])) == ["ZED"]
    with pytest.raises(DataError, match=r"holds no bars of XYZ\nAdd XYZ.csv there, or choose from: ABC, ZED"):
        read_folder(tmp_path, ["XYZ"])
    with pytest.raises(DataError, match="is not a folder of bars"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no bars"):
        read_folder(tmp_path / "empty")


# ------------------------------------------------------------------------------------------------------ the table


def test_a_table_cannot_be_changed() -> None:
    prices = np.array([1.0, 2.0])
    table = BarTable.from_arrays("ABC", "1m", [0, MINUTE], prices, prices, prices, prices, prices)
    with pytest.raises(ValueError, match="read-only"):
        table.close[0] = 5.0
    prices[0] = 1.5  # the caller's own array stays theirs


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="column close has shape"):
        BarTable.from_arrays("ABC", "1m", [0, MINUTE], [1, 2], [1, 2], [1, 2], [1], [1, 2])


def test_a_table_made_by_hand_is_checked_too() -> None:
    table = BarTable.from_arrays("ABC", "1m", [0, 0], [1, 2], [1, 2], [1, 2], [1, 2], [1, 2])
    with pytest.raises(DataError, match="ABC bar 1: repeats the time"):
        validate(table, None)


def test_cutting_by_date_keeps_the_lines_of_the_file() -> None:
    table = read_folder(sample_folder(), ["IBM"])["IBM"]
    cut = table.between(from_text("2001-01-01"), from_text("2002-01-01"))
    lines = (sample_folder() / "IBM.csv").read_text().splitlines()
    assert len(cut) == 248
    assert cut.where(0).endswith(f"IBM.csv line {cut.line}")
    assert lines[cut.line - 1].startswith(cut.label_text(0))
    assert len(table.between(from_text("2020-01-01"))) == 0


def test_the_digest_tells_tables_apart() -> None:
    sample = read_folder(sample_folder(), ["IBM", "MSFT"], calendar=None)
    again = read_folder(sample_folder(), ["IBM"], calendar=None)
    assert sample["IBM"].digest() == again["IBM"].digest()
    assert len({table.digest() for table in (*sample.values(), sample["IBM"].rows(1))}) == 3
