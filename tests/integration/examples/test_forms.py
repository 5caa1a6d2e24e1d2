"""The examples of the kline and candle forms, and of the published names: a replay fills what a backtest fills."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable, read_folder, sample_folder
from quantstrip.brokers import SimulatedBroker
from quantstrip.cli import cli
from quantstrip.clock import ManualClock
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.home import Home
from quantstrip.model import Fill
from quantstrip.operations.python_file import run_file
from quantstrip.operations.research import backtest
from tests.replays import EndingReplay

EXAMPLES = Path(__file__).parents[3] / "examples"
KLINE = ["kline_golden_cross", "kline_breakout", "kline_momentum", "kline_ladder"]
CANDLE = ["candle_sma_crossover", "candle_reversal", "candle_prototype"]
NATIVE = ["channel_orders", "guide_names"]
ALL = [*KLINE, *CANDLE, *NATIVE]


def load(name: str, **options: Any) -> dialects.Loaded:
    return dialects.load(EXAMPLES / f"{name}.py", **options)


def tables_of(loaded: dialects.Loaded) -> dict[str, BarTable]:
    return read_folder(sample_folder(), loaded.strategy.symbols)


def run(name: str, **options: Any) -> BacktestResult:
    loaded = load(name, **options)
    tables, form = tables_of(loaded), loaded.form
    return run_backtest(
        loaded.strategy,
        tables,
        instruments={symbol: form.instrument(symbol, "NYSE") for symbol in tables},
        risk=form.risk,
        costs=form.costs,
        form=form,
    )


def facts(fills: Any) -> list[tuple[Any, ...]]:
    return [(f.ts, f.symbol, f.side, f.quantity, f.price, f.commission) for f in fills]


def replayed(name: str, **options: Any) -> list[Fill]:
    loaded = load(name, **options)
    tables, form, recorder = tables_of(loaded), loaded.form, MemoryRecorder()
    instruments = {symbol: form.instrument(symbol, "NYSE") for symbol in tables}
    Engine(
        loaded.strategy,
        feed=EndingReplay(tables),
        broker=SimulatedBroker(instruments, form.costs),
        recorder=recorder,
        instruments=instruments,
        cash=form.cash,
        risk=form.risk,
        clock=ManualClock(),
        run_key="replay",
    ).run()
    return list(recorder.fills)


@pytest.mark.parametrize("name", ALL)
def test_an_example_trades_and_a_replay_fills_what_its_backtest_fills(name: str) -> None:
    result = run(name)
    assert result.run["form"] == ("native" if name in NATIVE else name.partition("_")[0])
    assert len(result.fills) > 80
    assert result.rejected == []
    assert facts(replayed(name)) == facts(result.fills)


@pytest.mark.parametrize("name", KLINE)
def test_a_kline_example_fills_the_same_orders_later_when_it_is_strict(name: str) -> None:
    strict = {"parameters": {"strict": True}}
    result = run(name, **strict)
    assert facts(replayed(name, **strict)) == facts(result.fills)
    ((_, table),) = result.tables.items()
    opens = dict(zip(table.ts.tolist(), table.open.tolist(), strict=True))
    assert len(result.fills) > 40
    assert all(fill.price == opens[fill.ts] for fill in result.fills)
    assert (result.run["notes"], run(name).run["notes"]) == ([], ["same-bar fills"])


def test_the_names_of_the_guide_trade_what_the_same_strategy_trades_with_ours(home: Home, tmp_path: Path) -> None:
    text = (EXAMPLES / "guide_names.py").read_text(encoding="utf-8")
    native = tmp_path / "native.py"
    for module in ("core.enums", "core.models", "strategies.base"):
        text = text.replace(f"from {module} import", "from quantstrip import")
    text = text.replace("limit = bar.close *", "limit = Decimal(repr(bar.close)) *")
    native.write_text(text.replace("units = volume", "volume = Decimal(repr(volume))\n        units = volume"))
    assert facts(backtest(home, native).fills) == facts(backtest(home, EXAMPLES / "guide_names.py").fills)


def test_the_command_gives_a_kline_result_in_its_own_fields(home: Home) -> None:
    arguments = ["backtest", str(EXAMPLES / "kline_momentum.py"), "--symbols", "IBM", "--cash", "10000", "--no-keep"]
    done = CliRunner().invoke(cli, ["--home", str(home.root), *arguments, "--json"])
    found = json.loads(done.stdout)
    own = found["result"]
    assert (own["initialBalance"], own["totalTrades"]) == (10_000.0, len(found["fills"]))
    assert own["finalBalance"] == pytest.approx(found["equity_final"])
    assert len(own["equityCurve"]) == found["run"]["bars"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("candle_compare", "100.00 % parity"),
        ("candle_quotes", "7,800 quotes, 389 candles, 0 quotes came too late"),
        ("guide_names", "limit_price=74.79"),
    ],
)
def test_an_example_is_a_script_too(name: str, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_file(Home(tmp_path), EXAMPLES / f"{name}.py") == 0
    assert says in capfd.readouterr().out
    assert sys.modules.get("candle_prototype") is None
