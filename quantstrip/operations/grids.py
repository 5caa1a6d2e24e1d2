"""Values of parameters as people write them, and every combination of them."""

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import prod
from typing import Any, Final

from quantstrip.errors import TaskRefused

MOST_POINTS: Final = 100_000
"""Runs of one sweep."""


def value_of(text: str) -> int | float | bool | str:
    """What a word spells: a truth, a number, or text."""
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def values_of(text: str) -> list[Any]:
    """The values that a text names: ``5:50:5`` (both ends included), ``5,10,20``, or one.

    Raises:
        TaskRefused: it names none.

    """
    text = text.strip()
    if text.count(":") == 2:
        return _range(text)
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise TaskRefused(f"{text!r} names no values", hint="Write 5:50:5 (first, last, step), or 5,10,20.")
    return [value_of(word) for word in words]


def check_grid(grid: Mapping[str, Any], drawn: int = 0) -> int:
    """The number of combinations that are run.

    Args:
        drawn: how many of them are drawn by chance; 0 for all.

    Raises:
        TaskRefused: nothing varies, a parameter has no value or one twice, or there are too many combinations.

    """
    if not grid:
        raise TaskRefused("a sweep needs at least one parameter that varies", hint="For example fast = 5:50:5.")
    for name, values in grid.items():
        plain = isinstance(values, list | tuple) and all(isinstance(each, bool | int | float | str) for each in values)
        if not plain or not values:
            raise TaskRefused(f"{name} must be a list of values, got {values!r}", hint="For example [5, 10, 15].")
        if len({str(each) for each in values}) != len(values):
            raise TaskRefused(f"{name} has a value twice: {values!r}", hint="Name each value once.")
    count = prod(len(values) for values in grid.values())
    if drawn:
        count = min(count, drawn)
    if count > MOST_POINTS:
        raise TaskRefused(
            f"the grid has {count:,} combinations, a sweep runs at most {MOST_POINTS:,}",
            hint="Take larger steps, fix some of the parameters, or have some points drawn by chance: --random 500.",
        )
    return count


def points_of(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Every combination, the last parameter changing fastest."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def numbered(grid: Mapping[str, Sequence[Any]], drawn: int = 0, seed: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """Combinations with their numbers in the order of ``points_of``: all, or ``drawn`` of them by chance.

    The same seed draws the same points of the same grid, in the same order.
    """
    count = prod(len(values) for values in grid.values())
    if not drawn or drawn >= count:
        yield from enumerate(points_of(grid))
        return
    for number in random.Random(seed).sample(range(count), drawn):  # noqa: S311 - nothing is kept secret by it
        yield number, point_at(grid, number)


def point_at(grid: Mapping[str, Sequence[Any]], number: int) -> dict[str, Any]:
    """The combination of a number."""
    found = {}
    for name, values in reversed(list(grid.items())):
        number, place = divmod(number, len(values))
        found[name] = values[place]
    return {name: found[name] for name in grid}


def _range(text: str) -> list[Any]:
    try:
        first, last, step = (Decimal(word.strip()) for word in text.split(":"))
        if not step or (last - first) / step < 0:
            raise InvalidOperation
        count = int((last - first) / step) + 1
    except (InvalidOperation, ValueError, OverflowError):
        raise TaskRefused(
            f"{text!r} is no range", hint="Write first:last:step, such as 5:50:5 or 0.1:0.5:0.1."
        ) from None
    if count > MOST_POINTS:
        raise TaskRefused(f"{text!r} has {count:,} values, at most {MOST_POINTS:,} are run", hint="Take larger steps.")
    whole = all(word.strip().lstrip("+-").isdigit() for word in text.split(":"))
    found = [first + number * step for number in range(count)]  # decimals: 0.1, 0.2, 0.3 and not 0.30000000000000004
    return [int(value) if whole else float(value) for value in found]
