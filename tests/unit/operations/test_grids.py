"""Values of parameters as people write them."""

from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.errors import TaskRefused
from quantstrip.operations.grids import MOST_POINTS, check_grid, points_of, values_of


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5:20:5", [5, 10, 15, 20]),
        ("5:22:5", [5, 10, 15, 20]),
        ("20:5:-5", [20, 15, 10, 5]),
        ("0.1:0.4:0.1", [0.1, 0.2, 0.3, 0.4]),
        ("-1:1:1", [-1, 0, 1]),
        ("7:7:1", [7]),
        ("5, 10,20", [5, 10, 20]),
        ("0.5", [0.5]),
        ("true,false", [True, False]),
        ("long,both", ["long", "both"]),
    ],
)
def test_a_range_has_both_ends_and_a_list_what_it_names(text: str, values: list[Any]) -> None:
    found = values_of(text)
    assert found == values
    assert [type(each) for each in found] == [type(each) for each in values]


@pytest.mark.parametrize("text", ["", "5,,6", "5:50:0", "5:50:-5", "a:b:c", "5:50:x", "1:1e9:1", "1:inf:1", "nan:1:1"])
def test_what_names_no_values_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(TaskRefused) as refused:
        values_of(text)
    assert refused.value.hint


@given(st.integers(-500, 500), st.integers(1, 60), st.integers(0, 40))
def test_a_range_of_decimals_has_no_rounding_in_it(first: int, step: int, steps: int) -> None:
    text = f"{first / 100}:{(first + step * steps) / 100}:{step / 100}"
    assert values_of(text) == [round((first + step * number) / 100, 2) for number in range(steps + 1)]


names = st.sampled_from(["fast", "slow", "stop", "side"])


@given(st.dictionaries(names, st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True), min_size=1))
def test_every_combination_comes_once_in_the_order_of_the_grid(grid: dict[str, list[int]]) -> None:
    points = list(points_of(grid))
    assert len(points) == check_grid(grid) == prod(map(len, grid.values()))
    assert len({tuple(point.values()) for point in points}) == len(points)
    assert points == sorted(points, key=lambda point: [grid[name].index(point[name]) for name in grid])


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        ({}, "at least one parameter that varies"),
        ({"fast": []}, "fast must be a list of values"),
        ({"fast": 5}, "fast must be a list of values"),
        ({"fast": [5, None]}, "fast must be a list of values"),
        ({"fast": [5, 5]}, "fast has a value twice"),
        ({"fast": list(range(1000)), "slow": list(range(1000))}, f"1,000,000 combinations.*{MOST_POINTS:,}"),
    ],
)
def test_a_grid_that_is_none_is_refused(grid: dict[str, Any], words: str) -> None:
    with pytest.raises(TaskRefused, match=words):
        check_grid(grid)
