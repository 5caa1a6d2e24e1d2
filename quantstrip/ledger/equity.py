"""Equity points of a run, with the prices behind them, written in batches."""

import threading

from quantstrip.clock import Micros, from_text
from quantstrip.errors import QuantstripError
from quantstrip.ledger import validate
from quantstrip.ledger.instruments import trade_date_of
from quantstrip.ledger.run_marks import Marks, Valuation, nothing_held, write_marks
from quantstrip.ledger.store import Store, Transaction
from quantstrip.ledger.strategy_runs import write_equity

FLUSH_SECONDS = 0.5
FLUSH_POINTS = 500


class EquityBuffer:
    """Keeps equity points for at most half a second, so that a fast replay costs two commits a second, not hundreds.

    What a crash loses of them, the repeated run writes again.
    """

    def __init__(self, store: Store, run_id: int, until: str | None, calendar: str) -> None:
        self._store, self._run_id, self._calendar = store, run_id, calendar
        self._until: Micros = from_text(until) if until else -1
        self._points: list[tuple[Micros, float]] = []
        self._marks: dict[Micros, Marks] = {}
        self.valuation: Valuation = nothing_held
        """What the run holds is valued at, asked for with each point: a batch is written later, by another thread."""
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._failure: QuantstripError | None = None

    def add(self, ts: Micros, equity: float) -> None:
        """Keep a point; one that the run has written before is passed over.

        Raises:
            QuantstripError: an earlier batch could not be written.

        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if ts <= self._until:
            return
        self._until = ts
        marks = self.valuation()
        with self._lock:
            if marks:
                self._marks[ts] = marks
            self._points.append((ts, validate.finite("equity", equity)))
            full = len(self._points) >= FLUSH_POINTS
            if self._timer is None:
                # The feed may hold after this bar for hours; its point must not wait for the next one.
                self._timer = threading.Timer(FLUSH_SECONDS, self._flush_later)
                self._timer.daemon = True
                self._timer.start()
        if full:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        with self._lock:
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            if not self._points:
                return
            with self._store.write(durable=False) as tx:
                ends = write_equity(tx, self._run_id, self._points, lambda moment: self._session(tx, moment))
                known = self._marks
                write_marks(tx, self._run_id, ((day, ts, known[ts]) for day, ts in ends.items() if ts in known))
            self._points, self._marks = [], {}

    def _session(self, tx: Transaction, moment: str) -> str:
        return trade_date_of(tx, self._store.now(), self._calendar, moment) if self._calendar else moment[:10]

    def _flush_later(self) -> None:
        try:
            self.flush()
        except QuantstripError as error:
            self._failure = error  # the points are still there; add() raises it in the engine's thread
