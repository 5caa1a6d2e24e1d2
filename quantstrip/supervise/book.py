"""What the ledger knows about clients, in the words of supervision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantstrip.clock import Micros, from_text, to_text
from quantstrip.supervise.policy import Failure, Mark

FAILED = frozenset({"crashed", "killed", "job_error", "unresponsive"})
"""Outcomes of a run after which the restart policy decides."""

_STARTED = "started"


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A deployed client.

    Attributes:
        wanted: it should run.
        mark: why it is left alone although it should run.
        since: when a person started it, or when it was marked.
        note: the mark in words.

    """

    name: str
    code_hash: str
    source: str
    display_name: str
    mode: str
    wanted: bool
    differs: bool
    mark: Mark
    since: Micros
    note: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One process of a client, as it was recorded."""

    run_id: int
    client: str
    pid: int
    code_hash: str
    started: Micros
    heartbeat: Micros
    ended: Micros | None
    outcome: str
    exit_code: int | None
    trace: str
    next_job_time: str
    mode: str
    begun: bool
    """Its ``on_start`` is done."""

    @property
    def beat(self) -> Micros | None:
        """Its last heartbeat; None before the first, while the client is being loaded."""
        return None if self.heartbeat == self.started else self.heartbeat

    @property
    def failure(self) -> Failure | None:
        """The abnormal end of this run, if it had one."""
        if self.ended is None or self.outcome not in FAILED:
            return None
        return Failure(self.ended, killed=self.outcome == "killed")


def client_row(row: Mapping[str, Any]) -> ClientRow:
    """Read a row of the table ``client``."""
    mark, since, note = parse_note(str(row["status_note"] or ""))
    return ClientRow(
        name=str(row["name"]),
        code_hash=str(row["code_hash"] or ""),
        source=str(row["source"] or ""),
        display_name=str(row["display_name"] or ""),
        mode=str(row["mode"] or ""),
        wanted=row["desired_state"] == "running",
        differs=bool(row["differs"]),
        mark=mark,
        since=since,
        note=note,
    )


def run_row(row: Mapping[str, Any]) -> RunRow:
    """Read a row of the table ``client_run``."""
    return RunRow(
        run_id=int(row["run_id"]),
        client=str(row["client"]),
        pid=int(row["pid"]),
        code_hash=str(row["code_hash"] or ""),
        started=from_text(row["started"]),
        heartbeat=from_text(row["heartbeat"]),
        ended=from_text(row["ended"]) if row["ended"] else None,
        outcome=str(row["outcome"] or ""),
        exit_code=None if row["exit_code"] is None else int(row["exit_code"]),
        trace=str(row["trace"] or ""),
        next_job_time=str(row["next_job_time"] or ""),
        mode=str(row["mode"] or ""),
        begun=row["next_job_time"] is not None,
    )


def make_note(mark: Mark, moment: Micros, reason: str) -> str:
    """The text of ``status_note``: one line that a person reads and ``parse_note`` understands."""
    return f"{mark or _STARTED} since {to_text(moment)}: {reason}"


def parse_note(text: str) -> tuple[Mark, Micros, str]:
    """Mark, moment and words of a note; text of another form is words alone."""
    head, separator, reason = text.partition(": ")
    word, between, moment = head.partition(" since ")
    if not separator or not between or word not in {_STARTED, *Mark}:
        return Mark.NONE, 0, text
    return (Mark.NONE if word == _STARTED else Mark(word)), from_text(moment), reason
