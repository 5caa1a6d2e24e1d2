"""Reading logs as a person does: the newest lines, what came since, older ones, a moment, a level, words.

Every answer reads a bounded part of the files, however large they are; where a filter finds little, the answer says how
far it looked, and the next one goes on from there.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from quantstrip.clock import Micros, from_datetime, to_datetime
from quantstrip.errors import ConfigError
from quantstrip.home import Home
from quantstrip.log import streams as stream_names
from quantstrip.log.blocks import LogFile, Place, RawLine, line_at, lines_before, lines_from, log_files
from quantstrip.operations.settings import manager_of
from quantstrip.redaction import scrub

__all__ = ["LEVELS", "Entry", "LogFile", "Page", "Place", "Stream", "Wanted"]

LEVELS: Final = {
    "TRACE": 5, "DEBUG": 10, "INFO": 20, "SUCCESS": 25, "WARNING": 30, "ERROR": 40, "CRITICAL": 50,
}  # fmt: skip
_INFO: Final = LEVELS["INFO"]
_SHORT: Final = {"CRIT": "CRITICAL", "ERRO": "ERROR", "WARN": "WARNING", "DEBG": "DEBUG", "BLAT": "TRACE"}
_HEAD: Final = re.compile(
    r"(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
    r"(?: - (?P<level>[A-Z]+) - (?P<module>.*?) - (?P<thread>.*?) - |,\d{3} (?P<short>[A-Z]{4,5}) )(?P<text>.*)"
)
"""The first line of an entry, of the platform's streams and of supervisord's."""

_MOST_BYTES: Final = 8_000_000
"""Read at most by one answer."""

_LONGEST_ENTRY: Final = 16_000
"""Characters of one entry that are given; the file has the rest."""

_MOST_LINES: Final = 1000
_LARGE: Final = 1_000_000
_NEAR: Final = 8192
_MOST_DOWNLOAD: Final = 64_000_000

ABOUT: Final = {
    "commands": "commands that failed, with their traces",
    "dashboard": "the dashboard, its errors and those of its pages",
    "notifier": "what was mailed, and what could not be",
    "service": "the warden: starts, crashes and restarts of clients",
    "supervisord": "the supervisor of all processes",
    "up": "the command quantstrip up",
    "worker": "long tasks: backtests, sweeps, reports",
}
"""What the platform's own streams are about."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that can be read.

    Attributes:
        client: it is a client's.
        size: bytes of all its files.
        about: what is in it, "" for a client's.

    """

    name: str
    client: bool
    size: int
    about: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What was logged at once: a line, and those of its trace.

    Attributes:
        place: where it begins; it stays the same while the entry grows.
        when: wall clock; 0 for lines without a head.
        left_out: characters that are not given, for it is long.

    """

    place: Place
    when: Micros
    level: str
    module: str
    thread: str
    text: str
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are wanted: from a level on, with a phrase in them, whatever its case."""

    level: str = ""
    words: str = ""

    def __call__(self, level: str, text: str) -> bool:
        """Whether an entry is."""
        if self.level and (not level or LEVELS.get(level, _INFO) < LEVELS[self.level]):
            return False
        return not self.words or self.words.casefold() in text.casefold()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a stream.

    Attributes:
        entries: oldest first.
        older: ask ``before`` this for what is older; None at the beginning of the stream.
        newer: ask ``since`` this for what is newer; None where nothing is known to be.
        last: the newest entry that was looked at, wanted or not: ask ``since`` this for what comes.
        gone: the place that was asked for is no longer there.

    """

    entries: list[Entry] = field(default_factory=list)
    older: Place | None = None
    newer: Place | None = None
    last: Place | None = None
    gone: bool = False


def streams(home: Home) -> list[Stream]:
    """Every stream of the home: the clients' first, by name."""
    found = []
    for name in stream_names(home):
        client = name not in ABOUT and (home.deployed / name).is_dir()
        size = sum(each.size for each in log_files(home, name))
        found.append(Stream(name, client, size, ABOUT.get(name, "")))
    return sorted(found, key=lambda each: (not each.client, each.name))


def files(home: Home, stream: str) -> list[LogFile]:
    """The files of a stream, newest first.

    Raises:
        ConfigError: the name is no stream's.

    """
    return log_files(home, stream)[::-1]


def before(
    home: Home,
    stream: str,
    place: Place | None = None,
    wanted: Wanted = Wanted(),
    most: int = 200,
) -> Page:
    """The last entries before ``place``, or of the whole stream.

    Raises:
        ConfigError: the name is no stream's.

    """
    all_files = log_files(home, stream)
    if place is not None and place.inode not in {each.inode for each in all_files}:
        return Page(gone=True)
    found: list[Entry] = []
    zone, last, read, oldest = _zone(home), None, 0, None
    for lines in _backward(lines_before(all_files, place)):
        oldest = lines[0].place
        last = last or oldest
        if entry := _entry(lines, zone, wanted):
            found.append(entry)
        read += sum(len(line.data) for line in lines)
        if len(found) >= most or read >= _MOST_BYTES:
            break
    first = Place(all_files[0].inode, 0) if all_files else None
    return Page(found[::-1], oldest if oldest != first else None, place, last)


def since(
    home: Home,
    stream: str,
    place: Place,
    wanted: Wanted = Wanted(),
    most: int = 200,
) -> Page:
    """The first entries from ``place`` on, the one that begins there included.

    Raises:
        ConfigError: the name is no stream's.

    """
    all_files = log_files(home, stream)
    if place.inode not in {each.inode for each in all_files}:
        return Page(gone=True)
    found: list[Entry] = []
    zone, last, read = _zone(home), place, 0
    older = place if place != Place(all_files[0].inode, 0) else None
    for lines in _forward(lines_from(all_files, place)):
        if len(found) >= most or read >= _MOST_BYTES:
            return Page(found, older, lines[0].place, last)
        last = lines[0].place
        if entry := _entry(lines, zone, wanted):
            found.append(entry)
        read += sum(len(line.data) for line in lines)
    return Page(found, older, None, last)


def place_at(home: Home, stream: str, moment: Micros) -> Place | None:
    """Where the first entry of ``moment`` or later begins; None where all are older.

    Looks at a few places of the files alone. Entries are taken to be in the order of their times.

    Raises:
        ConfigError: the name is no stream's.

    """
    all_files = log_files(home, stream)
    when = f"{to_datetime(moment).astimezone(_zone(home)):%Y-%m-%d %H:%M:%S}"
    at = 0
    for number, each in enumerate(all_files):
        head = _head_after(each, 0)
        if head is not None and head[1] <= when:
            at = number
    if not all_files:
        return None
    place = Place(all_files[at].inode, _search(all_files[at], when))
    for lines in _forward(lines_from(all_files, place)):
        head_of = _HEAD.match(_text(lines[0]))
        if head_of is not None and head_of["when"] >= when:
            return lines[0].place
    return None


def download(home: Home, stream: str, name: str) -> bytes:
    """One file of a stream, its end where it is very large.

    Raises:
        ConfigError: the stream has no file of that name.

    """
    found = next((each for each in log_files(home, stream) if each.path.name == name), None)
    if found is None:
        raise ConfigError(f"the log {stream} has no file {name!r}", hint="It was removed meanwhile; choose another.")
    with found.path.open("rb") as file:
        file.seek(max(0, found.size - _MOST_DOWNLOAD))
        return file.read(_MOST_DOWNLOAD)


def text_of(entries: Iterable[Entry], zone: tzinfo | None = None) -> str:
    """Entries as text, one below the other, times in ``zone``."""
    return "".join(f"{line}\n" for entry in entries for line in (line_of(entry, zone),))


def line_of(entry: Entry, zone: tzinfo | None = None) -> str:
    """An entry as the file has it, its time in ``zone`` (None: the machine's)."""
    if not entry.when:
        return entry.text
    when = to_datetime(entry.when).astimezone(zone)
    return f"{when:%Y-%m-%d %H:%M:%S} - {entry.level} - {entry.module} - {entry.thread} - {entry.text}"


def _backward(lines: Iterator[RawLine]) -> Iterator[list[RawLine]]:
    """Lines of entries, the newest entry first, each from its head on; headless ones in bunches."""
    rest: list[RawLine] = []
    for line in lines:
        rest.append(line)
        if _HEAD.match(_text(line)) or _too_long(rest):
            yield rest[::-1]
            rest = []
    if rest:
        yield rest[::-1]


def _forward(lines: Iterator[RawLine]) -> Iterator[list[RawLine]]:
    """Lines of entries, oldest first."""
    gathered: list[RawLine] = []
    for line in lines:
        if gathered and (_HEAD.match(_text(line)) or _too_long(gathered)):
            yield gathered
            gathered = []
        gathered.append(line)
    if gathered:
        yield gathered


def _too_long(lines: list[RawLine]) -> bool:
    """Lines without a head are given before they are many, or large."""
    return len(lines) >= _MOST_LINES or (len(lines[-1].data) > _NEAR and sum(len(line.data) for line in lines) > _LARGE)


def _entry(lines: list[RawLine], zone: tzinfo | None, wanted: Wanted) -> Entry | None:
    """The entry of these lines, None where it is not wanted."""
    first = _text(lines[0])
    whole = "\n".join([first, *map(_text, lines[1:])])
    head = _HEAD.match(first)
    level = (head["level"] or _SHORT.get(head["short"], head["short"])) if head else ""
    if not wanted(level, whole):
        return None
    text = whole[head.start("text") :] if head else whole
    return Entry(
        lines[0].place,
        _moment(head["when"], zone) if head else 0,
        level,
        (head["module"] or "") if head else "",
        (head["thread"] or "") if head else "",
        scrub(text[:_LONGEST_ENTRY]),
        max(0, len(text) - _LONGEST_ENTRY),
    )


def _text(line: RawLine) -> str:
    return line.data.decode("utf-8", errors="replace")


def _moment(text: str, zone: tzinfo | None) -> Micros:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:  # digits that are no date
        return 0
    return from_datetime(local.replace(tzinfo=zone) if zone else local.astimezone())


def _zone(home: Home) -> tzinfo | None:
    """The zone that lines are written in; None is the machine's."""
    name = manager_of(home).get("platform.timezone", "")
    return ZoneInfo(name) if name else None


def _search(file: LogFile, when: str) -> int:
    """A byte shortly before the first head of ``when`` or later."""
    low, high = 0, file.size
    while high - low > _NEAR:
        middle = (low + high) // 2
        head = _head_after(file, middle)
        if head is not None and head[0] < high and head[1] < when:
            low = head[0]
        else:
            high = middle
    return low


def _head_after(file: LogFile, offset: int) -> tuple[int, str] | None:
    """Where the first head at or after a byte begins, and its time."""
    for _ in range(_MOST_LINES):
        line = line_at(file, offset)
        if line is None:
            return None
        if head := _HEAD.match(_text(line)):
            return line.place.offset, head["when"]
        offset = line.place.offset + len(line.data) + 1
    return None
