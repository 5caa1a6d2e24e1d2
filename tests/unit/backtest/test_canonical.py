"""The one text of a result: equal where the results are, and nowhere else."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.backtest import run_backtest
from quantstrip.backtest.canonical import canonical, result_hash
from quantstrip.risk import OFF

from .test_run import Scripted, days

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=values)
def test_reading_it_and_writing_it_again_gives_the_same_bytes_with_every_float_to_its_last_bit(value: Any) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text
    assert json.loads(text) == value


@given(pairs=st.dictionaries(st.text(), st.integers(), max_size=6))
def test_the_order_of_keys_does_not_matter(pairs: dict[str, int]) -> None:
    assert canonical(pairs) == canonical(dict(reversed(pairs.items())))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_write_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": number})


def test_numbers_of_numpy_are_numbers() -> None:
    assert canonical([np.float64(0.1), np.int64(3), np.array([1.5])]) == b"[0.1,3,[1.5]]"


@given(
    script=st.dictionaries(
        st.integers(0, 9),
        st.tuples(st.sampled_from(["BUY", "SELL"]), st.none() | st.integers(1, 50).map(float)),
        max_size=6,
    ),
    prices=st.lists(st.floats(1.0, 1000.0), min_size=4, max_size=12),
)
def test_the_same_run_twice_is_the_same_to_the_byte(
    script: dict[int, tuple[str, float | None]], prices: list[float]
) -> None:
    first, second = (run_backtest(Scripted(script=script), days("ABC", prices), risk=OFF) for _ in range(2))
    assert first.to_canonical() == second.to_canonical()
    document = first.to_dict()
    assert document["run"]["result_hash"] == result_hash(document) == result_hash(json.loads(first.to_canonical()))


def test_one_digit_of_one_fill_or_of_the_curve_makes_another_result() -> None:
    script: dict[int, tuple[str, float | None]] = {0: ("BUY", 10.0)}
    bars = days("ABC", [100, 110, 120, 130])
    document = run_backtest(Scripted(script=script), bars, risk=OFF).to_dict()
    hashed = result_hash(document)
    document["fills"][0]["price"] = math.nextafter(document["fills"][0]["price"], math.inf)
    assert result_hash(document) != hashed
