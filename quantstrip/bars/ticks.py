"""Bars from ticks, as they come."""

from quantstrip.clock import SECOND, Micros
from quantstrip.errors import DataError
from quantstrip.model import TIMEFRAMES, Bar, Tick


class TickBars:
    """Builds the bars of one symbol from its ticks.

    A bar spans ``[open, open + timeframe)`` of the clock in UTC, and is given out as soon as a tick or ``flush`` shows
    that its time is over. A span without a tick gives no bar: no price is invented. A tick older than the bar being
    built came too late to change what strategies have seen; it is counted in ``late`` and left out.

    Args:
        symbol: whose ticks; another symbol's is refused.
        timeframe: shorter than a day (sessions make daily bars: resample what this gives).

    """

    def __init__(self, symbol: str, timeframe: str) -> None:
        seconds = TIMEFRAMES.get(timeframe)
        if seconds is None or timeframe in ("1d", "1w"):
            raise DataError(
                f"ticks cannot be made into {timeframe!r} bars",
                hint="Make bars shorter than a day, then use quantstrip.bars.resample with the calendar.",
            )
        self.symbol = symbol
        self.timeframe = timeframe
        self.late = 0
        self._length = seconds * SECOND
        self._open_until: Micros = 0
        self._bar: Bar | None = None

    def add(self, tick: Tick) -> Bar | None:
        """Take a tick; the bar it completes, if it begins a new one.

        Raises:
            DataError: another symbol, or a price or size that is not a possible number.

        """
        self._check(tick)
        begin = tick.ts // self._length * self._length
        if tick.ts < self._open_until - self._length or (self._bar is None and tick.ts < self._open_until):
            self.late += 1
            return None
        done = self.flush(tick.ts)
        bar = self._bar
        if bar is None:
            self._open_until = begin + self._length
            self._bar = Bar(
                self.symbol,
                self.timeframe,
                begin,
                self._open_until,
                tick.price,
                tick.price,
                tick.price,
                tick.price,
                tick.size,
                tick.source,
            )
        else:
            self._bar = bar._replace(
                high=max(bar.high, tick.price),
                low=min(bar.low, tick.price),
                close=tick.price,
                volume=bar.volume + tick.size,
            )
        return done

    def flush(self, now: Micros) -> Bar | None:
        """The bar being built, if its time is over at ``now``."""
        done = self._bar
        if done is None or now < done.ts:
            return None
        self._bar = None
        return done

    def _check(self, tick: Tick) -> None:
        if tick.symbol != self.symbol:
            raise DataError(f"a tick of {tick.symbol} came to the bars of {self.symbol}", hint="Keep one per symbol.")
        if not 0.0 < tick.price < float("inf") or not 0.0 <= tick.size < float("inf"):
            raise DataError(
                f"{tick.symbol}: a tick needs a positive price and a size of zero or more, "
                f"got price={tick.price!r} size={tick.size!r}",
                hint="Leave the tick out and check its source.",
            )
