"""The tables of the published strategy guide, line by line: report metrics, matching rules, risk rules' defaults."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable
from quantstrip.clock import DAY, from_text
from quantstrip.model import Bar, Instrument, OrderSide, Signal
from quantstrip.risk import NATIVE, OFF
from quantstrip.strategy import StrategyBase
from tests.unit.backtest.walks import walk


class EveryFew(StrategyBase):
    """Buys every seventh bar and sells three bars later."""

    def __init__(self, symbols: Sequence[str] = ("S",)) -> None:
        super().__init__("every_few", symbols)

    def on_bar(self, bar: Bar) -> list[Signal]:
        number = len(self._bars[bar.symbol]) % 7
        return [Signal(bar.symbol, "BUY" if number == 1 else "SELL")] if number in (1, 4) else []


@pytest.fixture(scope="module")
def run() -> BacktestResult:
    return run_backtest(
        EveryFew(), walk(300), instruments={"S": Instrument("S", calendar="NYSE")}, benchmark=walk(300, 9, "B")
    )


def test_the_reports_metrics_are_those_of_the_table(run: BacktestResult) -> None:
    equity = np.concatenate(([100_000.0], run.equity.value))
    returns = np.diff(equity) / equity[:-1]
    market = walk(300, 9, "B").close
    theirs = np.concatenate(([np.nan], np.diff(market) / market[:-1]))[1:]
    ours = returns[1:]
    pnl = np.array([trade.pnl for trade in run.trades])
    held = np.array([(trade.exit_ts - trade.entry_ts) / DAY for trade in run.trades])
    total = (equity[-1] - equity[0]) / equity[0]
    beta = np.cov(ours, theirs)[0, 1] / np.var(theirs, ddof=1)
    expected = {
        "total_return": total,
        "annualised_return": (1 + total) ** (252 / len(returns)) - 1,
        "max_drawdown": np.min(equity / np.maximum.accumulate(equity) - 1),
        "sharpe": returns.mean() / returns.std(ddof=1) * np.sqrt(252),
        "win_rate": (pnl > 0).mean(),
        "payoff": pnl[pnl > 0].mean() / -pnl[pnl < 0].mean(),
        "trade_count": len(pnl),
        "average_hold": held.mean(),
        "worst_day": returns.min(),
        "beta": beta,
        "alpha": (ours.mean() - beta * theirs.mean()) * 252,
    }
    assert len(pnl) > 40
    assert {name: run.figures[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_a_market_order_fills_at_the_next_open_with_two_basis_points_and_half_a_cent_a_share(
    run: BacktestResult,
) -> None:
    table = walk(300)
    first = run.fills[0]
    assert first.price == pytest.approx(table.open[1] * 1.0002, rel=1e-12)
    assert run.fills[1].price == pytest.approx(table.open[4] * 0.9998, rel=1e-12)
    assert first.quantity == np.floor(0.02 * 100_000.0 / table.close[0]), (
        "2 % of the equity at the close it was decided"
    )
    assert first.commission == round(0.005 * first.quantity, 2), "in whole cents"


def bars(*rows: tuple[float, float, float, float]) -> BarTable:
    """Daily bars of open, high, low and close."""
    open_, high, low, close = np.array(rows).T
    begin = from_text("2024-01-01") + np.arange(len(rows)) * DAY
    return BarTable.from_arrays("S", "1d", begin, open_, high, low, close, close * 0 + 1000)


@pytest.mark.parametrize(
    ("asked", "price"),
    [
        ({"order_type": "LIMIT", "limit_price": 99.0}, 99.0),  # the next low is 98
        ({"order_type": "LIMIT", "limit_price": 97.0}, None),
        ({"order_type": "STOP", "stop_price": 103.0}, 103.0 * 1.0002),  # the next high is 104
        ({"order_type": "STOP", "stop_price": 105.0}, None),
        (
            {"order_type": "STOP_LIMIT", "stop_price": 103.0, "limit_price": 103.5},
            None,
        ),  # the bar after never reaches it
        ({"order_type": "MARKET"}, 101.0 * 1.0002),
    ],
)
def test_an_order_that_waits_fills_where_the_next_bar_reaches_it(asked: dict[str, Any], price: float | None) -> None:
    class Once(EveryFew):
        def on_bar(self, bar: Bar) -> list[Signal]:
            first = len(self._bars["S"]) == 1
            return [Signal("S", OrderSide.BUY, 0.8, quantity=10.0, time_in_force="BAR", **asked)] if first else []

    found = run_backtest(Once(), bars((100, 101, 99, 100), (101, 104, 98, 102), (110, 112, 109, 111)), risk=OFF)
    assert [fill.price for fill in found.fills] == ([] if price is None else [pytest.approx(price)])


def test_the_risk_rules_begin_with_the_limits_of_the_table() -> None:
    limits = {
        "max_order_value": 20_000.0, "max_symbol_weight": 0.20, "max_total_weight": 0.80, "min_cash_ratio": 0.10,
        "allow_margin": False, "allow_short": False, "max_daily_loss": 0.03, "max_drawdown": 0.08,
        "max_price_deviation": 0.01, "duplicate_seconds": 60.0, "trading_hours": True,
    }  # fmt: skip
    assert {name: getattr(NATIVE, name) for name in limits} == limits
