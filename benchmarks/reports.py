"""A portfolio report over a year of a million fills, against the bare aggregation of the same rows.

The report is what a screen or workbook asks for: profit by session of each strategy and of the portfolio, totals,
drawdowns and open positions, with two currencies. The bare aggregation is one ``GROUP BY`` over the position events.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.year import FILLS, make_year
from quantstrip.ledger import Ledger

REPORT = ("v_daily_pnl", "v_strategy_pnl", "v_portfolio_daily", "v_drawdown", "v_positions")
BARE = (
    "SELECT strategy_id, currency, trade_date, SUM(realized_pnl), COUNT(*) FROM position_event "
    "WHERE mode = 'live' GROUP BY strategy_id, currency, trade_date"
)
TRADES = (
    "SELECT strategy, currency, COUNT(*), SUM(net_pnl), AVG(net_pnl > 0.0) FROM v_trades GROUP BY strategy, currency"
)
ROUNDS = 5


def run(fills: int = FILLS) -> Iterator[dict[str, Any]]:
    """Make the year, measure in alternating rounds, remove it."""
    folder = Path(tempfile.mkdtemp(prefix="quantstrip-year-"))
    try:
        begun = time.perf_counter()
        ledger = make_year(folder / "quantstrip.db", fills)
        made = time.perf_counter() - begun
        ledger.query(BARE, timeout_seconds=None)  # both find the file in the page cache
        ours, bare = [], []
        for _ in range(ROUNDS):
            bare.append(seconds(ledger, BARE))
            ours.append([seconds(ledger, f"SELECT * FROM {view}") for view in REPORT])
        total, alone = min(map(sum, ours)), min(bare)
        each = {view: round(min(times[n] for times in ours), 3) for n, view in enumerate(REPORT)}
        detail = {
            "fills": fills,
            "bare_s": round(alone, 3),
            "report_s": round(total, 3),
            "each_s": each,
            "trades_by_strategy_s": round(seconds(ledger, TRADES), 3),
            "made_s": round(made, 1),
        }
        ledger.close()
        yield figure("portfolio report over a year of fills / bare aggregation", total / alone, 3.0, detail)
        yield figure("slowest view of it, s", max(each.values()), 1.0, {"views": len(REPORT)})
    finally:
        shutil.rmtree(folder)


def seconds(ledger: Ledger, sql: str) -> float:
    """How long the query takes."""
    begun = time.perf_counter()
    ledger.query(sql, timeout_seconds=None)
    return time.perf_counter() - begun


def figure(name: str, value: float, bound: float, detail: dict[str, Any]) -> dict[str, Any]:
    """One line of the report."""
    return {"name": name, "value": round(value, 3), "bound": bound, "ok": value <= bound, "detail": detail}
