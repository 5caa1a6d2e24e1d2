"""The one session that a screen shows while replays are moving.

A replay writes its fills at once and its equity up to half a second later, and two replays that began together are
some sessions apart. Read as they lie, fills would run ahead of the equity they changed. What is shown therefore ends
with the last session that every replay side by side has recorded its equity of; once they hold, nothing is left out.
The views are by session, so their rows up to there are the picture. Runs in the market are never cut: their clock is
the wall's, and a fill must show at once.
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
    "SELECT feed_time, feed_date, started, update_time, "
    "(SELECT MIN(q.event_time) FROM strategy_equity q WHERE q.strategy_run_id = r.strategy_run_id) "
    "FROM strategy_run r WHERE mode = ? AND current = 1"
)
_LAST_FILL: Final = "SELECT create_time FROM execution ORDER BY seq_id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class _Run:
    """A current run; times are UTC text, ``feed_time``, ``feed_date`` and ``first`` None before its first equity."""

    feed_time: str | None
    feed_date: str | None
    started: str
    updated: str
    first: str | None

    def seconds_behind(self, newest: str) -> float:
        """Wall seconds until this run has come to ``newest`` at its pace so far; infinite before its first equity.

        With one session there is no pace yet, and none is missing for long: the next is written within half a second.
        """
        if self.feed_time is None or self.first is None:
            return float("inf")
        missing, done = _span(self.feed_time, newest), _span(self.first, self.feed_time)
        if missing == 0:
            return 0.0
        return missing / done * _span(self.started, self.updated) / SECOND if done else 0.0


def shown_session(read: Reading, mode: str, now: Micros) -> str | None:
    """The last session of ``mode`` that is shown at the wall time ``now``.

    None where nothing is left out, "" where no replay has recorded equity yet.
    """
    if mode not in _SIMULATED:
        return None
    runs = [_Run(*row) for row in read.query(_RUNS, [mode])[1]]
    news = to_text(now - int(SETTLED_SECONDS * SECOND))
    moving = [run for run in runs if run.updated > news]
    if not moving and not _is_newer(read.query(_LAST_FILL)[1], news):
        return None
    newest = max((run.feed_time or "" for run in runs), default="")
    near = [run.feed_time or "" for run in moving if run.seconds_behind(newest) <= SETTLED_SECONDS]
    reached = min([newest, *near])
    return max((run.feed_date or "" for run in runs if (run.feed_time or "") == reached), default="")


def _span(start: str, end: str) -> Micros:
    return from_text(end) - from_text(start)


def _is_newer(rows: Sequence[tuple[Any, ...]], moment: str) -> bool:
    return bool(rows) and rows[0][0] > moment
