"""Bars of higher timeframes, made of those a strategy is fed: the same in a backtest and live, never ahead of them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from quantstrip.calendars import get_calendar
from quantstrip.clock import SECOND, Micros
from quantstrip.errors import StrategyError
from quantstrip.indicators.history import MAX_BARS, History
from quantstrip.model import TIMEFRAMES, Bar

_WEEK_DAYS: Final = 6
_PIECE: Final = 4096
"""Rows taken from the history at a time."""


class Span(NamedTuple):
    """A session: open and close, and those of its week's first and last, microseconds UTC."""

    open: Micros
    close: Micros
    week_open: Micros
    week_close: Micros


class HigherBars:
    """Closed bars of one symbol and a higher timeframe, oldest first; the last ``limit`` of them.

    A bar is closed when the fine bars reach its end, or go on behind it. It is what ``bars.resample`` makes of the same
    fine bars: shorter ones than a day are counted from the opening of their session and end with it, ``1d`` is a
    session, ``1w`` the sessions of an ISO week; what lies in no session is left out.

    Args:
        history: the fine bars as they have been shown.
        timeframe: the higher one.
        calendar: whose sessions the bars lie in.
        limit: most bars kept.

    """

    def __init__(self, history: History, timeframe: str, calendar: str, limit: int = MAX_BARS) -> None:
        self.bars: list[Bar] = []
        self._history = history
        self._timeframe = timeframe
        self._length = TIMEFRAMES[timeframe] * SECOND
        self._calendar = get_calendar(calendar)
        self._limit = limit
        self._done = 0
        self._span = Span(0, 0, 0, 0)
        self._growing: Bar | None = None

    def reach(self) -> list[Bar]:
        """Take in what has been shown since the last call; the closed bars."""
        stop = self._history.length
        while self._done < stop:
            until = min(stop, self._done + _PIECE)
            for row in self._rows(self._done, until):
                self._add(*row)
            self._done = until
        if len(self.bars) > self._limit:
            del self.bars[: len(self.bars) - self._limit]
        return self.bars

    def _rows(self, start: int, stop: int) -> Iterator[tuple[Micros, Micros, float, float, float, float, float]]:
        names = ("ts_open", "ts", "open", "high", "low", "close", "volume")
        return zip(*(self._history.column(name, start, stop).tolist() for name in names), strict=True)

    def _add(
        self, ts_open: Micros, ts: Micros, first: float, high: float, low: float, close: float, volume: float
    ) -> None:
        span = self._span
        if not span.open <= ts_open < span.close:
            span = self._span = self._session(ts_open)
            if ts <= span.open or ts_open >= span.close:  # before the opening, or after the close
                self._end(ts)
                return
        begin, end = self._bin(ts_open, span)
        bar = self._growing
        if bar is not None and bar.ts_open != begin:
            self.bars.append(bar)
            bar = None
        if bar is None:
            bar = Bar(self._history.symbol, self._timeframe, begin, end, first, high, low, close, volume, "higher")
        else:
            bar = bar._replace(high=max(bar.high, high), low=min(bar.low, low), close=close, volume=bar.volume + volume)
        self._growing = bar
        self._end(ts)

    def _end(self, ts: Micros) -> None:
        """Close the bar that grows, where its time is over."""
        bar = self._growing
        if bar is not None and ts >= bar.ts:
            self.bars.append(bar)
            self._growing = None

    def _bin(self, ts_open: Micros, span: Span) -> tuple[Micros, Micros]:
        if self._timeframe == "1d":
            return span.open, span.close
        if self._timeframe == "1w":
            return span.week_open, span.week_close
        begin = span.open + max(0, ts_open - span.open) // self._length * self._length
        return begin, min(begin + self._length, span.close)

    def _session(self, ts_open: Micros) -> Span:
        """The session that runs at a moment, else the next one."""
        calendar = self._calendar
        day = calendar.session_of(ts_open)
        if calendar.close_ts(day) <= ts_open:  # at the closing bell: what begins now is behind it
            day = calendar.next_session(day)
        monday = day - timedelta(days=day.weekday())
        week = calendar.sessions(monday, monday + timedelta(days=_WEEK_DAYS))
        return Span(
            calendar.open_ts(day), calendar.close_ts(day), calendar.open_ts(week[0]), calendar.close_ts(week[-1])
        )


def check_higher(fine: str, timeframe: str, declared: Sequence[str]) -> None:
    """Refuse a higher timeframe that the strategy has not declared, or that cannot be made of its bars.

    Raises:
        StrategyError: says which could be had.

    """
    if timeframe not in declared:
        raise StrategyError(
            f"bars of {timeframe!r} were asked for, and the strategy declares {', '.join(declared) or 'none'}",
            hint=f"Declare it in the class: higher = ({timeframe!r},)",
        )
    long, short = TIMEFRAMES.get(timeframe), TIMEFRAMES[fine]
    if long is None or long <= short or (timeframe not in ("1d", "1w") and long % short):
        raise StrategyError(
            f"{timeframe} bars cannot be made of the {fine} bars that the strategy is fed",
            hint=f"Declare multiples of {fine}: one of {', '.join(n for n, s in TIMEFRAMES.items() if s > short)}.",
        )
