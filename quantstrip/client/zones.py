"""Time zones of schedules: the machine's, the settings', or the one a job names."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal

from quantstrip.clock import Micros, from_datetime, to_datetime
from quantstrip.errors import SettingsError


def machine_zone() -> tzinfo:
    """The machine's own zone, with its daylight saving rules."""
    return tzlocal.get_localzone()


def zone_of(value: object) -> tzinfo:
    """Read a zone: an IANA name, a ``zoneinfo``/``datetime`` zone, or a ``pytz`` one.

    A ``pytz`` zone is taken by its name: attached to a ``datetime`` directly it would mean the local mean time of 1883.

    Raises:
        SettingsError: no such zone.

    """
    if isinstance(value, ZoneInfo | timezone):
        return value
    name = value if isinstance(value, str) else getattr(value, "zone", None)
    if isinstance(name, str) and name:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SettingsError(
                f"{name!r} is no time zone", hint="Use a name of the IANA list, such as 'America/New_York' or 'UTC'."
            ) from error
    if isinstance(value, tzinfo):
        return timezone(value.utcoffset(None) or timedelta(0))
    raise SettingsError(
        f"a time zone is a name such as 'America/New_York', got {value!r}",
        hint="Give the zone as text, or leave it out for the platform's zone.",
    )


def default_zone(name: str = "") -> tzinfo:
    """The zone of ``platform.timezone``, or the machine's where that is empty."""
    return zone_of(name) if name else machine_zone()


def localize(wall: datetime, zone: tzinfo) -> Micros:
    """The moment a wall clock in ``zone`` shows ``wall`` (naive).

    A time that the clocks skip in spring is read on the clock from before the change, so 02:30 in New York is the
    moment that shows as 03:30. A time that comes twice in autumn is the first of the two.
    """
    return from_datetime(wall.replace(tzinfo=zone, fold=0).astimezone(UTC))


def wall_time(moment: Micros, zone: tzinfo) -> datetime:
    """What a wall clock in ``zone`` shows at ``moment``, as a naive datetime."""
    return to_datetime(moment).astimezone(zone).replace(tzinfo=None, fold=0)
