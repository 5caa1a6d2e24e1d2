"""Where a run's bars come from: the stated order, and what every table says of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from quantstrip.bars import About, BarStore, BarTable, read_folder, sample_folder, validate
from quantstrip.clock import HOUR, SECOND, from_text
from quantstrip.errors import DataError, FeedRefused
from quantstrip.feeds.sources import BarSources, is_source
from quantstrip.feeds.synthetic import synthetic
from quantstrip.model import TIMEFRAMES

from .remote_feeds import walk

START = from_text("2024-01-01")


def hours(symbol: str, *, seed: int = 1) -> BarTable:
    return walk(symbol, "1h", START + np.arange(48) * HOUR, seed=seed)


def write(folder: Path, symbol: str) -> None:
    folder.mkdir(exist_ok=True)
    table = hours(symbol, seed=2)
    lines = [
        f"{table.label_text(row)},{table.open[row]},{table.high[row]},{table.low[row]},{table.close[row]},1"
        for row in range(len(table))
    ]
    (folder / f"{symbol}.csv").write_text("\n".join(["time,open,high,low,close,volume", *lines]))


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore(tmp_path / "store")


@pytest.fixture
def places(store: BarStore, tmp_path: Path) -> BarSources:
    return BarSources(store, tmp_path / "files")


def stored(store: BarStore, symbol: str) -> None:
    store.merge(hours(symbol), About("", "", "24/7", sources=("test",)))


def found(places: BarSources, *symbols: str, wanted: str | None = "1h", calendar: str = "24/7") -> dict[str, str]:
    tables = places.tables(symbols, wanted, "1d", calendar=calendar)
    return {symbol: table.source for symbol, table in tables.items()}


def test_each_symbol_comes_from_the_first_place_that_has_it(
    places: BarSources, store: BarStore, tmp_path: Path
) -> None:
    stored(store, "A")
    write(tmp_path / "files", "A")
    write(tmp_path / "files", "B")
    assert found(places, "B", "A") == {"A": "store: A 1h from test", "B": "B.csv"}
    turned = BarSources(store, tmp_path / "files", order=("folder", "store"))
    assert found(turned, "A") == {"A": "A.csv"}


@pytest.mark.parametrize("wanted", ["2h", "12h", "1d"])
def test_coarser_bars_are_made_of_a_folders_files_as_of_the_stores(
    store: BarStore, tmp_path: Path, wanted: str
) -> None:
    write(tmp_path / "files", "AAA")
    named = BarSources(given=tmp_path / "files").tables(["AAA"], wanted, "1d", calendar="24/7")["AAA"]
    assert named.source == f"AAA.csv: {wanted} made of 1h"
    table = read_folder(tmp_path / "files", timeframe="1h", calendar="24/7")["AAA"]
    store.merge(table, About("", "", "24/7", sources=("test",)))
    kept = BarSources(store).tables(["AAA"], wanted, "1d")["AAA"]
    assert kept.source == f"store: AAA {wanted} made of 1h from test"
    assert (kept.label.tolist(), kept.close.tolist()) == (named.label.tolist(), named.close.tolist())
    assert len(named) == 48 * HOUR // (TIMEFRAMES[wanted] * SECOND)


def test_what_no_place_has_is_downloaded_where_feeds_are_configured(store: BarStore, tmp_path: Path) -> None:
    stored(store, "A")
    asked = []

    def fetch(symbol: str, timeframe: str) -> None:
        asked.append((symbol, timeframe))
        stored(store, symbol)

    assert found(BarSources(store, tmp_path, fetch), "A", "C", wanted="4h") == {
        "A": "store: A 4h made of 1h from test",
        "C": "store: C 4h made of 1h from test",
    }
    assert asked == [("C", "4h")]


def test_a_symbol_that_is_nowhere_is_refused_with_where_it_was_looked_for(store: BarStore, tmp_path: Path) -> None:
    stored(store, "A")

    def fetch(symbol: str, _timeframe: str) -> None:
        raise FeedRefused(f"the feed knows no {symbol}", hint="")

    with pytest.raises(DataError) as refused:
        found(BarSources(store, tmp_path, fetch), "A", "Z")
    assert refused.value.message == (
        f"there are no 1h bars of Z: the store has none; {tmp_path} has none; the feed knows no Z"
    )
    assert "sample" not in refused.value.hint
    with pytest.raises(DataError, match="the store has it in 1h only"):
        found(BarSources(store, tmp_path), "A", wanted="5m")


def test_the_sample_stands_in_only_where_there_are_no_bars_at_all(places: BarSources, store: BarStore) -> None:
    assert found(places, "IBM", wanted=None, calendar="NYSE") == {"IBM": "sample/IBM.csv"}
    assert found(places.only("sample"), "IBM", wanted=None, calendar="NYSE") == {"IBM": "sample/IBM.csv"}
    stored(store, "A")
    with pytest.raises(DataError, match="no 1d bars of IBM") as refused:
        found(places, "IBM", wanted="1d")
    assert refused.value.hint.endswith("Or take the shipped ones: --source sample")
    assert found(places.only("sample"), "IBM", wanted=None, calendar="NYSE") == {"IBM": "sample/IBM.csv"}


def test_a_folder_that_is_named_is_the_only_place(store: BarStore) -> None:
    stored(store, "IBM")
    tables = BarSources(store, given=sample_folder()).tables(["IBM"], None, "1h")
    assert (tables["IBM"].source, tables["IBM"].timeframe) == ("IBM.csv", "1d")


def test_one_place_can_be_asked_alone(places: BarSources, store: BarStore, tmp_path: Path) -> None:
    stored(store, "A")
    write(tmp_path / "files", "A")
    assert found(places.only("folder"), "A") == {"A": "A.csv"}
    with pytest.raises(DataError, match=r"no 1h bars of B: the store has none\n") as refused:
        found(places.only("store"), "B")
    assert "quantstrip data import B.csv" in refused.value.hint
    with pytest.raises(DataError, match="no source of bars called 'moon'"):
        places.only("moon")


def test_the_only_stored_timeframe_is_taken_where_none_is_wanted(places: BarSources, store: BarStore) -> None:
    stored(store, "A")
    assert places.tables(["A"], None, "1d")["A"].timeframe == "1h"
    store.merge(walk("A", "1m", START + np.arange(60) * 60_000_000), About("", "", "24/7"))
    assert places.tables(["A"], None, "4h")["A"].timeframe == "4h", "the default, where it can be made"
    store.delete("A", "1m")
    store.merge(walk("A", "2h", START + np.arange(10) * 2 * HOUR), About("", "", "24/7"))
    with pytest.raises(DataError, match="the bar store has several: A 1h 2h") as refused:
        places.tables(["A"], None, "1m")
    assert "--timeframe" in refused.value.hint


def test_stored_bars_keep_their_calendar_whatever_the_run_names(places: BarSources, store: BarStore) -> None:
    stored(store, "A")
    assert places.tables(["A"], "1h", "1h", calendar="NYSE")["A"].gaps.calendar == "24/7"


def test_a_benchmark_is_found_in_the_timeframe_of_the_others(places: BarSources, store: BarStore) -> None:
    stored(store, "A")
    store.merge(walk("B", "1m", START + np.arange(600) * 60_000_000), About("", "", "24/7"))
    tables = places.tables(["A"], None, "1d", also=["B"])
    assert {symbol: table.timeframe for symbol, table in tables.items()} == {"A": "1h", "B": "1h"}


def test_symbols_are_those_of_the_store_and_the_folder(places: BarSources, store: BarStore, tmp_path: Path) -> None:
    assert places.symbols() == ["AAPL", "GOOG", "IBM", "MSFT"]
    stored(store, "BTC/USDT")
    write(tmp_path / "files", "B")
    assert places.symbols() == ["B", "BTC/USDT"]
    with pytest.raises(DataError, match="is not a folder of bars"):
        BarSources(store, given=tmp_path / "nowhere").symbols()


def test_only_the_span_that_is_wanted_is_read_but_for_a_benchmark(places: BarSources, store: BarStore) -> None:
    stored(store, "A")
    stored(store, "B")
    span = (START + 10 * HOUR, START + 20 * HOUR)
    tables = replace(places, span=span).tables(["A"], "1h", "1h", also=["B"])
    assert {symbol: len(table) for symbol, table in tables.items()} == {"A": 10, "B": 20}
    invented = replace(places.only("synthetic"), span=span).tables(["X"], "1h", "1h", calendar="24/7")["X"]
    assert [invented.label_text(row) for row in (0, -1)] == ["2024-01-01 10:00:00", "2024-01-01 19:00:00"]


# -------------------------------------------------------------------------------------------------- invented bars


def test_bars_are_invented_only_where_that_is_asked_for_by_name(places: BarSources) -> None:
    assert found(places.only("synthetic:7"), "X") == {"X": "synthetic: a random walk, seed 7"}
    assert found(places.only("synthetic"), "X") == {"X": "synthetic: a random walk, seed 0"}
    assert [is_source(name) for name in ("synthetic:7", "store", "mybars", "./store")] == [True, True, False, False]
    with pytest.raises(DataError, match="'x' is no seed"):
        places.only("synthetic:x")


@pytest.mark.parametrize("timeframe", ["1m", "4h", "1d", "1w"])
@pytest.mark.parametrize("calendar", ["NYSE", "24/7"])
def test_invented_bars_fill_the_sessions_and_are_the_same_every_time(timeframe: str, calendar: str) -> None:
    span = {"start": from_text("2023-11-20"), "end": from_text("2023-12-09")}
    table = synthetic("X", timeframe, calendar, **span)
    report = validate(table, calendar)
    assert (report.missing_sessions, report.missing_bars, report.outside) == ((), 0, 0)
    assert table.digest() == synthetic("X", timeframe, calendar, **span).digest()
    others = [synthetic("X", timeframe, calendar, seed=1, **span), synthetic("Y", timeframe, calendar, **span)]
    assert len({table.digest(), *(other.digest() for other in others)}) == 3
