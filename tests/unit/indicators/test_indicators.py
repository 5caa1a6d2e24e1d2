"""Indicators: TA-Lib's numbers, the same bits however the bars arrive, nothing from the future."""

import math
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.errors import DataError, StrategyError
from quantstrip.indicators import BarWindows, History, Indicators, Line
from quantstrip.model import Bar
from quantstrip.ports import Columns

Values = npt.NDArray[np.float64]

CALLS: list[tuple[str, tuple[float, ...]]] = [
    ("sma", (10,)),
    ("sma", (1,)),
    ("ema", (10,)),
    ("rsi", (14,)),
    ("macd", (12, 26, 9)),
    ("macd", (3, 5, 2)),
    ("atr", (14,)),
    ("bbands", (20, 2.0)),
    ("obv", ()),
    ("volume_sma", (5,)),
]


def market(rows: int = 60) -> Columns:
    """A deterministic market that rises, falls and swings."""
    i = np.arange(float(rows))
    close = np.round(100 + 8 * np.sin(i / 5) + 3 * np.cos(i / 2) + 0.1 * i, 2)
    high, low = np.round(close + 1 + 0.5 * np.sin(i), 2), np.round(close - 1 - 0.5 * np.cos(i), 2)
    return columns(close, high, low, np.round(1000 + 300 * np.sin(i / 3)))


def columns(
    close: Sequence[float] | Values, high: Values | None = None, low: Values | None = None, volume: Values | None = None
) -> Columns:
    close = np.asarray(close, dtype=np.float64)
    ts = np.arange(1, len(close) + 1, dtype=np.int64) * 60_000_000
    high = close if high is None else high
    low = close if low is None else low
    volume = np.ones(len(close)) if volume is None else volume
    return Columns(ts - 60_000_000, ts, close, high, low, close, volume, "1m", "made")


def bars(data: Columns) -> list[Bar]:
    *arrays, timeframe, source = data
    rows = zip(*(array.tolist() for array in arrays), strict=True)
    return [Bar._make(("S", timeframe, *row, source)) for row in rows]


def known(data: Columns, length: int | None = None, limit: int = 500) -> Indicators:
    history = History("S", limit)
    history.preload(data)
    history.length = len(data.ts) if length is None else length
    return Indicators(history)


def streamed(data: Columns, limit: int = 500, ask_at: set[int] | None = None) -> Indicators:
    """The indicators after feeding bar by bar, asking at some bars and not at others."""
    history = History("S", limit)
    found = Indicators(history)
    for index, bar in enumerate(bars(data)):
        history.add(bar)
        if ask_at is None or index in ask_at:
            for name, parameters in CALLS:
                getattr(found, name)(*parameters)
    return found


def arrays(result: Values | tuple[Values, ...]) -> tuple[Values, ...]:
    return result if isinstance(result, tuple) else (result,)


# Values of TA-Lib 0.8.1 (https://github.com/TA-Lib/ta-lib) on ``market()`` at its first row, row 40 and row 59.
TALIB = [
    ("sma", (10,), 0, 9, (105.277, 108.796, 98.361)),
    ("ema", (10,), 0, 9, (105.277, 109.52364714, 98.72814009)),
    ("rsi", (14,), 0, 14, (65.99616858, 75.69929418, 43.30472614)),
    ("atr", (14,), 0, 14, (2.19571429, 2.58769069, 2.56495005)),
    ("obv", (), 0, 0, (1000.0, 12529.0, 301.0)),
    ("volume_sma", (5,), 0, 4, (1165.6, 1026.8, 1040.2)),
    ("macd", (12, 26, 9), 0, 33, (-1.69506562, 2.74946208, -2.3737618)),
    ("macd", (12, 26, 9), 1, 33, (-3.31603042, 0.63587638, -1.66369628)),
    ("macd", (12, 26, 9), 2, 33, (1.6209648, 2.11358569, -0.71006552)),
    ("bbands", (20, 2.0), 0, 19, (112.90893009, 117.12458975, 113.29761815)),
    ("bbands", (20, 2.0), 1, 19, (104.376, 102.908, 102.744)),
    ("bbands", (20, 2.0), 2, 19, (95.84306991, 88.69141025, 92.19038185)),
]


@pytest.mark.parametrize(("name", "parameters", "output", "first", "values"), TALIB)
def test_values_and_first_bar_are_those_of_talib(
    name: str, parameters: tuple[float, ...], output: int, first: int, values: tuple[float, ...]
) -> None:
    result = arrays(getattr(known(market()), name)(*parameters))[output]
    assert np.isnan(result[:first]).all()
    assert result[[first, 40, 59]] == pytest.approx(values, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(1.0, 1e6), min_size=1, max_size=120),
    st.sets(st.integers(0, 119)),
    st.sampled_from(CALLS),
)
def test_streaming_gives_the_bits_of_the_batch(
    closes: list[float], ask_at: set[int], call: tuple[str, tuple[float, ...]]
) -> None:
    data = columns(closes, np.array(closes) * 1.01, np.array(closes) * 0.99, np.array(closes[::-1]))
    name, parameters = call
    batch = arrays(getattr(known(data), name)(*parameters))
    stream = arrays(getattr(streamed(data, ask_at=ask_at), name)(*parameters))
    assert [array.tobytes() for array in stream] == [array.tobytes() for array in batch]


@pytest.mark.parametrize(("name", "parameters"), CALLS)
def test_what_comes_later_changes_nothing(name: str, parameters: tuple[float, ...]) -> None:
    data = market()
    changed = data._replace(**{field: getattr(data, field).copy() for field in ("high", "low", "close", "volume")})
    for field in ("high", "low", "close", "volume"):
        getattr(changed, field)[40:] *= 3.0
    for one, other in zip(
        arrays(getattr(known(data, 40), name)(*parameters)),
        arrays(getattr(known(changed, 40), name)(*parameters)),
        strict=True,
    ):
        assert len(one) == 40
        assert one.tobytes() == other.tobytes()


def test_long_histories_do_not_drift() -> None:
    """A running sum would have lost the small prices after the large ones."""
    closes = np.concatenate((np.full(5000, 1e9), np.full(50, 0.1)))
    assert known(columns(closes)).sma(10)[-1] == pytest.approx(0.1, rel=1e-12)
    assert known(columns(closes)).bbands(10, 2.0)[0][-1] == pytest.approx(0.1, rel=1e-12)


def test_a_history_longer_than_one_piece_is_seamless() -> None:
    closes = 100 + np.sin(np.arange(40_000) / 7)
    found = known(columns(closes), limit=40_000)
    expected = np.convolve(closes, np.ones(10) / 10, mode="valid")
    assert found.sma(10)[9:] == pytest.approx(expected)


def test_a_market_that_does_not_move_is_neither_overbought_nor_oversold() -> None:
    assert known(columns(np.full(30, 5.0))).rsi(14)[-1] == 50.0


@pytest.mark.parametrize("make", [known, streamed])
def test_arrays_have_the_length_of_the_window_but_know_the_whole_run(make: Callable[..., Indicators]) -> None:
    data = market(60)
    found = make(data, limit=20)
    full = known(data)
    for name, parameters in CALLS:
        for short, long in zip(
            arrays(getattr(found, name)(*parameters)), arrays(getattr(full, name)(*parameters)), strict=True
        ):
            assert len(short) == 20
            assert short.tobytes() == long[-20:].tobytes()


def test_arrays_cannot_be_written() -> None:
    values = known(market()).sma(5)
    with pytest.raises(ValueError, match="read-only"):
        values[-1] = 0.0


@pytest.mark.parametrize("period", [0, -3, 2.5, True, math.nan])
def test_a_period_must_be_a_whole_number_of_bars(period: Any) -> None:
    with pytest.raises(StrategyError, match="period of at least 1 bar"):
        known(market()).sma(period)


def test_unknown_indicators_and_outputs_are_named() -> None:
    found = known(market())
    with pytest.raises(StrategyError, match=r"no indicator 'smaa'\nThere are: sma, ema"):
        found.line("smaa", 3)
    with pytest.raises(StrategyError, match="no output 'middle'\nIt has: upper, mid, lower"):
        found.line("bbands", output="middle")
    with pytest.raises(StrategyError, match="sma takes 1 parameters, got 2"):
        found.line("sma", 3, 4)
    with pytest.raises(StrategyError, match="period of at least 1"):
        found.line("sma")


class TestLine:
    @pytest.mark.parametrize("driven", [True, False])
    def test_reads_what_the_array_ends_with(self, driven: bool) -> None:
        data = market(60)
        history = History("S")
        history.preload(data)
        found = Indicators(history)
        lines: dict[str, tuple[Line, Callable[[], Values]]] = {
            "upper": (found.line("bbands", 5, output="upper"), lambda: found.bbands(5)[0]),
            "hist": (found.line("macd", output="hist"), lambda: found.macd()[2]),
            "sma": (found.line("sma", 7), lambda: found.sma(7)),
        }
        steps = history.drive() if driven else repeat(None)
        for bar, _ in zip(bars(data), steps, strict=False):
            history.add(bar)
            for line, array in lines.values():
                for back in range(-1, -min(4, history.length) - 1, -1):
                    assert str(line[back]) == str(float(array()[back]))

    def test_streaming_reads_the_same(self) -> None:
        data = market(60)
        history = History("S")
        line = Indicators(history).line("ema", 4)
        seen = []
        for bar in bars(data):
            history.add(bar)
            seen.append(line[-1])
        assert np.array(seen).tobytes() == known(data).ema(4).tobytes()

    @pytest.mark.parametrize("driven", [True, False])
    def test_holds_nothing_of_the_future(self, driven: bool) -> None:
        data = columns(np.arange(5_000.0))
        history = History("S")
        history.preload(data)
        line = Indicators(history).line("sma", 1)
        steps = history.drive() if driven else repeat(None)
        for row, (bar, _) in enumerate(zip(bars(data), steps, strict=False)):
            history.add(bar)
            assert line[-1] == row
            if row % 500 == 0:
                assert np.nanmax(line) == row

    def test_is_nan_before_the_first_bar(self) -> None:
        data = market(60)
        history = History("S")
        history.preload(data)
        line = Indicators(history).line("sma", 1)
        assert math.isnan(line[-1])
        for bar in bars(data)[:3]:
            history.add(bar)
        assert math.isnan(line[-4])
        assert not math.isnan(line[-3])

    def test_ends_with_the_bar_at_hand_when_it_is_taken_late(self) -> None:
        data = columns(np.arange(20_000.0))
        history = History("S")
        history.preload(data)
        history.length = 10_000
        line = Indicators(history).line("sma", 1)
        assert (line[-1], line[-512]) == (9_999.0, 9_488.0)
        history.add(bars(data)[10_000])
        assert (line[-1], line[-512]) == (10_000.0, 9_489.0)

    def test_holds_the_last_512_values(self) -> None:
        data = columns(np.arange(600.0))
        history = History("S")
        history.preload(data)
        line = Indicators(history).line("sma", 1)
        for bar in bars(data):
            history.add(bar)
        assert list(line) == list(np.arange(88.0, 600.0))

    def test_a_feed_longer_than_its_columns_goes_on_with_nan(self) -> None:
        history = History("S")
        history.preload(columns(np.arange(3.0)))
        line = Indicators(history).line("sma", 1)
        for _ in zip(range(4), history.drive(), strict=False):
            pass
        assert math.isnan(line[-1])
        assert line[-2] == 2.0


class TestWindows:
    def test_a_window_holds_the_last_bars_and_moves(self) -> None:
        data = market(30)
        windows = BarWindows(limit=10)
        history = windows.history("S")
        history.preload(data)
        history.length = 25
        window = windows["S"]
        assert window == bars(data)[15:25]
        history.add(bars(data)[25])
        assert window is windows["S"]
        assert window == bars(data)[16:26]

    def test_a_streamed_window_is_the_same(self) -> None:
        data = market(30)
        windows = BarWindows(limit=10)
        for bar in bars(data):
            windows.history("S").add(bar)
        assert windows["S"] == bars(data)[20:]

    def test_it_reads_like_a_dictionary(self) -> None:
        windows = BarWindows()
        windows.history("A")
        windows.history("B")
        assert windows["A"] == []
        assert list(windows) == ["A", "B"]
        assert len(windows) == 2
        assert dict(windows.items()) == {"A": [], "B": []}
        assert windows.values() == [[], []]
        assert "C" not in windows
        assert windows.get("C") is None
        assert windows.get("C", []) == []
        assert windows.get("A", None) is windows["A"]
        with pytest.raises(KeyError):
            windows["C"]

    def test_columns_cannot_be_given_after_bars(self) -> None:
        history = History("S")
        history.add(bars(market(1))[0])
        with pytest.raises(DataError, match="1 bars have been fed"):
            history.preload(market(5))

    def test_a_feed_that_promised_other_bars_is_caught(self) -> None:
        history = History("S")
        history.preload(market(5))
        history.length = 3
        history.check(bars(market(5))[2])
        with pytest.raises(DataError, match="is not row 2 of the columns"):
            history.check(bars(market(5))[3])
