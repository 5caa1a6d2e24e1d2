"""What a rehearsal writes down of each run of a job, and where."""

from typing import Final, NamedTuple

from quantstrip.clock import Micros

WRITTEN: Final = "rehearsal.jsonl"


class JobSeen(NamedTuple):
    """A run of a job; ``due``, ``started`` and ``finished`` are rehearsed time, ``seconds`` the machine's."""

    job: str
    due: Micros
    started: Micros
    finished: Micros
    seconds: float
    outcome: str
    trace: str
