"""When a job is due: pure arithmetic on moments, right across both changes of daylight saving time.

Seconds, minutes and hours are elapsed time. Days and weeks are calendar time in the job's zone: "every day at 15:45"
is 15:45 on the wall, whatever the day's length. The day on which that time does not exist, it runs once, as late as
the clocks moved (02:30 -> 03:30); the day on which it comes twice, it runs once, at the first.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from quantstrip.client.zones import localize, wall_time
from quantstrip.clock import DAY, HOUR, MINUTE, SECOND, Micros

_LENGTHS: dict[str, Micros] = {"seconds": SECOND, "minutes": MINUTE, "hours": HOUR, "days": DAY, "weeks": 7 * DAY}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A repeating moment.

    Attributes:
        unit: seconds, minutes, hours, days or weeks.
        interval: how many units lie between two runs, at least 1.
        zone: whose wall clock ``at`` and ``weekday`` are read on.
        at: time of day; of an hourly job only minute and second count, of a minutely one the second.
        weekday: 0 for Monday; of weekly jobs only.

    """

    unit: str
    interval: int
    zone: tzinfo
    at: time | None = None
    weekday: int | None = None

    @property
    def is_calendar(self) -> bool:
        """True for days and weeks: those runs can be missed, the others just go on."""
        return self.unit in ("days", "weeks")

    @property
    def period(self) -> Micros:
        """Length of one interval, a day counted as 24 hours."""
        return self.interval * _LENGTHS[self.unit]

    def first(self, now: Micros) -> Micros:
        """The first run of a job that is scheduled at ``now``: always later than ``now``.

        As in ``schedule``, an interval of one unit takes the next moment that fits, a longer one lets a whole
        interval pass first.
        """
        if not self.is_calendar and self.at is None:
            return now + self.period
        base = self._aligned(now)
        if self.interval != 1:
            base = self._step(base)
        while base <= now:
            base = self._step(base)
        return base

    def after(self, due: Micros) -> Micros:
        """The run after the one due at ``due``."""
        if self.interval == 1 and (self.is_calendar or self.at is not None):
            return self.first(due)  # finds the grid again when the zone of the settings has changed meanwhile
        return self._step(due)

    def after_now(self, due: Micros, now: Micros) -> Micros:
        """The first run after ``due`` that lies after ``now``; what lies between is passed over."""
        if not self.is_calendar:
            due += self.period * max(0, (now - due) // self.period - 1)  # one jump, not a million steps
        following = self.after(due)
        while following <= now:
            following = self.after(following)
        return following

    def between(self, start: Micros, end: Micros, most: int) -> list[Micros]:
        """The last ``most`` runs after the one due at ``start`` and up to ``end``, oldest first."""
        found: list[Micros] = []
        due = self.after(start)
        while due <= end:
            found.append(due)
            due = self.after(due)
        return found[-most:]

    def _aligned(self, now: Micros) -> Micros:
        """The moment of this hour, minute, day or week that fits ``at`` and ``weekday``; it may lie before ``now``."""
        wall = wall_time(now, self.zone)
        if self.unit == "minutes" and self.at is not None:
            return now - (wall.second - self.at.second) * SECOND - wall.microsecond
        if self.unit == "hours" and self.at is not None:
            past = (wall.minute - self.at.minute) * MINUTE + (wall.second - self.at.second) * SECOND
            return now - past - wall.microsecond
        if self.weekday is not None:
            wall += timedelta(days=(self.weekday - wall.weekday()) % 7)
        return localize(datetime.combine(wall.date(), self.at or wall.time()), self.zone)

    def _step(self, due: Micros) -> Micros:
        if not self.is_calendar:
            following = due + self.period
            return following if self.unit != "hours" or self.at is None else self._realigned(following)
        days = self.interval * (7 if self.unit == "weeks" else 1)
        wall = wall_time(due, self.zone)
        day = wall.date()
        following = due
        while following <= due:  # a zone that skips a whole day (Samoa, 2011) puts two dates on one moment
            day += timedelta(days=days)
            following = localize(datetime.combine(day, self.at or wall.time()), self.zone)
        return following

    def _realigned(self, moment: Micros) -> Micros:
        """The moment nearest to ``moment`` that shows the minute of ``at``: some zones shift by half an hour."""
        assert self.at is not None  # noqa: S101 - callers have checked
        wall = wall_time(moment, self.zone)
        off = (self.at.minute - wall.minute) * MINUTE + (self.at.second - wall.second) * SECOND
        return moment + HOUR // 2 - (HOUR // 2 - off) % HOUR  # half an hour off moves on, never back
