"""``output`` of a dataframe script: lines and marks for the price chart, decoration that no order follows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from quantstrip.errors import StrategyError

Values = list[float | None]


@dataclass(frozen=True, slots=True)
class Plot:
    """A line of the chart.

    Attributes:
        data: one value a bar, None where there is none.
        color: as CSS writes it, "" for the chart's choice.
        overlay: on the prices; False is a panel of its own.

    """

    name: str
    data: Values
    color: str
    overlay: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of one kind; ``data`` is the price of each bar's mark, None where there is none."""

    type: str
    text: str
    data: Values
    color: str


@dataclass(frozen=True, slots=True)
class Output:
    """All that a script has drawn of one symbol."""

    name: str
    plots: tuple[Plot, ...]
    marks: tuple[Marks, ...]


def drawn_by(strategy: object) -> dict[str, Output]:
    """What a strategy drew in its run, by symbol; nothing for those that do not draw."""
    found = getattr(strategy, "output", None)
    return {name: each for name, each in found.items() if isinstance(each, Output)} if isinstance(found, dict) else {}


def read_output(place: str, given: object, bars: int) -> Output | None:
    """A script's ``output``, checked; None where it made none.

    Args:
        place: file and line that errors name.
        given: what the script left under that name.
        bars: how many there are.

    Raises:
        StrategyError: it is not of the form; says what was expected.

    """
    if given is None:
        return None
    what = "output"
    found = _mapping(place, given, what)
    plots = tuple(_plot(place, each, f"{what}['plots'][{row}]", bars) for row, each in _listed(place, found, "plots"))
    marks = tuple(
        _marks(place, each, f"{what}['signals'][{row}]", bars) for row, each in _listed(place, found, "signals")
    )
    return Output(str(found.get("name", "")), plots, marks)


def _plot(place: str, given: object, what: str, bars: int) -> Plot:
    found = _mapping(place, given, what)
    values = _data(place, found, what, bars)
    return Plot(str(found.get("name", "")), values, _color(place, found, what), bool(found.get("overlay", False)))


def _marks(place: str, given: object, what: str, bars: int) -> Marks:
    found = _mapping(place, given, what)
    kind = found.get("type")
    if kind not in _TYPES:
        raise _refused(place, f"{what}['type'] is {kind!r}", f"The types are {' and '.join(_TYPES)}.")
    text = str(found.get("text", ""))
    return Marks(str(kind), text, _data(place, found, what, bars), _color(place, found, what))


_TYPES: Final = ("buy", "sell")


def _mapping(place: str, given: object, what: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise _refused(place, f"{what} is {type(given).__name__}, expected a dict", "See the example of the form.")
    return given


def _listed(place: str, found: Mapping[str, Any], name: str) -> Sequence[tuple[int, object]]:
    given = found.get(name, [])
    if not isinstance(given, list | tuple):
        raise _refused(place, f"output['{name}'] is {type(given).__name__}, expected a list", "Write a list of dicts.")
    return list(enumerate(given))


def _data(place: str, found: Mapping[str, Any], what: str, bars: int) -> Values:
    given = found.get("data")
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise _refused(place, f"{what}['data'] is {type(given).__name__}, expected a list", "Write one value a bar.")
    values = list(given)
    if len(values) != bars:
        raise _refused(
            place, f"{what}['data'] has {len(values)} values, there are {bars} bars",
            "Write one value a bar, None where there is none.",
        )  # fmt: skip
    try:
        numbers = np.array(values, dtype=np.float64)  # None becomes NaN
    except (TypeError, ValueError) as error:
        raise _refused(place, f"{what}['data']: {error}", "Write numbers, None where there is none.") from error
    if numbers.ndim != 1:
        raise _refused(place, f"{what}['data'] holds lists", "Write one number a bar, None where there is none.")
    numbers[~np.isfinite(numbers)] = np.nan
    return [None if value != value else value for value in numbers.tolist()]


def _color(place: str, found: Mapping[str, Any], what: str) -> str:
    color = found.get("color", "")
    if not isinstance(color, str):
        raise _refused(place, f"{what}['color'] is {color!r}", "Write a colour as text, such as '#FF9800'.")
    return color


def _refused(place: str, what: str, hint: str) -> StrategyError:
    return StrategyError(f"{place}: {what}", hint=hint)
