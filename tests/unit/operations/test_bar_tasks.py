"""The store's tasks: a file looked through before it is kept, stored bars checked and written, feeds asked in order."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip.bars import BarStore, sample_folder
from quantstrip.bars.rawbars import RawBars
from quantstrip.clock import DAY, from_text
from quantstrip.errors import DataError, FeedRefused, TaskRefused
from quantstrip.feeds.remote import OPENERS, Page
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import data, data_intake, data_sources, data_tasks, tasks, uploads

IBM = sample_folder() / "IBM.csv"
Do = Callable[..., tasks.Task]


@pytest.fixture
def do(made_home: Home) -> Do:
    open_ledger(made_home)

    def run(kind: str, **arguments: Any) -> tasks.Task:
        return tasks.run_now(made_home, kind, arguments)

    return run


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Bars with a session missing, one there twice with other values, and a spike."""
    lines = IBM.read_text().splitlines()
    time, *_ = lines[60].split(",")
    lines[60] = f"{time},200,900,100,800,1"
    path = tmp_path / "ODD.csv"
    path.write_text("\n".join([*lines[:50], lines[49].rsplit(",", 1)[0] + ",7", *lines[51:120]]) + "\n")
    return path


def test_a_look_through_tells_all_that_was_found_and_keeps_nothing(do: Do, odd: Path, made_home: Home) -> None:
    task = do("bars_import", file=str(odd), dry=True)
    assert task.state == "done", task.error
    found = data_intake.found_by(task)
    assert (found.symbol, found.timeframe, found.calendar) == ("ODD", "1d", "NYSE")
    assert (found.rows, found.bars, found.added) == (119, 118, 118)
    assert (found.missing, found.missing_sessions) == (1, ("2000-05-10",))
    assert (found.repeated, found.contradictory) == (0, 1)
    assert "its close 800 stands between" in dict(found.strange)["2000-05-24"]
    assert not found.clean
    assert data.series(made_home) == []


def test_what_is_kept_is_what_was_looked_through(do: Do, odd: Path, made_home: Home) -> None:
    looked = do("bars_import", file=str(odd), dry=True)
    assert looked.result is not None
    asked = {"file": str(odd), "digest": looked.result["digest"]}
    assert "2000-05-09" in do("bars_import", **asked).error, "doubled times are refused where nobody chose"
    assert "1 of 119 sessions of NYSE are missing" in do("bars_import", **asked, duplicates="last").error
    kept = do("bars_import", **asked, duplicates="last", gaps="accept")
    assert data_intake.found_by(kept).added == 118
    assert BarStore(made_home.bars).read("ODD", "1d").volume[48] == 7.0
    odd.write_bytes(IBM.read_bytes())
    assert "is not the file that was looked through" in do("bars_import", **asked).error


def test_what_was_handed_over_is_removed_once_it_is_kept(do: Do, made_home: Home) -> None:
    path = uploads.keep(made_home, "C:\\prices\\IBM.csv", IBM.read_bytes(), data_intake.ENDINGS)
    assert path.name == "IBM.csv"
    assert do("bars_import", file=str(path), dry=True).state == "done"
    assert path.exists()
    assert do("bars_import", file=str(path)).state == "done"
    assert not path.parent.exists()
    assert do("bars_import", file=str(IBM)).state == "done"
    assert IBM.exists(), "a file of the user's own is left where it is"


@pytest.mark.parametrize("name", ["", "IBM.exe", "..", "../.csv/..", f"{'A' * 300}.csv", "A\n.csv"])
def test_a_name_that_is_none_is_not_kept(made_home: Home, name: str) -> None:
    with pytest.raises(DataError, match="is none of"):
        uploads.keep(made_home, name, b"x", data_intake.ENDINGS)
    assert not made_home.uploads.exists()


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../IBM.csv", "data/bars", "settings/settings.toml", "no.csv"])
def test_a_file_that_is_named_lies_in_the_home_and_holds_bars(made_home: Home, name: str) -> None:
    with pytest.raises(DataError):
        data_intake.inside(made_home, name)


def test_a_link_does_not_lead_out_of_the_home(made_home: Home, odd: Path) -> None:
    made_home.bars.mkdir(parents=True, exist_ok=True)
    (made_home.bars / "odd.csv").symlink_to(odd)
    with pytest.raises(DataError, match="is not in the home"):
        data_intake.inside(made_home, "data/bars/odd.csv")
    (made_home.bars / "IBM.csv").write_bytes(IBM.read_bytes())
    assert data_intake.inside(made_home, "data/bars/IBM.csv") == (made_home.bars / "IBM.csv").resolve()
    assert data_intake.inside(made_home, str(IBM)) == IBM.resolve()
    assert data_intake.offered(made_home)[str(IBM)] == "sample/IBM.csv"


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("bars_import", {"file": "IBM.csv"}, "absolute path"),
        ("bars_import", {"file": __file__}, "must end in one of .csv"),
        ("bars_import", {"file": str(IBM), "timeframe": "9d"}, "no timeframe '9d'"),
        ("bars_export", {"symbol": "IBM", "timeframe": "9d"}, "no timeframe '9d'"),
        ("bars_export", {"symbol": "IBM", "timeframe": "1d", "start": "soon"}, "'soon' is no date"),
        ("download", {"symbols": ["IBM"], "feed": "yfinance,"}, "feeds with commas"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_is_queued(do: Do, kind: str, given: Any, words: str) -> None:
    with pytest.raises((TaskRefused, DataError), match=words):
        do(kind, **given)


def test_a_look_through_the_store_is_remembered_for_the_bars_that_it_saw(do: Do, odd: Path, made_home: Home) -> None:
    do("bars_import", file=str(IBM))
    do("bars_import", file=str(odd), gaps="accept", duplicates="first")
    task = do("bars_check")
    assert task.result is not None
    assert (task.result["series"], task.result["whole"], task.result["damaged"]) == (2, 1, 0)
    found = data_tasks.looked(made_home)
    assert found["IBM", "1d"].words == ()
    assert found["IBM", "1d"].hash == BarStore(made_home.bars).about("IBM", "1d").hash
    assert "1 of 119 sessions missing" in found["ODD", "1d"].words[0]
    path = next((made_home.bars / "IBM" / "1d").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-20])
    do("bars_check", symbols=["IBM"])
    found = data_tasks.looked(made_home)
    assert found["IBM", "1d"].damaged
    assert not found["ODD", "1d"].damaged, "of each series the newest look counts"


def test_bars_are_written_to_a_file_and_taken_in_again_the_same(do: Do, made_home: Home) -> None:
    do("bars_import", file=str(IBM))
    for form in ("csv", "parquet"):
        made = do("bars_export", symbol="IBM", timeframe="1w", form=form, start="2001-01-01", end="2001-12-31")
        assert made.result is not None
        assert made.result["rows"] == 52
        assert data_tasks.file_of(made) == Path(made.result["path"]).read_bytes()
        weekly = do("bars_import", file=made.result["path"], symbol=f"W{form}", timeframe="1w")
        assert data_intake.found_by(weekly).added == 52, weekly.error


def test_the_stamp_changes_with_the_store_and_only_then(do: Do, made_home: Home) -> None:
    before = data.stamp(made_home)
    do("bars_import", file=str(IBM))
    after = data.stamp(made_home)
    assert before != after
    do("bars_import", file=str(IBM))
    assert data.stamp(made_home) == after, "the same bars again change nothing"
    assert data.timeframes(made_home, "IBM") == ["1d", "1w"]
    data.delete(made_home, "IBM")
    assert data.stamp(made_home) != after


def test_where_bars_come_from_is_told_as_the_settings_say(made_home: Home) -> None:
    said = data_sources.places(made_home)
    assert (said.order, said.folder, said.feeds) == (("store", "folder", "download"), made_home.bars, ())


class Knows:
    """A feed that has one symbol."""

    calendar = "24/7"
    adjusted: bool | None = False
    timeframes: tuple[str, ...] = ("1d",)

    def __init__(self, name: str, symbol: str) -> None:
        self.name, self.symbol = name, symbol

    def page(self, symbol: str, timeframe: str, start: int, end: int) -> Page:
        if symbol != self.symbol:
            raise FeedRefused(f"{self.name} knows no {symbol}", hint="Ask another.")
        time = from_text("2024-01-01") + np.arange(3) * DAY
        ones = np.ones(3)
        return Page(RawBars(Path(self.name), False, 1, time, *[ones] * 5), None)


@pytest.fixture
def two_feeds() -> Iterator[None]:
    OPENERS.update(one=lambda *_: Knows("one", "A"), two=lambda *_: Knows("two", "B"))
    yield
    del OPENERS["one"], OPENERS["two"]


@pytest.mark.usefixtures("two_feeds")
def test_feeds_are_asked_in_their_order_and_each_symbol_says_which_one_had_it(do: Do) -> None:
    made = do("download", symbols=["A", "B", "C"], feed="one, two", timeframe="1d", start="2024-01-01")
    assert made.result is not None, made.error
    assert {each["symbol"]: each["feed"] for each in made.result["downloaded"]} == {"A": "one", "B": "two"}
    assert "one knows no C; two knows no C" in made.result["failed"]["C"]
