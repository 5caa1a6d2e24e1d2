"""What to do about one client: a pure decision over facts, taken anew at each event and tick.

Nothing is remembered between two decisions but what the ledger and supervisord know, so a warden that died
decides the same when it is back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from quantstrip.clock import SECOND, Micros
from quantstrip.model.exits import ExitCode
from quantstrip.ports import ProcessState

ALIVE = frozenset({"STARTING", "RUNNING"})
LOCK_RETRY_SECONDS = 5.0
"""Pause before a client is tried again that found another copy of itself running."""


class Mark(StrEnum):
    """Why a client that should run is left alone until a person starts it, or the service starts anew."""

    NONE = ""
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    LOAD_ERROR = "load_error"
    GIVEN_UP = "given_up"


_QUIET_ENDS = {
    "finished": (Mark.FINISHED, "it ended itself with stop_client()"),
    "job_error": (Mark.FAILED, "a job failed and its error policy is to stop"),
}
LASTING = frozenset({Mark.FINISHED, Mark.FAILED})
"""Ends a client chose itself: they hold until a person starts it, also when the service starts anew."""


class Step(StrEnum):
    """What the warden does next about one client."""

    KEEP = "keep"
    START = "start"
    STOP = "stop"
    KILL = "kill"
    WAIT = "wait"
    MARK = "mark"


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a client is started again, and when no more.

    Attributes:
        delays: seconds before the first, second ... restart inside the window; after the last one it is given up.
        window_seconds: failures older than this are forgiven.
        stale_seconds: a heartbeat older than this means that the process no longer works.
        startup_seconds: how long a new process may take to its first heartbeat.

    """

    delays: tuple[float, ...] = (0.0, 1.0, 2.0, 5.0, 15.0)
    window_seconds: float = 300.0
    stale_seconds: float = 30.0
    startup_seconds: float = 300.0


class Failure(NamedTuple):
    """An abnormal end that still counts.

    ``killed`` means that a signal from outside ended it (a person, the kernel short of memory): that is no fault
    of its code, so such ends are forgiven three times as often.
    """

    ended: Micros
    killed: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a decision rests on.

    Attributes:
        wanted: the client should run.
        mark: why it is left alone, as recorded.
        process: what supervisord says; None when it does not know the client.
        heartbeat: last sign of life of the process that runs now; None before its first.
        ended: exit code of the latest process; None when none ran since the service started.
        outcome: how it ended in its own words; ``finished`` says that its work is done.
        failures: abnormal ends that still count, oldest first; the latest end is among them.

    """

    wanted: bool
    mark: Mark
    process: ProcessState | None
    heartbeat: Micros | None
    ended: int | None
    outcome: str
    failures: Sequence[Failure]


@dataclass(frozen=True, slots=True)
class Decision:
    """One step, and what to tell about it."""

    step: Step
    reason: str = ""
    mark: Mark = Mark.NONE
    until: Micros = 0


_KEEP = Decision(Step.KEEP)


def decide(facts: Facts, policy: RestartPolicy, now: Micros) -> Decision:
    """The step for one client at ``now`` (wall clock)."""
    process = facts.process
    if process is not None and process.state == "STOPPING":
        return _KEEP
    if process is not None and process.state in ALIVE:
        if not facts.wanted:
            return Decision(Step.STOP, "it should not run")
        return _watch(process, facts.heartbeat, policy, now)
    if not facts.wanted or facts.mark is not Mark.NONE:
        return _KEEP
    if process is None or facts.ended is None:
        return Decision(Step.START, "it should run")
    return _after_end(facts, facts.ended, process, policy, now)


def _watch(process: ProcessState, heartbeat: Micros | None, policy: RestartPolicy, now: Micros) -> Decision:
    limit = policy.startup_seconds if heartbeat is None else policy.stale_seconds
    age = (now - max(heartbeat or 0, process.started)) / SECOND
    if age > limit:
        what = "no first heartbeat" if heartbeat is None else "no heartbeat"
        return Decision(Step.KILL, f"{what} for {age:.0f} s; it is killed and started again")
    return _KEEP


def _after_end(facts: Facts, code: int, process: ProcessState, policy: RestartPolicy, now: Micros) -> Decision:
    if code == ExitCode.STOPPED:
        mark, reason = _QUIET_ENDS.get(facts.outcome, (Mark.STOPPED, "it was asked to end, not by the service"))
        return Decision(Step.MARK, reason, mark)
    if code == ExitCode.LOAD_ERROR:
        return Decision(Step.MARK, "it could not be loaded; it is not tried again by itself", Mark.LOAD_ERROR)
    if code == ExitCode.LOCKED:
        return _when_due(process.stopped, LOCK_RETRY_SECONDS, "another copy of it runs", now)
    count = failures_counted(facts.failures)
    if count > len(policy.delays):
        return Decision(
            Step.MARK,
            f"it failed {len(facts.failures)} times within {policy.window_seconds:.0f} s; "
            "it is not started again by itself",
            Mark.GIVEN_UP,
        )
    delay = policy.delays[count - 1] if count else 0.0
    last = facts.failures[-1].ended if facts.failures else process.stopped
    return _when_due(last, delay, f"failure {count} of {len(policy.delays)} that are forgiven", now)


def failures_counted(failures: Sequence[Failure]) -> int:
    """How many pauses of the policy are used up: three kills from outside count as one failure of the client."""
    thirds = sum(1 if failure.killed else 3 for failure in failures)
    return -(-thirds // 3)


def _when_due(since: Micros, delay_seconds: float, reason: str, now: Micros) -> Decision:
    due = since + round(delay_seconds * SECOND)
    # A clock set back must not turn a pause of seconds into one of hours.
    if now >= due or now < since - SECOND:
        return Decision(Step.START, reason)
    return Decision(Step.WAIT, reason, until=due)
