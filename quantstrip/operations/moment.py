"""The one moment of the feed that a screen shows while replays are moving.

A replay writes its fills at once and its equity up to half a second later, and two replays that began together are
some sessions apart. Read as they lie, fills would run ahead of the equity they changed. What is shown is therefore cut
at the last moment that every replay side by side has reached; once they hold, nothing is cut. Runs in the market are
never cut: their clock is the wall's, and a fill must show at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantstrip.clock import SECOND, Micros, from_text, to_text
from quantstrip.ledger.query import Reading
from quantstrip.model.enums import Mode

SETTLED_SECONDS: Final = 5.0
"""A run without news for so long is shown whole: its equity had time to be written, or will never be."""
_SIMULATED: Final = frozenset({Mode.REPLAY, Mode.SIMULATION})
_RUNS: Final = (
    "SELECT strategy_run_id, initial_cash, feed_time, feed_date, started, update_time, "
    "(SELECT MIN(q.event_time) FROM strategy_equity q WHERE q.strategy_run_id = r.strategy_run_id) "
    "FROM strategy_run r WHERE mode = ? AND current = 1"
)
_LAST_FILL: Final = "SELECT create_time FROM execution ORDER BY seq_id DESC LIMIT 1"
_POINT: Final = (
    "SELECT event_time, equity FROM strategy_equity WHERE strategy_run_id = ? AND event_time <= ? "
    "ORDER BY event_time DESC LIMIT 1"
)
_BEFORE: Final = (
    "SELECT equity FROM strategy_equity WHERE strategy_run_id = ? AND event_time < ? ORDER BY event_time DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Run:
    """A current run; times are UTC text, ``feed_time`` and ``first`` None before its first equity."""

    row: int
    initial_cash: float
    feed_time: str | None
    feed_date: str | None
    started: str
    updated: str
    first: str | None

    def seconds_behind(self, newest: str) -> float:
        """Wall seconds until this run has come to ``newest`` at its pace so far; infinite where it has none."""
        if self.feed_time is None or self.first is None:
            return float("inf")
        missing, done = _span(self.feed_time, newest), _span(self.first, self.feed_time)
        if missing == 0:
            return 0.0
        return missing / done * _span(self.started, self.updated) / SECOND if done else float("inf")


@dataclass(frozen=True, slots=True)
class Equity:
    """Equity at the shown moment: its session's date, its value, and its change in that session."""

    session: str
    value: float
    today: float


@dataclass(frozen=True, slots=True)
class Moment:
    """Where the runs of a mode are cut; ``until`` is UTC text, None where nothing is."""

    until: str | None
    runs: tuple[Run, ...] = ()

    @property
    def cuts(self) -> dict[int, str]:
        """The last moment shown of each run, "" where it has none yet; runs that are not cut are missing."""
        if self.until is None:
            return {}
        return {run.row: min(run.feed_time or "", self.until) for run in self.runs}

    def equity(self, read: Reading, row: int) -> Equity | None:
        """A cut run's equity; None where none is recorded yet."""
        run = next(run for run in self.runs if run.row == row)
        points = read.query(_POINT, [row, self.cuts[row]])[1]
        if not points:
            return None
        when, value = points[0]
        # Between two writes of a fast replay the session's date is the day of its bar, in UTC.
        session = str(run.feed_date if when == run.feed_time else when[:10])
        before = read.query(_BEFORE, [row, session])[1]
        return Equity(session, value, round(value - (before[0][0] if before else run.initial_cash), 8))


def shown_moment(read: Reading, mode: str, now: Micros) -> Moment:
    """Where the current runs of ``mode`` are cut at the wall time ``now``."""
    if mode not in _SIMULATED:
        return Moment(None)
    runs = tuple(Run(*row) for row in read.query(_RUNS, [mode])[1])
    news = to_text(now - int(SETTLED_SECONDS * SECOND))
    moving = [run for run in runs if run.updated > news]
    if not moving and not _is_newer(read.query(_LAST_FILL)[1], news):
        return Moment(None)
    newest = max((run.feed_time or "" for run in runs), default="")
    near = [run.feed_time or "" for run in moving if run.seconds_behind(newest) <= SETTLED_SECONDS]
    return Moment(min([newest, *near]), runs)


def _span(start: str, end: str) -> Micros:
    return from_text(end) - from_text(start)


def _is_newer(rows: Sequence[tuple[Any, ...]], moment: str) -> bool:
    return bool(rows) and rows[0][0] > moment
