"""Keeps built calendars between processes.

Building one takes pandas (60 MB, more than a second on a small machine) and a quarter of a second; reading the kept
table takes neither. So a client that only needs trade dates starts fast and stays small.
"""

import logging
import os
import re
import tempfile
import zipfile
import zlib
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from quantstrip.calendars.calendar import Calendar, Sessions
from quantstrip.home import user_cache

_FORMAT = 1
_WEEK = timedelta(days=7)


def load(key: str) -> Calendar | None:
    """The calendar kept under ``key``, or None: never kept, damaged, of another version, or of older zone rules."""
    path = _path(key)
    try:
        with np.load(path, allow_pickle=False) as kept:
            name, timezone, first, last = (str(each) for each in kept["about"])
            if int(kept["zone_rules"]) != _zone_rules(timezone):
                return None
            table = Sessions(*(kept[column] for column in Sessions.__slots__))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logging.getLogger(__name__).warning("the kept calendar %s is built again: %s", path, error)
        return None
    return Calendar(name, timezone, table, date.fromisoformat(first), date.fromisoformat(last))


def keep(key: str, calendar: Calendar) -> None:
    """Keep ``calendar`` for other processes; where that cannot be written, each builds its own."""
    path = _path(key)
    timezone = calendar.timezone.key
    table = calendar.table
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=path.stem, suffix=".new", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            np.savez(
                file,
                about=np.array([calendar.name, timezone, calendar.first.isoformat(), calendar.last.isoformat()]),
                zone_rules=np.int64(_zone_rules(timezone)),
                **{column: getattr(table, column) for column in Sessions.__slots__},
            )
        Path(temporary).replace(path)
    except OSError as error:
        logging.getLogger(__name__).info("calendars are not kept in %s: %s", path.parent, error)


def _path(key: str) -> Path:
    name = re.sub(r"[^A-Z0-9_]", "_", key.upper())
    return user_cache() / "calendars" / f"{name}-{version('exchange_calendars')}-{_FORMAT}.npz"


def _zone_rules(timezone: str) -> int:
    """A checksum of the zone's offsets week by week: opens and closes in UTC hold only while it stays the same."""
    zone = ZoneInfo(timezone)
    moment, end = datetime(1990, 1, 1, 12, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
    offsets = []
    while moment < end:
        offset = moment.astimezone(zone).utcoffset()
        offsets.append(str(offset))
        moment += _WEEK
    return zlib.crc32(",".join(offsets).encode())
