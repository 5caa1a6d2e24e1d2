"""Calendars by name, each built once in a process."""

import functools
import threading
from typing import TYPE_CHECKING

from quantstrip.errors import DataError

if TYPE_CHECKING:
    from quantstrip.calendars.calendar import Calendar

_SHORT = {
    "US": "XNYS",
    "NYSE": "XNYS",
    "NASDAQ": "XNYS",
    "XNAS": "XNYS",
    "AMEX": "XNYS",
    "ARCA": "XNYS",
    "LSE": "XLON",
    "CRYPTO": "24/7",
    "ALWAYS": "24/7",
    "FOREX": "24/5",
    "FX": "24/5",
}
_ROUND_THE_CLOCK = {"24/7": 7, "24/5": 5}
_lock = threading.Lock()


def get_calendar(name: str = "NYSE") -> "Calendar":
    """The calendar of an exchange, by MIC (``XNYS``) or a common name: ``NYSE``, ``NASDAQ``, ``US``, ``24/7``.

    ``24/7`` and ``24/5`` count in UTC days. An exchange's first call on a machine takes a second or two, in a
    new process a few milliseconds, after that nothing.

    Raises:
        DataError: no calendar of that name.

    """
    key = name.strip().upper()
    with _lock:
        return _build(_SHORT.get(key, key))


def calendar_names() -> list[str]:
    """Every name that ``get_calendar`` takes, sorted."""
    from quantstrip.calendars.build import exchange_names

    return sorted({*exchange_names(), *_SHORT, *_ROUND_THE_CLOCK})


@functools.cache
def _build(key: str) -> "Calendar":
    # numpy and, for a calendar that is not kept yet, pandas: only whoever asks for a calendar pays for them.
    from quantstrip.calendars import cache
    from quantstrip.calendars.build import exchange_calendar, exchange_names, round_the_clock

    days = _ROUND_THE_CLOCK.get(key)
    if days is not None:
        return round_the_clock(key, days)
    kept = cache.load(key)
    if kept is not None:
        return kept
    canonical = exchange_names().get(key)
    if canonical is None:
        raise DataError(
            f"no exchange calendar is called {key!r}",
            hint="Use a MIC such as XNYS, XLON, XTKS, or one of NYSE, NASDAQ, LSE, CME, 24/7, 24/5.",
        )
    built = exchange_calendar(canonical)
    cache.keep(key, built)
    return built
