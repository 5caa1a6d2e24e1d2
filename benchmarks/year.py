"""A year of a busy home: a million fills of ten strategies, with commissions, daily prices and a second currency.

The rows are written in bulk into a database of the revision before the sums were kept beside them; bringing it up to
date counts them, as it does for a user's old ledger.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from quantstrip.home import asset
from quantstrip.ledger import Ledger
from quantstrip.model import FLAT, OrderSide, Position, apply

FILLS, STRATEGIES, SYMBOLS = 1_000_000, 10, 5
BEFORE = "0003"
WALL = "2024-12-31 23:00:00.000000"
_BATCH = 20_000
_EXECUTION = (
    "INSERT INTO execution (seq_id, exec_id, strategy_id, symbol, contract_id, side, quantity, price, exec_time, "
    "create_time, update_time, mode, leg, account, currency, trade_date, amount) "
    f"VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, '{WALL}', '{WALL}', 'live', 'NET', 'U1', ?, ?, ?)"
)
_POSITION = (
    "INSERT INTO position_event (event_time, strategy_id, exec_id, symbol, contract_id, position, avg_price, "
    "trade_quantity, trade_price, event_type, create_time, update_time, mode, leg, account, currency, trade_date, "
    f"cost, realized_pnl, execution_seq) VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?, '{WALL}', '{WALL}', 'live', 'NET', "
    "'U1', ?, ?, ?, ?, ?)"
)
_COMMISSION = (
    "INSERT INTO commission (exec_id, amount, currency, fee_type, create_time, update_time, revision, booked_amount) "
    f"VALUES (?, 1.0, ?, 'COMMISSION', '{WALL}', '{WALL}', 0, 1.0)"
)


def make_year(path: Path, fills: int = FILLS) -> Ledger:
    """A ledger with ``fills`` fills over the weekdays of 2024, up to date."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _create(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = OFF")
        raw.execute("BEGIN")
        days = _weekdays()
        for number in range(STRATEGIES):
            currency = "EUR" if number == STRATEGIES - 1 else "USD"
            row = (number + 1, f"strategy{number}", WALL, WALL, 100_000.0, currency)
            raw.execute(
                "INSERT INTO strategy (strategy_id, name, create_time, update_time, allocation, currency) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
        raw.executemany("INSERT INTO mtm_price (date, symbol, contract_id, close) VALUES (?, ?, '', ?)", _prices(days))
        rows = _fills(days, fills)
        while batch := list(islice(rows, _BATCH)):
            raw.executemany(_EXECUTION, [execution for execution, _, _ in batch])
            raw.executemany(_POSITION, [position for _, position, _ in batch])
            raw.executemany(_COMMISSION, [fee for _, _, fee in batch])
        raw.execute("COMMIT")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger = Ledger(path)
    ledger.migrate()
    return ledger


def _create(path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(asset("schema") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, BEFORE)
    engine.dispose()


def _weekdays() -> list[str]:
    first = date(2024, 1, 1)
    every = (first + timedelta(days=number) for number in range(366))
    return [day.isoformat() for day in every if day.weekday() < 5]


def _prices(days: list[str]) -> Iterator[tuple[str, str, float]]:
    random = Random(7)
    for symbol in ["EURUSD", *(f"S{number}" for number in range(STRATEGIES * SYMBOLS))]:
        price = 1.1 if symbol == "EURUSD" else 100.0
        for day in days:
            price *= 1.0 + random.gauss(0.0, 0.01)
            yield day, symbol, round(price, 4)


def _fills(days: list[str], fills: int) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]]:
    """Rows of execution, position event and commission, in the order of booking."""
    random = Random(3)
    held: dict[str, Position] = {}
    for seq in range(1, fills + 1):
        day = days[(seq - 1) * len(days) // fills]
        strategy = seq % STRATEGIES
        symbol = f"S{strategy * SYMBOLS + random.randrange(SYMBOLS)}"
        currency = "EUR" if strategy == STRATEGIES - 1 else "USD"
        before = held.get(symbol, FLAT)
        side = OrderSide.BUY if random.random() < 0.5 else OrderSide.SELL
        quantity, price = float(random.randrange(1, 4)), round(100.0 + random.gauss(0.0, 2.0), 2)
        if not before.is_flat and random.random() < 0.4:  # a position lives for some fills
            side = OrderSide.SELL if before.quantity > 0.0 else OrderSide.BUY
            quantity = abs(before.quantity)
        booking = apply(before, side, quantity, price)
        held[symbol] = after = booking.position
        exec_id, moment, owner = f"x{seq}", f"{day} 15:00:00.000000", strategy + 1
        yield (
            (seq, exec_id, owner, symbol, str(side), quantity, price, moment, currency, day, booking.amount),
            (
                moment, owner, exec_id, symbol, after.quantity, after.avg_price, booking.trade_quantity, price,
                str(booking.event), currency, day, after.cost, booking.realized_pnl, seq,
            ),
            (exec_id, currency),
        )  # fmt: skip
