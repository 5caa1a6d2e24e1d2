"""One job of a client's schedule: the ``schedule`` library's builder, with a due time that is a moment."""

import dataclasses
import datetime as dt
import functools
import hashlib
import random
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import schedule
from schedule import CancelJob, ScheduleError, ScheduleValueError

from quantstrip.client.recurrence import WEEKDAYS, Recurrence
from quantstrip.client.zones import localize, wall_time, zone_of
from quantstrip.clock import Micros, from_datetime
from quantstrip.errors import SettingsError

if TYPE_CHECKING:
    from quantstrip.client.scheduler import Scheduler


class Job(schedule.Job):
    """One scheduled function.

    Attributes:
        due: the moment of the next run, 0 before ``do`` was called.
        key: what identifies the job across restarts: its function and its times.

    ``next_run`` and ``last_run`` are naive datetimes in the scheduler's zone, as ``schedule`` users expect.

    """

    scheduler: "Scheduler"

    def __init__(self, interval: int, scheduler: "Scheduler") -> None:
        super().__init__(interval, scheduler)
        self.due: Micros = 0
        self.key = ""
        self.recurrence: Recurrence | None = None
        self._zone: dt.tzinfo | None = None
        self._deadline: Micros | None = None

    def __lt__(self, other: schedule.Job) -> bool:
        return self.due < other.due if isinstance(other, Job) else NotImplemented

    def at(self, time_str: str, tz: object = None) -> "Job":
        """Run at a time of day (``HH:MM``, ``HH:MM:SS``), in ``tz`` or else in the platform's zone.

        Hourly jobs take ``MM:SS`` or ``:MM``, minutely ones ``:SS``.

        Raises:
            ScheduleValueError: no such time or no such zone.

        """
        super().at(time_str)
        if tz is not None:
            try:
                self._zone = zone_of(tz)
            except SettingsError as error:
                raise ScheduleValueError(str(error)) from error
        return self

    def until(self, until_time: dt.datetime | dt.timedelta | dt.time | str) -> "Job":
        """Run for the last time at ``until_time``; times without a zone are in the scheduler's.

        Raises:
            ScheduleValueError: the time is past, or the text is no time.

        """
        zone, now = self.scheduler.zone, self.scheduler.clock.now()
        today = wall_time(now, zone).date()
        if isinstance(until_time, str):
            parsed = self._decode_datetimestr(until_time, list(_UNTIL_FORMATS))
            if parsed is None:
                raise ScheduleValueError(f"until() takes a time such as '2026-01-17 15:45', got {until_time!r}")
            until_time = parsed if "-" in until_time else parsed.time()
        if isinstance(until_time, dt.timedelta):
            deadline = now + until_time // dt.timedelta(microseconds=1)
        elif isinstance(until_time, dt.datetime):
            deadline = from_datetime(until_time) if until_time.tzinfo else localize(until_time, zone)
        elif isinstance(until_time, dt.time):
            deadline = localize(dt.datetime.combine(today, until_time), zone)
        else:
            raise TypeError(f"until() takes a text, datetime, timedelta or time, got {until_time!r}")
        if deadline < now:
            raise ScheduleValueError(f"until() takes a time to come, {until_time} is past")
        self._deadline = deadline
        self.cancel_after = wall_time(deadline, zone)
        return self

    def do(self, job_func: Callable[..., Any], *args: Any, **kwargs: Any) -> "Job":
        """Schedule ``job_func(*args, **kwargs)``."""
        partial = functools.partial(job_func, *args, **kwargs)
        functools.update_wrapper(partial, job_func)
        self.job_func = partial
        self._schedule_next_run()
        self.key = self.scheduler.unique_key(self.describe())
        self.scheduler.jobs.append(self)
        return self

    def describe(self) -> str:
        """Function and times as one line, the same after each restart."""
        function = getattr(self.job_func, "__name__", "job")
        parts = [f"{function}{_arguments(self.job_func)} every {self.interval}"]
        if self.latest is not None:
            parts.append(f"to {self.latest}")
        parts.append(self.start_day or self.unit or "")
        if self.at_time is not None:
            parts.append(f"at {self.at_time.isoformat()}")
        if self._zone is not None:
            parts.append(str(self._zone))
        return " ".join(parts)

    @property
    def should_run(self) -> bool:
        return self.scheduler.clock.now() >= self.due

    @property
    def is_over(self) -> bool:
        """True when ``until`` lies before the next run: the job never runs again."""
        return self._deadline is not None and max(self.due, self.scheduler.clock.now()) > self._deadline

    def run(self) -> Any:
        """Call the function and set the next run; an exception of the function passes on, the schedule stays whole."""
        if self.is_over:
            return CancelJob
        assert self.job_func is not None  # noqa: S101 - do() has set it
        try:
            result = self.job_func()
        finally:
            self.last_run = wall_time(self.scheduler.clock.now(), self.scheduler.zone)
            self._schedule_next_run()
        return CancelJob if self.is_over else result

    def run_asked(self) -> Any:
        """Call the function because a person asked for it; the schedule stays as it is."""
        assert self.job_func is not None  # noqa: S101 - do() has set it
        try:
            return self.job_func()
        finally:
            self.last_run = wall_time(self.scheduler.clock.now(), self.scheduler.zone)

    @property
    def rule(self) -> Recurrence:
        """The rule that ``due`` follows.

        Raises:
            ScheduleError: ``do`` was not called yet.

        """
        if self.recurrence is None:
            raise ScheduleError("the job does nothing yet: end it with .do(function)")
        return self.recurrence

    def skip(self) -> None:
        """Set the next run without running this one."""
        self._schedule_next_run()

    def resume(self, last_due: Micros) -> None:
        """Go on from a run of an earlier process, due at ``last_due``, instead of counting from now."""
        if self.rule.is_calendar and self.at_time is None:
            self.recurrence = dataclasses.replace(self.rule, at=wall_time(last_due, self.rule.zone).time())
        self.set_due(self.rule.after_now(last_due, self.scheduler.clock.now()))

    def set_due(self, due: Micros) -> None:
        """Set the moment of the next run."""
        self.due = due
        self.next_run = wall_time(due, self.scheduler.zone)

    def _schedule_next_run(self) -> None:
        now = self.scheduler.clock.now()
        if self.recurrence is None:
            self.recurrence = self._recurrence()
            first = self._drawn().first(now)
            if self.recurrence.is_calendar and self.at_time is None:
                at = wall_time(now, self.recurrence.zone).time()
                self.recurrence = dataclasses.replace(self.recurrence, at=at)
            self.set_due(first)
        elif self.latest is not None or self.due > now:  # drawn anew each time, or run by hand before it was due
            self.set_due(self._drawn().first(now))
        else:
            self.set_due(self.recurrence.after_now(self.due, now))

    def _recurrence(self) -> Recurrence:
        if self.unit not in ("seconds", "minutes", "hours", "days", "weeks"):
            raise ScheduleValueError("a job needs a unit: seconds, minutes, hours, days, weeks or a weekday")
        if self.interval < 1:
            raise ScheduleValueError(f"every() takes a whole number from 1, got {self.interval}")
        if self.latest is not None and self.latest < self.interval:
            raise ScheduleError(f"to() takes a number from {self.interval}, got {self.latest}")
        weekday = WEEKDAYS.index(self.start_day) if self.start_day else None
        return Recurrence(self.unit, self.interval, self._zone or self.scheduler.zone, self.at_time, weekday)

    def _drawn(self) -> Recurrence:
        if self.latest is None:
            return self.rule
        return dataclasses.replace(self.rule, interval=random.randint(self.interval, self.latest))  # noqa: S311


_UNTIL_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M")
_NUMBERS = (int, float, bool, type(None))
_SYMBOL = re.compile(r"[A-Z0-9./=-]{1,12}")


def _arguments(partial: functools.partial[Any] | None) -> str:
    """Arguments as text: the same after each restart (no memory addresses), and telling nothing secret."""
    if partial is None or not (partial.args or partial.keywords):
        return ""
    given = [_shown(value) for value in partial.args]
    given += [f"{name}={_shown(value)}" for name, value in partial.keywords.items()]
    return f"({', '.join(given)})"


def _shown(value: object) -> str:
    if isinstance(value, _NUMBERS) or (isinstance(value, str) and _SYMBOL.fullmatch(value)):
        return str(value)
    if isinstance(value, str):  # it may be a password: enough of a digest to tell two jobs apart
        return "text:" + hashlib.sha256(value.encode()).hexdigest()[:6]
    return type(value).__name__
