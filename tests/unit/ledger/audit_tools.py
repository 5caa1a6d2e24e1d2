"""An audited ledger to tamper with, and the means to do it: raw SQL, the triggers dropped first."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from quantstrip.clock import ManualClock, from_text
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.audit_rows import FORMS
from quantstrip.ledger.tables import audit_link

KEYS = {name: form.key for name, form in FORMS.items()} | {"audit_link": "sequence"}
NOON = from_text("2024-03-06 17:00:00")


@contextmanager
def audited(template: Path) -> Iterator[Ledger]:
    """A ledger in a home of its own, with the audit on."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        for each in (home.data, home.settings):
            each.mkdir(parents=True)
        shutil.copy(template, home.database)
        with closing(Ledger(home, clock=ManualClock(NOON))) as ledger:
            ledger.set_audit(True, "a test")
            ledger.insert_broker("SIM")
            yield ledger


@contextmanager
def from_outside(ledger: Ledger) -> Iterator[sqlite3.Connection]:
    """A connection of somebody who may do everything with the file, and does."""
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as raw:
        kept = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in kept:
            raw.execute(f"DROP TRIGGER {name}")
        yield raw
        for _, sql in kept:
            raw.execute(sql)


def columns(table: str) -> list[str]:
    """Every column of an audited table, or of the chain itself."""
    return [column.name for column in audit_link.c] if table == "audit_link" else list(FORMS[table].names)


def all_keys(ledger: Ledger, table: str) -> list[int]:
    """The keys of a table, rising."""
    return [key for (key,) in ledger.query(f"SELECT {KEYS[table]} FROM {table} ORDER BY 1")[1]]


def value_of(ledger: Ledger, table: str, key: int, column: str) -> Any:
    """One cell."""
    return ledger.query(f"SELECT {column} FROM {table} WHERE {KEYS[table]} = ?", (key,))[1][0][0]


def other(value: Any) -> Any:
    """A value of the same kind that is not the same."""
    if value is None:
        return "out of nothing"
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, str):
        return value + "~"
    return value + 1_000_000


def trade(ledger: Ledger, name: str, fills: int = 2) -> int:
    """An order's life: recorded, accepted, filled, paid for; returns its id."""
    order = ledger.insert_order(None, name, "SIM", "U1", "AAPL", "BUY", "MKT", 100)
    ledger.insert_strategy_event(order, 100, "BUY")
    ledger.insert_order_status(order, "SUBMITTED", event_time="2024-03-06 15:00:00")
    for number in range(fills):
        exec_id = f"{name}-{order}-{number}"
        with ledger.transaction():
            ledger.insert_execution(exec_id, order, side="BUY", quantity=1.5, price=10.1, trade_date="2024-03-06")
            ledger.insert_commission(exec_id, 0.35, "USD")
    return order
