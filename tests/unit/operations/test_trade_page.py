"""One trade whole: its fills with the one that turned the position over, orders and statuses, tags, notes, bars."""

import pytest

from quantstrip.bars import About, BarStore
from quantstrip.clock import SECOND, from_text
from quantstrip.errors import UnknownRecord
from quantstrip.feeds.synthetic import synthetic
from quantstrip.home import Home
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderState, OrderType
from quantstrip.operations import trade_page
from quantstrip.ports import OrderUpdate

BARS = "date,open,high,low,close,volume\n" + "".join(f"2024-03-{day:02d},50,51,49,50,1000\n" for day in range(4, 9))


def fill(ledger: Ledger, exec_id: str, side: str, quantity: float, day: str, tag: str | None = None) -> int:
    return ledger.insert_execution(
        exec_id, None, "swing", symbol="XYZ", side=side, quantity=quantity, price=50.0,
        exec_time=f"{day} 15:00:00", group_label=tag,
    )  # fmt: skip


def test_a_fill_that_turns_the_position_over_belongs_to_the_trade_it_closed_and_to_the_next(
    made_home: Home, ledger: Ledger
) -> None:
    first = fill(ledger, "a", "BUY", 10, "2024-03-05", "breakout")
    turn = fill(ledger, "b", "SELL", 15, "2024-03-06")
    fill(ledger, "c", "BUY", 5, "2024-03-07")
    ledger.insert_commission("a", 1.0, "USD")
    long, short = trade_page.trade(made_home, first), trade_page.trade(made_home, turn)
    assert [one.exec_id for one in long.fills] == ["a", "b"]
    assert [one.exec_id for one in short.fills] == ["b", "c"]
    assert (long.facts.side, short.facts.side) == ("LONG", "SHORT")
    assert (long.tags, short.tags) == (("breakout",), ())
    assert (long.facts.net_pnl, long.facts.commission) == (-1.0, 1.0)


def test_a_trade_that_goes_on_shows_what_it_would_bring_and_no_exit(made_home: Home, ledger: Ledger) -> None:
    number = fill(ledger, "a", "BUY", 10, "2024-03-05")
    ledger.insert_mtm_price("2024-03-06", "XYZ", close=53.0)
    facts = trade_page.trade(made_home, number).facts
    assert (facts.closed, facts.avg_exit, facts.gross_pnl, facts.net_pnl) == (None, None, 30.0, 30.0)


def test_orders_are_told_with_every_status_and_the_code_that_made_them(made_home: Home, ledger: Ledger) -> None:
    run = ledger.open_strategy_run("r", "swing", "swing", "paper", "", "abc123", {"fast": 10}, "sample", 1_000.0)
    recorder = LedgerRecorder(ledger, run, "SIM")
    for number, (side, day) in enumerate(((OrderSide.BUY, "2024-03-05"), (OrderSide.SELL, "2024-03-06"))):
        ts, instrument = from_text(f"{day} 15:00:00"), Instrument("XYZ")
        order = Order(f"o{number}", "swing", "XYZ", side, 10, OrderType.MARKET, ts - SECOND, tag="gap")
        recorder.order(order, instrument)
        recorder.update(OrderUpdate(order.reference, OrderState.SUBMITTED, 0.0, 10.0, 0.0, ts))
        recorder.fill(
            Fill(f"f{number}", order.reference, "swing", "XYZ", side, 10, 50.0 + number, ts, 0.5, "USD"), instrument
        )
        recorder.update(OrderUpdate(order.reference, OrderState.FILLED, 10.0, 0.0, 50.0, ts))
    number = ledger.query("SELECT trade_id FROM v_trades")[1][0][0]
    page = trade_page.trade(made_home, number)
    assert [order.status for order in page.orders] == ["FILLED", "FILLED"]
    assert {status.status for status in page.statuses} >= {"SUBMITTED", "FILLED"}
    assert (page.facts.client, page.facts.code_hash, page.facts.net_pnl) == ("swing", "abc123", 9.0)
    assert '"fast"' in page.facts.parameters
    assert page.tags == ("gap",)


def test_what_a_person_wrote_beside_a_trade_stands_on_its_page(made_home: Home, ledger: Ledger) -> None:
    ledger.insert_manual_trade("swing", "XYZ", "BUY", 1, 50.0, exec_time="2024-03-05 15:00:00", note="by <b>phone")
    number = ledger.query("SELECT trade_id FROM v_positions")[1][0][0]
    assert trade_page.trade(made_home, number).notes == ("by <b>phone",)


def test_bars_come_from_the_homes_files_around_the_trade(made_home: Home, ledger: Ledger) -> None:
    number = fill(ledger, "a", "BUY", 10, "2024-03-06")
    page = trade_page.trade(made_home, number)
    assert "No file XYZ.csv" in trade_page.bars_around(made_home, page).why
    (made_home.bars / "XYZ.csv").write_text(BARS)
    found = trade_page.bars_around(made_home, page)
    assert found.table is not None
    assert (len(found.table), found.source) == (5, "XYZ.csv")


def test_worst_and_best_are_those_of_the_views_or_by_the_same_rule_from_the_files(
    made_home: Home, ledger: Ledger
) -> None:
    fill(ledger, "a", "BUY", 10, "2024-03-05")
    fill(ledger, "b", "SELL", 10, "2024-03-07")
    page = trade_page.trade(made_home, 1)
    assert trade_page.excursions(page, trade_page.bars_around(made_home, page)) == (None, None)
    (made_home.bars / "XYZ.csv").write_text(BARS)
    from_files = trade_page.excursions(page, trade_page.bars_around(made_home, page))
    for day in range(4, 9):
        ledger.insert_mtm_price(f"2024-03-{day:02d}", "XYZ", close=50.0, low=49.0, high=51.0)
    page = trade_page.trade(made_home, 1)
    assert trade_page.excursions(page, trade_page.bars_around(made_home, page)) == from_files == (-10.0, 10.0)


def test_a_file_that_is_damaged_or_does_not_reach_the_trade_is_told(made_home: Home, ledger: Ledger) -> None:
    page = trade_page.trade(made_home, fill(ledger, "a", "BUY", 10, "2024-04-16"))
    bars = made_home.bars / "XYZ.csv"
    bars.write_text(BARS)
    assert "does not reach this trade" in trade_page.bars_around(made_home, page).why
    bars.write_text("date,open\n2024-03-04,no\n")
    found = trade_page.bars_around(made_home, page)
    assert found.table is None
    assert "XYZ.csv" in found.why


def test_a_trade_that_there_is_not_is_refused(made_home: Home, ledger: Ledger) -> None:
    with pytest.raises(UnknownRecord, match="no round trip has the id 7"):
        trade_page.trade(made_home, 7)


def test_bars_of_the_store_are_shown_in_the_timeframe_that_shows_the_trade(made_home: Home, ledger: Ledger) -> None:
    page = trade_page.trade(made_home, fill(ledger, "a", "BUY", 10, "2024-03-06"))
    store, about = BarStore(made_home.bars), About("", "", "24/7", sources=("a feed",))
    store.merge(synthetic("XYZ", "1h", "24/7", start=from_text("2024-03-01"), end=from_text("2024-03-11")), about)
    found = trade_page.bars_around(made_home, page)
    assert found.table is not None
    assert (found.table.timeframe, found.source) == ("1h", "store: XYZ 1h from a feed")
    assert len(found.table) == 121
