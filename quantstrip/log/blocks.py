"""Reads the lines of a stream block by block, forwards and backwards from any place, finished files included.

A place stays good when its file is put away under another name: it names the file by its inode.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from quantstrip.home import Home
from quantstrip.log.files import current, finished

BLOCK: Final = 65_536
LONGEST: Final = 262_144
"""Bytes of one line; what is longer is given in pieces."""


class Place(NamedTuple):
    """Where a line begins: a file, by its inode, and a byte in it."""

    inode: int
    offset: int


class RawLine(NamedTuple):
    """A line without its end, and where it begins."""

    place: Place
    data: bytes


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a stream."""

    path: Path
    inode: int
    size: int


def log_files(home: Home, stream: str) -> list[LogFile]:
    """The files of a stream, oldest first; one that is put away or removed meanwhile is left out.

    Raises:
        ConfigError: the name is no stream's.

    """
    path = current(home.logs, stream)
    found = []
    for each in [*(each for _, _, each in finished(home.logs, stream)), path]:
        try:
            about = each.stat()
        except FileNotFoundError:
            continue
        found.append(LogFile(each, about.st_ino, about.st_size))
    return found


def lines_from(files: list[LogFile], place: Place) -> Iterator[RawLine]:
    """Lines from ``place`` on, through all later files; nothing where its file is gone."""
    at = _index(files, place)
    for each in files[at:] if at is not None else []:
        yield from _forward(each, place.offset if each.inode == place.inode else 0)


def lines_before(files: list[LogFile], place: Place | None = None) -> Iterator[RawLine]:
    """Lines before ``place``, newest first; None begins at the end of the stream."""
    at = len(files) - 1 if place is None else _index(files, place)
    for number in range(at if at is not None else -1, -1, -1):
        each = files[number]
        end = place.offset if place is not None and each.inode == place.inode else each.size
        yield from _backward(each, end)


def line_at(file: LogFile, offset: int) -> RawLine | None:
    """The first line that begins at or after a byte of a file, None where there is none."""
    opened = _open(file)
    if opened is None:
        return None
    with opened:
        start = max(0, offset - 1)
        opened.seek(start)
        if offset and (skipped := opened.readline(LONGEST)) and not skipped.endswith(b"\n"):
            return None  # a line that never ends here: nothing begins nearby
        place = Place(file.inode, opened.tell() if offset else 0)
        data = opened.readline(LONGEST)
    return RawLine(place, data.removesuffix(b"\n")) if data else None


def _index(files: list[LogFile], place: Place) -> int | None:
    return next((number for number, each in enumerate(files) if each.inode == place.inode), None)


def _open(file: LogFile) -> BufferedReader | None:
    """The file, also when it was put away since it was listed."""
    for path in (file.path, *sorted(file.path.parent.glob(f"{file.path.name.split('.')[0]}.*.log"), reverse=True)):
        try:
            opened = path.open("rb")
        except FileNotFoundError:
            continue
        if os.fstat(opened.fileno()).st_ino == file.inode:
            return opened
        opened.close()
    return None


def _forward(file: LogFile, offset: int) -> Iterator[RawLine]:
    opened = _open(file)
    if opened is None:
        return
    with opened:
        opened.seek(offset)
        while data := opened.readline(LONGEST):
            yield RawLine(Place(file.inode, offset), data.removesuffix(b"\n"))
            offset += len(data)


def _backward(file: LogFile, end: int) -> Iterator[RawLine]:
    opened = _open(file)
    if opened is None:
        return
    with opened:
        position, rest = end, b""  # rest is what lies at ``position`` and was not given yet
        while position > 0:
            size = min(BLOCK, position)
            position -= size
            opened.seek(position)
            rest = opened.read(size) + rest
            while (cut := rest.rfind(b"\n", 0, len(rest) - 1)) >= 0:
                yield _raw(file, position + cut + 1, rest[cut + 1 :])
                rest = rest[: cut + 1]
            if len(rest) > LONGEST:
                yield _raw(file, position, rest)
                rest = b""
        if rest:
            yield _raw(file, 0, rest)


def _raw(file: LogFile, offset: int, data: bytes) -> RawLine:
    return RawLine(Place(file.inode, offset), data.removesuffix(b"\n"))
