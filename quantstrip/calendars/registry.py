"""Calendars by name, each built once in a process."""

import threading
from functools import cache

from quantstrip.calendars.build import exchange_calendar, exchange_names, round_the_clock
from quantstrip.calendars.calendar import Calendar
from quantstrip.errors import DataError

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


def get_calendar(name: str = "NYSE") -> Calendar:
    """The calendar of an exchange, by MIC (``XNYS``) or a common name: ``NYSE``, ``NASDAQ``, ``US``, ``24/7``.

    ``24/7`` and ``24/5`` count in UTC days. The first call for an exchange takes about half a second, further ones
    nothing.

    Raises:
        DataError: no calendar of that name.

    """
    key = name.strip().upper()
    with _lock:
        return _build(_SHORT.get(key, key))


def calendar_names() -> list[str]:
    """Every name that ``get_calendar`` takes, sorted."""
    return sorted({*exchange_names(), *_SHORT, *_ROUND_THE_CLOCK})


@cache
def _build(key: str) -> Calendar:
    days = _ROUND_THE_CLOCK.get(key)
    if days is not None:
        return round_the_clock(key, days)
    canonical = exchange_names().get(key)
    if canonical is None:
        raise DataError(
            f"no exchange calendar is called {key!r}",
            hint="Use a MIC such as XNYS, XLON, XTKS, or one of NYSE, NASDAQ, LSE, CME, 24/7, 24/5.",
        )
    return exchange_calendar(canonical)
