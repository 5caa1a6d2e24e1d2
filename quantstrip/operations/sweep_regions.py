"""Regions of a grid that do well: a point is judged by the middle of its neighbours, not by its own luck.

The best of many tries is partly chance. A parameter that works because of something in the market works a step beside
it too; one that fitted noise does not. See R. Pardo, The Evaluation and Optimization of Trading Strategies (2008),
chapter 10, on the shape of the optimisation space.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import ceil, prod
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from quantstrip.operations.sweeps import Point

LEAST = 3
"""Points that a neighbourhood needs, the point itself included; and half of what it has away from the grid's edge."""
_WANTED = 9
"""Points that a neighbourhood of a draw should have on average."""
_AXES = 4
"""Parameters along which points are sorted into cells."""


class Region(NamedTuple):
    """A point and its neighbourhood.

    Attributes:
        middle: median of the figure over the neighbourhood.
        worst: the lowest there.
        size: points of the neighbourhood that have the figure.

    """

    point: "Point"
    middle: float
    worst: float
    size: int


def regions(points: Sequence["Point"], grid: Mapping[str, Sequence[Any]], metric: str, total: int) -> list[Region]:
    """The neighbourhood of every point that has the figure, the best middle first, of equals the one with the
    least bad neighbour.

    Neighbours differ by one step of the grid at most in every parameter that has an order (numbers); in others not at
    all. Where only some points of the grid were drawn, steps are as wide as it takes for about nine neighbours.

    Args:
        total: points that were to be run.

    """
    known = [point for point in points if point.state == "done" and point.figures.get(metric) is not None]
    if not known:
        return []
    ordered = [name for name, values in grid.items() if all(_number(value) for value in values)]
    steps = {name: {value: place for place, value in enumerate(sorted(grid[name]))} for name in ordered}
    fixed = [name for name in grid if name not in ordered]
    places = np.array([[steps[name][point.parameters[name]] for name in ordered] for point in known]).reshape(
        len(known), len(ordered)
    )
    groups: dict[tuple[Any, ...], list[int]] = {}
    for index, point in enumerate(known):
        groups.setdefault(tuple(point.parameters[name] for name in fixed), []).append(index)
    share = min(1.0, total / prod(len(values) for values in grid.values()))
    reach = _reach(share, len(ordered))
    least = max(LEAST, ceil(share * prod(min(2 * reach + 1, len(grid[name])) for name in ordered) / 2))
    figures = np.array([point.figures[metric] for point in known], dtype=np.float64)
    found = []
    for members in groups.values():
        own = np.array(members)
        near_by = _cells(places[own], reach)
        for index, candidates in zip(members, near_by, strict=True):
            close = own[candidates]
            near = close[(np.abs(places[close] - places[index]) <= reach).all(axis=1)]
            if len(near) >= least:
                values = figures[near]
                found.append(Region(known[index], float(np.median(values)), float(values.min()), len(near)))
    alone = {point.number: figure for point, figure in zip(known, figures.tolist(), strict=True)}
    return sorted(
        found, key=lambda one: (-one.middle, -one.worst, -one.size, -alone[one.point.number], one.point.number)
    )


def _reach(share: float, dimensions: int) -> int:
    """Steps to each side that a neighbourhood spans, for a share of the grid that was run."""
    if share >= 1.0 or not dimensions:
        return 1
    width: float = (_WANTED / share) ** (1.0 / dimensions)
    return max(1, ceil((width - 1.0) / 2.0))


def _cells(places: npt.NDArray[Any], reach: int) -> Iterator[npt.NDArray[Any]]:
    """For each point those that may be its neighbours: of its own cell and the cells around it.

    Cells are as wide as a neighbourhood reaches, along the longest few axes: all pairs of 100,000 points are too many.
    """
    longest = np.argsort(-places.max(axis=0, initial=0), kind="stable")[:_AXES]
    cells = [tuple(row) for row in (places[:, longest] // reach).tolist()]
    inside: dict[tuple[int, ...], list[int]] = {}
    for index, cell in enumerate(cells):
        inside.setdefault(cell, []).append(index)
    arrays = {cell: np.array(members) for cell, members in inside.items()}
    steps = list(product((-1, 0, 1), repeat=len(longest)))
    around: dict[tuple[int, ...], npt.NDArray[Any]] = {}
    for cell in cells:
        if cell not in around:
            beside = (tuple(map(add, cell, step)) for step in steps)
            around[cell] = np.concatenate([arrays[each] for each in beside if each in arrays])
        yield around[cell]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
