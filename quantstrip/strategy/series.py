"""The columns of one symbol and its indicators, each computed once: what vectorised strategies read as arrays."""

import threading
from collections.abc import Callable

import numpy as np

from quantstrip.indicators.averages import Sma, Values, ema
from quantstrip.indicators.oscillators import Atr, Bbands, Rsi
from quantstrip.ports import Columns
from quantstrip.strategy.vectorized import whole_period

MOST_BYTES = 128 * 2**20
"""Room for indicators that are kept; the oldest go when it is short."""


class SymbolSeries:
    """Read-only columns ``open, high, low, close, volume`` of one symbol, one row a bar, and indicators of them.

    An indicator is NaN while it warms up and equals the native form's. It is computed once, however many parameters
    are tried; any number of threads may ask.
    """

    def __init__(self, symbol: str, columns: Columns, most_bytes: int = MOST_BYTES) -> None:
        self.symbol = symbol
        self.ts = columns.ts
        self.open, self.high, self.low, self.close, self.volume = columns[2:7]
        self._kept: dict[tuple[object, ...], tuple[Values, ...]] = {}
        self._room = most_bytes
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Bars."""
        return len(self.close)

    def sma(self, period: int) -> Values:
        """Simple moving average of the closes."""
        length = whole_period("sma", period)
        return self._get(("sma", length), lambda: (Sma(length).extend(self.close),))[0]

    def volume_sma(self, period: int) -> Values:
        """Simple moving average of the volumes."""
        length = whole_period("volume_sma", period)
        return self._get(("volume_sma", length), lambda: (Sma(length).extend(self.volume),))[0]

    def ema(self, period: int) -> Values:
        """Exponential moving average of the closes."""
        length = whole_period("ema", period)
        return self._get(("ema", length), lambda: (ema(length).extend(self.close),))[0]

    def rsi(self, period: int = 14) -> Values:
        """Relative Strength Index (Wilder), 0 to 100."""
        length = whole_period("rsi", period)
        return self._get(("rsi", length), lambda: tuple(Rsi(length).extend(self.close)))[0]

    def atr(self, period: int = 14) -> Values:
        """Average True Range (Wilder) in price units."""
        length = whole_period("atr", period)
        return self._get(("atr", length), lambda: tuple(Atr(length).extend(self.high, self.low, self.close)))[0]

    def bbands(self, period: int = 20, nbdev: float = 2.0) -> tuple[Values, Values, Values]:
        """Upper, middle and lower Bollinger Band."""
        length = whole_period("bbands", period)
        upper, mid, lower = self._get(
            ("bbands", length, float(nbdev)), lambda: tuple(Bbands(length, nbdev).extend(self.close))
        )
        return upper, mid, lower

    def highest(self, period: int) -> Values:
        """Highest high of the ``period`` bars that end with each bar."""
        length = whole_period("highest", period)
        return self._get(("highest", length), lambda: (_extreme(self.high, length, np.max),))[0]

    def lowest(self, period: int) -> Values:
        """Lowest low of the ``period`` bars that end with each bar."""
        length = whole_period("lowest", period)
        return self._get(("lowest", length), lambda: (_extreme(self.low, length, np.min),))[0]

    def _get(self, key: tuple[object, ...], make: Callable[[], tuple[Values, ...]]) -> tuple[Values, ...]:
        found = self._kept.get(key)
        if found is not None:
            return found
        made = make()
        for values in made:
            values.flags.writeable = False  # it is shared by all that ask
        with self._lock:
            self._room -= sum(values.nbytes for values in made)
            self._kept[key] = made
            while self._room < 0 and len(self._kept) > 1:
                gone = self._kept.pop(next(iter(self._kept)))
                self._room += sum(values.nbytes for values in gone)
        return made


def _extreme(values: Values, period: int, of: Callable[..., Values]) -> Values:
    found = np.full(len(values), np.nan)
    if len(values) >= period:
        found[period - 1 :] = of(np.lib.stride_tricks.sliding_window_view(values, period), axis=1)
    return found
