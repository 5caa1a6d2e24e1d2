"""A ledger from before the sums were kept beside the rows counts what it has when it is brought up to date."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from quantstrip.ledger import Ledger

sys.path.insert(0, str(Path(__file__).parents[3]))
from benchmarks.year import make_year


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("year") / "quantstrip.db"
    make_year(path, 3_000).close()
    return path


def test_the_sums_of_an_upgraded_ledger_are_those_of_its_rows(upgraded: Path) -> None:
    ledger = Ledger(upgraded)

    assert ledger.check_totals() == []
    assert ledger.query("SELECT SUM(fills) FROM position_day")[1] == [(3_000,)]
    ledger.close()


def test_trades_of_an_upgraded_ledger_are_those_of_one_that_booked_each_fill(upgraded: Path, tmp_path: Path) -> None:
    booked = Ledger(tmp_path / "quantstrip.db")
    booked.ensure()
    with closing(sqlite3.connect(upgraded)) as raw, booked.transaction():
        fills = raw.execute(
            "SELECT e.exec_id, s.name, e.symbol, e.side, e.quantity, e.price, e.exec_time, e.currency, e.trade_date "
            "FROM execution e JOIN strategy s ON s.strategy_id = e.strategy_id ORDER BY e.seq_id"
        ).fetchall()
        for (strategy,) in raw.execute("SELECT name FROM strategy ORDER BY strategy_id"):
            booked.insert_strategy(strategy)
        for exec_id, strategy, symbol, side, quantity, price, moment, currency, day in fills:
            booked.insert_execution(
                exec_id, None, strategy, symbol=symbol, side=side, quantity=quantity, price=price, exec_time=moment,
                currency=currency, trade_date=day, account="U1",
            )  # fmt: skip
            booked.insert_commission(exec_id, 1.0, currency)

    ledger = Ledger(upgraded)
    for sql in (
        "SELECT trade_id, side, opened, closed, fills, quantity, max_quantity, ROUND(avg_entry, 6), "
        "ROUND(avg_exit, 6), gross_pnl, ROUND(commission, 6), currency FROM v_trades ORDER BY trade_id",
        "SELECT strategy, symbol, position, avg_price, cost, realized_pnl, ROUND(commission, 6) FROM v_positions "
        "ORDER BY symbol",
        "SELECT seq_id, trade_id FROM v_executions ORDER BY seq_id",
    ):
        assert booked.query(sql)[1] == ledger.query(sql)[1]
    booked.close()
    ledger.close()


def test_a_sum_that_was_changed_from_outside_is_found(upgraded: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(upgraded, tmp_path / "changed.db"))
    with closing(sqlite3.connect(copy)) as raw:
        raw.execute("UPDATE position_day SET realized_pnl = realized_pnl + 1 WHERE trade_date = '2024-01-03'")
        raw.execute("UPDATE round_trip SET position = 7 WHERE closed IS NULL AND symbol = 'S3'")
        raw.commit()

    found = Ledger(copy).check_totals()

    assert any(line.startswith("position_day") and "2024-01-03" in line for line in found)
    assert any(line.startswith("round_trip") and "S3" in line for line in found)
