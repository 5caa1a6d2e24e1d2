"""Names of log files: ``NAME.log`` is written, ``NAME.2026-01-17.log`` and ``NAME.2026-01-17.2.log`` are finished."""

import re
from datetime import date
from pathlib import Path

from quantstrip.errors import ConfigError

_STREAM = re.compile(r"[A-Za-z0-9_-]{1,100}")
_FINISHED = re.compile(r"(?P<stream>[A-Za-z0-9_-]+)\.(?P<day>\d{4}-\d\d-\d\d)(?:\.(?P<number>\d+))?\.log")


def current(folder: Path, stream: str) -> Path:
    """The file that ``stream`` is written to.

    Raises:
        ConfigError: the name could lead elsewhere, or be taken for a finished file.

    """
    if not _STREAM.fullmatch(stream):
        raise ConfigError(f"a log stream's name is letters, digits, '-' and '_', got {stream!r}")
    return folder / f"{stream}.log"


def finished(folder: Path, stream: str) -> list[tuple[date, int, Path]]:
    """The finished files of ``stream`` with their day and number in that day, oldest first."""
    found = []
    for path in folder.glob(f"{stream}.*.log"):
        match = _FINISHED.fullmatch(path.name)
        if match and match["stream"] == stream:
            found.append((date.fromisoformat(match["day"]), int(match["number"] or 1), path))
    return sorted(found)


def next_finished(folder: Path, stream: str, day: date) -> Path:
    """The name under which the current file is put away; numbers grow even when older ones were removed."""
    number = max((n for d, n, _ in finished(folder, stream) if d == day), default=0) + 1
    suffix = f".{number}" if number > 1 else ""
    return folder / f"{stream}.{day.isoformat()}{suffix}.log"
