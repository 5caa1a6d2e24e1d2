"""Files of bars as people have them: Parquet, kline tables, numbers since 1970; large ones read the same, faster."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from quantstrip.bars import csvfile, fastcsv, read_csv, read_folder, timeframe_of
from quantstrip.errors import DataError

Write = Callable[..., Path]
FRIDAY, MONDAY = "2000-03-03", "2000-03-06"
KLINE = (
    "open_time,open_price,high_price,low_price,close_price,base_volume,close_time,quote_volume,trades_count,"
    "taker_buy_base_volume,taker_buy_quote_volume"
)
HOURS = [
    "1704067200000,10,12,9,11,5,1704070799999,55,7,1,11",
    "1704070800000,11,13,10,12,6,1704074399999,66,8,2,22",
]


def frame(times: Any = (FRIDAY, MONDAY), **others: Any) -> pd.DataFrame:
    columns = {"open": [10.0, 11], "high": [12.0, 13], "low": [9.0, 10], "close": [11.0, 12], "volume": [5, 6]}
    return pd.DataFrame({"time": times} | columns | others)


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime([FRIDAY, MONDAY]),
        pd.to_datetime([FRIDAY, MONDAY]).tz_localize("UTC"),
        pd.to_datetime([FRIDAY, MONDAY]).tz_localize("America/New_York"),
        pd.to_datetime([FRIDAY, MONDAY]).date,
        [FRIDAY, MONDAY],
    ],
    ids=["naive", "UTC", "exchange's midnight", "dates", "text"],
)
def test_a_parquet_file_gives_the_same_bars_as_a_csv_file(tmp_path: Path, write: Write, times: Any) -> None:
    frame(times).to_parquet(tmp_path / "ABC.parquet")
    csv = read_csv(write(f"{FRIDAY},10,12,9,11,5", f"{MONDAY},11,13,10,12,6"))
    assert read_csv(tmp_path / "ABC.parquet").digest() == csv.digest()


def test_a_frame_indexed_by_time_is_read_with_its_index(tmp_path: Path) -> None:
    indexed = frame(pd.date_range("2024-01-02 14:30", periods=2, freq="1min", tz="UTC")).set_index("time")
    indexed.to_parquet(tmp_path / "A.parquet")
    indexed.rename_axis(None).to_parquet(tmp_path / "B.parquet")
    tables = read_folder(tmp_path, timeframe="1m")
    assert list(tables) == ["A", "B"]
    assert np.array_equal(tables["A"].ts, tables["B"].ts)
    assert timeframe_of(tmp_path / "B.parquet") == "1m"


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (frame(close=["eleven", "12"]), "close is no column of numbers"),
        (frame(close=[11.0, None]), r"A.parquet row 2 \(2000-03-06\): close is nan"),
        (frame().drop(columns="volume"), "it lacks volume"),
        (frame([FRIDAY, None]), "row 2: has no time"),
        (frame(["03/03/2000", MONDAY]), "its times cannot be understood"),
        (
            frame(pd.to_datetime([f"{FRIDAY} 00:00", f"{MONDAY} 10:00"])),
            "row 2: a daily bar is named by",
        ),
        (frame().head(0), "holds no bars"),
    ],
)
def test_a_parquet_file_that_is_wrong_is_refused_with_the_row(tmp_path: Path, bad: pd.DataFrame, what: str) -> None:
    bad.to_parquet(tmp_path / "A.parquet")
    with pytest.raises(DataError, match=what):
        read_csv(tmp_path / "A.parquet")


def test_two_files_of_one_symbol_are_refused_with_what_to_remove(tmp_path: Path) -> None:
    for name in ("A.csv", "A.parquet", "B.csv"):
        (tmp_path / name).write_text(f"time,open,high,low,close,volume\n{FRIDAY},10,12,9,11,1\n")
    with pytest.raises(DataError, match=r"holds A\.csv and A\.parquet: both are bars of A") as refused:
        read_folder(tmp_path, ["A"])
    assert refused.value.hint == "Keep one of them there: remove A.parquet, or A.csv."
    assert list(read_folder(tmp_path, ["B"])) == ["B"]


def test_what_is_no_parquet_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "A.parquet").write_text("time,open")
    with pytest.raises(DataError, match="cannot be read as a Parquet file"):
        read_csv(tmp_path / "A.parquet")


def test_a_kline_table_is_recognised_with_and_without_its_header(write: Write) -> None:
    named = read_csv(write(*HOURS, header=KLINE), timeframe="1h", calendar="24/7")
    bare = read_csv(
        write(*(f"{line},0" for line in HOURS[1:]), header=f"{HOURS[0]},0"), timeframe="1h", calendar="24/7"
    )
    assert named.digest() == bare.digest()
    assert named.label_text(0) == "2024-01-01 00:00:00"
    assert next(named.bars())[4:9] == (10.0, 12.0, 9.0, 11.0, 5.0)


@pytest.mark.parametrize("unit", [1, 1000, 1_000_000, 1_000_000_000])
def test_numbers_since_1970_are_moments_in_any_unit(write: Write, unit: int) -> None:
    table = read_csv(write(f"{1704067200 * unit},10,12,9,11,5"), timeframe="1h", calendar="24/7")
    assert table.label_text(0) == "2024-01-01 00:00:00"


@pytest.mark.parametrize(
    ("header", "lines"),
    [("time,open,high,low,close,volume", None), ('"time","open","high","low","close","volume"', None), (KLINE, HOURS)],
)
def test_the_fast_reader_gives_what_the_slow_one_gives(write: Write, header: str, lines: list[str] | None) -> None:
    path = write(*(lines or ["2024-01-01 14:30,10,12,9,11,5", "2024-01-01 14:31:00.5,11,13,10,12,6"]), header=header)
    slow, fast = csvfile.parse(path, daily=False), fastcsv.parse(path, ",")
    assert fast is not None
    assert (fast.naive, fast.line) == (slow.naive, slow.line)
    for name in ("time", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(fast, name), getattr(slow, name))


@pytest.mark.parametrize("zone", ["Z", "-05:00", "+0530"])
def test_the_fast_reader_converts_times_with_an_offset(write: Write, zone: str) -> None:
    path = write(f"2024-01-01 14:30:00{zone},10,12,9,11,5", f"2024-01-01 14:31:00{zone},10,12,9,11,5")
    slow, fast = csvfile.parse(path, daily=False), fastcsv.parse(path, ",")
    assert fast is not None
    assert (fast.naive, slow.naive) == (False, False)
    assert np.array_equal(fast.time, slow.time)


@pytest.mark.parametrize(
    "lines",
    [
        ["2024-01-01,10,12,9,eleven,5"],
        ["2024-01-01,10,12,9,11,5", "", "2024-01-02,10,12,9,11,5"],
        ["2024-01-01,10,12,9,11"],
        ["2024-01-01,10,12,9,,5"],
        ["01/01/2024,10,12,9,11,5"],
        ["2024-01-01T00:00:00-05:00,10,12,9,11,5", "2024-01-01T00:00:00,10,12,9,11,5"],
    ],
)
def test_the_fast_reader_leaves_what_is_unusual_to_the_slow_one(write: Write, lines: list[str]) -> None:
    assert fastcsv.parse(write(*lines), ",") is None
