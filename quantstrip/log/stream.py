"""Opens the stream of this process."""

import atexit
import logging
import sys
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING, Any, TextIO, cast
from zoneinfo import ZoneInfo

from loguru import logger

from quantstrip.clock import SECOND, Clock, Micros, system_clock, to_datetime
from quantstrip.errors import ConfigError, HomeError
from quantstrip.home import Home
from quantstrip.log.rotating import RotatingFile
from quantstrip.log.routes import MODULE, Printed, StandardLogging
from quantstrip.redaction import scrub

if TYPE_CHECKING:
    from loguru import Record

_LINE = "{extra[_when]} - {level.name} - {extra[_module]} - {thread.name} - {message}\n{exception}"
_MEGABYTE = 1_000_000


@dataclass(slots=True)
class _Opened:
    handler: StandardLogging
    printed: list[Printed]
    root_level: int


_opened: _Opened | None = None


def open_stream(
    home: Home,
    stream: str,
    *,
    level: str = "INFO",
    console: bool = False,
    retention_days: int = 30,
    max_megabytes: float = 50,
    timezone: str = "",
    capture_output: bool = False,
    clock: Clock = system_clock,
) -> None:
    """Send everything this process logs to ``logs/<stream>.log``; an open stream is closed first.

    A line is ``2026-01-17 14:30:45 - INFO - module - MainThread - message``. The file is put away at midnight of
    ``timezone`` (an IANA zone; "" is the machine's) and when it is full; all files of a stream together stay below
    ``max_megabytes``. Secrets are hidden, traces show no values. One process writes a stream.

    Args:
        home: whose logs.
        stream: letters, digits, ``-`` and ``_``.
        level: the least level written.
        console: also write the lines to stderr.
        retention_days: days a finished file is kept.
        max_megabytes: space of the stream on disk, in 1,000,000 bytes.
        timezone: the zone of the lines and of midnight.
        capture_output: lines printed to stdout (INFO) and stderr (WARNING) go to the stream too.
        clock: the time of the lines.

    Raises:
        ConfigError: the stream's name, the level or the zone is none.
        HomeError: the file cannot be written.

    """
    number = _level_number(level)
    local = _LocalTime(timezone, clock)
    try:
        file = RotatingFile(
            home.logs,
            stream,
            day_of=local.day_of,
            clock=clock,
            retention_days=retention_days,
            max_bytes=int(max_megabytes * _MEGABYTE),
        )
    except OSError as error:
        raise HomeError(
            f"the log {home.logs / stream}.log cannot be written: {error.strerror or error}",
            hint="Give yourself write access to the logs folder, or free some space.",
        ) from error
    close_stream()
    stderr = sys.stderr
    logger.remove()
    shape: dict[str, Any] = {"level": number, "format": local.line, "diagnose": False, "backtrace": False}
    logger.add(cast("TextIO", file), **shape)
    if console:
        logger.add(lambda message: _to_console(stderr, message), **shape)
    _route(number, capture_output)


def close_stream() -> None:
    """Undo ``open_stream``: close the file, give back stdout, stderr and the standard logging."""
    global _opened
    if _opened is None:
        return
    for printed in _opened.printed:
        printed.finish()
        if sys.stdout is printed:
            sys.stdout = printed.original
        if sys.stderr is printed:
            sys.stderr = printed.original
    root = logging.getLogger()
    root.removeHandler(_opened.handler)
    root.setLevel(_opened.root_level)
    logger.remove()
    _opened = None


def _route(number: int, capture_output: bool) -> None:
    global _opened
    root = logging.getLogger()
    _opened = _Opened(StandardLogging(), [], root.level)
    root.addHandler(_opened.handler)
    root.setLevel(number)
    atexit.unregister(close_stream)
    atexit.register(close_stream)  # what was printed without a newline at the end is a line too
    if capture_output:
        out, err = Printed(sys.stdout, "stdout", "INFO"), Printed(sys.stderr, "stderr", "WARNING")
        _opened.printed = [out, err]
        sys.stdout, sys.stderr = cast("TextIO", out), cast("TextIO", err)


def _to_console(stderr: TextIO, message: str) -> None:
    stderr.write(scrub(message))
    stderr.flush()


def _level_number(level: str) -> int:
    try:
        return logger.level(level.upper()).no
    except ValueError:
        raise ConfigError(
            f"there is no log level {level!r}", hint="Use TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR or CRITICAL."
        ) from None


class _LocalTime:
    """The wall clock of a zone, and the lines that show it."""

    def __init__(self, timezone: str, clock: Clock) -> None:
        try:
            self._zone: tzinfo | None = ZoneInfo(timezone) if timezone else None
        except (KeyError, ValueError) as error:
            raise ConfigError(
                f"there is no time zone {timezone!r}", hint='Use an IANA name such as "America/New_York".'
            ) from error
        self._clock = clock
        self._second = -1
        self._text = ""

    def at(self, moment: Micros) -> datetime:
        """The local time of a moment."""
        return to_datetime(moment).astimezone(self._zone)

    def day_of(self, moment: Micros) -> date:
        """The local date of a moment."""
        return self.at(moment).date()

    def line(self, record: "Record") -> str:
        """The template of a line, with what it needs put into the record."""
        second = self._clock.now() // SECOND
        if second != self._second:
            self._text = self.at(second * SECOND).strftime("%Y-%m-%d %H:%M:%S")
            self._second = second
        extra = record["extra"]
        extra["_when"] = self._text
        if MODULE not in extra:
            name = record["name"]
            extra[MODULE] = record["module"] if name in (None, "__main__") else name
        return _LINE
