"""Closes from bar files: which are written, which are left alone, and what is missing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip.bars import About, BarStore, BarTable, sample_folder
from quantstrip.clock import from_text
from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.model import Instrument
from quantstrip.operations.marks import calendars_of, write_marks

NOW = from_text("2012-06-08 21:00:00")  # an hour after the close of a Friday
HEAD = "time,open,high,low,close,volume\n"
Held = Callable[..., None]
Prices = Callable[..., Path]


@pytest.fixture
def held(ledger: Ledger) -> Held:
    """Buys ten of a symbol."""

    def buy(symbol: str, day: str = "2012-06-04", *, mode: str = "live", currency: str = "USD", **columns: Any) -> None:
        ledger.insert_strategy(f"{mode}-{symbol}", currency=currency)
        order = ledger.insert_order(
            None, f"{mode}-{symbol}", None, "U1", symbol, "BUY", "MKT", 10, mode=mode, currency=currency, **columns
        )
        ledger.insert_execution(
            f"{mode}-{symbol}", order, side="BUY", quantity=10, price=100.0, exec_time=f"{day} 15:00:00", mode=mode,
            currency=currency,
        )  # fmt: skip

    return buy


@pytest.fixture
def bars(made_home: Home) -> Prices:
    """Writes a file of daily closes into the home's bars."""

    def write(name: str, closes: dict[str, float], folder: Path | None = None) -> Path:
        path = (folder or made_home.bars) / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{day},{close},{close},{close},{close},0\n" for day, close in closes.items())
        path.write_text(HEAD + lines)
        return path

    return write


WEEK = {f"2012-06-0{day}": 100.0 + day for day in (4, 5, 6, 7, 8)}


def closes(ledger: Ledger, symbol: str) -> dict[str, float]:
    return dict(ledger.query("SELECT date, close FROM mtm_price WHERE symbol = ? ORDER BY date", (symbol,))[1])


def test_every_close_since_the_first_fill_is_written_and_the_position_valued_at_the_last(
    made_home: Home, ledger: Ledger, held: Held, bars: Prices
) -> None:
    held("XYZ", "2012-06-05")
    bars("XYZ", WEEK)
    assert write_marks(made_home, now=NOW).written == 4
    assert closes(ledger, "XYZ") == {day: close for day, close in WEEK.items() if day >= "2012-06-05"}
    assert ledger.query("SELECT mark_price, mark_date, mark_source FROM v_positions")[1] == [
        (108.0, "2012-06-08", "mtm")
    ]


def test_repeated_it_changes_nothing(made_home: Home, ledger: Ledger, held: Held, bars: Prices) -> None:
    held("XYZ")
    bars("XYZ", WEEK)
    first = write_marks(made_home, now=NOW)
    before = ledger.query("SELECT * FROM mtm_price ORDER BY date")[1]
    assert (first.written, write_marks(made_home, now=NOW).written) == (5, 0)
    assert ledger.query("SELECT * FROM mtm_price ORDER BY date")[1] == before


def test_a_session_that_is_not_over_has_no_close(made_home: Home, ledger: Ledger, held: Held, bars: Prices) -> None:
    held("XYZ")
    bars("XYZ", WEEK)
    write_marks(made_home, now=from_text("2012-06-08 19:59:59"))
    assert max(closes(ledger, "XYZ")) == "2012-06-07"
    assert write_marks(made_home, now=from_text("2012-06-08 20:00:00")).written == 1


def test_bars_that_changed_replace_what_came_from_bars_and_nothing_that_a_person_wrote(
    made_home: Home, ledger: Ledger, held: Held, bars: Prices
) -> None:
    held("XYZ")
    ledger.insert_mtm_price("2012-06-06", "XYZ", 99.0)
    bars("XYZ", WEEK)
    assert write_marks(made_home, now=NOW).written == 4
    bars("XYZ", WEEK | {"2012-06-05": 55.0, "2012-06-06": 66.0})
    assert write_marks(made_home, now=NOW).written == 1
    assert closes(ledger, "XYZ") == WEEK | {"2012-06-05": 55.0, "2012-06-06": 99.0}


def test_minutes_become_the_sessions_close_without_what_traded_outside(
    made_home: Home, ledger: Ledger, held: Held
) -> None:
    held("XYZ")
    lines = [("13:29", 1.0), ("13:30", 10.0), ("19:58", 12.0), ("20:30", 50.0)]
    rows = "".join(f"2012-06-04 {time}:00,{p},{p + 1},{p - 0.5},{p},3\n" for time, p in lines)
    (made_home.bars / "XYZ.csv").write_text(HEAD + rows)
    write_marks(made_home, now=NOW)
    columns = "date, open, high, low, close, volume"
    assert ledger.query(f"SELECT {columns} FROM mtm_price")[1] == [("2012-06-04", 10.0, 13.0, 9.5, 12.0, 6.0)]


def test_a_replay_is_marked_up_to_the_date_its_feed_has_reached(made_home: Home, ledger: Ledger) -> None:
    run = ledger.open_strategy_run("run", "client", "trend", "replay", "SIM", "code", {}, "sample", 100_000)
    order = ledger.insert_order(None, "trend", None, run["account"], "AAPL", "BUY", "MKT", 10, mode="replay")
    ledger.insert_execution(
        "one", order, side="BUY", quantity=10, price=1.0, exec_time="2012-06-04 15:00:00", mode="replay"
    )
    with ledger.get_connection() as raw:
        raw.execute("UPDATE strategy_run SET feed_date = '2012-06-06'")
    write_marks(made_home)
    sample = (sample_folder() / "AAPL.csv").read_text().splitlines()
    prices = {line.split(",")[0]: float(line.split(",")[4]) for line in sample[1:]}
    assert closes(ledger, "AAPL") == {day: prices[day] for day in ("2012-06-04", "2012-06-05", "2012-06-06")}


def test_the_settings_folder_comes_first_then_the_homes_and_what_clients_trade_on(
    made_home: Home, ledger: Ledger, held: Held, bars: Prices
) -> None:
    held("XYZ")
    SettingsManager(made_home).set_by_path("marks.folder", "prices")
    SettingsManager(made_home).set_by_path("clients.mine.bars", "mine")
    bars("XYZ", {"2012-06-04": 1.0}, made_home.root / "prices")
    bars("XYZ", {"2012-06-04": 2.0, "2012-06-05": 2.0}, made_home.root / "mine")
    bars("XYZ", {"2012-06-04": 3.0, "2012-06-05": 3.0, "2012-06-06": 3.0})
    write_marks(made_home, now=NOW)
    assert closes(ledger, "XYZ") == {"2012-06-04": 1.0, "2012-06-05": 2.0, "2012-06-06": 3.0}


def test_currencies_of_what_is_held_get_their_rates_and_the_ones_that_lack_are_named(
    made_home: Home, ledger: Ledger, held: Held, bars: Prices
) -> None:
    ledger.set_instrument(Instrument("SAP", currency="EUR"))
    ledger.set_instrument(Instrument("HSBA", currency="GBP"))
    held("SAP", currency="EUR")
    held("HSBA", currency="GBP")
    bars("SAP", WEEK)
    bars("HSBA", WEEK)
    bars("USDEUR", dict.fromkeys(WEEK, 0.8))
    done = write_marks(made_home, now=NOW)
    assert done.missing_rates == ("GBPUSD",)
    assert done.complaints == ["there is no exchange rate GBPUSD"]
    rates = ledger.query("SELECT DISTINCT currency, rate FROM v_positions ORDER BY 1")[1]
    assert rates == [("EUR", 1.25), ("GBP", None)]
    bars("GBPEUR", dict.fromkeys(WEEK, 1.2))
    assert write_marks(made_home, now=NOW).missing_rates == ()
    assert ledger.query("SELECT rate FROM v_positions WHERE currency = 'GBP'")[1] == [(pytest.approx(1.5),)]


def test_a_future_is_never_valued_at_its_symbols_price(
    made_home: Home, ledger: Ledger, held: Held, bars: Prices
) -> None:
    ledger.set_instrument(Instrument("ES", contract_id="201209", instrument_type="FUT", multiplier=50.0))
    held("ES", contract_id="201209")
    bars("ES", WEEK)
    assert write_marks(made_home, now=NOW).without == ("ES",)
    bars("ES-201209", dict.fromkeys(WEEK, 1300.0))
    assert write_marks(made_home, now=NOW).written == 5
    assert ledger.query("SELECT mark_price, market_value FROM v_positions")[1] == [(1300.0, 650_000.0)]


def test_a_file_that_cannot_be_read_costs_its_symbol_alone(
    made_home: Home, ledger: Ledger, held: Held, bars: Prices
) -> None:
    held("BAD")
    held("XYZ")
    bars("XYZ", WEEK)
    bad = bars("BAD", WEEK)
    bad.write_text(bad.read_text().replace("104.0", "one hundred"))
    done = write_marks(made_home, now=NOW)
    assert (done.written, done.without) == (5, ("BAD",))
    assert "BAD.csv line 2" in done.refused[0]
    assert closes(ledger, "BAD") == {}


def test_where_nothing_was_traded_nothing_is_read(made_home: Home) -> None:
    shutil.copy(sample_folder() / "AAPL.csv", made_home.bars)
    done = write_marks(made_home)
    assert (done.written, done.symbols, done.complaints) == (0, (), [])


def test_the_closes_of_every_exchange_that_was_traded_on_are_waited_for(
    made_home: Home, ledger: Ledger, held: Held
) -> None:
    assert calendars_of(made_home) == ("NYSE",)
    ledger.set_instrument(Instrument("VOD", calendar="LSE"))
    ledger.set_instrument(Instrument("BTC", calendar="24/7"))
    for symbol in ("VOD", "BTC", "XYZ"):
        held(symbol)
    assert calendars_of(made_home) == ("24/7", "LSE", "NYSE")


def test_a_row_says_which_file_it_came_from(made_home: Home, ledger: Ledger, held: Held, bars: Prices) -> None:
    held("XYZ")
    bars("XYZ", {"2012-06-04": 5.0})
    write_marks(made_home, now=NOW)
    assert json.loads(ledger.query("SELECT metadata FROM mtm_price")[1][0][0]) == {"source": "bars:XYZ.csv"}


def test_closes_come_from_the_bar_store_where_no_file_has_them(
    made_home: Home, ledger: Ledger, held: Held, bars: Prices
) -> None:
    held("XYZ", "2012-06-05")
    hours = [from_text(f"{day} 14:00") for day in WEEK]
    prices = np.array(list(WEEK.values()))
    table = BarTable.from_arrays("XYZ", "1h", np.array(hours), prices, prices, prices, prices, prices)
    BarStore(made_home.bars).merge(table, About("", "", "NYSE", sources=("a feed",)))
    assert write_marks(made_home, now=NOW).written == 3, "the last session is not over in these bars"
    assert closes(ledger, "XYZ") == {day: WEEK[day] for day in ("2012-06-05", "2012-06-06", "2012-06-07")}
    bars("XYZ", {"2012-06-05": 1.0, "2012-06-06": 2.0})
    write_marks(made_home, now=NOW)
    assert closes(ledger, "XYZ")["2012-06-06"] == 2.0, "a file decides over the store"
