"""TA-Lib's indicators by name: its own numbers, the same however the bars arrive, nothing from the future."""

import numpy as np
import pytest
import talib
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.errors import StrategyError
from quantstrip.indicators import BarWindows, Indicators
from quantstrip.model import Bar
from quantstrip.ports import Columns

_CALLS: list[tuple[str, dict[str, float]]] = [
    ("CCI", {"timeperiod": 10}),
    ("ULTOSC", {}),
    ("STOCH", {}),
    ("TRIX", {"timeperiod": 4}),
    ("ADOSC", {}),
    ("CDLDOJI", {}),
]


def market(rows: int, seed: int = 1) -> Columns:
    draw = np.random.default_rng(seed)
    close = 100 + np.cumsum(draw.normal(0, 1, rows))
    spread = np.abs(draw.normal(0, 1, rows))
    ts = np.arange(rows, dtype=np.int64) * 60_000_000
    return Columns(ts, ts + 60_000_000, close, close + spread, close - spread, close, draw.uniform(1, 9, rows))


def bars_of(columns: Columns) -> list[Bar]:
    rows = zip(*(each.tolist() for each in columns[:7]), strict=True)
    return [Bar("S", "1m", *row) for row in rows]


def last(found: object) -> list[float]:
    return [float(each[-1]) for each in (found if isinstance(found, tuple) else (found,))]


@pytest.mark.parametrize(("name", "parameters"), _CALLS, ids=[name for name, _ in _CALLS])
@given(rows=st.integers(2, 80), seed=st.integers(0, 5))
def test_bar_by_bar_and_ahead_give_the_same_and_both_are_talibs(
    name: str, parameters: dict[str, float], rows: int, seed: int
) -> None:
    columns = market(rows, seed)
    known, growing = BarWindows(500), BarWindows(500)
    known.history("S").preload(columns)
    ahead, slow = Indicators(known.history("S")), Indicators(growing.history("S"))
    for bar in bars_of(columns):
        known.history("S").add(bar)
        growing.history("S").add(bar)
        np.testing.assert_array_equal(last(ahead.talib(name, **parameters)), last(slow.talib(name, **parameters)))
    inputs = {"CCI": columns[3:6], "ULTOSC": columns[3:6], "STOCH": columns[3:6], "TRIX": columns[5:6],
              "ADOSC": columns[3:7], "CDLDOJI": columns[2:6]}[name]  # fmt: skip
    whole = getattr(talib, name)(*inputs, **parameters)
    np.testing.assert_array_equal(last(slow.talib(name, **parameters)), last(whole))


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("NONE", {}, "no indicator 'NONE'"),
        ("CCI", {"period": 5}, "takes no period"),
        ("MAVP", {}, "bars do not have"),
        ("CCI", {"timeperiod": -1}, "CCI: "),
    ],
)
def test_what_talib_does_not_have_is_an_error(name: str, parameters: dict[str, float], said: str) -> None:
    windows = BarWindows(500)
    windows.history("S").add(bars_of(market(1))[0])
    with pytest.raises(StrategyError, match=said):
        Indicators(windows.history("S")).talib(name, **parameters)
