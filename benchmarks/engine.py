"""The engine against the bare loop and against backtesting.py: speed, memory, and the same trades.

The work is one for all: SMA 10/30 cross on a million one-minute bars of a seeded random walk, ten units a trade, 0.1 %
commission, market orders at the next open. The engine evaluates all its risk rules, with limits too wide to refuse.
The bare loop is what anybody would write first: it builds a ``Bar`` from each row of the columns and calls the same
strategy's ``on_bar``; nobody sizes, checks, fills, books or records anything.

Every measurement is a process of its own and counts processor time; all parts take turns, the best of each counts.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantstrip.bars import BarTable
    from quantstrip.strategy import StrategyBase

ROOT = Path(__file__).resolve().parent.parent
BARS = 1_000_000
ROUNDS = 5
PEER = ["backtesting==0.6.6"]


def run() -> Iterator[dict[str, Any]]:
    """The engine's figures."""
    from benchmarks.peers import peer_python

    data = ROOT / ".cache" / "peers" / f"walk-{BARS}.npz"
    data.parent.mkdir(parents=True, exist_ok=True)
    _child([sys.executable, "-m", "benchmarks.engine", "data", str(data)])
    peer_command = [str(peer_python(PEER)), str(ROOT / "benchmarks" / "peer_backtesting.py"), str(data)]
    taken: dict[str, list[dict[str, Any]]] = {"bare": [], "fed": [], "engine": [], "peer": []}
    for _ in range(ROUNDS):
        for part in ("bare", "fed", "engine"):
            taken[part].append(_child([sys.executable, "-m", "benchmarks.engine", part, str(data)]))
        taken["peer"].append(_child(peer_command))
    seconds = {part: min(one["seconds"] for one in results) for part, results in taken.items()}
    memory = {part: min(one["peak_mb"] for one in taken[part]) for part in ("bare", "fed", "engine")}
    speeds = {f"{part}_bars_per_second": round(BARS / taken_ / 1000) * 1000 for part, taken_ in seconds.items()}
    yield _row(
        "engine_speed_vs_backtesting_py", seconds["peer"] / seconds["engine"], ">=", 5.0, {**speeds, "peer": PEER}
    )
    yield _row(
        "engine_time_vs_bare_loop",
        seconds["engine"] / seconds["bare"],
        "<=",
        2.2,
        {**speeds, "vs_bars_built_by_the_feed": round(seconds["engine"] / seconds["fed"], 2)},
    )
    yield _row("engine_memory_vs_bare_loop", memory["engine"] / memory["bare"], "<=", 1.1, {"peak_mb": memory})
    yield _same_trades(taken["engine"][0]["trades"], taken["peer"][0]["trades"])


def _same_trades(ours: list[list[float]], theirs: list[list[float]]) -> dict[str, Any]:
    """Number of trades that differ: other bars, or prices further apart than one part in a million."""
    differing = abs(len(ours) - len(theirs))
    for one, other in zip(ours, theirs, strict=False):
        same_bars = one[:2] == other[:2]
        differing += not (same_bars and all(abs(a / b - 1) < 1e-6 for a, b in zip(one[2:], other[2:], strict=True)))
    detail = {"trades": len(ours), "trades_of_backtesting_py": len(theirs)}
    return _row("engine_trades_unlike_backtesting_py", differing, "<=", 0, detail)


def _row(name: str, value: float, relation: str, bound: float, detail: dict[str, Any]) -> dict[str, Any]:
    met = value >= bound if relation == ">=" else value <= bound
    return {"name": name, "value": round(value, 3), "bound": f"{relation} {bound:g}", "ok": bool(met), "detail": detail}


def _child(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _walk(path: str) -> dict[str, Any]:
    """Write as many bars as the file's name says, unless they are there."""
    import numpy as np

    if not Path(path).is_file():
        bars = int(Path(path).stem.partition("-")[2])
        moves = np.random.default_rng(20261121).normal(0.0, 5e-4, bars)
        close = 100.0 * np.exp(np.cumsum(moves))
        open_ = np.concatenate(([100.0], close[:-1] * np.exp(moves[1:] / 10)))
        spread = 1.0 + np.abs(moves) / 2
        ts = (np.arange(bars, dtype=np.int64) + 1) * 60_000_000 + 1_577_836_800_000_000
        high, low = np.maximum(open_, close) * spread, np.minimum(open_, close) / spread
        np.savez(path, ts=ts, open=open_, high=high, low=low, close=close, volume=np.full(bars, 1000.0))
    return {"seconds": 0.0}


def _table(path: str) -> "BarTable":
    import numpy as np

    from quantstrip.bars import BarTable

    with np.load(path) as data:
        ts = data["ts"]
        prices = [data[name] for name in ("open", "high", "low", "close", "volume")]
    return BarTable.from_arrays("WALK", "1m", ts - 60_000_000, *prices, ts=ts)


def _strategy() -> "StrategyBase":
    from quantstrip.model import Bar, OrderSide, Signal
    from quantstrip.strategy import StrategyBase

    buy, sell = OrderSide.BUY, OrderSide.SELL

    class SmaCross(StrategyBase):
        """Holds ten units while the fast average is above the slow one."""

        parameters = ["fast_period", "slow_period"]  # noqa: RUF012

        def __init__(self, symbols: list[str] | None = None, fast_period: int = 10, slow_period: int = 30) -> None:
            super().__init__(name="sma_cross", symbols=symbols or ["WALK"])
            self.fast_period = fast_period
            self.slow_period = slow_period
            self.above = False
            self.holding = False

        def on_init(self) -> None:
            indicators = self.indicators_for(self.symbols[0])
            self.fast = indicators.line("sma", self.fast_period)
            self.slow = indicators.line("sma", self.slow_period)

        def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:
            self.holding = side is buy

        def on_bar(self, bar: Bar) -> list[Signal] | None:
            above = self.fast[-1] > self.slow[-1]
            if above is self.above:
                return None
            self.above = above
            if self.slow[-2] != self.slow[-2]:  # the averages have only just begun: no cross yet
                return None
            if above:
                return [Signal(bar.symbol, buy, quantity=10.0)]
            return [Signal(bar.symbol, sell)] if self.holding else None

    return SmaCross()


def _bare(path: str) -> dict[str, Any]:
    """A plain loop over the rows."""
    from quantstrip.feeds import HistoryFeed
    from quantstrip.model import Bar

    table, strategy = _table(path), _strategy()
    begin = time.process_time()
    columns = HistoryFeed(table, name="walk").columns()["WALK"]
    history = strategy._bars.history("WALK")
    history.preload(columns)
    strategy.on_init()
    on_bar, decisions = strategy.on_bar, 0
    for row, _ in zip(zip(*(column.tolist() for column in columns[:7]), strict=True), history.drive(), strict=False):
        bar = Bar("WALK", "1m", *row)
        history.length += 1
        if on_bar(bar):
            decisions += 1
    return {"seconds": time.process_time() - begin, "decisions": decisions}


def _fed(path: str) -> dict[str, Any]:
    """The same, with bars built by the feed in chunks: what the engine's own loop stands on."""
    from quantstrip.feeds import HistoryFeed

    table, strategy = _table(path), _strategy()
    begin = time.process_time()
    feed = HistoryFeed(table, name="walk")
    history = strategy._bars.history("WALK")
    history.preload(feed.columns()["WALK"])
    strategy.on_init()
    on_bar, decisions = strategy.on_bar, 0
    for (_ts, bars), _ in zip(feed.slices(), history.drive(), strict=False):
        for bar in bars:
            history.length += 1
            if on_bar(bar):
                decisions += 1
    return {"seconds": time.process_time() - begin, "decisions": decisions}


def _engine(path: str) -> dict[str, Any]:
    from quantstrip.brokers import CostModel, SimulatedBroker
    from quantstrip.engine import Engine, FillRecorder
    from quantstrip.feeds import HistoryFeed
    from quantstrip.model import Instrument
    from quantstrip.risk import RiskProfile

    wide = RiskProfile(
        "WIDE", max_order_value=1e9, max_symbol_weight=1e3, max_total_weight=1e3, min_cash_ratio=0.0, leverage=1e3,
        max_daily_loss=0.99, max_drawdown=0.99, max_price_deviation=0.5, duplicate_seconds=1.0,
    )  # fmt: skip
    table, strategy = _table(path), _strategy()
    begin = time.process_time()
    instruments = {"WALK": Instrument("WALK", calendar="24/7")}
    recorder = FillRecorder()
    engine = Engine(
        strategy,
        feed=HistoryFeed(table, name="walk"),
        broker=SimulatedBroker(instruments, CostModel(0.0, 0.0, 0.001)),
        recorder=recorder,
        instruments=instruments,
        cash=10_000_000.0,
        risk=wide,
        run_key="benchmark",
        progress_every=4096,
    )
    summary = engine.run()
    seconds = time.process_time() - begin
    peak = _peak_mb()
    assert summary.rejections == 0
    row_of = {ts: row for row, ts in enumerate(table.ts.tolist())}
    fills = recorder.fills
    trades = [
        [row_of[entry.ts], row_of[exit_.ts], entry.price, exit_.price]
        for entry, exit_ in zip(fills[::2], fills[1::2], strict=False)
    ]
    return {"seconds": seconds, "peak_mb": peak, "trades": trades}


def _peak_mb() -> int:
    """Highest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 if sys.platform != "darwin" else 1024 * 1024)


def main() -> None:
    if len(sys.argv) == 3:
        part = {"data": _walk, "bare": _bare, "fed": _fed, "engine": _engine}[sys.argv[1]]
        result = part(sys.argv[2])
        print(json.dumps({"peak_mb": _peak_mb(), **result}))
        return
    for row in run():
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
