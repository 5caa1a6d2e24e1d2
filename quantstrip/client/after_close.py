"""Work that is due once for every session of an exchange, after its close: half-days, holidays and restarts considered.

Kept apart from daily jobs on purpose: a daily job would be *missed* on each weekend and holiday that follows a restart.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from schedule import CancelJob

from quantstrip.calendars import get_calendar
from quantstrip.client.base import ClientBase
from quantstrip.clock import SECOND, Micros, to_datetime

if TYPE_CHECKING:
    from quantstrip.calendars import Calendar

RETRY_SECONDS = 300
"""Pause after work that raised; work that takes longer than this counts as an overrun."""
_LOOK_BACK = timedelta(days=30)
"""Longer than any closure of an exchange."""

Terms = Callable[[], tuple[str, float]]


class AfterClose:
    """Runs ``work(session)`` some time after each close, as a job of the client's schedule.

    Whether a session's work is done is asked of ``is_done``, not of the schedule: what a killed process left undone is
    done when it is started again, what it finished is not repeated. Of several sessions that passed meanwhile only the
    last one is made up for. Work that raises is recorded as any failed job, and tried again after five minutes.

    Args:
        client: whose schedule.
        work: called with the session's date.
        is_done: True when a session needs no work any more; asked before it, from the client's own thread.
        terms: exchange and delay after its close in seconds, as they are now; asked anew for every session.

    Example:
        >>> class Client(ClientBase):
        ...     def on_start(self):
        ...         AfterClose(self, self.work, lambda day: day in self.days, lambda: ("NYSE", 900.0)).start()

    """

    def __init__(
        self, client: ClientBase, work: Callable[[date], Any], is_done: Callable[[date], bool], terms: Terms
    ) -> None:
        self._client = client
        self._work = work
        self._is_done = is_done
        self._terms = terms

    def start(self) -> None:
        """Plan the first run; call it from ``on_start``."""
        calendar, delay, now = self._now()
        session = last_closed(calendar, now, delay)
        self._plan(self._next_due(calendar, session, delay) if self._is_done(session) else now + SECOND)

    def after_close(self) -> Any:
        """One run: the session's work, then the next session's plan. Where it raises, its job stays, and runs again."""
        calendar, delay, now = self._now()
        session = last_closed(calendar, now, delay)
        if not self._is_done(session):
            self._work(session)
        calendar, delay, _ = self._now()
        self._plan(self._next_due(calendar, session, delay))
        return CancelJob

    def _plan(self, due: Micros) -> None:
        self._client.scheduler.every(RETRY_SECONDS).seconds.do(self.after_close).set_due(due)

    @staticmethod
    def _next_due(calendar: "Calendar", session: date, delay: Micros) -> Micros:
        return calendar.close_ts(calendar.next_session(session)) + delay

    def _now(self) -> tuple["Calendar", Micros, Micros]:
        name, delay_seconds = self._terms()
        return get_calendar(name), round(delay_seconds * SECOND), self._client.clock.now()


def last_closed(calendar: "Calendar", now: Micros, delay: Micros = 0) -> date:
    """The newest session whose close, and ``delay`` microseconds after it, have passed."""
    today = to_datetime(now).date()
    sessions = calendar.sessions(today - _LOOK_BACK, today + timedelta(days=1))
    return max(day for day in sessions if calendar.close_ts(day) + delay <= now)
