"""Which timeframe a run takes: the one that is wanted, else the only one that its bars have, else the default."""

from pathlib import Path

import pytest

from quantstrip.bars import choose_timeframe, read_folder, sample_folder, timeframe_of
from quantstrip.errors import DataError

DAYS = ["2024-01-02", "2024-01-03", "2024-01-04"]
WEEKS = ["2024-01-02", "2024-01-08", "2024-01-16", "2024-01-22"]
HOURS = ["2024-01-02 14:30", "2024-01-02 15:30", "2024-01-02 16:30", "2024-01-03 14:30"]
MINUTES = ["2024-01-02 14:30", "2024-01-02 14:33", "2024-01-02 14:34"]


def write(folder: Path, symbol: str, times: list[str]) -> Path:
    path = folder / f"{symbol}.csv"
    path.write_text("time,open,high,low,close,volume\n" + "".join(f"{time},1,1,1,1,1\n" for time in times))
    return path


@pytest.mark.parametrize(
    ("times", "expected"),
    [(DAYS, "1d"), (WEEKS, "1w"), (HOURS, "1h"), (MINUTES, "1m"), (DAYS[:1], None), (["2024-01-02 14:30:01"], None)],
)
def test_the_distance_of_the_bars_tells_their_timeframe(tmp_path: Path, times: list[str], expected: str | None) -> None:
    assert timeframe_of(write(tmp_path, "A", times)) == expected


def test_where_none_is_wanted_it_is_the_only_one_there_is() -> None:
    assert choose_timeframe(sample_folder(), ["IBM"], None, "1m") == "1d"


def test_where_the_bars_do_not_tell_it_is_the_default(tmp_path: Path) -> None:
    write(tmp_path, "A", DAYS[:1])
    assert choose_timeframe(tmp_path, ["A"], None, "1m") == "1m"


def test_bars_in_several_need_a_choice_and_each_symbols_is_told(tmp_path: Path) -> None:
    write(tmp_path, "A", DAYS)
    write(tmp_path, "B", HOURS)
    with pytest.raises(DataError, match="bars in several: A 1d, B 1h") as refused:
        choose_timeframe(tmp_path, None, None, "1m", "mine")
    assert "timeframe = '1d'" in refused.value.hint
    assert choose_timeframe(tmp_path, ["B"], None, "1m") == "1h", "only the run's own symbols count"


@pytest.mark.parametrize(("wanted", "times"), [("1m", DAYS), ("4h", DAYS)])
def test_a_wanted_one_that_cannot_be_made_of_what_is_there_is_refused_with_that(
    tmp_path: Path, wanted: str, times: list[str]
) -> None:
    write(tmp_path, "A", times)
    with pytest.raises(DataError, match=f"mine wants {wanted} bars; .* has A 1[dh]"):
        choose_timeframe(tmp_path, ["A"], wanted, "1m", "mine")


@pytest.mark.parametrize(("wanted", "times"), [("1d", HOURS), ("1w", DAYS), ("1w", HOURS), ("4h", HOURS)])
def test_a_coarser_one_is_taken_where_it_can_be_made(tmp_path: Path, wanted: str, times: list[str]) -> None:
    write(tmp_path, "A", times)
    assert choose_timeframe(tmp_path, ["A"], wanted, "1m", "mine") == wanted


def test_a_bar_that_lies_among_the_others_does_not_change_their_timeframe(tmp_path: Path) -> None:
    times = [f"2024-01-{day:02} {hour:02}:00" for day in (2, 3) for hour in range(24)]
    path = write(tmp_path, "A", [*times[:10], "2024-01-02 09:30", *times[10:]])
    assert timeframe_of(path) == "1h"
    with pytest.raises(DataError, match=r"line 12: starts at 2024-01-02 09:30:00, before the 1h bar of .* ends"):
        read_folder(tmp_path, timeframe="1h", calendar=None)


def test_a_wanted_one_is_taken_where_a_quiet_market_looks_coarser(tmp_path: Path) -> None:
    write(tmp_path, "A", MINUTES[:2])
    assert choose_timeframe(tmp_path, ["A"], "1m", "1d") == "1m"


def test_one_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unknown timeframe '7m'"):
        choose_timeframe(tmp_path, ["A"], "7m", "1m")
