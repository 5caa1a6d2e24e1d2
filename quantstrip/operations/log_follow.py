"""A log as it is read on a terminal: its last entries that are wanted, then each new one as it comes."""

import threading
from collections.abc import Iterator
from typing import Final

from quantstrip.clock import Clock, Micros, system_clock
from quantstrip.home import Home
from quantstrip.log.blocks import log_files
from quantstrip.operations.logs import Entry, Place, Wanted, before, line_of, place_at, since

_POLL_SECONDS: Final = 0.25
_MOST: Final = 1000


def entries(home: Home, stream: str, most: int, wanted: Wanted, moment: Micros = 0) -> list[Entry]:
    """The last ``most`` entries that are wanted, or the first ones from a moment on, however far one has to look.

    Raises:
        ConfigError: the name is no stream's.

    """
    begin = place_at(home, stream, moment) if moment else None
    if moment and begin is None:
        return []
    ask = since if begin else before
    page = since(home, stream, begin, wanted, most) if begin else before(home, stream, None, wanted, most)
    found = page.entries
    while (following := page.newer if begin else page.older) is not None and len(found) < most:
        page = ask(home, stream, following, wanted, most - len(found))
        found = [*found, *page.entries] if begin else [*page.entries, *found]
    return found


def follow(
    home: Home,
    stream: str,
    wanted: Wanted,
    stop: threading.Event,
    *,
    most: int = 0,
    moment: Micros = 0,
    clock: Clock = system_clock,
) -> Iterator[str]:
    """The last ``most`` entries that are wanted, or all from a moment on, then each new one until ``stop`` is set.

    An entry is given as soon as it is wanted, and the lines that it grows by (a trace) as they come. A stream that is
    not there yet is waited for.

    Raises:
        ConfigError: the name is no stream's.

    """
    told: Entry | None = None
    place = place_at(home, stream, moment) if moment else None
    if place is None:
        place = before(home, stream, None, Wanted(), 1).last
        for told in entries(home, stream, most, wanted) if most and not moment else ():
            yield line_of(told)
        if told is None and place is not None and (moment or not most):
            told = next(iter(since(home, stream, place, wanted, 1).entries), None)  # it was there before
    while not stop.is_set():
        page = since(home, stream, place, wanted, _MOST) if place else before(home, stream, None, wanted, _MOST)
        for entry in page.entries:
            if fresh := _grown(entry, told):
                yield fresh
            told = entry
        place = page.newer or page.last or place
        if page.gone or (place is not None and not _is_there(home, stream, place)):
            place = told = None  # its file was removed, or emptied in place
        if page.newer is None:
            clock.wait(_POLL_SECONDS, stop)


def _grown(entry: Entry, told: Entry | None) -> str:
    """What of an entry was not given yet."""
    line, given = line_of(entry), "" if told is None else line_of(told)
    if told is None or entry.place != told.place or not line.startswith(given):
        return line
    return line[len(given) :].removeprefix("\n")


def _is_there(home: Home, stream: str, place: Place) -> bool:
    return any(file.inode == place.inode and file.size >= place.offset for file in log_files(home, stream))
