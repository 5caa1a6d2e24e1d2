"""Kline strategies: the names of their document, fills within the bar, its arithmetic, and the strict way."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, Options, run_backtest
from quantstrip.bars import BarTable
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import DAY, ManualClock, from_text
from quantstrip.dialects import kline
from quantstrip.dialects.kline_indicators import calculate_ema, calculate_macd, calculate_rsi, calculate_sma
from quantstrip.dialects.kline_types import Amount, Kline, KlineCache
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.errors import StrategyFault, StrategyLoadError
from quantstrip.feeds import HistoryFeed
from quantstrip.model import Instrument, OrderSide
from quantstrip.risk import CASH_ONLY
from quantstrip.strategy import source_hash

HOUR = DAY // 24
FIRST = from_text("2024-01-01")
HEAD = "class Strategy(IStrategy):\n    def run(self, context, kline, params):\n        "


def hours(closes: Sequence[float], length: int = HOUR) -> BarTable:
    """Klines that open at the close before and range one to each side."""
    close = np.array(closes, dtype=np.float64)
    begin = np.concatenate([close[:1], close[:-1]])
    low, high = np.minimum(begin, close) - 1, np.maximum(begin, close) + 1
    moments = FIRST + np.arange(len(closes)) * length
    return BarTable.from_arrays("BTCUSDT", "1h", moments, begin, high, low, close, close * 0 + 10)


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Runs the text of a strategy over closes."""

    def run(
        text: str, closes: Sequence[float], parameters: Mapping[str, Any] | None = None, cash: float = 10_000.0
    ) -> BacktestResult:
        strategy, form = load(tmp_path, text, parameters)
        instruments = {"BTCUSDT": form.instrument("BTCUSDT", "24/7")}
        return run_backtest(
            strategy, hours(closes), instruments=instruments, cash=cash, risk=form.risk, costs=form.costs, form=form
        )

    return run


def load(folder: Path, text: str, parameters: Mapping[str, Any] | None = None) -> dialects.Loaded:
    file = folder / "mine.py"
    file.write_text(text)
    return dialects.load(file, symbols=["BTCUSDT"], parameters=parameters)


def body(*lines: str) -> str:
    return HEAD + "\n        ".join(lines) + "\n"


# ------------------------------------------------------------------------------------------------------ recognition


def test_a_class_of_istrategy_is_the_form_and_its_hash_is_the_files(tmp_path: Path) -> None:
    strategy, form = load(tmp_path, body("pass"))
    assert (form.name, form.currency, form.lot, form.risk) == ("kline", "USDT", 0.0, CASH_ONLY)
    assert source_hash(strategy) == source_hash(load(tmp_path, body("pass")).strategy) != ""
    assert source_hash(strategy) != source_hash(load(tmp_path, body("return")).strategy)


def test_a_strategy_is_called_like_its_class_or_as_it_says(tmp_path: Path) -> None:
    for text, name in [(body("pass"), "Strategy"), ("class Mine(IStrategy):\n    name = 'x'\n", "x")]:
        assert load(tmp_path, text).strategy._first.user.name == name  # type: ignore[attr-defined]
    bare = "class Bare(IStrategy):\n    def __init__(self):\n        self.name = 'y'\n"  # without its base's __init__
    strategy = load(
        tmp_path, bare + "    def run(self, context, kline, params):\n        len(self.kline_cache)\n"
    ).strategy
    run_backtest(strategy, hours([1, 2]))
    assert strategy._first.user.name == "y"  # type: ignore[attr-defined]


def test_a_file_with_an_istrategy_of_its_own_is_no_kline_strategy(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("class IStrategy:\n    pass\n" + body("pass"))
    assert dialects.recognise(file).name == "native"


def test_every_name_of_the_document_is_there_without_an_import(tmp_path: Path) -> None:
    text = (
        "IStrategy BacktestContext Kline KlineCache Order OrderType OrderSide PositionSide calculate_sma calculate_ema "
        "calculate_rsi calculate_macd abs max min pow round sum bool float int str list dict set tuple frozenset len "
        "range enumerate zip map filter sorted reversed slice all any isinstance True False None Exception ValueError "
        "TypeError KeyError IndexError RuntimeError StopIteration NotImplementedError super"
    )
    names = text.split()
    imports = "from collections import deque\nfrom decimal import Decimal\nfrom datetime import datetime\n"
    load(tmp_path, f"{imports}FOUND = [{', '.join([*names, 'deque', 'Decimal', 'datetime'])}]\n" + body("pass"))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("import os", "line 3: a kline strategy cannot import os"),
        ("from urllib.request import urlopen", "line 3: a kline strategy cannot import urllib.request"),
        ("open('x')", "line 3: a kline strategy has no open"),
        ("eval('1')", "line 3: a kline strategy has no eval"),
        ("__import__('os')", "line 3: a kline strategy has no __import__"),
    ],
)
def test_what_the_document_does_not_allow_is_refused_with_its_line(tmp_path: Path, line: str, what: str) -> None:
    with pytest.raises(StrategyLoadError, match=what):
        load(tmp_path, body(line))


def test_two_strategies_or_a_broken_constructor_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StrategyLoadError, match="expected one class derived from IStrategy, found Strategy, Other"):
        load(tmp_path, body("pass") + body("pass").replace("Strategy(", "Other("))
    with pytest.raises(StrategyLoadError, match="line 3: ZeroDivisionError"):
        load(tmp_path, "class Strategy(IStrategy):\n    def __init__(self):\n        1 / 0\n")


# ------------------------------------------------------------------------------------------------------- parameters


def test_parameters_are_what_the_file_reads_with_its_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(body("a = params.get('fast', 10)", "b = params.get('stop', 0.03)", "c = params['must']"))
    found = {each.name: (each.kind, each.default) for each in dialects.declared(file)}
    assert found == {
        "fast": ("whole", 10),
        "stop": ("number", 0.03),
        "must": ("", None),
        "klineWndSize": ("whole", 50),
        "strict": ("truth", False),
    }


def test_parameters_of_another_kind_or_name_are_refused(tmp_path: Path) -> None:
    text = body("a = params.get('fast', 10)")
    refused: list[tuple[dict[str, Any], str]] = [
        ({"fast": "x"}, "fast is a whole number"),
        ({"slow": 3}, "it reads no slow"),
        ({"klineWndSize": 0}, "klineWndSize is a whole number of at least 1"),
        ({"strict": 1}, "strict is true or false"),
        ({"feeRate": 0.1}, "feeRate is no parameter of the strategy"),
    ]
    for parameters, what in refused:
        with pytest.raises(StrategyLoadError, match=what):
            load(tmp_path, text, parameters)
    load(tmp_path, body("a = dict(params)"), {"anything": 3})  # names that the text does not tell


def test_params_come_as_they_were_given_also_under_strategy_params(run: Any) -> None:
    text = body(
        "if params.get('go', False):", "    context.buy(kline.close, params.get('units', 1.0), kline.open_time)"
    )
    assert len(run(text, [100, 100]).fills) == 0
    result = run(text, [100, 100], {"strategyParams": {"go": True, "units": 2}})
    assert [fill.quantity for fill in result.fills] == [2.0, 2.0]
    assert result.run["parameters"] == {"go": True, "units": 2, "klineWndSize": 50}


def test_a_run_tells_the_defaults_it_ran_with_and_naming_them_makes_no_other_run(run: Any) -> None:
    text = body("a = params.get('fast', 10)", "b = params.get('slow', 30)")
    plain, named = (run(text, [100, 100], given).run for given in ({"slow": 20}, {"slow": 20, "fast": 10}))
    assert plain["parameters"] == {"fast": 10, "slow": 20, "klineWndSize": 50}
    assert plain["key"] == named["key"]


def test_the_documents_cash_and_fee_are_those_of_a_run_that_names_none(tmp_path: Path) -> None:
    asks = "assert (context.initial_balance, float(context.fee_rate)) == (10_000, 0.001)"
    strategy, form = load(tmp_path, body(asks))
    result = run_backtest(strategy, hours([100, 100]), costs=form.costs, form=form)
    assert result.run["cash"] == 10_000.0
    assert "equity             10,000.00 -> 10,000.00" in str(result)


# -------------------------------------------------------------------------------------------- fills within the bar


def test_a_buy_fills_in_its_bar_at_its_price_with_the_documents_arithmetic(run: Any) -> None:
    result = run(
        body(
            "if context.position == 0:",
            "    assert context.buy(kline.close, 12.5, kline.open_time) is True",
            "    assert context.balance == Decimal('8718.72')",
            "    assert context.position == Decimal('12.5')",
            "    assert context.get_avg_position_price() == 102.4",
            "    assert context.get_position_value(100.0) == 1250",
            "    assert context.get_equity(100.0) == Decimal('9968.72')",
            "    assert context.initial_balance == 10000 and context.fee_rate == Decimal('0.001')",
        ).replace("class", "from decimal import Decimal\nclass", 1),
        [102.4, 104.0],
    )
    (fill,) = result.fills
    assert (fill.ts, fill.price, fill.commission) == (FIRST + HOUR, 102.4, round(12.5 * 102.4 * 0.001, 8))
    assert result.equity.value.tolist() == [round(10_000 - 1.28, 8) + 0.0, 8718.72 + 12.5 * 104.0]  # at once


def test_what_cannot_be_is_false_changes_nothing_and_is_recorded(run: Any) -> None:
    result = run(
        body(
            "assert not context.buy(200.0, 1, kline.open_time)  # beyond the bar",
            "assert not context.buy(kline.close, 99.95, kline.open_time)  # the fee would not be covered",
            "assert not context.sell(kline.close, 1, kline.open_time)  # nothing is held",
            "assert not context.sell_all(kline.close, kline.open_time)",
            "assert not context.buy(kline.close, 0, kline.open_time)",
            "assert not context.buy(float('nan'), 1, kline.open_time)",
            "assert (context.balance, context.position, context.trades, context.orders) == (10000, 0, [], [])",
        ),
        [100.0],
    )
    assert [one.rule for one in result.rejected] == ["context"] * 5
    assert "it ranges from 99 to 101" in result.rejected[0].reason
    assert "cost 10,004.99 with the fee, 10,000.00 are free" in result.rejected[1].reason


def test_all_of_the_balance_and_all_of_the_position_can_be_traded(run: Any) -> None:
    result = run(
        body(
            "if context.position == 0:",
            "    context.buy(kline.close, float(context.balance / kline.close) / 1.001, kline.open_time)",
            "else:",
            "    context.sell_all(kline.close, kline.open_time)",
        ),
        [33.3, 35.7, 41.1, 38.9],
    )
    assert len(result.fills) == 4
    assert result.rejected == []
    assert not result.open_trades
    assert min(fill.quantity for fill in result.fills) > 200


def test_the_cache_holds_the_klines_before_the_current_one(run: Any) -> None:
    run(
        body(
            "closes = self.kline_cache.get_closes()",
            "assert kline.close not in closes and len(self.kline_cache) == min(int(kline.close) - 100, 3)",
            "assert self.kline_cache.is_full() == (len(closes) == 3)",
            "assert closes == [kline.close - back for back in range(len(closes), 0, -1)]",
        ),
        [100, 101, 102, 103, 104, 105],
        {"klineWndSize": 3},
    )


def test_on_trade_hears_each_fill_and_on_day_end_each_day(run: Any) -> None:
    text = body("if context.position == 0:", "    context.buy(kline.close, 1, kline.open_time)").replace(
        "    def run",
        "    def on_trade(self, trade):\n        self.heard.append(trade)\n"
        "    def on_day_end(self, date, context):\n"
        "        if date == '2024-01-02':\n"
        "            assert self.heard == context.trades and len(context.equity_curve) in (47, 48)\n"
        "            assert self.heard[0]['timestamp'] == '2024-01-01T00:00:00Z'\n"
        "            context.sell(100.0, 0.5, '2024-01-02')\n"
        "        assert date in ('2024-01-01', '2024-01-02', '2024-01-03')\n"
        "    def __init__(self):\n        super().__init__()\n        self.heard = []\n"
        "    def run",
    )
    result = run(text, [100.0] * 50)
    assert [fill.quantity for fill in result.fills] == [1.0, 0.5]
    assert result.fills[1].ts == FIRST + 2 * DAY


def test_trades_orders_and_the_equity_curve_are_lists_that_grow_with_the_run(run: Any) -> None:
    text = body(
        "context.buy(kline.close, 1, kline.open_time)",
        "lists, number = [context.equity_curve, context.trades, context.orders], len(self.kline_cache)",
        "assert all(isinstance(each, list) for each in lists)",
        "assert [len(each) for each in lists] == [number, number + 1, number + 1]",
        "assert [each['position'] for each in context.equity_curve] == [one + 1.0 for one in range(number)]",
    )
    assert len(run(text, [100.0] * 20).fills) == 20


def test_what_the_end_of_a_day_trades_is_in_the_record_of_its_last_kline(run: Any) -> None:
    text = body(
        "if context.position == 0 and len(context.trades) == 0:",
        "    context.buy(kline.close, 2, kline.open_time)",
        "elif len(self.kline_cache) == 24:",
        "    assert [context.equity_curve[row]['position'] for row in (-2, -1)] == [2.0, 1.0]",
    ) + (
        "    def on_day_end(self, date, context):\n"
        "        assert context.equity_curve[-1]['position'] == context.position\n"
        "        context.sell(context.orders[-1].price, 1, date)\n"
    )
    assert [fill.ts for fill in run(text, [100.0] * 30).fills] == [FIRST + HOUR, FIRST + DAY, FIRST + 30 * HOUR]


def test_the_result_has_the_fields_of_the_document(run: Any) -> None:
    result = run(
        body(
            "if len(context.trades) == 0:",
            "    context.buy(kline.close, 10, kline.open_time)",
            "elif kline.close == 90:",
            "    context.sell(kline.close, 4, kline.open_time)",
        ),
        [100.0, 110.0, 90.0, 95.0],
    )
    found = dialects.result_of("kline", result)
    assert found is not None
    first = {"type": "buy", "price": 100.0, "amount": 10.0, "balance": 8999.0, "fee": 1.0}
    second = {"type": "sell", "price": 90.0, "amount": 4.0, "balance": 9358.64, "fee": 0.36}
    assert found["trades"] == [
        {"timestamp": "2024-01-01T00:00:00Z", **first},
        {"timestamp": "2024-01-01T02:00:00Z", **second},
    ]
    assert found["equityCurve"][2] == {
        "timestamp": "2024-01-01T02:00:00Z", "equity": 9898.64, "balance": 9358.64, "position": 6.0,
    }  # fmt: skip
    del found["trades"], found["equityCurve"]
    assert found == {
        "initialBalance": 10_000.0, "finalBalance": 9928.64, "profit": -71.36, "profitRate": pytest.approx(-0.007136),
        "maxDrawdown": pytest.approx((10_099 - 9898.64) / 10_099), "totalTrades": 2, "winRate": 0.0, "baseAsset": 6.0,
        "quoteAsset": 9358.64, "baseFee": 0.0, "quoteFee": 1.36,
    }  # fmt: skip
    assert dialects.result_of("native", result) is None


@given(st.lists(st.integers(50, 150), min_size=3, max_size=30), st.integers(1, 120), st.booleans())
def test_context_and_result_agree_with_the_documents_arithmetic(
    tmp_path_factory: pytest.TempPathFactory, closes: list[int], units: int, waits: bool
) -> None:
    """Balance, position, trades and drawdown, computed once more from the prices alone."""
    text = body(
        "amount = params.get('units', 1) / 7",
        "if context.position == 0:",
        "    context.buy(kline.close, amount, kline.open_time)",
        "else:",
        "    context.sell(kline.close, amount / 2 if kline.close % 2 else float(context.position), kline.open_time)",
        "self.context = context",
    )
    strategy, form = load(tmp_path_factory.mktemp("kline"), text, {"units": units, "strict": waits})
    instruments = {"BTCUSDT": form.instrument("BTCUSDT", "24/7")}
    result = run_backtest(
        strategy, hours(closes), instruments=instruments, cash=500.0, risk=form.risk, costs=form.costs, form=form
    )
    cash, held = Decimal(500), Decimal(0)
    for fill in result.fills:
        value = (Decimal(repr(fill.quantity)) * Decimal(repr(fill.price))).quantize(Decimal("1e-8"))
        fee = Decimal(repr(fill.commission))
        cash += (-value if fill.side == "BUY" else value) - fee
        held += Decimal(repr(fill.quantity)) * fill.side.sign
        assert abs(fee - value * Decimal("0.001")) < Decimal("1e-7")
    found = dialects.result_of("kline", result)
    context = strategy.context  # type: ignore[attr-defined]
    assert found is not None
    assert float(cash) == pytest.approx(found["quoteAsset"], abs=1e-6)
    assert float(context.balance) == pytest.approx(float(cash) - context._reserved(OrderSide.BUY), abs=1e-6)
    assert float(held) == pytest.approx(float(context.position), abs=1e-8)
    assert [trade["price"] for trade in context.trades] == [trade["price"] for trade in found["trades"]]
    assert [each["balance"] for each in context.trades] == [
        pytest.approx(each["balance"], abs=1e-6) for each in found["trades"]
    ]
    assert float(context.max_drawdown) == pytest.approx(found["maxDrawdown"], abs=1e-9)
    assert [each["equity"] for each in context.equity_curve] == [each["equity"] for each in found["equityCurve"]]


# ------------------------------------------------------------------------------------------------------------ strict


def test_strict_reserves_at_once_and_fills_at_the_next_open(run: Any) -> None:
    text = body(
        "if kline.close == 100:",
        "    assert context.buy(kline.close, 60, kline.open_time)",
        "    assert not context.buy(kline.close, 60, kline.open_time)  # the cash is spoken for",
        "    assert context.balance == 3994 and context.position == 0 and context.get_equity(100.0) == 10000",
        "if kline.close == 105:",
        "    assert context.position == 60 and context.trades[0]['price'] == 100.0",
        "    assert context.sell(kline.close, 40, kline.open_time)",
        "    assert not context.sell(kline.close, 21, kline.open_time)",
        "    assert context.sell_all(kline.close, kline.open_time)",
        "    assert not context.sell_all(kline.close, kline.open_time)",
    )
    result = run(text, [100.0, 105.0, 107.0], {"strict": True})
    assert [(fill.quantity, fill.price, fill.ts - FIRST) for fill in result.fills] == [
        (60.0, 100.0, 2 * HOUR),
        (40.0, 105.0, 3 * HOUR),
        (20.0, 105.0, 3 * HOUR),
    ]
    assert result.run["notes"] == []
    assert len(result.rejected) == 2


def test_a_trade_tells_its_own_fee_whatever_holding_costs_meanwhile(tmp_path: Path) -> None:
    text = body("if len(self.kline_cache) in (0, 3):", "    context.buy(kline.close, 10, kline.open_time)") + (
        "    def on_trade(self, trade):\n        assert trade['fee'] == 1.0, trade\n"
    )
    strategy, form = load(tmp_path, text, {"strict": True})
    result = run_backtest(
        strategy, hours([100] * 6), instruments={"BTCUSDT": form.instrument("BTCUSDT", "24/7")}, risk=form.risk,
        costs=form.costs, form=form, options=Options(funding_rate=0.001, funding_hours=1.0),
    )  # fmt: skip
    assert len(result.fills) == 2
    assert result.charges


def test_a_strategy_can_be_switched_to_strict_after_it_was_loaded(tmp_path: Path) -> None:
    strategy, form = load(tmp_path, body("context.buy(kline.close, 1, kline.open_time)"))
    kline.strict(strategy)
    result = run_backtest(
        strategy, hours([100, 101]), instruments={"BTCUSDT": form.instrument("BTCUSDT", "24/7")}, risk=form.risk,
        costs=form.costs, form=form,
    )  # fmt: skip
    assert [fill.ts for fill in result.fills] == [FIRST + 2 * HOUR]
    assert strategy.get_parameters() == {"klineWndSize": 50, "strict": True}


def test_what_a_risk_rule_refuses_reserves_nothing_longer_than_its_bar(tmp_path: Path) -> None:
    strategy, form = load(tmp_path, body("assert context.buy(kline.close, 60, kline.open_time)"), {"strict": True})
    result = run_backtest(
        strategy, hours([100, 101, 102]), instruments={"BTCUSDT": form.instrument("BTCUSDT", "24/7")}, cash=10_000.0,
        costs=form.costs, form=form,
    )  # fmt: skip
    assert [one.rule for one in result.rejected] == ["max_symbol_weight"] * 3


class Distant:
    """A broker that has what every broker has, and no fills within the bar."""

    def __init__(self, broker: SimulatedBroker) -> None:
        for name in ("name", "persistent", "account", "submit", "cancel", "advance", "open_orders", "executions_since"):
            setattr(self, name, getattr(broker, name))
        self.positions, self.costs, self._broker = broker.positions, broker.costs, broker

    @property
    def idle(self) -> bool:
        return self._broker.idle


def test_a_real_broker_takes_strict_ones_alone(tmp_path: Path) -> None:
    def engine(parameters: Mapping[str, Any]) -> Engine:
        instruments = {"BTCUSDT": Instrument("BTCUSDT", currency="USDT", lot_size=0.0, calendar="24/7")}
        strategy, form = load(tmp_path, body("context.buy(kline.close, 1, kline.open_time)"), parameters)
        broker: Any = Distant(SimulatedBroker(instruments, form.costs))
        return Engine(
            strategy, feed=HistoryFeed(hours([100, 101, 102])), broker=broker,
            recorder=MemoryRecorder(), instruments=instruments, cash=1000.0, risk=form.risk, clock=ManualClock(),
        )  # fmt: skip

    with pytest.raises(StrategyFault, match="which a real broker cannot do"):
        engine({}).run()
    assert engine({"strict": True}).run().fills == 2


# -------------------------------------------------------------------------------------------------------- indicators


def two_symbols(tmp_path: Path, text: str, closes: Mapping[str, Sequence[float]], **options: Any) -> BacktestResult:
    (tmp_path / "mine.py").write_text(text)
    strategy, form = dialects.load(tmp_path / "mine.py", symbols=sorted(closes), parameters=options.pop("given", {}))
    instruments = {symbol: form.instrument(symbol, "24/7") for symbol in closes}
    tables = [replace(hours(values), symbol=symbol) for symbol, values in closes.items()]
    return run_backtest(
        strategy, tables, instruments=instruments, risk=form.risk, costs=form.costs, form=form, **options
    )  # fmt: skip


def test_each_symbol_has_a_strategy_of_its_own_and_all_share_one_balance(tmp_path: Path) -> None:
    text = body(
        "if context.position == 0 and len(self.kline_cache) == (1 if kline.close < 50 else 2):",
        "    assert context.buy(kline.close, 4000 / kline.close, kline.open_time)",
        "elif context.position > 0:",
        "    assert not context.buy(kline.close, float(context.balance) / kline.close, kline.open_time)  # the fee",
        "    assert len(context.trades) == 1 and float(context.get_equity(kline.close)) in (9996, 9992)",
    )
    result = two_symbols(tmp_path, text, {"ETH": [20.0] * 4, "BTC": [100.0] * 4})
    assert [(fill.symbol, fill.quantity, fill.ts) for fill in result.fills] == [
        ("ETH", 200.0, FIRST + 2 * HOUR), ("BTC", 40.0, FIRST + 3 * HOUR),
    ]  # fmt: skip
    found = dialects.result_of("kline", result)
    assert found is not None
    assert (found["quoteAsset"], found["baseAsset"]) == (1992.0, {"BTC": 40.0, "ETH": 200.0})
    assert [(each["symbol"], each["balance"]) for each in found["trades"]] == [("ETH", 5996.0), ("BTC", 1992.0)]
    assert found["equityCurve"][-1] == {
        "timestamp": "2024-01-01T03:00:00Z", "equity": 9992.0, "balance": 1992.0,
        "position": {"BTC": 40.0, "ETH": 200.0},
    }  # fmt: skip


def test_what_one_symbol_waits_to_buy_another_cannot_spend_and_what_it_waits_to_sell_is_its_own(tmp_path: Path) -> None:
    text = body(
        "if len(self.kline_cache) == 0:",
        "    taken = context.buy(kline.close, 6000 / kline.close, kline.open_time)",
        "    assert taken == (kline.close == 100)  # BTC comes first, and leaves 4,000",
        "elif context.position > 0:",
        "    sold = [context.sell_all(kline.close, kline.open_time) for _ in range(2)]",
        "    assert sold == [True, False]",
    )
    result = two_symbols(tmp_path, text, {"ETH": [20.0] * 4, "BTC": [100.0] * 4}, given={"strict": True})
    assert [(fill.symbol, str(fill.side)) for fill in result.fills] == [("BTC", "BUY"), ("BTC", "SELL")]
    assert {each.rule for each in result.rejected} == {"context"}


@given(
    st.lists(st.tuples(st.integers(50, 150), st.integers(50, 150)), min_size=3, max_size=20),
    st.integers(1, 60), st.booleans(),
)  # fmt: skip
def test_the_books_of_several_symbols_add_up(
    tmp_path_factory: pytest.TempPathFactory, closes: list[tuple[int, int]], units: int, waits: bool
) -> None:
    text = body(
        "if kline.close % 2 == 0:",
        f"    context.buy(kline.close, {units}, kline.open_time)",
        "elif context.position > 0:",
        "    context.sell_all(kline.close, kline.open_time)",
    )
    prices = {"BTC": [float(one) for one, _ in closes], "ETH": [float(other) for _, other in closes]}
    result = two_symbols(tmp_path_factory.mktemp("books"), text, prices, given={"strict": waits})
    found = dialects.result_of("kline", result)
    assert found is not None
    worth = sum(found["baseAsset"][symbol] * prices[symbol][-1] for symbol in prices)
    assert found["finalBalance"] == pytest.approx(found["quoteAsset"] + worth)
    assert found["quoteAsset"] == pytest.approx(
        10_000 - found["quoteFee"]
        - sum((1 if one["type"] == "buy" else -1) * one["price"] * one["amount"] for one in found["trades"])
    )  # fmt: skip
    if not waits:  # a gap can make what was reserved dearer; within the kline nothing is spent twice
        assert all(one["balance"] >= -1e-6 for one in found["trades"])


def test_an_indicator_without_enough_data_is_none() -> None:
    data = [float(value) for value in range(40)]
    assert (calculate_sma(data[:4], 5), calculate_ema(data[:4], 5), calculate_rsi(data[:14])) == (None, None, None)
    assert calculate_macd(data[:33]) == (None, None, None)
    assert (calculate_sma(data[:5], 5), calculate_ema(data[:5], 5), calculate_rsi(data[:15])) == (2.0, 2.0, 100.0)
    assert calculate_macd(data[:34])[0] is not None


def test_indicators_are_the_native_ones_over_the_same_data() -> None:
    from quantstrip.indicators import averages, oscillators

    rng = np.random.default_rng(7)
    data = (100 + np.cumsum(rng.normal(size=80))).tolist()
    close = np.array(data)
    assert calculate_sma(data, 20) == pytest.approx(float(averages.Sma(20).extend(close)[-1]))
    assert calculate_ema(data, 20) == pytest.approx(float(averages.ema(20).extend(close)[-1]))
    assert calculate_rsi(data, 14) == pytest.approx(float(oscillators.Rsi(14).extend(close)[0][-1]))
    line, signal, histogram = calculate_macd(data)
    assert line == pytest.approx(calculate_ema(data, 12) - calculate_ema(data, 26))  # type: ignore[operator]
    assert histogram == pytest.approx(line - signal)  # type: ignore[operator]


def test_a_kline_is_skipped_where_an_indicator_has_too_little_data_but_not_for_ever(run: Any) -> None:
    text = body("closes = self.kline_cache.get_closes()", "if calculate_sma(closes, 3) > 0:",
                "    context.buy(kline.close, 1, kline.open_time)")  # fmt: skip
    assert len(run(text, [100.0] * 6).fills) == 3
    with pytest.raises(StrategyFault, match=r"NoneType") as caught:
        run(text, [100.0] * 6, {"klineWndSize": 2})
    assert "mine.py, line 4" in str(caught.value)
    with pytest.raises(StrategyFault, match="NoneType"):  # an error of the strategy's own
        run(body("None > 0"), [100.0])


# ------------------------------------------------------------------------------------------------------------ values


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e6))
def test_amounts_calculate_with_floats_by_the_digits_they_print(value: float, other: float) -> None:
    exact: Any = Decimal(repr(other))
    amount: Any = Amount.of(value)
    for found, expected in [
        (amount / other, Decimal(amount) / exact),
        (other * amount, exact * Decimal(amount)),
        (other - amount, exact - Decimal(amount)),
        (amount + 1, Decimal(amount) + 1),
        (-amount * 0.5, -Decimal(amount) * Decimal("0.5")),
        (abs(amount), abs(Decimal(amount))),
        (round(amount, 2), round(Decimal(amount), 2)),
    ]:
        assert isinstance(found, Amount)
        assert found == expected
    assert math.isclose(float(amount), value, abs_tol=1e-8)


def test_a_kline_can_be_made_and_kept_by_hand() -> None:
    cache = KlineCache(kline_wnd_size=2)
    for number in range(3):
        cache.append(Kline(f"2024-01-0{number + 1}T00:00:00Z", 1.0, 2.0, 0.5, 1.5 + number, 10.0, "x"))
    assert (len(cache), cache.is_full(), cache.get_closes()) == (2, True, [2.5, 3.5])
    assert (cache.get_opens(), cache.get_highs(), cache.get_lows()) == ([1.0, 1.0], [2.0, 2.0], [0.5, 0.5])
    assert cache.get_volumes() == [10.0, 10.0]
    assert cache.get_klines()[0].open_time == "2024-01-02T00:00:00Z"
