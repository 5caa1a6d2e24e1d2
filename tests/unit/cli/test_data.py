"""``quantstrip data``: bars in, seen, looked through, out, and used by a backtest that names no folder."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from quantstrip.bars.rawbars import RawBars
from quantstrip.clock import DAY, from_text
from quantstrip.errors import FeedRefused
from quantstrip.feeds.remote import OPENERS, Page
from quantstrip.home import Home, asset

from .conftest import Run

SAMPLE = asset("examples") / "data"
EXAMPLE = str(asset("examples") / "ma_cross.py")
HEAD = "time,open,high,low,close,volume\n"


@pytest.fixture
def stored(quantstrip: Run) -> Run:
    done = quantstrip("data", "import", str(SAMPLE / "IBM.csv"), "--adjusted")
    assert done.returncode == 0, done.stderr
    return quantstrip


def test_what_is_imported_is_listed_with_where_it_is_from(quantstrip: Run) -> None:
    done = quantstrip("data", "import", str(SAMPLE / "IBM.csv"), str(SAMPLE / "MSFT.csv"), "--adjusted")
    assert done.stdout.splitlines()[0] == "IBM 1d: 3,270 added, 0 there already (2000-03-01 to 2013-03-01, NYSE)"
    rows = quantstrip("data", "list").stdout.splitlines()
    assert rows[1].split() == ["IBM", "1d", "3,270", "2000-03-01", "2013-03-01", "XNYS", "adjusted", "IBM.csv"]
    assert [row["symbol"] for row in json.loads(quantstrip("data", "list", "--json").stdout)] == ["IBM", "MSFT"]


def test_an_empty_store_says_how_to_fill_it(quantstrip: Run) -> None:
    assert "quantstrip data import FILE" in quantstrip("data", "list").stdout


def test_a_file_that_is_refused_leaves_the_others_in_and_the_command_fails(quantstrip: Run, tmp_path: Path) -> None:
    bad = tmp_path / "BAD.csv"
    bad.write_text(f"{HEAD}2000-03-03,10,8,9,10,1\n")
    done = quantstrip("data", "import", str(bad), str(SAMPLE / "IBM.csv"), "--timeframe", "1d", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert [each["symbol"] for each in found["imported"]] == ["IBM"]
    assert "BAD.csv line 2 (2000-03-03): the high 8 is below the low 9" in found["refused"][0]["error"]
    alone = quantstrip("data", "import", str(bad), "--timeframe", "1d")
    assert (alone.returncode, "line 2" in alone.stderr) == (1, True)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(quantstrip: Run) -> None:
    assert "3,270 added" in quantstrip("data", "import", str(SAMPLE / "IBM.csv"), "--dry-run").stdout
    assert json.loads(quantstrip("data", "list", "--json").stdout) == []


def test_a_kline_file_names_its_symbol_and_timeframe(quantstrip: Run, tmp_path: Path) -> None:
    path = tmp_path / "t_kline_btcusdt_1h.csv"
    head = "open_time,open_price,high_price,low_price,close_price,base_volume,close_time"
    path.write_text(f"{head}\n1704067200000,10,12,9,11,5,1704070799999\n")
    done = quantstrip("data", "import", str(path), "--calendar", "24/7")
    assert done.stdout.splitlines()[0].startswith("BTCUSDT 1h: 1 added")


def test_a_bar_that_differs_needs_a_choice(stored: Run, tmp_path: Path) -> None:
    path = tmp_path / "IBM.csv"
    path.write_text(f"{HEAD}2013-03-01,174,176,173,175,1\n2013-03-04,174,176,173,175,1\n")
    refused = stored("data", "import", str(path))
    assert refused.returncode == 1
    assert "IBM 1d: 1 bars differ from the stored ones: 2013-03-01 is stored as" in refused.stderr
    replaced = stored("data", "import", str(path), "--conflicts", "replace")
    assert "1 added, 0 there already, 1 replaced" in replaced.stdout


def test_bars_are_shown_in_the_timeframe_that_is_asked_for(stored: Run) -> None:
    shown = stored("data", "show", "IBM", "--timeframe", "1w", "--start", "2012-01-01", "--limit", "2")
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["2013-02-18", "2013-02-25"]
    assert "store: IBM 1w made of 1d from IBM.csv" in lines[-1]
    found = json.loads(stored("data", "show", "IBM", "--limit", "1", "--json").stdout)
    assert (found["timeframe"], found["count"], found["bars"][0]["time"]) == ("1d", 3270, "2013-03-01")


def test_a_look_through_finds_a_damaged_file(stored: Run, home: Home) -> None:
    assert stored("data", "check").stdout == "IBM 1d: whole\n"
    path = next(home.bars.rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-40])
    broken = stored("data", "check", "IBM")
    assert (broken.returncode, "cannot be read" in broken.stdout) == (1, True)
    assert "no bars of XYZ" in stored("data", "check", "XYZ").stderr


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_exported_can_be_imported_again(stored: Run, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"IBM.{form}"
    assert stored("data", "export", "IBM", str(path), "--timeframe", "1d").stdout.endswith("3,270 bars\n")
    assert "0 added, 3,270 there already" in stored("data", "import", str(path)).stdout
    assert "--timeframe" in stored("data", "export", "IBM", str(path)).stderr
    assert ".csv or .parquet" in stored("data", "export", "IBM", "x.txt", "--timeframe", "1d").stderr


def test_what_is_deleted_was_confirmed(stored: Run) -> None:
    assert stored("data", "delete", "IBM", given="n\n").returncode == 1
    assert stored("data", "delete", "IBM", "--yes").stdout == "Deleted: IBM 1d\n"
    assert stored("data", "delete", "IBM", "--yes").returncode == 1


def test_a_backtest_takes_the_store_and_says_so(stored: Run) -> None:
    asked = ("backtest", EXAMPLE, "--symbols", "IBM", "--no-keep", "--json")
    run = json.loads(stored(*asked, "--timeframe", "1w").stdout)["run"]
    assert (run["sources"], run["timeframe"]) == (["store: IBM 1w made of 1d from IBM.csv"], "1w")
    from_file = json.loads(stored(*asked, "--bars", str(SAMPLE)).stdout)
    from_store = json.loads(stored(*asked).stdout)
    assert from_store["fills"] == from_file["fills"]
    assert from_store["run"]["data_hash"] == from_file["run"]["data_hash"]


def test_one_source_can_be_named_and_only_then_bars_are_invented(stored: Run) -> None:
    asked = ("backtest", EXAMPLE, "--symbols", "MSFT", "--no-keep", "--json")
    assert "there are no 1d bars of MSFT: the store has none" in stored(*asked).stderr
    invented = json.loads(stored(*asked, "--source", "synthetic:3").stdout)["run"]
    assert invented["sources"] == ["synthetic: a random walk, seed 3"]
    assert json.loads(stored(*asked, "--source", "sample").stdout)["run"]["sources"] == ["sample/MSFT.csv"]
    assert "exclude each other" in stored(*asked, "--source", "store", "--bars", str(SAMPLE)).stderr
    assert stored(*asked, "--source", "moon").returncode == 2


def test_a_parquet_file_of_a_folder_runs_as_a_csv_file_does(stored: Run, tmp_path: Path) -> None:
    stored("data", "export", "IBM", str(tmp_path / "IBM.parquet"), "--timeframe", "1d")
    asked = ("backtest", EXAMPLE, "--symbols", "IBM", "--no-keep", "--json", "--bars")
    found = [json.loads(stored(*asked, str(folder)).stdout) for folder in (tmp_path, SAMPLE)]
    assert found[0]["run"]["data_hash"] == found[1]["run"]["data_hash"]


def test_a_sweep_takes_a_named_source_too(stored: Run) -> None:
    asked = ("--param", "fast=5,10", "--param", "slow=20", "--symbols", "X", "--source", "synthetic", "--workers", "1")
    done = stored("sweep", EXAMPLE, *asked, "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["points"]) == 2


# -------------------------------------------------------------------------------------------- downloads


def test_a_download_from_a_feed_that_is_none_says_which_there_are(quantstrip: Run) -> None:
    done = quantstrip("data", "download", "XYZ", "--feed", "nowhere")
    assert done.returncode == 1
    assert "there is no feed called 'nowhere'" in done.stderr
    assert "ccxt:binance" in done.stderr


def test_a_feed_whose_package_is_not_installed_names_the_extra(quantstrip: Run) -> None:
    assert (
        "pip install 'quantstrip[ccxt]'" in quantstrip("data", "download", "BTC/USDT", "--feed", "ccxt:kraken").stderr
    )


def test_what_no_download_could_be_asked_is_refused_before_it_begins(quantstrip: Run) -> None:
    assert "no timeframe '7m'" in quantstrip("data", "download", "X", "--timeframe", "7m").stderr
    assert "'soon' is no date" in quantstrip("data", "download", "X", "--start", "soon").stderr
    assert "no exchange calendar" in quantstrip("data", "download", "X", "--calendar", "MOON").stderr


class FakeFeed:
    """Three days of any symbol but NONE."""

    name, calendar = "mine", "24/7"
    timeframes: tuple[str, ...] = ("1d",)
    adjusted: bool | None = True

    def page(self, symbol: str, timeframe: str, start: int, end: int) -> Page:
        if symbol == "NONE":
            raise FeedRefused(f"mine knows no {symbol}", hint="Name another.")
        time = from_text("2024-01-01") + np.arange(3) * DAY
        time = time[(time >= start) & (time < end)]
        return Page(RawBars(Path("mine"), False, 1, time, *(np.ones(len(time)) for _ in range(5))), None)


@pytest.fixture
def mine() -> Iterator[None]:
    OPENERS["mine"] = lambda _exchange, _adjusted: FakeFeed()
    yield
    del OPENERS["mine"]


@pytest.mark.usefixtures("mine")
def test_a_download_is_a_task_that_says_what_came_and_what_did_not(quantstrip: Run) -> None:
    done = quantstrip("data", "download", "A", "NONE", "--feed", "mine")
    assert done.stdout == "A 1d: 3 added; 3 from 2024-01-01 to 2024-01-03, from mine\n"
    assert "NONE: mine knows no NONE" in done.stderr
    assert done.returncode == 1
    again = json.loads(quantstrip("data", "download", "A", "--feed", "mine", "--json").stdout)
    assert (again["added"], again["downloaded"][0]["last"]) == (0, "2024-01-03")
    (task, _) = json.loads(quantstrip("task", "list", "--json").stdout)
    assert (task["kind"], task["state"], task["progress"]) == ("download", "done", 1.0)


@pytest.mark.usefixtures("mine")
def test_a_download_of_nothing_fails_with_why(quantstrip: Run) -> None:
    done = quantstrip("data", "download", "NONE", "--feed", "mine")
    assert (done.returncode, "mine knows no NONE" in done.stderr) == (1, True)


@pytest.mark.usefixtures("mine")
def test_a_backtest_fetches_what_is_missing_only_where_the_settings_name_a_feed(quantstrip: Run) -> None:
    asked = ("backtest", EXAMPLE, "--symbols", "A", "--timeframe", "1d", "--no-keep", "--json")
    quantstrip("data", "import", str(SAMPLE / "IBM.csv"))
    assert "there are no 1d bars of A" in quantstrip(*asked).stderr
    assert quantstrip("settings", "set", "data.feeds", '["mine"]').returncode == 0
    done = quantstrip(*asked)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"]["sources"] == ["store: A 1d from mine"]
