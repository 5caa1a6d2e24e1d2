"""The journal page on a real ledger: enter, look, book; take over, move, correct, delete; find what was entered."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from quantstrip.clock import SECOND, ManualClock, from_text, system_clock
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from tests.unit.dashboard.test_settings_page import dialog, said

PAGE = "screens/journal.py"
FIELD = "journal-field-"
KINDS = {
    "number_input": ("quantity", "price", "commission"),
    "text_input": ("symbol", "note", "account", "currency", "exec_id", "broker"),
    "selectbox": ("strategy", "giver", "side", "mode"),
    "datetime_input": ("time",),
}
BUY = {"strategy": "trend", "symbol": "SPY", "side": "BUY", "quantity": 10.0, "price": 400.0, "commission": 1.0}


@pytest.fixture
def ledger(home: Home, empty_database: Path) -> Iterator[Ledger]:
    home.database.write_bytes(empty_database.read_bytes())
    found = open_ledger(home)
    for name in ("trend", "carry"):
        found.insert_strategy(name)
    yield found
    found.close()


@pytest.fixture
def held(ledger: Ledger) -> Ledger:
    """trend holds 10 SPY at 400, entered by hand."""
    ledger.insert_manual_trade("trend", "SPY", "BUY", 10, 400.0, commission=1.0, note="by phone", exec_id="x1")
    return ledger


def enter(page: Any, **given: Any) -> None:
    """Fill the fields of the dialog and ask for the preview."""
    for kind, names in KINDS.items():
        for name in names:
            if name in given:
                getattr(page.app, kind)(key=FIELD + name).set_value(given[name])
    page.press("journal-preview")


def held_of(ledger: Ledger) -> list[tuple[Any, ...]]:
    return ledger.query("SELECT strategy, symbol, position, avg_price FROM v_positions ORDER BY 1, 2")[1]


def keys(page: Any) -> set[str]:
    return {button.key for button in page.app.button}


def test_an_empty_journal_says_what_to_do_first(home: Home, ledger: Ledger, show: Any) -> None:
    page = show(PAGE)
    assert "Nothing was entered or corrected in mode live yet" in page.text
    assert "Enter a trade that was made elsewhere, or take over a position" in page.text


def test_without_a_ledger_it_says_so_and_makes_none(home: Home, show: Any) -> None:
    assert "there is no ledger at" in show(PAGE).text
    assert not home.database.exists()


def test_a_trade_is_shown_with_its_effect_and_booked_once_a_person_agrees(
    home: Home, ledger: Ledger, show: Any
) -> None:
    page = show(PAGE)
    page.press("journal-trade")
    enter(page, **BUY, note="by <b>phone</b>")
    assert "BUY 10 SPY at 400 for trend." in page.text
    assert "Position 0 10 +10 Average price \N{EN DASH} 400" in page.text
    assert "Commission 0.00 1.00 +1.00 Net PnL 0.00 -1.00 -1.00" in page.text
    assert held_of(ledger) == []
    page.press("journal-book")
    assert held_of(ledger) == [("trend", "SPY", 10.0, 400.0)]
    assert "Booked: BUY 10 SPY at 400 for trend." in said(page)
    assert "by hand BUY 10 SPY at 400 USD trend" in page.text
    assert "by <b>phone</b>" in page.text
    assert "<b>phone" not in page.markup
    assert not {"journal-preview", "journal-book"} & keys(page)


def test_what_is_missing_or_refused_is_said_beside_its_field_and_nothing_is_lost(
    home: Home, ledger: Ledger, show: Any
) -> None:
    page = show(PAGE)
    page.press("journal-trade")
    page.press("journal-preview")
    beside = [html for html in page.app.get("html") if "qs-field-error" in html.proto.body]
    assert len(beside) == 5
    assert "Choose a strategy." in page.text
    assert "Enter the units." in page.text
    enter(page, **BUY | {"quantity": -1.0}, time=datetime.now() + timedelta(days=3))  # noqa: DTZ005 - as it is entered
    assert "It lies in the future: it is" in page.text
    page.app.datetime_input(key=FIELD + "time").set_value(None)
    page.press("journal-preview")
    assert "Quantity must be greater than zero, got -1" in page.text
    enter(page, quantity=10.0, currency="dollars")
    assert "A currency is a code such as EUR, got 'dollars'" in page.text
    assert page.app.number_input(key=FIELD + "price").value == 400.0
    assert held_of(ledger) == []


def test_back_returns_to_the_fields_as_they_were(home: Home, ledger: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.press("journal-trade")
    enter(page, **BUY)
    page.press("journal-back")
    assert page.app.text_input(key=FIELD + "symbol").value == "SPY"
    enter(page, price=410.0)
    assert "BUY 10 SPY at 410" in page.text
    page.press("cancel-journal-book")
    assert held_of(ledger) == []
    page.press("journal-trade")
    assert page.app.number_input(key=FIELD + "price").value is None


def test_a_position_is_taken_over_also_a_short_one(home: Home, ledger: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.press("journal-takeover")
    enter(page, strategy="trend", symbol="SPY", quantity=-5.0, price=410.0)
    assert "trend takes over -5 SPY at 410" in page.text
    page.press("journal-book")
    assert held_of(ledger) == [("trend", "SPY", -5.0, 410.0)]


def test_a_position_moves_between_strategies_and_outside(home: Home, held: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.press("journal-transfer")
    enter(page, giver="trend", strategy="carry", symbol="spy", quantity=11.0)
    assert "Trend holds 10 SPY, so it cannot give 11" in page.text
    enter(page, quantity=4.0)
    assert "carry · SPY" in page.text
    assert "Position 10 6 -4" in page.text
    page.press("journal-book")
    assert held_of(held) == [("carry", "SPY", 4.0, 400.0), ("trend", "SPY", 6.0, 400.0)]
    page.press("journal-transfer")
    enter(page, giver="carry", strategy="(outside)", symbol="SPY", quantity=4.0, price=420.0)
    assert "Realised PnL 0.00 80.00 +80.00" in page.text
    page.press("journal-book")
    assert held_of(held) == [("trend", "SPY", 6.0, 400.0)]


def test_a_correction_names_what_it_changes_asks_and_tells_who_corrects_what(
    home: Home, held: Ledger, show: Any
) -> None:
    page = show(PAGE)
    page.press("correct-x1")
    assert page.app.number_input(key=FIELD + "price").value == 400.0
    enter(page, price=401.0)
    assert "Say why" in page.text
    enter(page, price=400.0, note="mistyped")
    assert "Nothing is changed" in page.text
    enter(page, price=401.0)
    assert "Correct price of BUY 10 SPY at 400 USD: mistyped" in page.text
    assert "Average price 400 401" in page.text
    assert held_of(held) == [("trend", "SPY", 10.0, 400.0)]
    page.press("journal-book")
    assert held_of(held) == [("trend", "SPY", 10.0, 401.0)]
    assert "takes the place of x1" in page.text
    assert "reversed by x1~reversed" in page.text
    assert {"correct-x1", "correct-x1~reversed"} & keys(page) == set()


def test_a_wrong_entry_is_deleted_with_a_reason(home: Home, held: Ledger, show: Any) -> None:
    page = show(PAGE)
    page.press("delete-x1")
    page.press("journal-preview")
    assert "Say why" in page.text
    enter(page, note="came twice")
    assert "Position 10 0 -10" in page.text
    page.press("journal-book")
    assert held_of(held) == []
    assert held.query("SELECT COUNT(*) FROM execution")[1] == [(2,)]


def test_a_position_that_changed_since_it_was_shown_is_shown_again_before_anything_is_booked(
    home: Home, held: Ledger, show: Any
) -> None:
    page = show(PAGE)
    page.press("journal-trade")
    enter(page, **BUY)
    held.insert_manual_trade("trend", "SPY", "BUY", 1, 400.0)
    page.press("journal-book")
    assert "the position has changed since it was shown; nothing was booked" in page.text
    assert "Position 11 21 +10" in page.text
    assert held_of(held) == [("trend", "SPY", 11.0, 400.0)]
    page.press("journal-book")
    assert held_of(held) == [("trend", "SPY", 21.0, 400.0)]


def test_filters_choose_by_strategy_symbol_and_day_and_pages_turn(home: Home, ledger: Ledger, show: Any) -> None:
    now = system_clock.now()
    with ledger.transaction():
        for number in range(22):
            ledger.insert_manual_trade("trend", "SPY", "BUY", number + 1, 10.0)
    old = Ledger(home, clock=ManualClock(from_text("2024-03-06 15:00:00")))
    old.insert_manual_trade("carry", "<i>X", "SELL", 5, 10.0)
    old.close()
    page = show(PAGE)
    assert page.text.index("SELL 5 <i>X") < page.text.index("BUY 22 SPY") < page.text.index("BUY 21 SPY")
    assert "<i>X" not in page.markup
    assert "BUY 3 SPY" not in page.text
    page.press("journal-older")
    assert "BUY 3 SPY" in page.text
    assert "Page 2" in page.text
    page.app.text_input(key="journal-symbol").set_value("<I>x").run()
    assert "carry" in page.text
    assert "SPY" not in page.text
    since = datetime.fromtimestamp(now / SECOND).date()  # noqa: DTZ006 - a day is entered without a zone
    page.app.date_input(key="journal-since").set_value(since - timedelta(days=1)).run()
    assert "No entry in mode live fits these filters." in page.text
    page.app.text_input(key="journal-symbol").set_value("")
    page.app.selectbox(key="journal-strategy").set_value("trend").run()
    assert "BUY 22 SPY" in page.text


def test_a_fill_of_a_client_is_found_under_all_fills_and_corrected_in_its_own_mode(
    home: Home, traded: Any, show: Any
) -> None:
    page = show(PAGE)
    assert "Nothing was entered or corrected in mode replay yet" in page.text
    page.app.session_state["journal-list"] = "All fills"
    page.app.run()
    assert "fill BUY 100 AAPL at 50 USD ma_cross · traded 2012-05-02 20:00:00 UTC" in page.text
    dialog(page, "correct", "fill1")
    enter(page, commission=2.0, note="wrong fee")
    assert "Net PnL 398.50 397.50 -1.00" in page.text
    page.press("journal-book")
    assert "takes the place of fill1" in page.text


def test_a_fill_that_is_not_there_or_corrected_meanwhile_is_said(home: Home, held: Ledger, show: Any) -> None:
    page = show(PAGE)
    dialog(page, "correct", "gone")
    assert "no execution 'gone' in the ledger" in page.text
    dialog(page, "delete", "x1")
    enter(page, note="came twice")
    held.correct_execution("x1", "by another window", delete=True)
    page.press("journal-book")
    assert "is corrected already" in page.text
    assert held_of(held) == []
