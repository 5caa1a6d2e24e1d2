"""The strategy contract: what the base keeps, what the hooks get, what an author is told."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from quantstrip.errors import StrategyError
from quantstrip.model import Bar, OrderSide, OrderState, Signal, Tick
from quantstrip.strategy import StrategyBase

START = datetime(2024, 1, 2, 21, tzinfo=UTC)


def bar(index: int, close: float = 100.0, symbol: str = "AAPL") -> Bar:
    return Bar.at(symbol, START + timedelta(days=index), close, close + 1, close - 1, close, 1000.0)


class RsiMeanReversion(StrategyBase):
    """The guide's first example, as its reader would write it."""

    author = "your_name"
    parameters = ["rsi_period", "oversold", "overbought"]  # noqa: RUF012 - as the guide writes it
    variables = ["current_rsi"]  # noqa: RUF012

    def __init__(
        self, symbols: Sequence[str] | None = None, rsi_period: int = 14, oversold: float = 30, overbought: float = 70
    ) -> None:
        super().__init__(name="rsi_mean_reversion", symbols=symbols or ["AAPL"])
        self.rsi_period = rsi_period
        self.oversold = oversold
        self.overbought = overbought
        self.current_rsi = 0.0
        self._in_position: set[str] = set()

    def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:
        if str(side) == "BUY":
            self._in_position.add(symbol)
        elif str(side) == "SELL":
            self._in_position.discard(symbol)

    def on_bar(self, bar: Bar) -> list[Signal]:
        bars = self._bars.get(bar.symbol, [])
        if len(bars) < self.rsi_period + 1:
            return []
        rsi = self.indicators_for(bar.symbol).rsi(self.rsi_period)
        self.current_rsi = float(rsi[-1])
        if self.current_rsi < self.oversold and bar.symbol not in self._in_position:
            return [Signal(symbol=bar.symbol, side=OrderSide.BUY, strength=0.8, reason=f"RSI {self.current_rsi:.1f}")]
        if self.current_rsi > self.overbought and bar.symbol in self._in_position:
            return [Signal(symbol=bar.symbol, side=OrderSide.SELL, strength=0.7)]
        return []


class Quiet(StrategyBase):
    def __init__(self, symbols: Sequence[str] | None = None) -> None:
        super().__init__(name="quiet", symbols=symbols or ["AAPL"])

    def on_bar(self, bar: Bar) -> list[Signal]:
        return []


def test_feed_bar_stands_alone() -> None:
    """The guide's "how do I test locally": no engine, no feed."""
    strategy = RsiMeanReversion(symbols=["AAPL"])
    strategy.on_init()
    strategy.on_start()
    answers = [strategy.feed_bar(bar(index, 100.0 - index)) for index in range(20)]
    assert answers[:14] == [[]] * 14
    answer = answers[14]
    assert isinstance(answer, list)
    (signal,) = answer
    assert (signal.symbol, signal.side, signal.order_type) == ("AAPL", OrderSide.BUY, "MARKET")
    strategy.on_trade("AAPL", OrderSide.BUY, 85.0, 10.0)
    assert strategy.feed_bar(bar(20, 80.0)) == []


def test_bars_of_the_guide_may_be_decimals() -> None:
    strategy = Quiet()
    made = Bar.at(
        "AAPL", datetime.now(UTC), Decimal("150"), Decimal("151"), Decimal("149"), Decimal("150.5"), Decimal("1e6"),
        timeframe="5m",
    )  # fmt: skip
    assert strategy.feed_bar(made) == []
    assert strategy._bars["AAPL"] == [made]
    assert made.close == 150.5
    assert type(made.close) is float


def test_the_last_five_hundred_bars_are_kept_oldest_first() -> None:
    strategy = Quiet()
    for index in range(520):
        strategy.feed_bar(bar(index, 100.0 + index))
    window = strategy._bars["AAPL"]
    assert len(window) == 500
    assert window[0].close == 120.0
    assert window[-1].close == 619.0
    assert len(strategy.indicators_for("AAPL").sma(10)) == 500


def test_a_strategy_may_look_less_far_back() -> None:
    class Short(Quiet):
        _MAX_BAR_HISTORY = 3

    strategy = Short()
    for index in range(10):
        strategy.feed_bar(bar(index))
    assert len(strategy._bars["AAPL"]) == 3


def test_symbols_keep_their_own_bars() -> None:
    strategy = Quiet(["AAPL", "SPY"])
    strategy.feed_bar(bar(0, 10.0, "SPY"))
    assert strategy._bars["AAPL"] == []
    assert strategy._bars["SPY"][-1].close == 10.0
    assert strategy._bars.get("QQQ", []) == []


def test_one_symbol_may_be_given_as_a_word() -> None:
    assert Quiet("SPY").symbols == ["SPY"]


def test_indicators_of_a_symbol_are_one_object() -> None:
    strategy = Quiet()
    assert strategy.indicators_for("AAPL") is strategy.indicators_for("AAPL")


def test_on_bar_is_required() -> None:
    class Empty(StrategyBase):
        pass

    with pytest.raises(TypeError, match="on_bar"):
        Empty("empty", [])  # type: ignore[abstract]  # what the test is about


def test_other_hooks_are_optional() -> None:
    strategy = Quiet()
    strategy.on_init()
    strategy.on_start()
    strategy.on_trade("AAPL", OrderSide.BUY, 1.0, 1.0)
    strategy.on_order("reference", OrderState.FILLED)
    assert strategy.on_tick(Tick("AAPL", 0, 1.0)) is None
    strategy.on_stop()


def test_parameters_and_variables_are_read_by_name() -> None:
    strategy = RsiMeanReversion(rsi_period=7)
    assert strategy.get_parameters() == {"rsi_period": 7, "oversold": 30, "overbought": 70}
    assert strategy.get_variables() == {"current_rsi": 0.0}


def test_a_parameter_that_is_not_stored_is_named() -> None:
    class Forgetful(Quiet):
        parameters = ["period"]  # noqa: RUF012

    with pytest.raises(StrategyError, match=r"names period.*\n.*self.period = period"):
        Forgetful().get_parameters()


def test_the_atr_shortcut_is_the_indicator() -> None:
    strategy = Quiet()
    for index in range(40):
        strategy.feed_bar(bar(index, 100.0 + 5 * np.sin(index)))
    bars = strategy._bars["AAPL"]
    assert StrategyBase._calculate_atr(bars, period=14) == strategy.indicators_for("AAPL").atr(14)[-1]
    assert math.isnan(StrategyBase._calculate_atr(bars[:14], 14))
    assert math.isnan(StrategyBase._calculate_atr([], 14))
