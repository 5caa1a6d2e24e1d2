"""Sweeps: compiled against vectorbt, bar by bar against ``backtesting.optimize``, and against runs of their own.

500 pairs of moving averages on 100,000 one-minute bars of a seeded random walk: ten units a trade, 0.1 % commission,
orders at the next open, long or flat, every statistic of each pair. The peer computes six of them. Both are compiled
before the clock starts; the first call, from a warm cache of machine code, is measured from the start of its process.
Money is booked in eight decimals here: to the cent, as shares are, the two could not agree to 1e-9.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.engine import ROOT, _child, _peak_mb, _row

if TYPE_CHECKING:
    from quantstrip.operations.research import Setup

BARS = 100_000
VECTORBT = ["vectorbt==1.2.0"]
OPTIMIZE = ["backtesting==0.6.6"]
PAIRS = [(fast, slow) for fast in range(5, 45, 2) for slow in range(50, 175, 5)]
FAST, SLOW = [5, 8, 11, 14, 17, 20], [30, 40, 50, 60, 70, 80]
_WALK = Path(".cache") / "peers" / f"sweep-{BARS}.npz"

ARRAYS = """
from quantstrip.strategy.vectorized import VectorizedStrategy

class Cross(VectorizedStrategy):
    name = "cross"
    param_schema = {"fast": (2, 400), "slow": (2, 400)}
    defaults = {"fast": 10, "slow": 30}

    def generate_arrays(self, bars, **params):
        fast, slow = bars.sma(params["fast"]), bars.sma(params["slow"])
        return fast > slow, fast < slow
"""
FRAMES = (
    ARRAYS.replace("VectorizedStrategy\n", "VectorizedStrategy, sma\n", 1)
    .replace("generate_arrays(self, bars,", "generate_signals(self, prices, volumes,")
    .replace("bars.sma(", "sma(prices, ")
)
BY_BAR = """
from quantstrip import OrderSide, Signal, StrategyBase

class Cross(StrategyBase):
    parameters = ["fast", "slow"]

    def __init__(self, symbols=None, fast=10, slow=30):
        super().__init__(name="cross", symbols=symbols or ["WALK"])
        self.fast, self.slow = fast, slow
        self.above = self.holding = False

    def on_init(self):
        indicators = self.indicators_for(self.symbols[0])
        self.short, self.long = indicators.line("sma", self.fast), indicators.line("sma", self.slow)

    def on_trade(self, symbol, side, price, volume):
        self.holding = side is OrderSide.BUY

    def on_bar(self, bar):
        above = self.short[-1] > self.long[-1]
        if above is self.above:
            return None
        self.above = above
        if self.long[-2] != self.long[-2]:
            return None
        if above:
            return [Signal(bar.symbol, OrderSide.BUY, quantity=10.0)]
        return [Signal(bar.symbol, OrderSide.SELL)] if self.holding else None
"""


def run() -> Iterator[dict[str, Any]]:
    """The figures of sweeps."""
    from benchmarks.peers import peer_python

    data = ROOT / _WALK
    _ours("data")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as pairs:
        json.dump(PAIRS, pairs)
        pairs.flush()
        script = str(ROOT / "benchmarks" / "peer_vectorbt.py")
        peer = _child([str(peer_python(VECTORBT)), script, str(data), pairs.name, "2"])
    _ours("arrays")  # the machine code is kept from here on
    begin = time.perf_counter()
    arrays = _ours("arrays")
    whole = time.perf_counter() - begin
    frames = _ours("frames")
    detail = {
        "seconds": round(arrays["seconds"], 3), "vectorbt": round(peer["seconds"], 2),
        "vectorbt_mb": peer["peak_mb"], "pairs": len(PAIRS), "bars": BARS,
    }  # fmt: skip
    yield _row("sweep_speed_vs_vectorbt", peer["seconds"] / arrays["seconds"], ">=", 100.0, detail)
    yield _row("sweep_peak_mb", arrays["peak_mb"], "<", 400.0, {"vectorbt": peer["peak_mb"]})
    yield _row("sweep_first_call_seconds", arrays["first"], "<", 3.0, {"process": round(whole, 2)})
    yield _row("sweep_trades_unlike_vectorbt", _unlike(arrays["trades"], peer["trades"]), "<=", 0.0,
               {"trades": sum(arrays["trades"])})  # fmt: skip
    off = max(abs(one - other) for one, other in zip(arrays["total_return"], peer["total_return"], strict=True))
    yield {**_row("sweep_total_return_off_vectorbt", off, "<=", 1e-9, {}), "value": off}
    same = arrays["total_return"] == frames["total_return"]
    yield _row(
        "sweep_of_frames_speed_vs_vectorbt", peer["seconds"] / frames["seconds"], ">=", 5.0,
        {"seconds": round(frames["seconds"], 3), "the_same_returns_as_arrays": same, "peak_mb": frames["peak_mb"]},
    )  # fmt: skip
    yield from _bar_by_bar(str(data), str(peer_python(OPTIMIZE)))


def _bar_by_bar(data: str, python: str) -> Iterator[dict[str, Any]]:
    """36 runs at once against the peer's, and against single runs that share nothing."""
    script = str(ROOT / "benchmarks" / "peer_optimize.py")
    peer = _child([python, script, data, json.dumps(FAST), json.dumps(SLOW)])
    ours = _ours("by_bar")
    singles = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sweep", "single"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    alone = max(json.loads(each.communicate()[0])["seconds"] for each in singles)
    runs = len(FAST) * len(SLOW)
    assert peer["runs"] == ours["done"] == runs
    detail = {"seconds": round(ours["seconds"], 2), "optimize": round(peer["seconds"], 2), "runs": runs, "bars": BARS}
    yield _row("sweep_by_bar_speed_vs_optimize", peer["seconds"] / ours["seconds"], ">=", 5.0, detail)
    yield _row(
        "sweep_by_bar_share_of_two_single_runs", alone * runs / 2 / ours["seconds"], ">=", 0.8,
        {"single_run": round(alone, 3), "two_at_once": True},
    )  # fmt: skip


def _unlike(ours: list[float], theirs: list[float]) -> float:
    return sum(one != other for one, other in zip(ours, theirs, strict=True))


def _ours(part: str) -> dict[str, Any]:
    return _child([sys.executable, "-m", "benchmarks.sweep", part])


def _walk() -> None:
    import numpy as np

    path = ROOT / _WALK
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        return
    moves = np.random.default_rng(20261122).normal(0.0, 5e-4, BARS)
    close = 100.0 * np.exp(np.cumsum(moves))
    open_ = np.concatenate(([100.0], close[:-1] * np.exp(moves[1:] / 10)))
    spread = 1.0 + np.abs(moves) / 2
    ts = (np.arange(BARS, dtype=np.int64) + 1) * 60_000_000 + 1_577_836_800_000_000
    high, low = np.maximum(open_, close) * spread, np.minimum(open_, close) / spread
    np.savez(path, ts=ts, open=open_, high=high, low=low, close=close, volume=np.full(BARS, 1000.0))


def _setup(text: str) -> "Setup":
    import numpy as np

    from quantstrip import dialects
    from quantstrip.bars import BarTable
    from quantstrip.matching import CostModel
    from quantstrip.operations.research import Setup
    from quantstrip.risk import OFF

    with np.load(ROOT / _WALK) as data:
        ts = data["ts"]
        prices = [data[name] for name in ("open", "high", "low", "close", "volume")]
    table = BarTable.from_arrays("WALK", "1m", ts - 60_000_000, *prices, ts=ts)
    file = ROOT / ".cache" / "peers" / "sweep_strategy.py"
    form = replace(dialects.recognise(file, text.encode()), currency="USDT", lot=0.0)
    return Setup(
        file, text.encode(), form, ("WALK",), {"WALK": table}, {}, 1e6, OFF, CostModel(0.0, 0.0, 0.001), 10.0, 0, None
    )  # fmt: skip


def _compiled(text: str) -> dict[str, Any]:
    """The sweep of all pairs, best of three; the first call counts from before the imports."""
    begin = time.perf_counter()
    from quantstrip.operations import sweep_kernel
    from quantstrip.operations.task_progress import Progress

    setup = _setup(text)
    taken, found = [], []
    for _ in range(4):
        start = time.perf_counter()
        jobs = ((number, {"fast": fast, "slow": slow}) for number, (fast, slow) in enumerate(PAIRS))
        strategy: Any = setup.strategy()
        found = list(sweep_kernel.run(setup, strategy, jobs, len(PAIRS), 0, Progress()))
        taken.append(time.perf_counter() - start)
        if len(taken) == 1:
            first = time.perf_counter() - begin
    figures = [each.figures for each in sorted(found)]
    return {
        "seconds": min(taken[1:]), "first": first, "total_return": [each["total_return"] for each in figures],
        "trades": [each["trade_count"] for each in figures],
    }  # fmt: skip


def _by_bar() -> dict[str, Any]:
    from quantstrip.home import Home
    from quantstrip.operations import grids, sweep_pool
    from quantstrip.operations.task_progress import Progress

    setup = _setup(BY_BAR)
    jobs = grids.numbered({"fast": FAST, "slow": SLOW})
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        found = list(sweep_pool.run(Home(Path(folder)), setup, jobs, len(FAST) * len(SLOW), 0, Progress()))
        seconds = time.perf_counter() - begin
    return {"seconds": seconds, "done": sum(each.state == "done" for each in found)}


def _single() -> dict[str, Any]:
    """One run after the other, in a process that shares nothing: the middle one of nine."""
    setup = _setup(BY_BAR)
    taken = []
    for number in range(9):
        begin = time.perf_counter()
        setup.run({"fast": FAST[number % 6], "slow": SLOW[number % 5]})
        taken.append(time.perf_counter() - begin)
    return {"seconds": sorted(taken)[4]}


def main() -> None:
    if len(sys.argv) == 2:
        part = sys.argv[1]
        _walk()
        parts: dict[str, Any] = {
            "data": dict, "arrays": lambda: _compiled(ARRAYS), "frames": lambda: _compiled(FRAMES), "by_bar": _by_bar,
            "single": _single,
        }  # fmt: skip
        print(json.dumps({**parts[part](), "peak_mb": _peak_mb()}))
        return
    for row in run():
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
