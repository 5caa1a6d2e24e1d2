"""What a client on trial did: orders, fills, mails, runs of jobs, as its own ledger tells."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from quantstrip.errors import LedgerError
from quantstrip.ledger import Ledger
from quantstrip.ledger.trial import MARKED
from quantstrip.operations.simulation_home import MARKS, trial_home
from quantstrip.report.files import write_whole

OUTCOME: Final = "outcome.json"
MOST: Final = 5000
"""Most rows of one kind that are kept; how many there were is told."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order, with the last that was heard of it; times are ledger text, UTC."""

    time: str
    strategy: str
    symbol: str
    side: str
    kind: str
    quantity: float
    limit_price: float | None
    stop_price: float | None
    status: str
    reference: str
    mode: str


@dataclass(frozen=True, slots=True)
class Execution:
    """A fill; ``commission`` and ``realized_pnl`` in its currency."""

    time: str
    strategy: str
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    realized_pnl: float | None
    currency: str
    mode: str


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that was captured instead of being sent."""

    time: str
    to: str
    subject: str
    body: str
    kind: str
    channel: str
    attachments: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A signal that became no order."""

    time: str
    strategy: str
    symbol: str
    side: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class JobRun:
    """A run of a job."""

    job: str
    due: str
    started: str
    finished: str
    outcome: str
    trace: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial did. At most ``MOST`` rows of each kind; ``counts`` says how many there were.

    Attributes:
        ending: how its process ended: finished, stopped, crashed, load_error, job_error, killed; "" while it runs.
        trace: why, where it did not end well.

    """

    orders: tuple[Order, ...] = ()
    executions: tuple[Execution, ...] = ()
    mails: tuple[Mail, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    jobs: tuple[JobRun, ...] = ()
    counts: Mapping[str, int] | None = None
    ending: str = ""
    trace: str = ""


_QUERIES: Final[Mapping[str, tuple[type, str, str]]] = {
    "orders": (Order, "orders", """
        SELECT o.event_time, coalesce(s.name, ''), o.symbol, o.side, coalesce(o.order_type, ''), o.total_quantity,
               o.limit_price, o.stop_price,
               coalesce((SELECT x.status FROM order_status x WHERE x.order_id = o.order_id
                          ORDER BY x.order_status_id DESC LIMIT 1), ''),
               coalesce(o.client_reference, ''), o.mode
          FROM orders o LEFT JOIN strategy s ON s.strategy_id = o.strategy_id
         WHERE o.seq_id > ? ORDER BY o.seq_id"""),
    "executions": (Execution, "execution", """
        SELECT e.exec_time, coalesce(s.name, ''), e.symbol, e.side, e.quantity, e.price,
               coalesce((SELECT sum(c.amount) FROM commission c WHERE c.exec_id = e.exec_id), 0.0),
               (SELECT p.realized_pnl FROM position_event p WHERE p.exec_id = e.exec_id), e.currency, e.mode
          FROM execution e LEFT JOIN strategy s ON s.strategy_id = e.strategy_id
         WHERE e.seq_id > ? ORDER BY e.seq_id"""),
    "mails": (Mail, "outbox", """
        SELECT m.create_time, m.recipients, m.subject, m.body, coalesce(m.kind, ''), coalesce(m.channel, ''),
               coalesce((SELECT group_concat(a.filename, ', ') FROM outbox_attachment a
                          WHERE a.outbox_id = m.outbox_id), '')
          FROM outbox m WHERE m.outbox_id > ? ORDER BY m.outbox_id"""),
    "rejections": (Rejection, "rejected_signal", """
        SELECT r.event_time, coalesce(s.name, ''), r.symbol, r.side, r.rule, r.reason
          FROM rejected_signal r LEFT JOIN strategy s ON s.strategy_id = r.strategy_id
         WHERE r.rejected_signal_id > ? ORDER BY r.rejected_signal_id"""),
    "jobs": (JobRun, "job_run", """
        SELECT j.job, j.due, coalesce(j.started, ''), coalesce(j.finished, ''), coalesce(j.outcome, ''), j.trace
          FROM job_run j WHERE j.job_run_id > ? ORDER BY j.job_run_id"""),
}  # fmt: skip
_ENDING: Final = "SELECT coalesce(outcome, ''), trace FROM client_run WHERE run_id > ? ORDER BY run_id DESC LIMIT 1"


def outcome_of(folder: Path) -> Outcome:
    """What the trial of a task's ``folder`` did so far, or did in all where it is over; empty before it begins.

    Raises:
        LedgerError: its ledger cannot be read.

    """
    kept, marks, database = folder / OUTCOME, folder / MARKS, trial_home(folder).database
    if not kept.is_file() and marks.is_file() and database.is_file():
        try:
            return _looked(database, json.loads(marks.read_text(encoding="utf-8")))
        except LedgerError:
            if not kept.is_file():  # it ended meanwhile, and its home went
                raise
    return _read(json.loads(kept.read_text(encoding="utf-8"))) if kept.is_file() else Outcome()


def _looked(database: Path, above: Mapping[str, int]) -> Outcome:
    """What stands in a trial's ledger above its marks."""
    ledger = Ledger(database)
    try:
        with ledger.reading() as read:
            rows: dict[str, tuple[Any, ...]] = {}
            counts = {}
            for name, (form, table, query) in _QUERIES.items():
                rows[name] = tuple(form(*row) for row in read.query(query, (above[table],), limit=MOST)[1])
                count = f"SELECT count(*) FROM {table} WHERE {MARKED[table]} > ?"  # noqa: S608 - names of ours
                counts[name] = int(read.query(count, (above[table],))[1][0][0])
            runs = read.query(_ENDING, (above["client_run"],))[1]
    finally:
        ledger.close()
    ending, trace = runs[0] if runs else ("", "")
    return Outcome(**rows, counts=counts, ending=str(ending), trace=str(trace))


def keep_outcome(folder: Path) -> Outcome:
    """Keep what the trial did in a file, so that its home may go."""
    found = outcome_of(folder)
    write_whole(folder / OUTCOME, json.dumps(asdict(found), indent=1).encode())
    return found


def _read(raw: Mapping[str, Any]) -> Outcome:
    given = {name: tuple(form(**row) for row in raw[name]) for name, (form, _, _) in _QUERIES.items()}
    return Outcome(**given, counts=raw["counts"], ending=raw["ending"], trace=raw["trace"])


def summary_of(found: Outcome) -> dict[str, Any]:
    """The trial in figures, for the task's result."""
    return {"ending": found.ending, **(found.counts or {})}
