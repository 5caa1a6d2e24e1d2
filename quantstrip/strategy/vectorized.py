"""Strategies as whole columns: every decision of a run computed at once, for sweeps of many parameters.

pandas is imported when prices are given, never with the package. The helpers (``sma`` ... ``bollinger_bands``) are the
indicators of the native form on DataFrames: the same numbers, to the last bit.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from quantstrip.errors import StrategyError
from quantstrip.indicators.averages import Sma
from quantstrip.indicators.averages import ema as running_ema
from quantstrip.indicators.oscillators import Atr, Bbands, Rsi

if TYPE_CHECKING:
    import pandas as pd

    from quantstrip.strategy.series import SymbolSeries

Frame = TypeVar("Frame", "pd.DataFrame", "pd.Series[Any]")
Values = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Computed = Sequence[Values]


class VectorizedStrategy:
    """Base of strategies that decide over whole columns: implement ``generate_signals`` or ``generate_arrays``.

    Row ``i`` of what it returns is decided at the close of bar ``i`` and must depend on bars up to ``i`` alone. Where
    an entry is true and nothing is held, units are bought at the next open; where an exit is true and something is
    held, all of it is sold at the next open. Sizing, costs and risk rules are the engine's.

    Attributes:
        name: unique, ``snake_case``.
        param_schema: lowest and highest value of each parameter, both included: whole numbers where both are.
        defaults: values of parameters that a run does not name. Without one, the default in ``generate_signals``
            itself counts (a keyword's, or that of ``params.get("period", 20)``).
        symbols: what it trades where a run names nothing.
        timeframe: bars it wants; "" takes those the run has.
        stop_loss, take_profit, trailing_stop: protection of every entry, as fractions of its price (0.05 is 5 %); 0 for
            none. A parameter of that name sets it for each run.
        position_size_ratio: share of equity that an entry is worth where a run names no quantity: 0.02 is 2 %. A
            parameter of that name sets it for each run.
        opens, highs, lows: prices of the same shape as ``prices``, for ``atr`` and the like; set before each call.

    Example:
        >>> class Cross(VectorizedStrategy):
        ...     name = "cross"
        ...     param_schema = {"fast": (2, 50), "slow": (10, 200)}
        ...     def generate_signals(self, prices, volumes, **params):
        ...         fast, slow = sma(prices, params["fast"]), sma(prices, params["slow"])
        ...         return fast > slow, fast < slow

    """

    name: ClassVar[str] = ""
    author: ClassVar[str] = ""
    param_schema: ClassVar[Mapping[str, tuple[float, float]]] = {}
    defaults: ClassVar[Mapping[str, Any]] = {}
    symbols: ClassVar[Sequence[str]] = ()
    timeframe: ClassVar[str] = ""
    stop_loss: ClassVar[float] = 0.0
    take_profit: ClassVar[float] = 0.0
    trailing_stop: ClassVar[float] = 0.0
    position_size_ratio: ClassVar[float] = 0.02

    opens: "pd.DataFrame"
    highs: "pd.DataFrame"
    lows: "pd.DataFrame"

    def generate_signals(
        self, prices: "pd.DataFrame", volumes: "pd.DataFrame", **params: Any
    ) -> "tuple[pd.DataFrame, ...]":
        """Entries and exits of every bar and symbol.

        Args:
            prices: closes, NaN where a symbol has no bar; index: close of each bar (UTC), columns: symbols.
            volumes: of the same shape.
            params: value of each parameter.

        Returns:
            Boolean DataFrames of the same shape: entries and exits of long positions, and, where it sells short too,
            entries and exits of short ones. Where both sides would enter, it buys.

        """
        raise NotImplementedError

    def generate_arrays(self, bars: "SymbolSeries", **params: Any) -> tuple[Flags, ...]:
        """The same for one symbol as numpy arrays: several times faster in sweeps; counts alone where it is defined.

        Args:
            bars: columns ``open, high, low, close, volume`` and indicators (``bars.sma(20)``) of the symbol's bars.
            params: value of each parameter.

        Returns:
            Two or four boolean arrays, one value a bar.

        """
        raise NotImplementedError

    @classmethod
    def uses_arrays(cls) -> bool:
        """Tell whether the class defines ``generate_arrays``."""
        return cls.generate_arrays is not VectorizedStrategy.generate_arrays


def sma(series: Frame, period: int) -> Frame:
    """Simple moving average of each column; NaN for its first ``period - 1`` bars."""
    length = whole_period("sma", period)
    found: Frame = _mapped(series, "sma", (length,), lambda close: (Sma(length).extend(close),))[0]
    return found


def ema(series: Frame, period: int) -> Frame:
    """Exponential moving average, ``k = 2 / (period + 1)``, seeded with the mean of the first ``period`` bars."""
    length = whole_period("ema", period)
    found: Frame = _mapped(series, "ema", (length,), lambda close: (running_ema(length).extend(close),))[0]
    return found


def rsi(series: Frame, period: int = 14) -> Frame:
    """Relative Strength Index (Wilder), 0 to 100; 50 where nothing moved."""
    length = whole_period("rsi", period)
    found: Frame = _mapped(series, "rsi", (length,), lambda close: Rsi(length).extend(close))[0]
    return found


def atr(high: Frame, low: Frame, close: Frame, period: int = 14) -> Frame:
    """Average True Range (Wilder) in price units."""
    length = whole_period("atr", period)

    def ranges(last: Values, highest: Values, lowest: Values) -> Computed:
        return Atr(length).extend(highest, lowest, last)

    found: Frame = _mapped(close, "atr", (length,), ranges, high, low)[0]
    return found


def bollinger_bands(series: Frame, period: int = 20, std_dev: float = 2.0) -> tuple[Frame, Frame, Frame]:
    """Upper, middle and lower band: the simple average and ``std_dev`` population standard deviations."""
    length = whole_period("bollinger_bands", period)
    if not 0.0 <= std_dev < float("inf"):
        raise StrategyError(f"bollinger_bands needs a factor of at least 0, got {std_dev!r}")
    upper, mid, lower = _mapped(
        series, "bbands", (length, float(std_dev)), lambda close: Bbands(length, std_dev).extend(close)
    )
    return upper, mid, lower


class Remembered:
    """Indicators of frames that many calls share, so that each is computed once; the oldest go when room is short.

    Only frames that are named here: what a strategy makes itself is new with every call.
    """

    def __init__(self, frames: Sequence[Any], most_bytes: int = 128 * 2**20) -> None:
        self._frames = {id(frame): frame for frame in frames}  # held, so that no other takes its id
        self._found: dict[tuple[Any, ...], list[Any]] = {}
        self._room = most_bytes
        self._lock = threading.Lock()

    def get(self, key: tuple[Any, ...]) -> list[Any] | None:
        """What was computed, or None."""
        return self._found.get(key)

    def put(self, key: tuple[Any, ...], frames: list[Any]) -> None:
        """Keep it, where it is of a frame that is shared."""
        if not all(part in self._frames for part in key[0]):
            return
        with self._lock:
            self._room -= sum(frame.to_numpy().nbytes for frame in frames)
            self._found[key] = frames
            while self._room < 0 and len(self._found) > 1:
                gone = self._found.pop(next(iter(self._found)), [])
                self._room += sum(frame.to_numpy().nbytes for frame in gone)


_remembered: list[Remembered] = []


class remembering:  # noqa: N801 - used like a function
    """While inside, indicators of ``frames`` are computed once; see ``Remembered``."""

    def __init__(self, frames: Sequence[Any]) -> None:
        self._kept = Remembered(frames)

    def __enter__(self) -> None:
        _remembered.append(self._kept)

    def __exit__(self, *_error: object) -> None:
        _remembered.remove(self._kept)


def _mapped(
    frame: Any, name: str, parameters: tuple[float, ...], compute: Callable[..., Computed], *others: Any
) -> list[Any]:
    """Outputs of an indicator, computed column by column over the bars that a column has."""
    inputs = (frame, *others)
    key = (tuple(map(id, inputs)), name, parameters)
    for memory in _remembered:
        known = memory.get(key)
        if known is not None:
            return [one.copy(deep=False) for one in known]
    columns = [np.asarray(one, dtype=np.float64).reshape(len(frame), -1) for one in inputs]
    if any(one.shape != columns[0].shape for one in columns):
        raise StrategyError(f"{name} needs frames of one shape, got {', '.join(str(one.shape) for one in columns)}")
    outputs: list[Values] = []
    for number in range(columns[0].shape[1]):
        for place, values in enumerate(on_known(compute, *(one[:, number] for one in columns))):
            if place == len(outputs):
                outputs.append(np.empty_like(columns[0]))
            outputs[place][:, number] = values
    for values in outputs:
        values.flags.writeable = not _remembered  # a frame that shares its values would be changed for all
    made = [_like(frame, values) for values in outputs]
    for memory in _remembered:
        memory.put(key, made)
    return [one.copy(deep=False) for one in made] if _remembered else made


def on_known(compute: Callable[..., Computed], *columns: Values) -> Computed:
    """An indicator of the rows in which no column is NaN; the other rows are NaN."""
    known = ~np.isnan(columns[0])
    for column in columns[1:]:
        known &= ~np.isnan(column)
    if known.all():
        return compute(*map(np.ascontiguousarray, columns))
    spread = []
    for values in compute(*(column[known] for column in columns)):
        whole = np.full(len(known), np.nan)
        whole[known] = values
        spread.append(whole)
    return spread


def _like(frame: Any, values: Values) -> Any:
    if frame.ndim == 1:
        return type(frame)(values[:, 0], index=frame.index, name=frame.name)
    return type(frame)(values, index=frame.index, columns=frame.columns)


def whole_period(name: str, period: float) -> int:
    """The period of an indicator, in bars.

    Raises:
        StrategyError: it is no whole number of at least 1.

    """
    if isinstance(period, bool) or not 1 <= period < float("inf") or int(period) != period:
        raise StrategyError(
            f"{name} needs a period of at least 1 bar, got {period!r}", hint=f"Give a whole number, as {name}(..., 20)."
        )
    return int(period)
