"""The only module that asks for the time.

Inside the platform a moment is an ``int``: microseconds since 1970-01-01 UTC (``Micros``).
In the ledger it is UTC text ``YYYY-MM-DD HH:MM:SS.ffffff``; for a person it is an aware ``datetime``.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

Micros = int
SECOND: Micros = 1_000_000
MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
DAY: Micros = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - text in the ledger is UTC without saying so


class Clock(Protocol):
    """What the engine, the scheduler and the ledger need of time."""

    def now(self) -> Micros:
        """The current moment, microseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a scale that never jumps; only differences mean something."""
        ...

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Wait up to ``seconds``; True when ``stop`` was set meanwhile."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Micros:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        if stop is None:
            time.sleep(max(0.0, seconds))
            return False
        return stop.wait(max(0.0, seconds))


class ManualClock:
    """A clock that moves only when told to: backtests, replays and tests.

    Example:
        >>> clock = ManualClock(from_text("2024-01-02 14:30:00"))
        >>> clock.advance(60); to_text(clock.now())
        '2024-01-02 14:31:00.000000'

    """

    __slots__ = ("moment",)

    def __init__(self, moment: Micros = 0) -> None:
        self.moment = moment

    def now(self) -> Micros:
        return self.moment

    def monotonic(self) -> float:
        return self.moment / SECOND

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        if stop is not None and stop.is_set():
            return True
        self.advance(seconds)
        return False

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds`` (negative moves back, as a corrected machine clock does)."""
        self.moment += round(seconds * SECOND)

    def set(self, moment: Micros) -> None:
        """Jump to ``moment``."""
        self.moment = moment


system_clock = SystemClock()


def to_datetime(moment: Micros) -> datetime:
    """The moment as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=moment)


def from_datetime(value: datetime) -> Micros:
    """Microseconds since the epoch; a naive datetime is read as UTC."""
    aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def to_text(moment: Micros) -> str:
    """The ledger's form, ``YYYY-MM-DD HH:MM:SS.ffffff`` in UTC."""
    # isoformat costs a tenth of strftime, and every row of the ledger carries several times.
    return (_NAIVE_EPOCH + timedelta(microseconds=moment)).isoformat(" ", "microseconds")


def from_text(text: str) -> Micros:
    """Read the ledger's form, or any ISO 8601 moment; text without a zone is UTC.

    Raises:
        ValueError: the text is not a moment.

    """
    return from_datetime(datetime.fromisoformat(text))


def now_text() -> str:
    """The machine's time in the ledger's form."""
    return to_text(system_clock.now())
