"""What one client did and does, as tables."""

from collections.abc import Sequence
from typing import Final

from components import markup, portfolio, times
from components.markup import Column, Html, Tone
from quantstrip.operations.alerts import AlertInfo
from quantstrip.operations.client_history import OrderRow, Process, RanVersion
from quantstrip.operations.figures import FillRow
from quantstrip.operations.jobs import JobRunInfo, PlannedJob

OUTCOME_TONES: Final[dict[str, Tone]] = {
    "ok": "good", "running": "info", "overrun": "warn", "failed": "bad", "interrupted": "bad", "missed": "warn",
}  # fmt: skip
_ENDS: Final[dict[str, Tone]] = {"stopped": "idle", "finished": "idle", "": "good"}
_HASH: Final = 12


def planned(rows: Sequence[PlannedJob]) -> Html:
    """What a client runs next."""
    columns = [Column(f"Due ({times.zone_name()})"), Column("Job")]
    found = [(times.second(row.due), _wrapped(row.job)) for row in rows if row.due]
    return markup.table(columns, found, label="Next jobs", none="No job is planned")


def planned_by_all(rows: Sequence[PlannedJob]) -> Html:
    """What all clients run next, in half of a page."""
    columns = [Column("Due"), Column("Client"), Column("Job")]
    found = [(times.clock_time(row.due), _wrapped(row.client), _wrapped(row.job)) for row in rows]
    return markup.table(columns, found, label="Next jobs", none="No job is planned")


def job_runs(rows: Sequence[JobRunInfo]) -> Html:
    """What a client ran, when it was due, and how it ended."""
    columns = [
        Column(f"Due ({times.zone_name()})"),
        Column("Ran", minor=True),
        Column("Took", True),
        Column("Outcome"),
        Column("Job"),
        Column("Version", minor=True),
    ]
    found = [
        (
            times.second(row.due),
            times.second(row.started) if row.started else markup.DASH,
            _took(row),
            _outcome(row),
            markup.join(_wrapped(row.job), _small(row.error)),
            _hash(row.code_hash),
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Job runs", none="No job ran yet")


def run_by_all(rows: Sequence[JobRunInfo]) -> Html:
    """What all clients ran last, in half of a page."""
    columns = [Column("Due"), Column("Client"), Column("Job"), Column("Outcome")]
    found = [
        (
            times.clock_time(row.due),
            _wrapped(row.client),
            markup.join(_wrapped(row.job), _small(row.error)),
            _outcome(row),
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Last job runs", none="No job ran yet")


def processes(rows: Sequence[Process]) -> Html:
    """Each start and how it ended."""
    columns = [
        Column(f"Started ({times.zone_name()})"),
        Column("Ended"),
        Column("How"),
        Column("Exit code", True, minor=True),
        Column("PID", True, minor=True),
        Column("Mode", minor=True),
        Column("Version", minor=True),
        Column("Error"),
    ]
    found = [
        (
            times.second(row.started),
            times.second(row.ended) if row.ended else markup.DASH,
            markup.chip(row.outcome.replace("_", " ") or "running", _ENDS.get(row.outcome, "bad")),
            markup.DASH if row.exit_code is None else row.exit_code,
            row.pid or markup.DASH,
            row.mode or markup.DASH,
            _hash(row.code_hash),
            _wrapped(row.error),
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Processes", none="It was never started")


def versions(rows: Sequence[RanVersion]) -> Html:
    """Every version, and what ran it."""
    columns = [
        Column("Version"),
        Column(f"Deployed ({times.zone_name()})"),
        Column("Processes", True),
        Column("Ran last", minor=True),
        Column("Differs from the current one by"),
    ]
    found = [
        (
            markup.join(_hash(row.version.code_hash), markup.text(" "), *_marks(row)),
            times.second(row.version.last),
            row.processes,
            times.second(row.last_ran) if row.last_ran else markup.DASH,
            _wrapped(row.version.change or row.version.note),
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Versions", none="Nothing was deployed yet")


def orders(rows: Sequence[OrderRow]) -> Html:
    """The newest orders."""
    columns = [
        Column(f"Decided ({times.zone_name()})"),
        Column("Symbol"),
        Column("Side"),
        Column("Type", minor=True),
        Column("Units", True),
        Column("Filled", True, minor=True),
        Column("Status"),
        Column("Mode", minor=True),
    ]
    found = [
        (
            times.minute(row.time),
            row.symbol,
            markup.chip(row.side, portfolio.SIDE_TONES.get(row.side, "idle")),
            row.order_type,
            markup.quantity(row.quantity),
            markup.quantity(row.filled or 0.0),
            markup.join(markup.text(row.status), _small(row.reason or "")),
            row.mode,
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Orders", none="It sent no order yet")


def fills(rows: Sequence[FillRow]) -> Html:
    """The newest fills, at the feed's time."""
    columns = [
        Column(f"Time ({times.zone_name()})"),
        Column("Symbol"),
        Column("Side"),
        Column("Units", True),
        Column("Price", True),
        Column("Commission", True, minor=True),
        Column("Net PnL", True),
    ]
    found = [
        (
            times.minute(row.time),
            row.symbol,
            markup.chip(row.side, portfolio.SIDE_TONES.get(row.side, "idle")),
            markup.quantity(row.quantity),
            markup.number(row.price),
            markup.number(row.commission),
            markup.signed(row.net_pnl),
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Executions", none="It had no fill yet")


def alerts(rows: Sequence[AlertInfo]) -> Html:
    """What a person should know of it."""
    columns = [Column(f"Last ({times.zone_name()})"), Column("Kind"), Column("Alert"), Column("Times", True)]
    found = [
        (
            times.second(row.newest),
            markup.chip(row.kind.replace("_", " "), "idle" if row.seen else "bad"),
            _wrapped(row.subject),
            row.occurrences,
        )
        for row in rows
    ]
    return markup.table(columns, found, label="Alerts", none="No alert")


def _took(row: JobRunInfo) -> str:
    """How long a run took: short ones in milliseconds."""
    seconds = row.seconds
    if seconds is None:
        return markup.DASH
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s" if seconds < 120 else times.age(seconds)


def _outcome(row: JobRunInfo) -> Html:
    marks = [markup.chip(row.outcome, OUTCOME_TONES.get(row.outcome, "idle"))]
    marks += [markup.chip("late", "warn", title="It began more than a minute after it was due")] if row.late else []
    marks += [markup.chip("by hand", "info", title="A person asked for it")] if row.by_hand else []
    return markup.join(*marks)


def _marks(row: RanVersion) -> list[Html]:
    marks = [markup.chip("current", "good")] if row.version.current else []
    return marks + ([] if row.version.stored else [markup.chip("files are gone", "warn")])


def _hash(code_hash: str) -> Html:
    return markup.tag("code", markup.text(code_hash[:_HASH])) if code_hash else markup.text(markup.DASH)


def _wrapped(words: str) -> Html:
    """Words that may take several lines in their cell."""
    return markup.tag("span", markup.text(words), "qs-wrap")


def _small(words: str) -> Html:
    return markup.tag("small", markup.text(f" {words}"), "qs-second qs-wrap") if words else markup.EMPTY
