"""Bars of a home from Python: DataFrames in and out, and the settings that say where runs look for bars."""

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from quantstrip.bars import BarStore, read_folder, sample_folder
from quantstrip.config import SettingsManager
from quantstrip.errors import DataError, FeedRefused, TaskRefused
from quantstrip.home import Home
from quantstrip.operations import data, research, tasks
from quantstrip.operations.data_import import exported, import_bars
from quantstrip.operations.data_sources import bar_sources, retry

STRATEGY = """
from quantstrip import StrategyBase

class Quiet(StrategyBase):
    timeframe = "1d"
    def __init__(self, symbols=None):
        super().__init__(name="quiet", symbols=symbols or ["IBM"])
    def on_bar(self, bar):
        return []
"""


def test_a_frame_that_was_exported_comes_back_the_same(made_home: Home) -> None:
    table = read_folder(sample_folder(), ["IBM"])["IBM"]
    done = import_bars(made_home, exported(table), symbol="IBM", calendar="NYSE")
    assert (done.merged.added, done.report.lines()) == (3270, [])
    assert BarStore(made_home.bars).read("IBM", "1d").digest() == table.digest()
    assert data.series(made_home)[0].sources == ("DataFrame",)


def test_a_frame_needs_a_symbol(made_home: Home) -> None:
    frame = exported(read_folder(sample_folder(), ["IBM"])["IBM"])
    with pytest.raises(DataError, match="does not say what its bars are of"):
        import_bars(made_home, frame)


def test_rows_of_a_kline_table_with_exact_numbers_are_imported_as_they_are(made_home: Home) -> None:
    price = [Decimal("42283.58000000"), Decimal("42298.62000000")]
    rows = pd.DataFrame(
        {
            "open_time": [1704067200000, 1704070800000], "open_price": price, "high_price": [Decimal(50000)] * 2,
            "low_price": [Decimal(40000)] * 2, "close_price": price, "base_volume": [Decimal("1.5"), Decimal("2.5")],
            "close_time": [1704070799999, 1704074399999], "quote_volume": price, "trades_count": [1, 2],
            "taker_buy_base_volume": price, "taker_buy_quote_volume": price,
        }
    )  # fmt: skip
    import_bars(made_home, rows, symbol="BTCUSDT", calendar="24/7")
    table = BarStore(made_home.bars).read("BTCUSDT", "1h")
    assert [table.label_text(row) for row in range(2)] == ["2024-01-01 00:00:00", "2024-01-01 01:00:00"]
    assert (list(table.close), list(table.volume)) == ([42283.58, 42298.62], [1.5, 2.5])


def test_a_calendar_is_one_however_it_is_spelled(made_home: Home) -> None:
    path = sample_folder() / "IBM.csv"
    import_bars(made_home, path, calendar="NYSE")
    assert import_bars(made_home, path, calendar="XNYS").merged.same == 3270
    with pytest.raises(DataError, match="stored with the calendar XNYS, the new bars have none"):
        import_bars(made_home, path, calendar=None)


def test_the_settings_name_the_places_and_their_order(made_home: Home, tmp_path: Path) -> None:
    settings = SettingsManager(made_home)
    import_bars(made_home, sample_folder() / "IBM.csv")
    (tmp_path / "prices").mkdir()
    (tmp_path / "prices" / "IBM.csv").write_bytes((sample_folder() / "IBM.csv").read_bytes())
    file = tmp_path / "quiet.py"
    file.write_text(STRATEGY)

    def sources() -> list[str]:
        found: list[str] = research.backtest(made_home, file).run["sources"]
        return found

    assert sources() == ["store: IBM 1d from IBM.csv"]
    settings.set_by_path("data.folder", str(tmp_path / "prices"))
    settings.set_by_path("data.order", ["folder", "store"])
    settings.set_by_path("data.attempts", 2)
    assert sources() == ["IBM.csv"]
    assert retry(made_home).attempts == 2
    assert bar_sources(made_home).order == ("folder", "store")
    assert bar_sources(made_home, "store").order == ("store",)


def test_a_stored_market_without_closing_runs_on_its_own_calendar(made_home: Home, tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=96, freq="1h", tz="UTC")
    frame = pd.DataFrame({"time": times, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 1.0})
    import_bars(made_home, frame, symbol="BTC", calendar="24/7")
    file = tmp_path / "quiet.py"
    file.write_text(STRATEGY)
    result = research.backtest(made_home, file, symbols=["BTC"], start="2024-01-02", end="2024-01-03")
    assert (result.run["bars"], result.run["gaps"]) == (2, [])


def test_a_calendar_that_nobody_names_is_the_one_that_fits_and_then_the_stored_one(made_home: Home) -> None:
    times = pd.date_range("2024-01-01", periods=240, freq="1h", tz="UTC")
    frame = pd.DataFrame({"time": times, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 1.0})
    import_bars(made_home, frame, symbol="BTC")
    import_bars(made_home, sample_folder() / "IBM.csv")
    assert {about.symbol: about.calendar for about in data.series(made_home)} == {"BTC": "24/7", "IBM": "XNYS"}
    noon = frame.assign(time=times + pd.Timedelta(days=10)).iloc[15:20]
    assert import_bars(made_home, noon, symbol="BTC").report.gaps.calendar == "24/7"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"symbols": []}, TaskRefused),
        ({"symbols": ["X"], "timeframe": "7m"}, TaskRefused),
        ({"symbols": ["X"], "feed": "nowhere"}, FeedRefused),
        ({"symbols": ["X"], "start": "soon"}, DataError),
        ({"symbols": ["X"], "calendar": "MOON"}, DataError),
    ],
)
def test_a_download_that_could_not_be_done_is_refused_before_it_is_queued(
    made_home: Home, arguments: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        tasks.submit(made_home, "download", arguments, by="a test")
    assert tasks.list_tasks(made_home) == []
