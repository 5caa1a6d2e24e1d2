"""The file of one stream: appended to, put away at local midnight or when full, never larger in all than allowed."""

import os
import sys
from collections.abc import Callable
from datetime import date, timedelta
from io import FileIO
from pathlib import Path

from quantstrip.clock import Clock, Micros
from quantstrip.log.files import current, finished, next_finished
from quantstrip.redaction import scrub

LONGEST = 65_536
"""Characters of one entry; what is longer is cut with a note."""

_FILES = 5  # a stream's space is divided into this many files, so that removing the oldest frees a part of it


class RotatingFile:
    """A sink for loguru. Every write reaches the operating system before it returns: ``kill -9`` loses no line.

    Args:
        folder: where the logs are.
        stream: the name of the stream; one process writes it.
        day_of: the local date of a moment.
        clock: the time by which it rotates.
        retention_days: finished files older than this are removed.
        max_bytes: size of all files of the stream together.

    """

    def __init__(
        self,
        folder: Path,
        stream: str,
        *,
        day_of: Callable[[Micros], date],
        clock: Clock,
        retention_days: int,
        max_bytes: int,
    ) -> None:
        self.path = current(folder, stream)
        self._folder, self._stream = folder, stream
        self._day_of, self._clock = day_of, clock
        self._retention = timedelta(days=retention_days)
        self._max_bytes = max_bytes
        self._limit = max_bytes // _FILES
        self._lost = 0
        self._complaint = ""
        self._torn = False
        self._file = self._open()
        self._remove_old()

    def write(self, text: str) -> None:
        """Append one entry, secrets hidden. A full disk or a lost folder is reported on stderr, never raised."""
        text = scrub(text)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}... ({len(text) - LONGEST} more characters)\n"
        if self._lost:
            text = f"{self._lost} log entries before this one could not be written: {self._complaint}\n{text}"
        data = text.encode("utf-8", errors="replace")
        try:
            self._prepare(len(data))
            self._append(data)
        except OSError as error:
            self._lost += 1
            self._complain(error)
        else:
            self._lost = 0
            self._complaint = ""

    def stop(self) -> None:
        """Close the file; called by loguru."""
        self._file.close()

    def _open(self) -> FileIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = FileIO(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640), "a")
        found = os.fstat(file.fileno())
        self._inode, self._size = found.st_ino, found.st_size
        # A file found at the start belongs to the day it was last written on.
        self._day = self._day_of(found.st_mtime_ns // 1000 if found.st_size else self._clock.now())
        return file

    def _prepare(self, size: int) -> None:
        """Put the file away when its day is over or it is full; open it anew when someone removed it."""
        now = self._clock.now()
        if not self._is_ours():
            self._file.close()
            self._file = self._open()
        if self._size and (self._day_of(now) != self._day or self._size + size > self._limit):
            target = next_finished(self._folder, self._stream, self._day)
            self._file.close()
            try:
                self.path.rename(target)
            finally:
                self._file = self._open()
            self._remove_old()

    def _is_ours(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _append(self, data: bytes) -> None:
        if self._torn:
            data = b"\n" + data
        view = memoryview(data)
        while view:
            self._torn = True
            written = self._file.write(view) or 0
            self._size += written
            view = view[written:]
        self._torn = False

    def _remove_old(self) -> None:
        oldest = self._day_of(self._clock.now()) - self._retention
        kept = 0
        for day, _, path in reversed(finished(self._folder, self._stream)):
            kept += path.stat().st_size
            if day < oldest or kept > self._max_bytes - self._limit:
                path.unlink()

    def _complain(self, error: OSError) -> None:
        complaint = error.strerror or str(error)
        if complaint != self._complaint and sys.__stderr__ is not None:
            sys.__stderr__.write(f"the log {self.path} cannot be written: {complaint}\n")
        self._complaint = complaint
