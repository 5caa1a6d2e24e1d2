"""When the session of a bar ends: what DAY orders and the daily loss limit count in."""

from collections.abc import Callable, Mapping

from quantstrip.clock import DAY, Micros
from quantstrip.model import TIMEFRAMES, Bar, Instrument

SessionEnd = Callable[[Bar], Micros]
"""The last moment of the session a bar belongs to, microseconds UTC; a bar that closes later is in another one."""

_DAILY = {name for name, seconds in TIMEFRAMES.items() if seconds >= TIMEFRAMES["1d"]}


def bar_session_end(bar: Bar) -> Micros:
    """Sessions without a calendar: a daily bar is one, shorter bars share the UTC day they begin in."""
    if bar.timeframe in _DAILY:
        return bar.ts
    return (bar.ts_open // DAY + 1) * DAY


def exchange_session_end(instruments: Mapping[str, Instrument]) -> SessionEnd:
    """Sessions of each instrument's own exchange; daily bars need no calendar and load none."""

    def session_end(bar: Bar) -> Micros:
        if bar.timeframe in _DAILY:
            return bar.ts
        from quantstrip.calendars import get_calendar  # only intraday runs need one

        calendar = get_calendar(instruments[bar.symbol].calendar)
        return calendar.close_ts(calendar.session_of(bar.ts_open))

    return session_end
