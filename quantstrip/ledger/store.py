"""Connections and transactions: the only module that talks to SQLite's driver.

Every writer begins IMMEDIATE, so that it waits for its turn instead of failing half way. Life-cycle writes are
``synchronous=FULL`` (a commit that returned survives a power cut), heartbeats NORMAL (they survive a crash of the
process, which is all they say). SQLAlchemy Core defines the tables and compiles the statements; their text goes
straight to the driver, because a fill must cost little more than its commit.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from quantstrip.clock import Clock, Micros, system_clock, to_text
from quantstrip.ledger.audit import Chain
from quantstrip.ledger.faults import busy, translate
from quantstrip.ledger.known import Known
from quantstrip.ledger.statements import Insert, Statement

if TYPE_CHECKING:
    from quantstrip.ledger.totals import Sums, TradeLink

BUSY_SECONDS = 30.0
_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    # Without it INSERT OR REPLACE would delete history without asking the triggers.
    "PRAGMA recursive_triggers = ON",
    # A fill touches a dozen pages: with SQLite's 1000 every seventieth would pay for copying the log into the file,
    # which is close to half of all the time spent on commits. 4000 pages are 16 MB of log at most.
    "PRAGMA wal_autocheckpoint = 4000",
)
_KEPT = 8
_SHORTEST, _LONGEST = 0.001, 0.008  # seconds between two looks at the lock
_process = [os.getpid()]  # asking the system each time would be a good part of entering a transaction
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _process.__setitem__(0, os.getpid()))
_ABANDONED: list[object] = []  # connections inherited through fork: neither used nor closed in the child


class Transaction:
    """One transaction of one connection.

    Attributes:
        now: the wall clock when it began, as ledger text.
        booked: executions that it booked, by exec_id, and their round trips, so that their commissions need not look
            them up. The round trip holds while ``known`` does.
        known: what is known from fills before.
        later: sums of its newest fill that wait for the next statement, since that is often the fill's commission.

    """

    __slots__ = ("_execute", "booked", "known", "later", "now", "raw")

    def __init__(self, raw: sqlite3.Connection, now: str, known: Known | None = None) -> None:
        self.raw = raw
        self._execute = raw.execute
        self.now = now
        self.known = known or Known()
        self.later: Sums | None = None
        self.booked: dict[str, tuple[dict[str, Any], TradeLink]] = {}

    def settle(self) -> None:
        """Write what was held back; every statement does so first."""
        later, self.later = self.later, None
        if later is not None:
            later.write(self)

    def run(self, statement: Statement, values: Mapping[str, Any] | None = None) -> sqlite3.Cursor:
        """Execute ``statement``."""
        if self.later is not None:
            self.settle()
        return self._execute(*statement.bind(values or {}))

    def one(self, statement: Statement, values: Mapping[str, Any] | None = None) -> Any:
        """The first row as a tuple, or None."""
        if self.later is not None:
            self.settle()
        return self._execute(*statement.bind(values or {})).fetchone()

    def all(self, statement: Statement, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Every row as a tuple."""
        if self.later is not None:
            self.settle()
        return self._execute(*statement.bind(values or {})).fetchall()

    def dicts(self, statement: Statement, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every row as a dict by column name."""
        cursor = self.run(statement, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def first(self, statement: Statement, values: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """The first row as a dict, or None."""
        rows = self.dicts(statement, values)
        return rows[0] if rows else None

    def sql(self, text: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        """Execute plain SQL with parameters by position: what each fill runs."""
        if self.later is not None:
            self.settle()
        return self._execute(text, values)

    def insert(self, statement: Insert, row: Mapping[str, Any], *, settle: bool = True) -> int | None:
        """Insert ``row``; the new row's key, or None when its key was there already.

        What was held back goes on waiting where ``settle`` is False.
        """
        if settle and self.later is not None:
            self.settle()
        cursor = self._execute(*statement.bind(row))
        return cursor.lastrowid if cursor.rowcount == 1 else None


class Connection(sqlite3.Connection):
    """A connection that knows how durable its commits are."""

    level = ""

    def durable(self, level: str) -> None:
        """Set what a commit survives: FULL a power cut, NORMAL the end of the process."""
        if self.level != level:
            self.execute(f"PRAGMA synchronous = {level}")
            self.level = level


class _Thread(threading.local):
    transaction: Transaction | None = None


class Store:
    """The database file of one ledger, shared by the threads of this process.

    Args:
        busy_seconds: how long a writer waits for its turn before it gives up with ``LedgerBusy``.

    Attributes:
        disposable: the file is a copy that is thrown away: no commit waits for the disk.

    """

    def __init__(self, path: Path, clock: Clock, busy_seconds: float = BUSY_SECONDS) -> None:
        self.path = path
        self.clock = clock
        self.busy_seconds = busy_seconds
        self.disposable = False
        self.audit = Chain(lambda: None)
        self._fresh()

    def _fresh(self) -> None:
        self._pid = _process[0]
        self._readers: list[Connection] = []
        self._writer: Connection | None = None
        self.known = Known()
        self._turn = threading.Lock()
        self._threads = _Thread()

    def now(self) -> Micros:
        """The wall clock."""
        return self.clock.now()

    def write(self, *, durable: bool = True) -> "Writing":
        """A writing transaction, as a context; inside another one of this thread it joins that one.

        Args:
            durable: a commit survives a power cut. False for heartbeats and their like.

        Raises:
            LedgerBusy: another process or thread held the database longer than the busy timeout.

        """
        return Writing(self, "FULL" if durable else "NORMAL")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Single statements that read; inside a transaction of this thread they see what it wrote."""
        joined = self.thread().transaction
        with self.translated():
            if joined is not None:
                joined.settle()
                yield joined
                return
            try:
                raw = self._readers.pop()
            except IndexError:
                raw = self._open("rw", None)
            try:
                yield Transaction(raw, to_text(self.clock.now()))
            finally:
                if len(self._readers) < _KEPT:
                    self._readers.append(raw)
                else:
                    raw.close()

    def connect(self, *, read_only: bool = False) -> Connection:
        """A connection of its own, which the caller closes; writing begins IMMEDIATE."""
        with self.translated():
            return self._open("ro" if read_only else "rw", "IMMEDIATE")

    def begin(self, level: str) -> Connection:
        """Wait for this process's and then this thread's turn to write; the writer, with its transaction begun.

        Threads of one process queue at a lock, in turn. Between processes SQLite's own waiting grows to a tenth of a
        second a look, so that an unlucky one waits long for a lock that was free many times; here it looks at least
        every eight milliseconds.

        Raises:
            LedgerBusy: the turn did not come within the busy timeout.

        """
        deadline = system_clock.monotonic() + self.busy_seconds
        if not self._turn.acquire(timeout=self.busy_seconds):
            raise busy(self.path, self.busy_seconds)
        try:
            raw = self._writer
            if raw is None:
                self.known.forget()
                self._writer = raw = self._open("rw", None, timeout=0.0)
            if raw.in_transaction:  # begun, but interrupted before anybody had it
                self.known.forget()
                raw.execute("ROLLBACK")
            raw.durable("OFF" if self.disposable else level)
            pause = _SHORTEST
            while True:
                try:
                    raw.execute("BEGIN IMMEDIATE")
                    self.audit.begun(raw, unchanged=self.known.begun(raw))
                    return raw
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or system_clock.monotonic() > deadline:
                        raise
                system_clock.wait(pause)
                pause = min(2 * pause, _LONGEST)
        except BaseException as error:
            self.known.forget()
            self._turn.release()
            if isinstance(error, sqlite3.Error):
                raise translate(error, self.path, self.busy_seconds) from error
            raise

    def end(self, transaction: Transaction, *, commit: bool) -> None:
        """End the transaction and let the next one write; a connection that cannot even roll back is closed."""
        raw, known, done = transaction.raw, self.known, False
        try:
            if commit:
                transaction.settle()
                holds = known.holds(raw)
                self.audit.seal(raw, transaction.now)
                if holds:  # links change no row that is known
                    known.keep(raw)
                raw.execute("COMMIT")
                self.audit.committed()
                done = True
            elif raw.in_transaction:  # a full disk has rolled back already
                raw.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise translate(error, self.path, self.busy_seconds) from error
        finally:
            if not done:
                known.forget()
            if raw.in_transaction:
                self._writer = None
                raw.close()
            self._turn.release()

    def thread(self) -> _Thread:
        """What belongs to this thread, in this process."""
        if _process[0] != self._pid:
            # SQLite forbids using, and even closing, a connection that was carried across a fork.
            _ABANDONED.append((self._readers, self._writer, self._threads))
            self._fresh()
        return self._threads

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn the driver's errors into the ledger's."""
        try:
            yield
        except sqlite3.Error as error:
            raise translate(error, self.path, self.busy_seconds) from error

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        with self._turn:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()
        while self._readers:
            self._readers.pop().close()

    def _open(self, mode: str, isolation: Literal["IMMEDIATE"] | None, *, timeout: float | None = None) -> Connection:
        raw = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=self.busy_seconds if timeout is None else timeout,
            isolation_level=isolation,
            check_same_thread=False,
            cached_statements=256,
            factory=Connection,
        )
        for pragma in _PRAGMAS:
            raw.execute(pragma)
        return raw


class Writing:
    """The context of a writing transaction. A class, not a generator: every fill enters three of them."""

    __slots__ = ("_begun", "_level", "_store", "_thread")

    def __init__(self, store: Store, level: str) -> None:
        self._store, self._level = store, level
        self._begun: Transaction | None = None

    def __enter__(self) -> Transaction:
        store = self._store
        self._thread = thread = store.thread()
        if thread.transaction is None:
            raw = store.begin(self._level)
            thread.transaction = self._begun = Transaction(raw, to_text(store.clock.now()), store.known)
        return thread.transaction

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._begun is not None:
            self._thread.transaction = None
            self._store.end(self._begun, commit=kind is None)
        elif kind is not None:  # a call failed half way, and its caller may go on
            self._store.known.forget()
        if isinstance(error, sqlite3.Error):
            raise translate(error, self._store.path, self._store.busy_seconds) from error
