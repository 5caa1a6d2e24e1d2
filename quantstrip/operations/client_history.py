"""What one client did: its processes, the versions that ran, its orders and fills, its alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantstrip.clock import Micros, from_text
from quantstrip.home import Home
from quantstrip.ledger.query import Reading
from quantstrip.operations import portfolio
from quantstrip.operations.alerts import AlertInfo, list_alerts
from quantstrip.operations.figures import FillRow, StrategyPnl
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.traces import error_of
from quantstrip.operations.versions import Version, versions
from quantstrip.redaction import scrub
from quantstrip.supervise.book import run_row

_PROCESSES: Final = 1000
_ALERTS: Final = 500
_NEWEST: Final = """SELECT {columns} FROM {view} WHERE seq_id IN (
    SELECT i.seq_id FROM strategy_run r CROSS JOIN {table} i WHERE r.client = ?1 AND i.seq_id IN (
        SELECT n.seq_id FROM {table} n WHERE n.strategy_run_id = r.strategy_run_id ORDER BY n.seq_id DESC LIMIT ?2
    )
    UNION ALL
    SELECT i.seq_id FROM client_run c CROSS JOIN {table} i WHERE c.client = ?1 AND i.seq_id IN (
        SELECT n.seq_id FROM {table} n WHERE n.strategy_run_id IS NULL AND n.client_run_id = c.run_id
        ORDER BY n.seq_id DESC LIMIT ?2
    )
    ORDER BY 1 DESC LIMIT ?2
) ORDER BY seq_id DESC"""
"""The newest of each of its runs, and of these the newest: all found by index, however many others traded since.

``CROSS JOIN`` has SQLite go through the runs, and not through every row of the table.
"""
_ORDER: Final = "event_time, strategy, symbol, side, order_type, total_quantity, filled_quantity, status, reason, mode"
_FILL: Final = "exec_time, strategy, symbol, side, quantity, price, commission, net_pnl, currency"
_ORDERS: Final = _NEWEST.format(columns=_ORDER, view="v_orders", table="orders")
_FILLS: Final = _NEWEST.format(columns=_FILL, view="v_executions", table="execution")
_ALL: Final = """-- All {what} of the client, the newest first
SELECT *
FROM {view}
WHERE seq_id IN (
    SELECT i.seq_id
    FROM strategy_run r
    CROSS JOIN {table} i
    WHERE r.client = {client} AND i.strategy_run_id = r.strategy_run_id
    UNION ALL
    SELECT i.seq_id
    FROM client_run c
    CROSS JOIN {table} i
    WHERE c.client = {client} AND i.client_run_id = c.run_id AND i.strategy_run_id IS NULL
)
ORDER BY seq_id DESC
"""
_VIEWS: Final = {"orders": ("v_orders", "orders"), "fills": ("v_executions", "execution")}


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a client; moments are wall clock, 0 where they have not come.

    Attributes:
        outcome: stopped, finished, load_error, crashed, killed, job_error, unresponsive; "" while it runs.
        error: what ended it, in a line.

    """

    run_id: int
    pid: int
    mode: str
    code_hash: str
    started: Micros
    ended: Micros
    outcome: str
    exit_code: int | None
    error: str


@dataclass(frozen=True, slots=True)
class RanVersion:
    """A version of a client, with what ran it; ``processes`` is 0 and ``last_ran`` 0 where nothing did."""

    version: Version
    processes: int
    last_ran: Micros


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as it is now; ``time`` is the feed's."""

    time: Micros
    strategy: str
    symbol: str
    side: str
    order_type: str
    quantity: float
    filled: float
    status: str
    reason: str
    mode: str


@dataclass(frozen=True, slots=True)
class Trading:
    """What a client traded lately, newest first, and what its strategies made in ``currency``."""

    orders: tuple[OrderRow, ...]
    fills: tuple[FillRow, ...]
    strategies: tuple[StrategyPnl, ...]
    currency: str


def processes(home: Home, name: str, limit: int = 50) -> list[Process]:
    """The processes of a client, newest first."""
    rows = existing_ledger(home).client_runs(name, limit)
    return [
        Process(
            run.run_id, run.pid, run.mode, run.code_hash, run.started, run.ended or 0, run.outcome, run.exit_code,
            scrub(error_of(run.trace)),
        )
        for run in map(run_row, rows)
    ]  # fmt: skip


def ran_versions(home: Home, name: str) -> list[RanVersion]:
    """Every version of a client and how often it ran, the one deployed last first.

    Raises:
        ClientNotFound: nothing was ever deployed under that name.

    """
    ran: dict[str, list[Micros]] = {}
    for process in processes(home, name, _PROCESSES):
        ran.setdefault(process.code_hash, []).append(process.started)
    return [
        RanVersion(each, len(starts := ran.get(each.code_hash, [])), max(starts, default=0))
        for each in versions(home, name)
    ]


def trading(home: Home, name: str, mode: str = "", limit: int = 12) -> Trading:
    """The newest ``limit`` orders and fills of a client, and the result of its strategies in ``mode``."""
    view = portfolio.overview(home, mode or None)
    mine = tuple(each for each in view.strategies if each.client == name) if view.mode == (mode or view.mode) else ()
    with existing_ledger(home).reading() as read:
        orders = _rows(read, _ORDERS, name, limit)
        fills = _rows(read, _FILLS, name, limit)
    return Trading(
        tuple(OrderRow(from_text(row[0]), *row[1:]) for row in orders),
        tuple(FillRow(from_text(row[0]), *row[1:]) for row in fills),
        mine,
        view.currency,
    )


def sql_of(name: str, what: str) -> str:
    """A statement for all "orders" or "fills" of a client, to be narrowed further by hand."""
    view, table = _VIEWS[what]
    quoted = "'" + name.replace("'", "''") + "'"
    return _ALL.format(what=what, view=view, table=table, client=quoted)


def alerts_of(home: Home, name: str, limit: int = 20) -> list[AlertInfo]:
    """The newest alerts about a client, among the newest of all."""
    return [each for each in list_alerts(home, _ALERTS) if each.client == name][:limit]


def _rows(read: Reading, sql: str, name: str, limit: int) -> Sequence[tuple[Any, ...]]:
    return read.query(sql, (name, limit))[1]
