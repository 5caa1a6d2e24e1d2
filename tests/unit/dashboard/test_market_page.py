"""The page Market data: what is stored, a look at it, a file looked through before it is kept, downloads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.bars import sample_folder
from quantstrip.bars.intake import Policy
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import data, data_tasks, tasks
from quantstrip.operations.data_import import import_bars

PAGE = "screens/market.py"
Show = Callable[..., Any]


@pytest.fixture
def stored(home: Home) -> Home:
    open_ledger(home)
    import_bars(home, sample_folder() / "IBM.csv", adjusted=True)
    lines = (sample_folder() / "MSFT.csv").read_text().splitlines()
    path = home.root / "GAPPY.csv"
    path.write_text("\n".join([*lines[:40], *lines[42:80]]))
    import_bars(home, path, policy=Policy(gaps="accept"))
    return home


@pytest.fixture
def open_page(show: Show) -> Show:
    """The page as it is once its list has come: the browser asks for that run by itself."""

    def run(*words: Any, **query: Any) -> Any:
        page = show(PAGE, *words, **query)
        page.app.run()
        assert not page.app.exception
        return page

    return run


def tab(page: Any, name: str) -> Any:
    page.app.session_state["market-tabs"] = name
    page.app.run()
    assert not page.app.exception
    return page


def keys(page: Any) -> set[str]:
    return {str(each.key) for each in page.app.button}


def test_an_empty_store_says_how_bars_come_in_and_where_runs_look_meanwhile(home: Home, open_page: Show) -> None:
    open_ledger(home)
    page = open_page()
    assert "No bars are stored yet" in page.text
    assert "Runs look for bars in the store, then files in data/bars of this home, then feeds: none" in page.text
    assert "Bars are invented only where a run names synthetic." in page.text
    assert list(home.bars.iterdir()) == []


def test_each_series_says_what_it_is_where_it_is_from_and_what_it_lacks(stored: Home, open_page: Show) -> None:
    page = open_page()
    grid = page.app.dataframe[0].value
    assert grid["Symbol"].tolist() == ["GAPPY", "IBM"]
    assert grid["Bars"].tolist() == [77, 3270]
    assert grid["First (UTC)"].tolist() == ["2000-03-01"] * 2
    assert grid["Calendar"].tolist() == ["XNYS"] * 2
    assert grid["Prices"].tolist() == ["not known", "adjusted"]
    assert grid["Source"].tolist() == ["GAPPY.csv", "IBM.csv"]
    assert "2 of 79 sessions missing" in grid["Gaps"][0]
    assert grid["Gaps"][1] == "none"
    assert not page.app.get("echarts_chart"), "no series is picked"


def test_the_heading_stands_before_the_list_comes(stored: Home, show: Show) -> None:
    page = show(PAGE)
    assert "Market data 2 series" in page.text
    assert "The list comes in a moment." in page.text
    assert not page.app.dataframe


def test_a_series_is_looked_at_in_its_timeframe_and_in_coarser_ones(stored: Home, open_page: Show) -> None:
    page = open_page(symbol="IBM", timeframe="1d")
    assert len(page.app.get("echarts_chart")) == 1
    assert "3,270 bars; NYSE: all 3270 sessions present" in page.text.replace("XNYS", "NYSE")
    frame = page.app.selectbox(key="market-frame-IBM-1d")
    assert frame.options == ["1d", "1w"]
    frame.set_value("1w").run()
    assert f"{len(data.show(stored, 'IBM', '1w'))} bars; " in page.text


def test_bars_are_deleted_after_asking(stored: Home, open_page: Show) -> None:
    page = open_page(symbol="IBM", timeframe="1d")
    page.press("market-delete")
    assert len(data.series(stored)) == 2
    page.press("market-delete-now")
    assert [about.symbol for about in data.series(stored)] == ["GAPPY"]


def test_a_damaged_series_is_named_and_can_be_deleted_and_the_others_are_shown(stored: Home, open_page: Show) -> None:
    path = next((stored.bars / "IBM" / "1d").glob("*.parquet"))
    path.write_bytes(b"<b>no parquet")
    page = open_page(symbol="IBM", timeframe="1d")
    grid = page.app.dataframe[0].value
    assert "cannot be read" in grid["Gaps"][1]
    assert "Delete it and bring its bars in anew" in page.text
    page.press("market-delete")
    page.press("market-delete-now")
    assert [about.symbol for about, _ in data.listed(stored)] == ["GAPPY"]


def test_what_a_look_through_found_stands_in_the_list_until_the_bars_change(stored: Home, open_page: Show) -> None:
    tasks.run_now(stored, data_tasks.CHECK, {})
    page = open_page()
    assert page.app.dataframe[0].value["Gaps"][1] == "whole"
    import_bars(stored, stored.root / "GAPPY.csv", symbol="IBM", conflicts="replace", adjusted=True,
                policy=Policy(gaps="accept"))  # fmt: skip
    page = open_page()
    assert page.app.dataframe[0].value["Gaps"][1] == "none"


def test_a_viewer_looks_and_can_do_nothing(stored: Home, open_page: Show) -> None:
    page = open_page(role="viewer", symbol="IBM", timeframe="1d")
    assert len(page.app.get("echarts_chart")) == 1
    assert keys(page) == set()
    assert [each.label for each in page.app.tabs] == ["Stored"]


@pytest.fixture
def looked(stored: Home, open_page: Show, tmp_path: Path) -> Any:
    """A file that was looked through: sessions missing, a bar twice, others than the stored ones."""
    lines = (stored.root / "GAPPY.csv").read_text().splitlines()
    path = stored.root / "new.csv"
    path.write_text("\n".join([*lines[:30], lines[29].rsplit(",", 1)[0] + ",9", *lines[30:]]))
    task = tasks.run_now(stored, "bars_import", {"file": str(path), "symbol": "GAPPY", "dry": True})
    page = open_page()
    page.app.session_state["market-look"] = task.task_id
    return tab(page, "Import")


def test_what_was_found_is_told_and_nothing_is_kept_before_it_is_decided(looked: Any, stored: Home) -> None:
    assert "not kept yet" in looked.text
    assert "Sessions without a bar 2 2000-04-26, 2000-04-27" in looked.text
    assert "A time twice, with other values 1" in looked.text
    assert looked.app.button(key="market-keep-now").disabled
    looked.app.checkbox(key="market-gaps").check().run()
    assert not looked.app.button(key="market-keep-now").disabled
    looked.press("market-keep-now")
    assert "no service runs" in looked.app.toast[0].value
    assert len(data.series(stored)) == 2


def test_what_was_kept_is_told_and_leads_to_the_bars(looked: Any, stored: Home) -> None:
    kept = tasks.run_now(stored, "bars_import", {"file": str(sample_folder() / "GOOG.csv")})
    looked.press("market-discard")
    looked.app.session_state["market-keep"] = kept.task_id
    looked.app.run()
    assert "GOOG 1d: 2,148 bars added, 0 were there already." in looked.text
    looked.press("market-see")
    assert len(looked.app.get("echarts_chart")) == 1
    assert "GOOG 1d" in looked.text


def test_files_of_this_machine_and_the_sample_are_offered(stored: Home, open_page: Show) -> None:
    page = tab(open_page(), "Import")
    page.app.segmented_control(key="market-way").set_value("A file of this machine").run()
    choice = page.app.selectbox(key="market-path")
    assert "sample/AAPL.csv" in choice.options
    assert page.app.button(key="market-look-at").disabled
    choice.set_value("sample/AAPL.csv").run()
    page.press("market-look-at")
    assert "no service runs" in page.app.toast[0].value
    assert tasks.list_tasks(stored) == []


def test_a_download_is_refused_before_it_is_queued_and_the_newest_are_listed(stored: Home, open_page: Show) -> None:
    ledger = open_ledger(stored)
    number = ledger.add_task("download", {"symbols": ["<b>A"], "timeframe": "1d", "feed": "yfinance"}, "test")
    tasks.cancel(stored, number)
    page = tab(open_page(), "Download")
    assert "<b>A 1d cancelled" in page.text
    assert "<b>A" not in page.markup
    page.press(f"market-resume-{number}")
    assert tasks.list_tasks(stored)[0].task_id == number, "no service would do it"
    page.app.button(key="market-fetch").click().run()
    assert "symbols must name at least one" in page.text
