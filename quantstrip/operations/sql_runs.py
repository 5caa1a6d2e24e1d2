"""Queries that run beside the page that asked for them: it can show how far they are, and stop them.

A run is a thread of the server; SQLite computes outside of Python's lock, and looks many times a second whether it is
to stop. Its rows go to a file in ``data/run/queries``; only the newest results are kept.
"""

import secrets
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from quantstrip.clock import system_clock
from quantstrip.errors import LedgerError, QuantstripError, QueryStopped
from quantstrip.home import Home, private_folder
from quantstrip.log import logger
from quantstrip.operations import sql
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.sql_store import Store

MOST_ROWS: Final = 1_000_000
MOST_BYTES: Final = 512_000_000
_KEPT: Final = 12
_AT_ONCE: Final = 4
_runs: "dict[str, Run]" = {}
_lock = threading.Lock()


class Run:
    """One query that runs, or ran.

    Attributes:
        store: its rows, as far as they came.
        error: why there is no result; None while it runs or where there is one.
        seconds: how long it took, or takes so far.

    """

    def __init__(self, home: Home, text: str, values: Mapping[str, Any], most_rows: int, seconds: float) -> None:
        self.key = secrets.token_urlsafe(12)
        self.text, self.values, self.limit_seconds = text, dict(values), seconds
        self.store = Store(_folder(home) / f"{self.key}.db")
        self.error: QuantstripError | None = None
        self._began, self._took = system_clock.monotonic(), 0.0
        self._stop, self._over = threading.Event(), threading.Event()
        threading.Thread(target=self._work, args=(home, most_rows), name="sql-query", daemon=True).start()

    @property
    def over(self) -> bool:
        """True once it has a result or an error."""
        return self._over.is_set()

    @property
    def seconds(self) -> float:
        """How long it took, or takes so far."""
        return self._took if self.over else system_clock.monotonic() - self._began

    @property
    def stopped(self) -> bool:
        """True once somebody asked it to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Let it end within a moment; rows that came are kept."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """True once it is over, at most so long from now."""
        return self._over.wait(seconds)

    def _work(self, home: Home, most_rows: int) -> None:
        try:
            with existing_ledger(home).reading(timeout_seconds=self.limit_seconds, stopped=self._stop.is_set) as read:
                columns, found = sql.asked(read, self.text, self.values)
                try:
                    self.store.fill(columns, found, most_rows=most_rows, most_bytes=MOST_BYTES)
                except QueryStopped:
                    if not self.store.rows:
                        raise
                    self.store.cut = "stopped"
        except QuantstripError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - a thread's last boundary: the page tells it
            logger.opt(exception=error).error("a query failed: {}", error)
            self.error = LedgerError(f"the query failed: {error}", hint="The dashboard's log has the trace.")
        finally:
            self._took = system_clock.monotonic() - self._began
            self._over.set()


def start(home: Home, text: str, values: Mapping[str, Any], *, most_rows: int, seconds: float) -> Run:
    """Begin a query.

    Raises:
        LedgerError: there is no ledger, no SQL, or too many queries run already.

    """
    sql.check(text)
    existing_ledger(home)
    with _lock:
        if sum(not each.over for each in _runs.values()) >= _AT_ONCE:
            raise LedgerError(f"{_AT_ONCE} queries run already", hint="Stop one of them, or wait until it is done.")
        run = Run(home, text, values, min(most_rows, MOST_ROWS), seconds)
        _runs[run.key] = run
        for key in [key for key, each in _runs.items() if each.over][:-_KEPT]:
            _runs.pop(key).store.forget()
    return run


def find(key: str) -> Run | None:
    """A run by its key; None where it is no longer kept."""
    return _runs.get(key)


def forget(key: str) -> None:
    """Stop a run, and remove its result."""
    with _lock:
        run = _runs.pop(key, None)
    if run is not None:
        run.stop()
        if run.wait(5.0):
            run.store.forget()


def _folder(home: Home) -> Path:
    folder = home.run / "queries"
    if not _runs:
        shutil.rmtree(folder, ignore_errors=True)  # of a server that ended
    private_folder(folder)
    return folder
