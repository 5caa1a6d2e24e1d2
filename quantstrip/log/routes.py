"""What else goes to the stream: lines of the standard ``logging``, and what a client prints."""

import io
import logging
import threading
from typing import Any, TextIO

from loguru import logger

MODULE = "_module"
"""Key in a record's ``extra`` of the module name to show."""


class StandardLogging(logging.Handler):
    """Hands records of ``logging.getLogger(__name__)`` to loguru; the line carries the logger's name."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno  # a level someone made up: loguru takes its number
        exception = record.exc_info if record.exc_info and record.exc_info[0] else None
        bound = logger.bind(**{MODULE: record.name})
        bound.opt(exception=exception).log(level, _text(record))


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        # A wrong format string must not end a client; the line says what is wrong with it.
        return f"{record.msg} {record.args!r} (arguments do not fit the message: {error})"


class Printed(io.TextIOBase):
    """Stands in for ``sys.stdout`` or ``sys.stderr``: each whole line becomes a line of the stream."""

    def __init__(self, original: TextIO, name: str, level: str) -> None:
        self.original = original
        self._name = name
        self._level = level
        self._pending = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of what is written: text is taken as it is."""
        return "utf-8"

    @property
    def buffer(self) -> Any:
        """The stream under the original, for code that writes bytes: those are not captured."""
        return self.original.buffer

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.original.fileno()

    def write(self, text: str) -> int:
        *lines, rest = (self._rest() + text).split("\n")
        self._pending.text = rest
        for line in lines:
            self._line(line)
        return len(text)

    def finish(self) -> None:
        """Write what this thread printed without a newline."""
        rest = self._rest()
        self._pending.text = ""
        if rest:
            self._line(rest)

    def _rest(self) -> str:
        text: Any = getattr(self._pending, "text", "")
        return str(text)

    def _line(self, line: str) -> None:
        if not line.strip():
            return
        try:
            logger.bind(**{MODULE: self._name}).log(self._level, line)
        except RuntimeError:
            # loguru reports its own trouble on stderr while it holds its lock: that must not come back to it.
            self.original.write(line + "\n")
