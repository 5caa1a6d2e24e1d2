"""Moments as a person reads them: in the browser's zone, with the zone shown."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from quantstrip.clock import SECOND, Micros, from_datetime, system_clock, to_datetime

EARLIEST: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - what a field takes, on the user's own clock
"""The earliest moment that fields for past dates take; by themselves they take ten years, and history is longer."""
_UNKNOWN = "\N{EN DASH}"
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"))


def zone() -> ZoneInfo:
    """The browser's zone; UTC where the browser names none, or one that this machine does not know."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def zone_name() -> str:
    """The zone that times are shown in."""
    return zone().key


def moment(ts: Micros | None) -> str:
    """Date and time to the second, with the zone's short name at that moment."""
    return _here(ts).strftime("%Y-%m-%d %H:%M:%S %Z") if ts else _UNKNOWN


def minute(ts: Micros) -> str:
    """Date and time to the minute; the zone stands in the column's title."""
    return _here(ts).strftime("%Y-%m-%d %H:%M")


def second(ts: Micros) -> str:
    """Date and time to the second; the zone stands beside the list."""
    return _here(ts).strftime("%Y-%m-%d %H:%M:%S")


def second_in(ts: Micros, name: str) -> str:
    """Date and time to the second on the clocks of a zone, UTC where the name is none; the zone stands beside it."""
    try:
        there = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        there = ZoneInfo("UTC")
    return to_datetime(ts).astimezone(there).strftime("%Y-%m-%d %H:%M:%S")


def from_here(value: datetime) -> Micros:
    """The moment of a date and time that a person entered in their zone."""
    return from_datetime(value.replace(tzinfo=zone()))


def clock_time(ts: Micros | None) -> str:
    """Time of day with the zone's short name; with the date where it is not today's."""
    if not ts:
        return _UNKNOWN
    moment = _here(ts)
    today = to_datetime(system_clock.now()).astimezone(moment.tzinfo).date()
    return moment.strftime("%H:%M:%S %Z" if moment.date() == today else "%Y-%m-%d %H:%M %Z")


def day(value: date | None) -> str:
    """A session's date; it belongs to the exchange, so it has no zone."""
    return value.isoformat() if value else _UNKNOWN


def age(seconds: float | None) -> str:
    """A span in its largest unit: ``42 s``, ``5 min``, ``3 h``, ``2 d``."""
    if seconds is None:
        return _UNKNOWN
    for size, unit in _SPANS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def since(ts: Micros | None) -> str:
    """How long ago ``ts`` was."""
    return age((system_clock.now() - ts) / SECOND) if ts else _UNKNOWN


def _here(ts: Micros) -> datetime:
    return to_datetime(ts).astimezone(zone())
