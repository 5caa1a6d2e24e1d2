"""A backtest from bars to figures, against values worked out by hand."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quantstrip.backtest import run_backtest
from quantstrip.backtest.daily import WEEKS, daily_equity, periods_per_year
from quantstrip.bars import BarTable, read_csv, read_folder, sample_folder
from quantstrip.clock import DAY, HOUR, from_text
from quantstrip.errors import DataError
from quantstrip.matching import FREE, CostModel
from quantstrip.model import Bar, Instrument, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase

MONDAY = from_text("2024-01-01")


def days(symbol: str, opens: Sequence[float], first: int = MONDAY) -> BarTable:
    """Daily bars from ``first`` on that close one above their open, each named by its UTC day."""
    price = np.array(opens, dtype=np.float64)
    begin = first + np.arange(len(opens)) * DAY
    return BarTable.from_arrays(symbol, "1d", begin, price, price + 2, price - 1, price + 1, price * 0 + 1000)


class Scripted(StrategyBase):
    """Does on each bar what its script says: ``{bar number: (side, quantity)}``, for every symbol."""

    parameters = ["script"]  # noqa: RUF012 - as a user writes it
    timeframe = "1d"

    def __init__(self, symbols: Sequence[str] = ("ABC",), script: dict[int, tuple[str, float | None]] | None = None):
        super().__init__(name="scripted", symbols=symbols)
        self.script = script or {}
        self.count: dict[str, int] = {}

    def on_bar(self, bar: Bar) -> list[Signal]:
        number = self.count[bar.symbol] = self.count.get(bar.symbol, -1) + 1
        if number not in self.script:
            return []
        side, quantity = self.script[number]
        return [Signal(bar.symbol, side, quantity=quantity)]


def test_from_signals_to_figures() -> None:
    script: dict[int, tuple[str, float | None]] = {0: ("BUY", 10.0), 2: ("SELL", None)}
    costs = CostModel(slippage_bps=100.0, commission_per_share=0.1)

    result = run_backtest(Scripted(script=script), days("ABC", [100, 110, 120, 130]), cash=10_000.0, costs=costs)

    # Decided on day 0, bought at the open of day 1 plus 1 %: 111.10. Decided on day 2, sold on day 3 at 128.70.
    printed = result.to_dict()
    assert printed["fills"] == [
        {
            "time": "2024-01-02",
            "symbol": "ABC",
            "side": "BUY",
            "quantity": 10.0,
            "price": 111.1,
            "fee": 1.0,
        },
        {"time": "2024-01-04", "symbol": "ABC", "side": "SELL", "quantity": 10.0, "price": 128.7, "fee": 1.0},
    ]
    assert printed["trades"] == [
        {
            "symbol": "ABC",
            "side": "LONG",
            "quantity": 10.0,
            "entry_time": "2024-01-02",
            "entry_price": 111.1,
            "exit_time": "2024-01-04",
            "exit_price": 128.7,
            "pnl": 174.0,
        }
    ]
    # Cash 10000 - 1111 - 1 = 8888, holding 10 at closes 111 and 121, then 8888 + 1287 - 1.
    assert result.equity.value.tolist() == [10_000.0, 9_998.0, 10_098.0, 10_174.0]
    assert printed["equity_final"] == 10_174.0
    assert printed["metrics"]["total_return"] == pytest.approx(0.0174)
    assert printed["metrics"]["annualised_return"] == pytest.approx(1.0174 ** (252 / 4) - 1)
    assert printed["metrics"]["max_drawdown"] == pytest.approx(-2 / 10_000)
    assert (printed["metrics"]["win_rate"], printed["metrics"]["profit_factor"]) == (1.0, None)
    returns = [0.0, -2 / 10_000, 100 / 9_998, 76 / 10_098]
    assert printed["metrics"]["sharpe"] == pytest.approx(np.mean(returns) / np.std(returns, ddof=1) * 252**0.5)


@pytest.mark.parametrize(("sessions", "shown"), [(19, False), (20, True)])
def test_the_summary_has_a_rate_of_a_year_from_twenty_sessions_on(sessions: int, shown: bool) -> None:
    result = run_backtest(Scripted(script={0: ("BUY", 1)}), days("ABC", [100 + number for number in range(sessions)]))
    assert result.metrics.annualised_return is not None
    line = next(line for line in str(result).splitlines() if line.startswith("annualised return"))
    assert line.endswith("%") == shown


def test_the_printed_form_has_its_keys_and_repeats_byte_for_byte() -> None:
    def once() -> str:
        return run_backtest(Scripted(script={0: ("BUY", None), 3: ("SELL", None)}), days("ABC", [100] * 6)).to_json()

    printed = json.loads(once())
    assert list(printed) == ["run", "fills", "trades", "rejected", "equity_final", "metrics"]
    assert once() == once()
    run = printed["run"]
    assert len(run["code_hash"]) == len(run["data_hash"]) == 64
    assert (run["start"], run["end"], run["bars"], run["cash"]) == ("2024-01-01", "2024-01-06", 6, 100_000.0)
    assert run["gaps"] == ["ABC: gaps not checked (no calendar)"]


@pytest.mark.parametrize(
    "change",
    [
        {"cash": 50_000.0},
        {"costs": FREE},
        {"risk": OFF},
        {"quantity": 5.0},
    ],
)
def test_what_changes_a_run_changes_its_key(change: dict[str, Any]) -> None:
    bars = days("ABC", [100] * 4)
    assert run_backtest(Scripted(), bars).run["key"] == run_backtest(Scripted(), bars).run["key"]
    assert run_backtest(Scripted(), bars).run["key"] != run_backtest(Scripted(), bars, **change).run["key"]
    assert run_backtest(Scripted(), bars).run["key"] != run_backtest(Scripted(), bars.rows(1)).run["key"]


def test_a_rejected_signal_is_told_with_its_rule_and_bar() -> None:
    result = run_backtest(Scripted(script={1: ("BUY", 1000.0)}), days("ABC", [100] * 4))
    (rejected,) = result.to_dict()["rejected"]
    assert (rejected["time"], rejected["side"], rejected["quantity"]) == ("2024-01-02", "BUY", 1000.0)
    assert rejected["rule"] == "max_order_value"
    assert rejected["reason"]
    assert "rejected signals 1 (max_order_value 1)" in str(result)


@pytest.mark.parametrize("quantity", [float("nan"), float("inf")])
def test_a_quantity_that_is_no_number_is_refused_and_the_result_is_json_still(quantity: float) -> None:
    class Silent(Scripted):
        parameters = []  # noqa: RUF012

    result = run_backtest(Silent(script={1: ("BUY", quantity)}), days("ABC", [100] * 4))
    (rejected,) = json.loads(result.to_json())["rejected"]
    assert (rejected["quantity"], rejected["rule"]) == (None, "validity")
    assert "quantity must be a positive number" in rejected["reason"]


def test_people_read_the_figures_of_trades_and_days_too() -> None:
    script: dict[int, tuple[str, float | None]] = {
        0: ("BUY", 10.0), 1: ("SELL", None), 2: ("BUY", 10.0), 4: ("SELL", None)
    }  # fmt: skip
    result = run_backtest(Scripted(script=script), days("ABC", [100, 100, 110, 110, 100, 95]), costs=FREE)
    lines = dict(line.split("  ", 1) for line in str(result).splitlines())
    told = {name: lines[name].strip() for name in ("payoff", "average hold", "worst day")}
    # 100 over a day, and -150 over two; the worst day opens at 110 and closes at 101, on an equity of 100,110.
    assert told == {"payoff": "0.67", "average hold": "1.5 days", "worst day": "-0.10%"}


def test_a_fixed_quantity_replaces_the_sizing() -> None:
    result = run_backtest(Scripted(script={0: ("BUY", None)}), days("ABC", [100] * 3), quantity=7.0)
    assert [fill.quantity for fill in result.fills] == [7.0]


def test_what_is_held_at_the_end_is_marked_and_shown() -> None:
    result = run_backtest(Scripted(script={0: ("BUY", 10.0)}), days("ABC", [100] * 3), costs=FREE)
    assert result.trades == []
    assert [(trip.symbol, trip.position.quantity) for trip in result.open_trades] == [("ABC", 10.0)]
    assert result.equity_final == 100_010.0
    assert "open at the end    ABC 10" in str(result)


def test_a_strategy_without_bars_of_its_symbol_is_refused() -> None:
    with pytest.raises(DataError, match="scripted trades XYZ, but there are bars of ABC only"):
        run_backtest(Scripted(symbols=["ABC", "XYZ"]), days("ABC", [100]))


def test_the_text_names_what_was_run() -> None:
    text = str(run_backtest(Scripted(), days("ABC", [100, 101])))
    for part in ("scripted", "ABC", "2024-01-01 to 2024-01-02", "slippage_bps 2", "NATIVE: max_order_value=20000"):
        assert part in text
    assert "win rate           -" in text


def test_a_parameter_that_is_no_finite_number_is_written_as_text() -> None:
    class Limited(Scripted):
        parameters = ["most", "least"]  # noqa: RUF012 - as a user writes it
        most, least = float("inf"), np.float64("nan")

    result = run_backtest(Limited(), days("ABC", [100, 110]))
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["run"]["parameters"] == {
        "most": "inf", "least": "nan",
    }  # fmt: skip


def test_money_adds_up_over_real_prices() -> None:
    tables = read_folder(sample_folder())
    script: dict[int, tuple[str, float | None]] = {}
    for number in range(10, 2000, 7):
        script[number] = ("SELL", 30.0) if number % 3 else ("BUY", 45.0)  # adds, partial closes, flips
    result = run_backtest(Scripted(symbols=list(tables), script=script), tables, risk=OFF)

    assert len(result.fills) > 500
    marked = sum(
        trip.realized
        + trip.position.quantity * float(tables[trip.symbol].close[-1])
        - trip.position.cost
        - trip.commission
        for trip in result.open_trades
    )
    closed = sum(trade.pnl for trade in result.trades)
    assert result.equity_final == pytest.approx(100_000.0 + closed + marked, abs=0.01)


# --------------------------------------------------------------------------------------------- equity by the session


def test_intraday_equity_is_taken_at_the_close_of_each_session() -> None:
    closes = [from_text(text) for text in ("2024-01-02 20:00", "2024-01-02 21:00", "2024-01-03 15:30")]
    ones = np.ones(3)
    begin = np.array(closes) - HOUR
    table = BarTable.from_arrays("ABC", "1h", begin, ones, ones, ones, ones, ones)
    assert daily_equity(table.ts, np.array([1.0, 2.0, 3.0]), [table], 9.0).tolist() == [9.0, 2.0, 3.0]


def test_the_calendar_of_the_bars_decides_where_a_session_ends(tmp_path: Path) -> None:
    path = tmp_path / "ABC.csv"
    lines = [
        f"{time},1,1,1,1,1" for time in ("2024-01-02 23:00", "2024-01-03 00:00", "2024-01-03 05:00", "2024-01-04 01:00")
    ]
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(lines))
    table = read_csv(path, timeframe="1h", calendar="XASX")  # Sydney: 23:00 UTC to 05:00 of the next day
    assert daily_equity(table.ts, np.array([1.0, 2.0, 3.0, 4.0]), [table], 9.0).tolist() == [9.0, 2.0, 4.0]


def test_round_the_clock_days_end_at_midnight() -> None:
    ones = np.ones(3)
    begin = np.array([MONDAY + 23 * HOUR, MONDAY + DAY, MONDAY + DAY + HOUR])
    table = BarTable.from_arrays("BTC", "1h", begin, ones, ones, ones, ones, ones)
    assert daily_equity(table.ts, np.array([1.0, 2.0, 3.0]), [table], 9.0).tolist() == [9.0, 1.0, 3.0]


def test_a_year_has_as_many_returns_as_the_market_has_days() -> None:
    bars = days("ABC", [100])
    minute = BarTable.from_arrays("ABC", "1m", [0], [1], [1], [1], [1], [1])
    always, share = Instrument("ABC", calendar="24/7"), Instrument("ABC")
    assert periods_per_year([bars], [share]) == 252
    assert periods_per_year([bars], [always, share]) == 252
    assert periods_per_year([bars, minute], [always]) == 365
    weekly = BarTable.from_arrays("ABC", "1w", [0], [1], [1], [1], [1], [1])
    assert periods_per_year([weekly], [share]) == WEEKS
    assert daily_equity(np.empty(0, dtype=np.int64), np.empty(0), [bars], 5.0).tolist() == [5.0]
