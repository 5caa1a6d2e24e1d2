"""A client on a bench: its clock, its records, and a loop that the test drives."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from quantstrip.client.base import ClientBase
from quantstrip.client.context import ClientContext, bound
from quantstrip.client.ending import Ending
from quantstrip.client.loop import ClientLoop
from quantstrip.client.records import MemoryRecords
from quantstrip.clock import SECOND, ManualClock, Micros, from_text, to_text
from quantstrip.log import logger


class JumpyClock(ManualClock):
    """A machine's clock: it can be set, and the machine can sleep, while the steady clock knows nothing of it."""

    __slots__ = ("asleep", "steady")

    def __init__(self, moment: Micros) -> None:
        super().__init__(moment)
        self.steady = 0.0
        self.asleep: list[tuple[Micros, float]] = []

    def monotonic(self) -> float:
        return self.steady

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self.steady += seconds
        while self.asleep and self.asleep[0][0] <= self.moment:
            super().advance(self.asleep.pop(0)[1])

    def jump_at(self, moment: str, seconds: float) -> None:
        """At ``moment``, the wall clock moves by ``seconds``: the machine slept, or its clock was set."""
        self.asleep.append((from_text(moment), seconds))

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        return super().wait(seconds, stop)


class Bench:
    """Runs a client class from a moment on, process after process, over one set of records."""

    def __init__(self, start: str = "2026-01-05 14:00") -> None:
        self.clock = JumpyClock(from_text(start))
        self.records = MemoryRecords()
        self.ran: list[str] = []
        self.started: Micros | None = None
        self.loop: ClientLoop | None = None

    def start(self, kind: type[ClientBase], *, same_code: bool = True) -> ClientLoop:
        """Start a process: construct, ``on_start``, resume."""
        with bound(ClientContext("bench", self.clock, ZoneInfo("America/New_York"))):
            client = kind(self)
        known_since = self.started if same_code else None
        self.started = self.clock.now()
        self.loop = ClientLoop(client, self.records, 1, known_since)
        self.loop.begin()
        return self.loop

    def start_and_run(self, kind: type[ClientBase]) -> Ending:
        """A whole life, from construction to its ending."""
        with bound(ClientContext("bench", self.clock, ZoneInfo("America/New_York"))):
            client = kind(self)
        self.loop = ClientLoop(client, self.records)
        return self.loop.run()

    def run_until(self, moment: str) -> None:
        """Let the loop turn until the wall clock shows ``moment`` (UTC); no further."""
        assert self.loop is not None
        end = from_text(moment)
        while self.clock.now() < end:
            self.loop.step(longest=min(30.0, (end - self.clock.now()) / SECOND))

    def note(self, name: str = "job") -> None:
        """A job's body: remember when it ran."""
        self.ran.append(f"{to_text(self.clock.now())[:16]} {name}")

    def outcomes(self) -> list[tuple[str, str]]:
        """Due time and outcome of every recorded run."""
        return [(to_text(run.due)[:16], run.outcome) for run in sorted(self.records.runs, key=lambda run: run.due)]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Lines that were logged."""
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), format="{level} {message}")
    yield lines
    logger.remove(sink)


@pytest.fixture
def client_of() -> Callable[..., type[ClientBase]]:
    """Make a client class whose jobs are scheduled by ``plan(client, bench)``."""

    def make(plan: Callable[[Any, Bench], None], **attributes: Any) -> type[ClientBase]:
        def init(self: Any, bench: Bench) -> None:
            plan(self, bench)

        return type("Client", (ClientBase,), {"__init__": init, **attributes})

    return make
