"""Every indicator of TA-Lib, over the whole history and never beyond the bar at hand.

TA-Lib computes whole arrays. Each value depends on earlier bars only, so that a longer array has the same beginning:
what is computed ahead over a known history and what is computed bar by bar are the same numbers.
"""

import importlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.errors import StrategyError

Values = npt.NDArray[np.float64]
_INPUTS: Final = frozenset({"open", "high", "low", "close", "volume"})


class Recipe(NamedTuple):
    """One of TA-Lib's functions: columns it takes, names of what it gives, parameters with their defaults."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[str, float]


@lru_cache
def recipe(name: str) -> Recipe:
    """What TA-Lib's function ``name`` takes and gives.

    Raises:
        StrategyError: TA-Lib is not installed, has no such function, or none that bars alone are enough for.

    """
    abstract = _library("talib.abstract")
    try:
        about = abstract.Function(name).info
    except Exception as error:
        raise StrategyError(
            f"TA-Lib has no indicator {name!r}", hint="Its names are in capitals, as CCI, ADX or STOCH."
        ) from error
    inputs: list[str] = []
    for columns in about["input_names"].values():
        inputs.extend([columns] if isinstance(columns, str) else columns)
    if not set(inputs) <= _INPUTS:
        raise StrategyError(f"{name} needs {', '.join(inputs)}, which bars do not have", hint="Call talib yourself.")
    return Recipe(tuple(inputs), tuple(about["output_names"]), dict(about["parameters"]))


def kernel(name: str, parameters: dict[str, float]) -> Callable[..., Sequence[Values]]:
    """A running form of a function; see ``indicators.history.Kernel``.

    Raises:
        StrategyError: as ``recipe``, or a parameter that it does not take.

    """
    known = recipe(name)
    unknown = [each for each in parameters if each not in known.parameters]
    if unknown:
        raise StrategyError(
            f"{name} takes no {', '.join(unknown)}", hint=f"It takes: {', '.join(known.parameters) or 'nothing'}."
        )
    given = {each: _like(known.parameters[each], value) for each, value in parameters.items()}
    return _Running(name, getattr(_library("talib"), name), given).extend


class _Running:
    """Keeps all rows so far, since a function may look back as far as it likes."""

    def __init__(self, name: str, function: Callable[..., Any], parameters: dict[str, float]) -> None:
        self._name, self._function, self._parameters = name, function, parameters
        self._rows = 0
        self._kept: list[Values] = []

    def extend(self, *new: Values) -> Sequence[Values]:
        """The values of the next rows."""
        count = len(new[0])
        self._make_room(new, self._rows + count)
        for kept, values in zip(self._kept, new, strict=True):
            kept[self._rows : self._rows + count] = values
        self._rows += count
        try:
            found = self._function(*(kept[: self._rows] for kept in self._kept), **self._parameters)
        except Exception as error:
            raise StrategyError(f"{self._name}: {error}", hint="See TA-Lib's ranges of its parameters.") from error
        outputs = found if isinstance(found, tuple | list) else (found,)
        return [np.asarray(values, dtype=np.float64)[-count:] for values in outputs]

    def _make_room(self, new: Sequence[Values], rows: int) -> None:
        if self._kept and rows <= len(self._kept[0]):
            return
        size = max(rows, 2 * self._rows, 256)
        grown = [np.empty(size) for _ in new]
        for fresh, kept in zip(grown, self._kept, strict=False):
            fresh[: self._rows] = kept[: self._rows]
        self._kept = grown


def _like(default: float, value: float) -> float:
    return int(value) if isinstance(default, int) and float(value).is_integer() else value


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise StrategyError("TA-Lib is not installed", hint="Install it: pip install 'quantstrip[research]'") from error
