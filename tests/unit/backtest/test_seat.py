"""The strategy's seat: its books as of the bar at hand, and fills within that bar where form and broker have them."""

import numpy as np
import pytest

from quantstrip.backtest import run_backtest
from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.errors import StrategyFault
from quantstrip.matching import CostModel
from quantstrip.model import Bar, Signal
from quantstrip.risk import CASH_ONLY, OFF
from quantstrip.strategy import StrategyBase

_CLOSES = [10.0, 11.0, 12.0, 13.0, 12.0, 14.0]


class Watcher(StrategyBase):
    """Buys ten on the first bar, notes what its seat says at each, sells at the last but one."""

    def __init__(self, symbols: list[str] | None = None) -> None:
        super().__init__("watcher", symbols or ["S"])
        self.seen: list[tuple[float, float, float, float]] = []

    def on_bar(self, bar: Bar) -> list[Signal]:
        seat = self._seat
        assert seat is not None
        self.seen.append((seat.cash, seat.equity(), seat.position("S").quantity, seat.price("S")))
        return {1: [Signal("S", "BUY", quantity=10)], 5: [Signal("S", "SELL", quantity=10)]}.get(len(self.seen), [])


class Instant(Watcher):
    """Does the same within the bars."""

    same_bar = True

    def on_bar(self, bar: Bar) -> list[Signal]:
        seat = self._seat
        assert seat is not None
        before = seat.position("S").quantity
        if before == 0.0 and not self.seen:
            fill = seat.fill_now(Signal("S", "BUY", order_type="LIMIT", limit_price=10.0, quantity=10), 10.0)
            assert fill is not None
            assert fill.price == 10.0
        if len(self.seen) == 5:
            assert seat.fill_now(Signal("S", "SELL", order_type="LIMIT", limit_price=14.0, quantity=10), 14.0)
        self.seen.append((seat.cash, seat.equity(), seat.position("S").quantity, seat.price("S")))
        return []


class TooMuch(Instant):
    """Wants more than its cash buys."""

    def on_bar(self, bar: Bar) -> list[Signal]:
        assert self._seat is not None
        assert self._seat.fill_now(Signal("S", "BUY", order_type="LIMIT", limit_price=10.0, quantity=1e6), 10.0) is None
        return []


def test_a_strategy_sees_its_books_as_of_the_bar_at_hand(bars: BarTable) -> None:
    watcher = Watcher()
    run_backtest(watcher, bars, cash=1_000.0, risk=OFF, costs=CostModel(0.0, 0.0))
    assert watcher.seen == [
        (1000.0, 1000.0, 0.0, 10.0), (890.0, 1000.0, 10.0, 11.0), (890.0, 1010.0, 10.0, 12.0),
        (890.0, 1020.0, 10.0, 13.0), (890.0, 1010.0, 10.0, 12.0), (1030.0, 1030.0, 0.0, 14.0),
    ]  # fmt: skip


def test_a_fill_within_the_bar_is_in_the_books_and_in_the_curve_of_that_bar(bars: BarTable) -> None:
    instant = Instant()
    result = run_backtest(instant, bars, cash=1_000.0, risk=CASH_ONLY, costs=CostModel(0.0, 0.0, 0.001))
    assert instant.seen[0] == (899.9, 999.9, 10.0, 10.0)
    assert [(fill.price, fill.ts) for fill in result.fills] == [(10.0, bars.ts[0]), (14.0, bars.ts[5])]
    assert result.equity.value.tolist() == pytest.approx([999.9, 1009.9, 1019.9, 1029.9, 1019.9, 1039.76])
    assert result.equity_final == pytest.approx(1_000.0 + 40.0 - 0.1 - 0.14)


def test_what_the_rules_refuse_is_not_filled_and_is_recorded(bars: BarTable) -> None:
    result = run_backtest(TooMuch(), bars, cash=1_000.0, risk=CASH_ONLY)
    assert not result.fills
    assert len(result.rejected) == len(_CLOSES)


def test_a_strategy_that_did_not_ask_for_fills_within_the_bar_has_none(bars: BarTable) -> None:
    class Sly(Instant):
        same_bar = False

    with pytest.raises(StrategyFault, match="fill within the bar"):
        run_backtest(Sly(), bars, cash=1_000.0, risk=CASH_ONLY)


@pytest.fixture
def bars() -> BarTable:
    closes = np.array(_CLOSES)
    opens = np.concatenate(([10.0], closes[1:]))
    days = np.arange(len(closes), dtype=np.int64) * DAY
    return BarTable("S", "1d", days, days, days + DAY, opens, closes + 1, opens - 1, closes, np.ones(len(closes)))
