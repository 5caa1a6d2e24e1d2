"""Every published function, called by place and by name, with numbers and with names: the same rows, as published."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from quantstrip.clock import ManualClock
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger
from tests.unit.ledger.test_published_surface import PUBLISHED

Rows = Callable[..., list[dict[str, Any]]]
Call = tuple[str, tuple[Any, ...]]
ORDER = 150_000_000
NOTE = {"why": "cross", "levels": [1, 2.5], "nested": {"ok": True}}
AT = "2024-03-06 16:00:00.000000"
LIFE: list[Call] = [
    ("insert_broker", ("IBKR", "Interactive Brokers")),
    ("update_broker", (1, "IB", "Interactive Brokers LLC")),
    ("insert_strategy", ("trend", "follows")),
    ("update_strategy", (1, "trend_2", "follows the trend")),
    ("insert_order", (
        ORDER, 1, 1, "U1", "AAPL", "BUY", "LMT", 100.0, 10.5, 10.0, 0.5, "STK", 149_999_999, "ref-1", "X1", NOTE,
    )),
    ("update_order_external_id", (ORDER, "X2")),
    ("insert_order_status", (
        ORDER, "PartiallyFilled", 60.0, 40.0, 10.2, 10.3, "X2", "ref-1", 149_999_999, "locate", 11.0, NOTE, AT,
    )),
    ("insert_strategy_event", (ORDER, 100.0, "BUY", "pair", "PENDING", NOTE)),
    ("insert_position_event", (
        AT, 1, 1, "E1", ORDER, "AAPL", 60.0, 10.2, 60.0, 10.2, "OPEN", "pair", NOTE,
    )),
    ("insert_execution", (
        "E1", ORDER, 1, 1, "AAPL", "STK", "265598", "BUY", 60.0, 10.2, AT, "ISLAND", "2", "LMT", 60.0, 10.2, 0, "X2",
        "EE1", NOTE,
    )),
    ("insert_commission", ("E1", 1.25, "USD", "COMMISSION", 3.5, NOTE)),
    ("update_strategy_event_status", (ORDER, "CONFIRMED")),
    ("insert_position_external", ("U1", "265598", 60.0, 10.2, "AAPL", "STK", 3, 4.5, "five")),
    ("insert_report", ("End of day", "2024-03-06", "DRAFT", "eod", "me@example.com")),
    ("insert_report_section", (1, "PnL", "table")),
    ("insert_report_item", (1, "AAPL 100.00")),
    ("insert_broker", ("OLD", "Old")),
    ("delete_broker", (2,)),
    ("insert_strategy", ("old", "gone")),
    ("delete_strategy", (2,)),
]  # fmt: skip
FRAMES: list[Call] = [
    ("get_order", (ORDER, 1, "AAPL")),
    ("get_order_status", (ORDER,)),
    ("get_positions_external", ("U1",)),
    ("get_executions", (ORDER, "E1")),
    ("get_brokers", ()),
    ("get_strategies", ()),
    ("get_reports", (1,)),
    ("get_report_sections", (1,)),
    ("get_report_items", (1,)),
    ("get_all_email_accounts", ()),
    ("run_query", ("SELECT * FROM orders WHERE order_id = ?", (ORDER,))),
]
SINGLE: list[tuple[Call, Call]] = [
    (("get_current_order_status", (ORDER,)), ("get_current_order_status", (1,))),
    (("get_last_strategy_event", (1, "AAPL")), ("get_last_strategy_event", (1, "MSFT"))),
    (("get_last_strategy_event", ("trend_2",)), ("get_last_strategy_event", ("nobody",))),
    (("get_last_strategy_event_by_order", (ORDER,)), ("get_last_strategy_event_by_order", (1,))),
    (("get_last_position_event", (1, "AAPL")), ("get_last_position_event", ("nobody", "AAPL"))),
    (("get_email_account_by_id", (1,)), ("get_email_account_by_id", (9,))),
    (("get_email_account_by_name", ("home",)), ("get_email_account_by_name", ("Home",))),
    (("get_default_email_account", ()), ("get_email_account_by_name", ("",))),
]


def by_place(ledger: Ledger, call: Call) -> Any:
    name, values = call
    return getattr(ledger, name)(*values)


def by_name(ledger: Ledger, call: Call) -> Any:
    name, values = call
    return getattr(ledger, name)(**dict(zip(PUBLISHED[name].split(), values, strict=False)))


def with_names(ledger: Ledger, call: Call) -> Any:
    """By name, and with the names of strategy and broker where the call takes their ids."""
    name, values = call
    words = dict(zip(PUBLISHED[name].split(), values, strict=False))
    registered = {"broker_id": ledger.get_brokers(), "strategy_id": ledger.get_strategies()}
    for column in registered.keys() & words.keys():
        known = dict(zip(registered[column][column], registered[column]["name"], strict=True))
        words[column] = known[words[column]]
    return getattr(ledger, name)(**words)


def content(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    with closing(ledger.store.connect(read_only=True)) as raw:
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return {name: raw.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}


@pytest.fixture
def other(empty_database: Path, tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    path = Path(shutil.copy(empty_database, tmp_path / "other.db"))
    opened = Ledger(path, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def lived(ledger: Ledger) -> Ledger:
    """A ledger in which every published call that writes was made once."""
    for call in LIFE:
        by_place(ledger, call)
    ledger.set_email_account("home", smtp_server="smtp.example.com", is_default=True)
    return ledger


def test_every_published_function_is_called_here() -> None:
    called = {name for name, _ in LIFE + FRAMES} | {call[0] for pair in SINGLE for call in pair}
    beside = {"get_connection", "next_order_id", "update_report", "get_broker_id", "get_strategy_id"}
    assert called | beside == set(PUBLISHED)


@pytest.mark.parametrize("form", [by_name, with_names])
def test_calls_by_name_leave_the_rows_that_calls_by_place_leave(
    lived: Ledger, other: Ledger, form: Callable[[Ledger, Call], Any]
) -> None:
    for call in LIFE:
        form(other, call)
    other.set_email_account("home", smtp_server="smtp.example.com", is_default=True)

    assert content(other) == content(lived)
    for call in FRAMES:
        pd.testing.assert_frame_equal(form(other, call), by_place(lived, call))
    for present, absent in SINGLE:
        assert by_name(other, present) == by_place(lived, present)
        assert by_name(other, absent) is None


def test_what_was_written_is_what_is_read(lived: Ledger, rows: Rows) -> None:
    for name, values in LIFE:
        columns = dict(zip(PUBLISHED[name].split(), values, strict=False))
        if name not in ("insert_order", "insert_order_status", "insert_execution", "insert_commission"):
            continue
        table = {"insert_order": "orders", "insert_execution": "execution"}.get(name, name.removeprefix("insert_"))
        (row,) = rows(f"SELECT * FROM {table}")
        expected = {column: value for column, value in columns.items() if column != "metadata"}
        if table == "orders":
            expected["external_order_id"] = "X2"
        assert {column: row[column] for column in expected} == expected


def test_metadata_is_a_dict_wherever_it_is_read(lived: Ledger) -> None:
    for name in ("get_order", "get_order_status", "get_executions"):
        assert by_place(lived, (name, (ORDER,)))["metadata"].tolist() == [NOTE]
    for name, values in (
        ("get_current_order_status", (ORDER,)),
        ("get_last_strategy_event", (1,)),
        ("get_last_strategy_event_by_order", (ORDER,)),
        ("get_last_position_event", (1, "AAPL")),
    ):
        assert by_place(lived, (name, values))["metadata"] == NOTE
    infos = {"info_1": "AAPL", "info_2": "STK", "info_3": 3, "info_4": 4.5, "info_5": "five"}
    assert lived.get_positions_external("U1")["metadata"].tolist() == [infos]
    assert lived.run_query("SELECT metadata FROM commission").iloc[0, 0] is not None


def test_getters_give_frames_and_single_rows_dicts_or_none(lived: Ledger) -> None:
    for call in FRAMES:
        assert isinstance(by_place(lived, call), pd.DataFrame)
    for present, absent in SINGLE:
        assert isinstance(by_place(lived, present), dict)
        assert by_place(lived, absent) is None
    assert (lived.get_broker_id("IB"), lived.get_broker_id("IBKR")) == (1, None)
    assert (lived.get_strategy_id("trend_2"), lived.get_strategy_id("trend")) == (1, None)


def test_a_report_changes_in_each_of_its_words(lived: Ledger) -> None:
    lived.update_report(1, "Evening", "2024-03-07", "SENT", "daily", "you@example.com")
    lived.update_report(report_id=1, status="SENT")

    (row,) = lived.get_reports(1).to_dict("records")
    assert [row[name] for name in ("name", "date", "status", "type", "recipients")] == [
        "Evening", "2024-03-07", "SENT", "daily", "you@example.com",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("position", "side", "quantity", "event"),
    [
        (0, "BUY", 10, "OPEN_LONG"),
        (0, "SELL", 10, "OPEN_SHORT"),
        (10, "BUY", 5, "OPEN_LONG"),
        (10, "SELL", 4, "PARTIAL_CLOSE"),
        (10, "SELL", 10, "CLOSE"),
        (-10, "BUY", 4, "PARTIAL_COVER"),
        (-10, "BUY", 10, "COVER"),
        (10, "SELL", 15, "FLIP"),
        (-10, "BUY", 15, "FLIP"),
    ],
)
def test_the_platform_books_with_the_published_words(
    ledger: Ledger, position: float, side: str, quantity: float, event: str
) -> None:
    if position:
        first = "BUY" if position > 0 else "SELL"
        ledger.insert_execution("0", None, "trend", None, "AAPL", side=first, quantity=abs(position), price=10)
    ledger.insert_execution("1", None, "trend", None, "AAPL", side=side, quantity=quantity, price=11)

    booked = ledger.get_last_position_event("trend", "AAPL")
    assert booked is not None
    signed = quantity if side == "BUY" else -quantity
    assert (booked["event_type"], booked["trade_quantity"], booked["position"]) == (event, signed, position + signed)


@pytest.mark.parametrize(
    "word",
    ["OPEN", "CLOSE", "OPEN/CLOSE", "FLIP", "PARTIAL_CLOSE", "OPEN_LONG", "OPEN_SHORT", "PARTIAL_COVER", "COVER"],
)
def test_a_clients_own_word_for_a_change_is_kept(ledger: Ledger, word: str, rows: Rows) -> None:
    ledger.insert_position_event(None, "trend", None, "1", None, "AAPL", 10, 10, 10, 10, word)
    ledger.insert_execution("1", None, "trend", None, "AAPL", side="BUY", quantity=10, price=10)

    assert [row["event_type"] for row in rows("SELECT event_type FROM position_event")] == [word]


def test_both_forms_of_a_strategy_event_are_one_function(ledger: Ledger, order: int) -> None:
    ledger.insert_strategy_event(order, 50, "SELL", "pair", "PENDING", {"form": "published"})
    published = ledger.get_last_strategy_event("trend", "AAPL")
    ledger.insert_strategy_event(strategy_id="my_strat", symbol="SPY", event_type=1)
    short = ledger.get_last_strategy_event("my_strat", "SPY")

    assert published is not None
    assert short is not None
    assert (published["order_id"], published["position"], published["symbol"]) == (order, 50.0, "AAPL")
    assert (short["order_id"], short["position"], short["event_type"], short["status"]) == (None, None, "1", "PENDING")


def test_the_newest_word_is_asked_for_by_mode_account_and_leg(ledger: Ledger) -> None:
    for number, (mode, account, leg) in enumerate(
        (("live", "U1", "NET"), ("live", "U2", "NET"), ("live", "U1", "LONG"), ("paper", "U1", "NET"))
    ):
        ledger.insert_execution(
            str(number), None, "trend", symbol="AAPL", side="BUY", quantity=number + 1, price=10, mode=mode,
            account=account, leg=leg,
        )  # fmt: skip
        ledger.insert_strategy_event(
            strategy_id="trend", symbol="AAPL", position=number + 1, mode=mode, account=account, leg=leg
        )

    def position(**wanted: str) -> float:
        found = ledger.get_last_position_event("trend", "AAPL", **wanted)
        assert found is not None
        return float(found["position"])

    assert (position(), position(account="U1"), position(account="U2")) == (3.0, 3.0, 2.0)
    assert (position(account="U1", leg="NET"), position(mode="paper")) == (1.0, 4.0)
    intended = [ledger.get_last_strategy_event("trend", "AAPL", mode=mode) for mode in (None, "live", "paper")]
    assert [event and event["position"] for event in intended] == [3.0, 3.0, 4.0]
    assert ledger.get_last_strategy_event("trend", "AAPL", mode="replay") is None


def test_an_execution_of_another_symbol_takes_no_contract_from_its_order(ledger: Ledger, rows: Rows) -> None:
    """A combination: the order names one leg, the broker reports the fills of each."""
    order = ledger.insert_order(
        None, "trend", None, "U1", "AAPL", "BUY", "MKT", 1, instrument_type="OPT", contract_id=1, currency="EUR"
    )
    ledger.insert_execution("1", order, symbol="MSFT", side="BUY", quantity=1, price=10)
    ledger.insert_execution("2", order, side="BUY", quantity=1, price=10)

    found = rows("SELECT symbol, contract_id, currency, account FROM execution ORDER BY exec_id")
    assert [tuple(row.values()) for row in found] == [("MSFT", "", "USD", "U1"), ("AAPL", "1", "EUR", "U1")]


@pytest.mark.parametrize("word", ["Cancelled", "CANCELED", "ApiCancelled", "Api Cancelled", "api_cancelled", "Expired",
                                  "Rejected", "Inactive"])  # fmt: skip
def test_whatever_word_a_broker_has_for_an_order_that_is_over_the_intention_failed(
    ledger: Ledger, order: int, word: str
) -> None:
    ledger.insert_order_status(order, word, 0, 100)
    event = ledger.get_last_strategy_event_by_order(order)
    assert event is not None
    assert event["status"] == "FAILED"


@pytest.mark.parametrize("word", ["Submitted", "PreSubmitted", "PendingCancel", "Filled"])
def test_an_order_that_is_not_over_failed_nothing(ledger: Ledger, order: int, word: str) -> None:
    ledger.insert_order_status(order, word, 0, 100)
    event = ledger.get_last_strategy_event_by_order(order)
    assert event is not None
    assert event["status"] == "PENDING"


def test_unknown_numbers_are_refused_where_a_name_would_be_registered(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecord, match="no strategy has the id 7"):
        ledger.insert_order(1, 7, None, "U1", "AAPL", "BUY", "MKT", 1)
    with pytest.raises(UnknownRecord, match="no broker 7"):
        ledger.insert_order(1, "trend", 7, "U1", "AAPL", "BUY", "MKT", 1)
    assert content(ledger)["strategy"] == []


def test_every_time_is_utc_text_with_six_decimals(lived: Ledger) -> None:
    form = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")
    seen = 0
    for table in content(lived):
        if table in ("version", "alembic_version"):
            continue
        names, found = lived.query(f'SELECT * FROM "{table}"')
        for row in found:
            for column, value in zip(names, row, strict=True):
                if column.endswith(("_time", "_at")) and value is not None:
                    assert form.fullmatch(value), (table, column, value)
                    seen += 1
    assert seen > 25


ADDED = {
    "orders": {"mode", "leg", "account", "currency"},
    "execution": {"mode", "leg", "account", "currency", "trade_date"},
    "position_event": {"mode", "leg", "account", "currency", "trade_date", "realized_pnl"},
    "strategy_event": {"mode", "leg", "account"},
    "strategy": {"allocation", "currency"},
    "instrument": {"symbol", "contract_id", "currency", "multiplier", "tick_size", "lot_size", "calendar"},
}


@pytest.mark.parametrize("table", ADDED)
def test_the_columns_added_to_the_published_ones_are_there(ledger: Ledger, table: str) -> None:
    assert ADDED[table] <= {row[1] for row in ledger.query(f"PRAGMA table_info({table})")[1]}


@pytest.mark.parametrize("kind", ["broker", "strategy"])
def test_a_name_that_is_taken_or_empty_is_refused_and_nothing_changes(ledger: Ledger, kind: str) -> None:
    insert, update = getattr(ledger, f"insert_{kind}"), getattr(ledger, f"update_{kind}")
    insert("A")
    insert("B")
    before = content(ledger)

    with pytest.raises(InvalidRecord, match=rf"a row with the same {kind}.name already.*\nChoose another value"):
        update("B", "A")
    for empty in ("", "  "):
        with pytest.raises(InvalidRecord, match="name must not be empty"):
            update("B", empty)
    assert content(ledger) == before


@pytest.mark.parametrize(
    "call",
    [
        ("update_report", (1, "")),
        ("update_order_external_id", (ORDER, None)),
        ("update_order_external_id", (ORDER, " ")),
    ],
)
def test_what_has_to_be_there_is_never_written_empty(lived: Ledger, call: Call) -> None:
    before = content(lived)
    with pytest.raises(InvalidRecord, match="must not be empty"):
        by_place(lived, call)
    assert content(lived) == before


def test_events_of_no_symbol_are_refused(ledger: Ledger) -> None:
    for symbol in (None, ""):
        with pytest.raises(InvalidRecord, match="an order_id, or a strategy and a symbol"):
            ledger.insert_strategy_event(strategy_id="trend", symbol=symbol, event_type="BUY")
        with pytest.raises(InvalidRecord, match="a position event needs a strategy and a symbol"):
            ledger.insert_position_event(strategy_id="trend", symbol=symbol, position=1)
    assert content(ledger)["strategy"] == []
