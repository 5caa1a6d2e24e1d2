"""What a strategy calls: the indicators of one symbol, by name and period."""

import math
from collections.abc import Callable
from typing import NamedTuple

from quantstrip.errors import StrategyError
from quantstrip.indicators.averages import Sma, ema
from quantstrip.indicators.history import History, Kernel, Line, Series, Values
from quantstrip.indicators.oscillators import Atr, Average, Bbands, Macd, Obv, Rsi


class _Recipe(NamedTuple):
    inputs: tuple[str, ...]
    make: Callable[..., Kernel]
    defaults: tuple[float, ...]
    outputs: tuple[str, ...] = ("value",)


_REQUIRED = math.nan
_RECIPES: dict[str, _Recipe] = {
    "sma": _Recipe(("close",), lambda period: Average(Sma(period)).extend, (_REQUIRED,)),
    "ema": _Recipe(("close",), lambda period: Average(ema(period)).extend, (_REQUIRED,)),
    "rsi": _Recipe(("close",), lambda period: Rsi(period).extend, (14,)),
    "macd": _Recipe(
        ("close",), lambda fast, slow, signal: Macd(fast, slow, signal).extend, (12, 26, 9), ("macd", "signal", "hist")
    ),
    "atr": _Recipe(("high", "low", "close"), lambda period: Atr(period).extend, (14,)),
    "bbands": _Recipe(
        ("close",), lambda period, nbdev: Bbands(period, nbdev).extend, (20, 2.0), ("upper", "mid", "lower")
    ),
    "obv": _Recipe(("close", "volume"), lambda: Obv().extend, ()),
    "volume_sma": _Recipe(("volume",), lambda period: Average(Sma(period)).extend, (_REQUIRED,)),
}
NAMES = tuple(_RECIPES)


class Indicators:
    """Indicators over the whole history of one symbol, shown for the bars in the strategy's window.

    Every array has the length of the window (``len(self._bars[symbol])``), ends with the bar at hand, holds NaN while
    the indicator warms up, and is read-only. Each series is computed once, however often it is asked for.

    Raises:
        StrategyError: a period is not a whole number of at least 1.

    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._series: dict[tuple[object, ...], Series] = {}

    def sma(self, period: int) -> Values:
        """Simple moving average of the closes; first value at bar ``period``."""
        return self._shown("sma", period)[0]

    def ema(self, period: int) -> Values:
        """Exponential moving average of the closes, ``k = 2 / (period + 1)``, seeded with the first simple average."""
        return self._shown("ema", period)[0]

    def rsi(self, period: int = 14) -> Values:
        """Relative Strength Index (Wilder), 0 to 100; first value at bar ``period + 1``; 50 where nothing moved."""
        return self._shown("rsi", period)[0]

    def macd(self, fast: int = 12, slow: int = 26, signal: int = 9) -> tuple[Values, Values, Values]:
        """MACD line, signal line and histogram; first values at bar ``slow + signal - 1``."""
        line, smooth, difference = self._shown("macd", fast, slow, signal)
        return line, smooth, difference

    def atr(self, period: int = 14) -> Values:
        """Average True Range (Wilder) in price units; first value at bar ``period + 1``."""
        return self._shown("atr", period)[0]

    def bbands(self, period: int = 20, nbdev: float = 2.0) -> tuple[Values, Values, Values]:
        """Upper, middle and lower Bollinger Band: simple average and ``nbdev`` population standard deviations."""
        upper, mid, lower = self._shown("bbands", period, nbdev)
        return upper, mid, lower

    def obv(self) -> Values:
        """On-Balance Volume, counted from the run's first bar."""
        return self._shown("obv")[0]

    def volume_sma(self, period: int) -> Values:
        """Simple moving average of the volumes."""
        return self._shown("volume_sma", period)[0]

    def talib(self, name: str, **parameters: float) -> Values | tuple[Values, ...]:
        """Any indicator of TA-Lib by its name, such as ``talib("CCI", timeperiod=20)``; several outputs as a tuple.

        Columns are those that TA-Lib takes by default. It needs the extra ``research``.

        Raises:
            StrategyError: TA-Lib is not installed, or has no such indicator or parameter.

        """
        key = ("talib", name, *sorted(parameters.items()))
        series = self._series.get(key)
        if series is None:
            from quantstrip.indicators.talib import kernel, recipe

            known = recipe(name)
            running = kernel(name, parameters)
            series = self._series[key] = Series(self._history, known.inputs, running, len(known.outputs))
        shown = self._window(series)
        return shown[0] if len(shown) == 1 else tuple(shown)

    def line(self, name: str, *parameters: float, output: str = "") -> Line:
        """A live handle on one indicator, read as ``line[-1]``; several times cheaper than an array a bar.

        Args:
            name: one of the methods above, as ``"sma"``.
            parameters: as for the method; left out, its defaults.
            output: which array, for ``macd`` (``macd``, ``signal``, ``hist``) and ``bbands`` (``upper``, ``mid``,
                ``lower``); by default the first.

        """
        recipe = _RECIPES.get(name)
        if recipe is None:
            raise StrategyError(f"there is no indicator {name!r}", hint=f"There are: {', '.join(NAMES)}.")
        if output and output not in recipe.outputs:
            raise StrategyError(f"{name} has no output {output!r}", hint=f"It has: {', '.join(recipe.outputs)}.")
        series = self._find(name, parameters + recipe.defaults[len(parameters) :])
        return Line(self._history, series, recipe.outputs.index(output) if output else 0)

    def _shown(self, name: str, *parameters: float) -> list[Values]:
        return self._window(self._series.get((name, *parameters)) or self._find(name, parameters))

    def _window(self, series: Series) -> list[Values]:
        history = self._history
        length = history.length
        if series.done < length:
            series.reach(length)
        start = length - history.limit if length > history.limit else 0
        return [values[start:length] for values in series.shown]

    def _find(self, name: str, parameters: tuple[float, ...]) -> Series:
        key = (name, *parameters)
        series = self._series.get(key)
        if series is None:
            recipe = _RECIPES[name]
            _check(name, parameters, recipe)
            made = recipe.make(*parameters)
            series = self._series[key] = Series(self._history, recipe.inputs, made, len(recipe.outputs))
        return series


def _check(name: str, parameters: tuple[float, ...], recipe: _Recipe) -> None:
    if len(parameters) != len(recipe.defaults):
        raise StrategyError(f"{name} takes {len(recipe.defaults)} parameters, got {len(parameters)}")
    for value, default in zip(parameters, recipe.defaults, strict=True):
        if isinstance(default, float) and not math.isnan(default):  # a factor; periods have whole defaults or none
            if not 0.0 <= value < math.inf:
                raise StrategyError(f"{name} needs a factor of at least 0, got {value!r}")
        elif isinstance(value, bool) or not 1 <= value < math.inf or int(value) != value:
            raise StrategyError(
                f"{name} needs a period of at least 1 bar, got {value!r}", hint="Give a whole number, as in sma(20)."
            )
