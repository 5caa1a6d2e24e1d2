"""What an ODBC client sees of each view: real dates, times and numbers, also of an empty ledger."""

from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pyodbc
import pytest

from quantstrip.clock import from_text
from quantstrip.home import Home
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.ledger.outbox import NewMessage
from quantstrip.ledger.report_metrics import ReportFigure
from quantstrip.ledger.views import read_view, view_files
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderType, Signal
from quantstrip.model.halt import Halt

Open = Callable[..., Ledger]
TYPES = {"TEXT": str, "INTEGER": int, "REAL": float, "DATE": date, "TIME": datetime}
EUR = Instrument("SAP", currency="EUR")
VIEWS = pytest.mark.parametrize("path", view_files(), ids=lambda path: path.stem)


def described(home: Home, view: str) -> tuple[dict[str, type], list[pyodbc.Row]]:
    """Types of a view's columns and its rows, through the driver and a connection that cannot write."""
    source = f"Driver=SQLite3;Database=file:{home.database}?mode=ro;BigInt=1;Timeout=2000"
    with closing(pyodbc.connect(source, autocommit=True)) as connection:
        cursor = connection.execute(f"SELECT * FROM {view}")
        return {column[0]: column[1] for column in cursor.description}, cursor.fetchall()


def story(ledger: Ledger) -> None:
    """Something in every view, with NULLs in the first rows."""
    ledger.insert_execution("first", None, "hand", symbol="X", side="BUY", quantity=1, price=1.0)
    ledger.insert_execution("second", None, "hand", symbol="X", side="SELL", quantity=1, price=2.0)
    ledger.insert_execution("third", None, "hand", symbol="Y", side="BUY", quantity=1, price=1.0, currency="GBP")
    ledger.insert_mtm_price("2024-03-05", "SAP", 101.0, low=99.0, high=103.0)
    ledger.insert_mtm_price("2024-03-05", "EURUSD", 1.25)
    run = ledger.open_strategy_run("k", "c", "trend", "paper", "P1", "code", {}, "feed", 1000.0)
    recorder, decided = LedgerRecorder(ledger, run, "SIM", [EUR]), from_text("2024-03-05 15:00:00")
    for number, side in enumerate((OrderSide.BUY, OrderSide.SELL, OrderSide.BUY)):
        order = Order(f"r{number}", "trend", "SAP", side, 2.0, OrderType.MARKET, decided, decision_price=100.0)
        recorder.order(order, EUR)
        recorder.fill(
            Fill(f"x{number}", f"r{number}", "trend", "SAP", side, 2.0, 100.5, decided + number, 1.0, "EUR"), EUR
        )
    recorder.rejected(Signal("SAP", OrderSide.BUY), decided, "quantity", "too much")
    recorder.progress(decided, 1001.0)
    recorder.halts(decided, [Halt("max_drawdown", decided, "down 9 %")])
    recorder.close()
    ledger.kill_entries("a_client", "holiday")
    ledger.queue_message(NewMessage("<1@home>", ["you@example.com"], "hello", "text"))
    client = ledger.start_client_run("c", 1, "code", "paper")
    ledger.record_missed_job("c", "job", decided, client)
    ledger.alert("job_error", "it failed", "ValueError", client="c", rate_key="c")
    words = ("source", "mode", "accounts", "outcome", "kind", "account", "symbol", "contract_id", "reference", "what",
             "ours", "theirs", "strategy", "notes")  # fmt: skip
    counts = ("executions_matched", "positions_matched", "missing_here", "missing_there", "different", "not_trades",
              "taken_over", "confirmed")  # fmt: skip
    said = dict.fromkeys(words, "word") | dict.fromkeys(counts, 1) | {"broker_id": None, "order_id": None}
    first, last = date(2024, 3, 5), date(2024, 3, 6)
    figures = [
        ReportFigure("strategy", "trend", "ALL", name, value, first, last, complete=True)
        for name, value in (("calmar", None), ("sharpe", 1.5))
    ]
    ledger.replace_report_metrics("paper", "USD", last, figures)
    ledger.record_reconciliation(said | {"first_date": None, "last_date": None}, [said])


@VIEWS
def test_an_empty_view_has_its_types(open_at: Open, home: Home, path: Path) -> None:
    open_at()
    view = read_view(path)

    types, found = described(home, view.name)

    assert found == []
    assert types == {column.name: TYPES[column.kind] for column in view.columns}


@VIEWS
def test_a_filled_view_has_its_types_and_values_of_them(open_at: Open, home: Home, path: Path) -> None:
    story(open_at())
    view = read_view(path)

    types, found = described(home, view.name)

    assert types == {column.name: TYPES[column.kind] for column in view.columns}
    for row in found:
        for value, column in zip(row, view.columns, strict=True):
            assert value is None or type(value) is TYPES[column.kind], (column.name, value)
    assert found
