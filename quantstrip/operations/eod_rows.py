"""What an end-of-day summary shows, read from the views in one moment of the ledger.

Every amount is a column of a view, in the reporting currency unless a currency stands beside it; sums over a strategy's
days are SQL's, over rows that the views say add up. What lacks a rate is left out of them and named, as everywhere (see
``rates``). Moments are ledger text (UTC).
"""

from dataclasses import dataclass
from typing import Any, Final

from quantstrip.clock import Micros, to_text
from quantstrip.ledger import Ledger
from quantstrip.model.enums import Mode
from quantstrip.operations.ledger import REPORTING_CURRENCY
from quantstrip.operations.rates import MissingRate, missing_rates

READ_SECONDS: Final = 120.0
SHOWN_MODES: Final = (Mode.LIVE, Mode.PAPER, Mode.REPLAY, Mode.SIMULATION)
OWN_PACE: Final = frozenset({Mode.REPLAY, Mode.SIMULATION})
MOST_FILLS: Final = 40
MOST_TOLD: Final = 20
_CURVE: Final = 260  # sessions, a year of them
_REACHED: Final = "SELECT MAX(feed_date), MAX(update_time) FROM strategy_run WHERE mode = ? AND current = 1"
_LAST_DAY: Final = "SELECT MAX(trade_date) FROM v_portfolio_daily WHERE mode = ?"
_DAYS: Final = (
    "SELECT trade_date, fills, realized_pnl, unrealized_change, commission, total_pnl, cumulative_pnl, missing_rate "
    "FROM v_portfolio_daily WHERE mode = ? AND trade_date <= ? ORDER BY trade_date DESC LIMIT ?"
)
_STRATEGIES: Final = """
SELECT
    strategy,
    account,
    COALESCE(SUM(CASE WHEN trade_date = :day THEN fills END), 0) AS fills,
    COUNT(CASE WHEN trade_date = :day THEN 1 END) AS rows_today,
    ROUND(SUM(CASE WHEN trade_date = :day THEN reporting_realized_pnl END), 8) AS realized,
    ROUND(SUM(CASE WHEN trade_date = :day THEN reporting_unrealized_change END), 8) AS unrealized,
    ROUND(SUM(CASE WHEN trade_date = :day THEN reporting_commission END), 8) AS commission,
    ROUND(SUM(CASE WHEN trade_date = :day THEN reporting_total_pnl END), 8) AS today,
    ROUND(SUM(reporting_total_pnl), 8) AS total,
    GROUP_CONCAT(DISTINCT missing_rate) AS missing_rate
FROM v_daily_pnl
WHERE mode = :mode AND current_run = 1 AND trade_date <= :day
GROUP BY strategy, account
ORDER BY strategy, account
"""
_OF_THE_DAY: Final = ("realized", "unrealized", "commission", "today")
_FILLS: Final = (
    "SELECT exec_time, strategy, symbol, side, quantity, price, commission, net_pnl, currency FROM v_executions "
    "WHERE mode = ? AND current_run = 1 AND trade_date = ? AND entry = 'FILL' ORDER BY seq_id LIMIT ?"
)
_POSITIONS: Final = (
    "SELECT strategy, symbol, leg, position, avg_price, mark_price, mark_date, mark_source, mark_age_days, currency, "
    "reporting_market_value, reporting_unrealized_pnl, missing_rate FROM v_positions "
    "WHERE mode = ? AND current_run = 1 ORDER BY strategy, symbol, leg"
)
_JOBS: Final = (
    "SELECT client, job, due, problem, trace FROM v_job_problems "
    "WHERE COALESCE(finished, due) >= ? AND COALESCE(finished, due) < ? ORDER BY due DESC LIMIT ?"
)
_ALERTS: Final = (
    "SELECT kind, client, subject, occurrences, last_time FROM v_alerts "
    "WHERE last_time >= ? AND last_time < ? ORDER BY last_time DESC LIMIT ?"
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of the ledger is summed up: sessions by ``day``, what happened on the machine by wall time."""

    mode: str
    day: str
    since: Micros
    until: Micros


@dataclass(frozen=True, slots=True)
class DayRows:
    """Rows of the views, as dicts by column name.

    Attributes:
        today: the session's row of v_portfolio_daily; empty where nothing happened in it.
        total: cumulative profit up to the session; None where nothing of it has a rate.
        missing: what amounts up to the session leave out for want of a rate.
        unpriced: rates that what is held lacks, so that its value is not known.
        curve: date and cumulative profit, oldest first.
        positions: None for a session that is over, whose positions nobody kept.
        jobs, alerts: newest first, at most ``MOST_TOLD`` and one more, which says that there are more.

    """

    currency: str
    today: Row
    total: float | None
    missing: tuple[MissingRate, ...]
    unpriced: tuple[str, ...]
    curve: tuple[tuple[str, float | None], ...]
    strategies: tuple[Row, ...]
    fills: tuple[Row, ...]
    positions: tuple[Row, ...] | None
    jobs: tuple[Row, ...]
    alerts: tuple[Row, ...]
    halts: tuple[Row, ...]
    kill_switches: tuple[Row, ...]


def reached(ledger: Ledger, mode: str) -> tuple[str | None, str]:
    """How far the feeds of a replay have come, and when its newest row was written ("" for never)."""
    date, written = ledger.query(_REACHED, (mode,))[1][0]
    if date is None:
        date = ledger.query(_LAST_DAY, (mode,), timeout_seconds=READ_SECONDS)[1][0][0]
    return date, written or ""


def read_day(ledger: Ledger, span: Span, *, newest: bool) -> DayRows:
    """Everything that a summary shows.

    Args:
        newest: no later session has begun, so that what is held now is what was held then.

    Raises:
        LedgerError: the ledger cannot be read.

    """
    window = (to_text(span.since), to_text(span.until), MOST_TOLD + 1)
    with ledger.reading(timeout_seconds=READ_SECONDS) as read:
        currency = str(read.query(REPORTING_CURRENCY)[1][0][0])
        days = read.dicts(_DAYS, (span.mode, span.day, _CURVE))
        strategies = [_idle(row) for row in read.dicts(_STRATEGIES, {"mode": span.mode, "day": span.day})]
        fills = read.dicts(_FILLS, (span.mode, span.day, MOST_FILLS))
        positions = read.dicts(_POSITIONS, (span.mode,)) if newest else None
        missing = missing_rates(read, span.mode, span.day)
        jobs, alerts = read.dicts(_JOBS, window), read.dicts(_ALERTS, window)
    return DayRows(
        currency=currency,
        today=days[0] if days and days[0]["trade_date"] == span.day else {},
        total=days[0]["cumulative_pnl"] if days else 0.0,
        missing=missing,
        unpriced=tuple(sorted({row["missing_rate"] for row in positions or () if row["missing_rate"]})),
        curve=tuple((row["trade_date"], row["cumulative_pnl"]) for row in reversed(days)),
        strategies=tuple(strategies),
        fills=fills,
        positions=positions,
        jobs=jobs,
        alerts=alerts,
        halts=tuple(ledger.halts_in_force()),
        kill_switches=tuple(ledger.kill_switches()),
    )


def _idle(row: Row) -> Row:
    """A strategy without a row in the session made nothing in it; one whose row has no rate made what nobody knows."""
    return row if row["rows_today"] else row | dict.fromkeys(_OF_THE_DAY, 0.0)
