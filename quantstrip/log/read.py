"""Reads log streams: the last lines, new lines as they come, and which streams there are."""

import os
import threading
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from quantstrip.clock import Clock, system_clock
from quantstrip.home import Home
from quantstrip.log.files import current, finished

_BLOCK = 65_536
_POLL_SECONDS = 0.2
_LOOKS = 3
"""Times that a file is looked for before it is gone: one that is renamed meanwhile stands in no list for a moment."""


def streams(home: Home) -> list[str]:
    """Names of all streams of a home, sorted."""
    return sorted(path.stem for path in home.logs.glob("*.log") if "." not in path.stem)


def tail(home: Home, stream: str, lines: int = 200) -> list[str]:
    """The last ``lines`` lines, oldest first, finished files included; [] where nothing was logged.

    Reads only the end of the files, however large they are.
    """
    return _tail(_files(home, stream), lines)


def follow(
    home: Home, stream: str, stop: threading.Event, *, lines: int = 0, clock: Clock = system_clock
) -> Iterator[str]:
    """The last ``lines`` lines, then each new one, until ``stop`` is set; goes on across rotation.

    A stream that does not exist yet is waited for.
    """
    file = _await_file(home, stream, stop, clock)
    if file is None:
        return
    try:
        yield from _last_lines(home, stream, file, lines)
        pending = b""
        while not stop.is_set():
            pending += file.read()
            *complete, pending = pending.split(b"\n")
            yield from map(_decoded, complete)
            following = _following(home, stream, file)
            if following is not None:
                # The writer closed the old file before the new one appeared: what is in it now is all there will be.
                rest = (pending + file.read()).split(b"\n")
                yield from (_decoded(line) for line in rest if line)
                pending = b""
                file.close()
                file = following
            elif not complete:
                if os.fstat(file.fileno()).st_size < file.tell():
                    file.seek(0)  # emptied in place by someone
                clock.wait(_POLL_SECONDS, stop)
    finally:
        file.close()


def _await_file(home: Home, stream: str, stop: threading.Event, clock: Clock) -> BufferedReader | None:
    path = current(home.logs, stream)
    while not stop.is_set():
        if path.exists():
            return path.open("rb")
        clock.wait(_POLL_SECONDS, stop)
    return None


def _following(home: Home, stream: str, file: BufferedReader) -> BufferedReader | None:
    """The file after ``file`` in the stream, None while ``file`` is the one being written."""
    own = os.fstat(file.fileno())
    try:
        for _ in range(_LOOKS):
            paths = _files(home, stream)
            found = [path.stat() for path in paths]
            inodes = [each.st_ino for each in found]
            if own.st_ino in inodes:
                index = inodes.index(own.st_ino) + 1
                return paths[index].open("rb") if index < len(paths) else None
        # It is gone: what was written since goes on in the oldest file that is not older.
        later = [path for path, each in zip(paths, found, strict=True) if each.st_mtime_ns >= own.st_mtime_ns]
        return (later or paths[-1:])[0].open("rb") if paths else None
    except FileNotFoundError:
        return None  # renamed between listing and opening: the next look finds it under its new name


def _last_lines(home: Home, stream: str, file: BufferedReader, lines: int) -> list[str]:
    """The last lines up to the end of ``file``, which is left at its end."""
    if lines <= 0:
        file.seek(0, os.SEEK_END)
        return []
    file.seek(_start_of_last(file, lines))
    found = _lines(file.read())
    inode = os.fstat(file.fileno()).st_ino
    older = [path for path in _files(home, stream) if path.stat().st_ino != inode]
    return _tail(older, lines - len(found)) + found


def _tail(paths: list[Path], lines: int) -> list[str]:
    found: list[str] = []
    for path in reversed(paths):
        if len(found) >= lines:
            break
        with path.open("rb") as file:
            file.seek(_start_of_last(file, lines - len(found)))
            found = _lines(file.read()) + found
    return found[-lines:] if lines > 0 else []


def _start_of_last(file: BufferedReader, lines: int) -> int:
    """Offset at which the last ``lines`` lines begin, found by reading backwards."""
    position = file.seek(0, os.SEEK_END)
    wanted = lines + 1  # the newline that ends the line before
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        file.seek(position)
        block = file.read(size)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            wanted -= 1
            if wanted == 0:
                return position + at + 1
    return 0


def _files(home: Home, stream: str) -> list[Path]:
    """All files of a stream, oldest first, the one being written last."""
    path = current(home.logs, stream)
    return [each for _, _, each in finished(home.logs, stream)] + ([path] if path.exists() else [])


def _lines(data: bytes) -> list[str]:
    return [_decoded(line) for line in data.removesuffix(b"\n").split(b"\n")] if data else []


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
