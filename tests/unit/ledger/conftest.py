"""A fresh ledger for every test, copied from one that was migrated once."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.ledger import Ledger

NOON = from_text("2024-03-06 17:00:00")
Row = dict[str, Any]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def ledger(empty_database: Path, tmp_path: Path, clock: ManualClock) -> Iterator[Ledger]:
    path = Path(shutil.copy(empty_database, tmp_path / "quantstrip.db"))
    opened = Ledger(path, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def order(ledger: Ledger) -> int:
    """An order of 100 AAPL by the strategy ``trend`` at the broker ``IBKR``, with its intention."""
    ledger.insert_broker("IBKR", "Interactive Brokers")
    order_id = ledger.insert_order(None, "trend", "IBKR", "U1", "AAPL", "BUY", "MKT", 100)
    ledger.insert_strategy_event(order_id, 100, "BUY")
    return order_id


@pytest.fixture
def rows(ledger: Ledger) -> Callable[..., list[Row]]:
    """Rows of a SELECT as dicts."""

    def read(sql: str, *params: Any) -> list[Row]:
        columns, found = ledger.query(sql, params)
        return [dict(zip(columns, row, strict=True)) for row in found]

    return read


@pytest.fixture
def count(ledger: Ledger) -> Callable[[str], int]:
    """How many rows a table has."""

    def counted(table: str) -> int:
        found: int = ledger.query(f"SELECT COUNT(*) FROM {table}")[1][0][0]
        return found

    return counted


@pytest.fixture
def everything(ledger: Ledger) -> Callable[[], dict[str, list[tuple[Any, ...]]]]:
    """Every row of every table."""

    def read() -> dict[str, list[tuple[Any, ...]]]:
        with closing(ledger.store.connect(read_only=True)) as raw:
            tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            return {name: raw.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in tables}

    return read
