"""``Ledger``: every call of the table families, on one database file."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import backup, schema
from quantstrip.ledger.alerts import Alerts
from quantstrip.ledger.audit import Chain
from quantstrip.ledger.audit_trail import AuditTrail, keys_for
from quantstrip.ledger.clients import Clients
from quantstrip.ledger.events import StrategyEvents
from quantstrip.ledger.family import Context, frame
from quantstrip.ledger.instruments import Instruments
from quantstrip.ledger.job_requests import JobRequests
from quantstrip.ledger.journal import Journal
from quantstrip.ledger.names import Names
from quantstrip.ledger.order_ids import OrderIds
from quantstrip.ledger.orders import Orders
from quantstrip.ledger.outbox import Outbox
from quantstrip.ledger.positions import Positions
from quantstrip.ledger.query import Parameters, Reading, reading
from quantstrip.ledger.reconciliation import Reconciliations
from quantstrip.ledger.report_metrics import ReportMetrics
from quantstrip.ledger.reporting import ReportingCurrency
from quantstrip.ledger.reports import EmailAccounts, Reports
from quantstrip.ledger.risk import RiskControls
from quantstrip.ledger.runs import ClientRuns, JobRuns
from quantstrip.ledger.store import BUSY_SECONDS, Store, Writing
from quantstrip.ledger.strategy_runs import StrategyRuns
from quantstrip.ledger.tasks import Tasks
from quantstrip.ledger.totals_check import differences

if TYPE_CHECKING:
    import pandas as pd

QUERY_SECONDS = 30.0
_SCHEME = "sqlite:///"


class Ledger(
    OrderIds,
    Orders,
    Journal,
    Positions,
    StrategyEvents,
    Names,
    Instruments,
    ReportingCurrency,
    Reports,
    ReportMetrics,
    EmailAccounts,
    ClientRuns,
    JobRuns,
    JobRequests,
    Clients,
    StrategyRuns,
    RiskControls,
    Reconciliations,
    Alerts,
    Outbox,
    Tasks,
    AuditTrail,
):
    """The ledger of one home. Threads and processes share it; a fork opens its own connections.

    Building one touches no disk; ``open_ledger`` also creates the database and checks its version.

    Args:
        where: a home, a database file, or its URL ``sqlite:///path``.
        clock: wall clock of ``create_time``, heartbeats and job runs.
        busy_seconds: how long a writer waits for its turn before ``LedgerBusy``.

    Example:
        >>> ledger = open_ledger(find_home())
        >>> with ledger.transaction():
        ...     ledger.insert_execution("0001", order_id, side="BUY", quantity=10, price=101.5)
        ...     ledger.insert_commission("0001", 1.0, "USD")

    """

    def __init__(
        self, where: Home | Path | str, *, clock: Clock = system_clock, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self.store = Store(_path(where), clock, busy_seconds)
        self.context = Context()
        self.store.audit = Chain(lambda: keys_for(where, self.path), self.context)

    @property
    def path(self) -> Path:
        """The database file."""
        return self.store.path

    @property
    def mode(self) -> str:
        """Whose money moves where a call does not say; set by ``start_client_run``, ``live`` before."""
        return str(self.context.mode)

    def transaction(self) -> Writing:
        """Make every call of this thread inside the block one durable transaction: all of it is kept, or nothing."""
        return self.store.write()

    @contextmanager
    def get_connection(self) -> Iterator[sqlite3.Connection]:
        """A DB-API connection of its own, for SQL and tables of a client's own.

        Committed at the end of the block, rolled back when it raises. The life-cycle history refuses changes here too.
        """
        with self.store.translated(), closing(self.store.connect()) as raw:
            raw.execute("PRAGMA synchronous = FULL")
            yield raw
            raw.commit()

    def run_query(self, sql: str, params: Parameters = ()) -> "pd.DataFrame":
        """A SELECT as a DataFrame; see ``query``."""
        return frame(*self.query(sql, params))

    def query(
        self,
        sql: str,
        params: Parameters = (),
        *,
        limit: int | None = None,
        timeout_seconds: float | None = QUERY_SECONDS,
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of one SELECT, on a connection that cannot write.

        Args:
            limit: most rows to return; None for all.
            timeout_seconds: the query is stopped then; None for no limit.

        Raises:
            LedgerError: the statement is wrong, would change something, or took too long.

        """
        with self.reading(timeout_seconds=timeout_seconds) as read:
            return read.query(sql, params, limit=limit)

    @contextmanager
    def reading(
        self, *, timeout_seconds: float | None = QUERY_SECONDS, stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[Reading]:
        """Several queries that see one moment: what is written meanwhile shows in none of them.

        They end within a moment of ``stopped`` being true, with ``QueryStopped``.
        """
        with reading(self.store, timeout_seconds, stopped) as read:
            yield read

    def backup(self, target: Path) -> Path:
        """Copy the ledger while it is in use; returns the checked copy's path."""
        return backup.backup(self.store, target)

    def integrity_check(self) -> list[str]:
        """What is wrong with the database file; empty when nothing is."""
        with self.store.translated(), closing(self.store.connect(read_only=True)) as raw:
            return backup.check(raw)

    def check_totals(self) -> list[str]:
        """What the sums kept beside the rows say otherwise than the rows; empty when they agree. Reads every row."""
        with self.store.read() as transaction:
            return differences(transaction)

    def migrate(self) -> str:
        """Create the database or bring it up to date; returns its revision."""
        return schema.migrate(self.store)

    def ensure(self) -> None:
        """Create the database when it is new; refuse one that is older or newer than the program."""
        schema.ensure(self.store)

    def schema_version(self) -> str | None:
        """Revision of the database, None when there is none yet."""
        return schema.stamp(self.store)[0]

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        self.store.close()


def _path(where: Home | Path | str) -> Path:
    if isinstance(where, Home):
        return where.database
    if isinstance(where, Path):
        return where
    if where.startswith(_SCHEME):
        return Path(where.removeprefix(_SCHEME))
    if "://" in where:
        raise LedgerError(f"the ledger is a SQLite file, got {where.split('://')[0]}://", hint=f"Use {_SCHEME}PATH.")
    return Path(where)
