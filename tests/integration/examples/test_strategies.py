"""The example strategies run as they are, trade every symbol, and cannot see the future."""

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable, read_folder, sample_folder
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import ManualClock
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.errors import ConfigError, DataError, StrategyLoadError
from quantstrip.home import Home
from quantstrip.model import Fill, Instrument
from quantstrip.operations.research import backtest
from quantstrip.risk import NATIVE
from quantstrip.strategy import load_strategy
from tests.replays import EndingReplay

EXAMPLES = Path(__file__).parents[3] / "examples"
STRATEGIES = ["ma_cross", "rsi_reversion"]
SYMBOLS = ["AAPL", "GOOG", "IBM", "MSFT"]


@pytest.fixture(scope="module")
def tables() -> Mapping[str, BarTable]:
    return read_folder(sample_folder())


def run(name: str, tables: Mapping[str, BarTable], **options: Any) -> BacktestResult:
    return run_backtest(load_strategy(EXAMPLES / f"{name}.py"), tables, **options)


def facts(fills: list[Fill]) -> list[tuple[Any, ...]]:
    """What a fill is, without the names that carry the run's identity."""
    return [(f.ts, f.symbol, f.side, f.quantity, f.price, f.commission) for f in fills]


@pytest.mark.parametrize("name", STRATEGIES)
def test_the_demo_trades_all_four_symbols_under_the_native_limits(name: str, tables: Mapping[str, BarTable]) -> None:
    result = run(name, tables)

    assert result.run["risk"].startswith("NATIVE")
    for symbol in SYMBOLS:
        fills = [result.labels.of(fill.symbol, fill.ts) for fill in result.fills if fill.symbol == symbol]
        assert len(fills) >= 40
        assert {label[:4] for label in fills} >= {str(year) for year in range(2005, 2013)}  # something to see each year
    assert result.rejected == []
    assert result.metrics.trade_count > 100


@pytest.mark.parametrize("name", STRATEGIES)
def test_cutting_the_future_off_changes_nothing_of_the_past(name: str, tables: Mapping[str, BarTable]) -> None:
    full = run(name, tables)
    # Cuts where looking ahead would show: right after a decision; and some anywhere, the same ones each time.
    closes = sorted({int(ts) for table in tables.values() for ts in table.ts})
    rng = random.Random(2013)
    deciding = [closes[closes.index(fill.ts) - 1] for fill in rng.sample(full.fills, 8)]
    for cut in [*deciding, *rng.sample(closes[1200:], 8)]:
        # Cut in 2000-2004 there are no bars of GOOG yet: the strategy runs on those that there are.
        known = {
            symbol: table.rows(0, int((table.ts <= cut).sum()))
            for symbol, table in tables.items()
            if table.ts[0] <= cut
        }
        strategy = load_strategy(EXAMPLES / f"{name}.py", symbols=list(known))
        part = run_backtest(strategy, known)

        assert facts(list(part.fills)) == facts([fill for fill in full.fills if fill.ts <= cut])
        assert part.equity.value.tolist() == full.equity.value[full.equity.ts <= cut].tolist()


def test_a_strategy_that_looks_ahead_is_caught_by_that_check(tables: Mapping[str, BarTable], tmp_path: Path) -> None:
    ahead = tmp_path / "ahead.py"
    ahead.write_text(
        "import numpy as np\n"
        "from quantstrip import StrategyBase, Signal\n"
        "class Ahead(StrategyBase):\n"
        "    timeframe = '1d'\n"
        "    def __init__(self, symbols=None, closes=()):\n"
        "        super().__init__(name='ahead', symbols=symbols or ['IBM'])\n"
        "        self.closes, self.row = np.asarray(closes), -1\n"
        "    def on_bar(self, bar):\n"
        "        self.row += 1\n"
        "        if self.row == 9:\n"
        "            return [Signal(bar.symbol, 'BUY' if self.closes[-1] > bar.close else 'SELL')]\n"
    )
    table = tables["IBM"]
    cut = table.rows(0, int((table.close[:400]).argmin()) + 1)

    def fills(bars: BarTable) -> list[Fill]:
        return list(run_backtest(load_strategy(ahead, parameters={"closes": bars.close}), bars).fills)

    assert facts(fills(cut)) != facts([fill for fill in fills(table) if fill.ts <= cut.ts[-1]])


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_replay_fills_what_the_backtest_fills(name: str, tables: Mapping[str, BarTable]) -> None:
    instruments = {symbol: Instrument(symbol) for symbol in tables}
    feed = EndingReplay(tables)
    recorder = MemoryRecorder()
    Engine(
        load_strategy(EXAMPLES / f"{name}.py"),
        feed=feed,
        broker=SimulatedBroker(instruments),
        recorder=recorder,
        instruments=instruments,
        cash=100_000.0,
        risk=NATIVE,
        clock=ManualClock(),
        run_key="replay",
    ).run()
    assert facts(recorder.fills) == facts(list(run(name, tables).fills))


# --------------------------------------------------------------------------------------- the operation behind the CLI


def test_a_file_is_backtested_on_the_sample_as_it_is(home: Home) -> None:
    result = backtest(home, EXAMPLES / "ma_cross.py")
    assert result.run["symbols"] == SYMBOLS
    assert result.run["sources"][0] == "sample/AAPL.csv"
    assert result.run["code_hash"]
    assert result.to_json() == backtest(home, EXAMPLES / "ma_cross.py").to_json()


def test_every_option_reaches_the_run(home: Home, tmp_path: Path) -> None:
    limits = tmp_path / "limits.toml"
    limits.write_text("max_symbol_weight = 0.5\nallow_short = true\n")
    result = backtest(
        home,
        EXAMPLES / "ma_cross.py",
        bars=sample_folder(),
        symbols=["IBM"],
        start="2005-01-03",
        end="2006-12-29",
        cash=1_000_000.0,
        fee_rate=0.001,
        slippage_bps=0.0,
        risk=limits,
        quantity=100.0,
        parameters={"fast": 5, "slow": 20},
    )
    described = result.run
    assert (described["symbols"], described["start"], described["end"]) == (["IBM"], "2005-01-03", "2006-12-29")
    assert described["parameters"] == {"fast": 5, "slow": 20}
    assert described["costs"] == {
        "slippage_bps": 0.0,
        "commission_per_share": 0.0,
        "commission_rate": 0.001,
        "minimum_commission": 0.0,
    }
    assert described["risk"].startswith("limits: max_order_value=20000, max_symbol_weight=0.5")
    assert {fill.quantity for fill in result.fills} == {100.0}
    assert described["bars"] == len(result.equity.ts) == 252 + 251
    table = read_folder(sample_folder(), ["IBM"])["IBM"]
    opens = {table.label_text(row): table.open[row] for row in range(len(table))}
    assert all(fill["price"] == opens[fill["time"]] for fill in result.to_dict()["fills"])  # no slippage
    assert all(fill["fee"] == round(0.1 * fill["price"], 2) for fill in result.to_dict()["fills"])


def test_bars_of_the_home_come_before_the_sample(home: Home) -> None:
    lines = (sample_folder() / "IBM.csv").read_text().splitlines()[:101]
    (home.bars / "IBM.csv").write_text("\n".join(lines))
    result = backtest(home, EXAMPLES / "ma_cross.py", symbols=["IBM"])
    assert (result.run["bars"], result.run["sources"]) == (100, ["IBM.csv"])


def test_bad_input_is_refused_before_anything_runs(home: Home, tmp_path: Path) -> None:
    example = EXAMPLES / "ma_cross.py"
    refusals: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (StrategyLoadError, "cannot be read", {"file": tmp_path / "none.py"}),
        (StrategyLoadError, "takes no speed", {"parameters": {"speed": 3}}),
        (DataError, "holds no bars of XYZ", {"symbols": ["XYZ"]}),
        (DataError, "is not a folder", {"bars": tmp_path / "none"}),
        (DataError, "start is 'soon', expected a date", {"start": "soon"}),
        (DataError, "no bars in .* for the dates asked for", {"start": "2020-01-01"}),
        (DataError, "GOOG: no bars", {"end": "2003-12-31"}),
        (ConfigError, "cash must be a positive amount", {"cash": 0.0}),
        (ConfigError, "neither a risk profile", {"risk": "none"}),
    ]
    for kind, what, options in refusals:
        with pytest.raises(kind, match=what):
            backtest(home, **{"file": example, **options})
    lines = (sample_folder() / "IBM.csv").read_text().splitlines()
    (tmp_path / "IBM.csv").write_text("\n".join(lines[:50] + lines[51:]))
    with pytest.raises(DataError, match="1 of 3270 sessions of NYSE are missing"):
        backtest(home, example, bars=tmp_path, symbols=["IBM"])
    accepted = backtest(home, example, bars=tmp_path, symbols=["IBM"], gaps="accept")
    assert "1 of 3270 sessions missing" in accepted.run["gaps"][0]
    assert "1 of 3270 sessions missing" in str(accepted)
    later = backtest(home, example, bars=tmp_path, symbols=["IBM"], gaps="accept", start="2001-01-01")
    assert later.run["gaps"] == []  # the gap lies before the dates asked for
