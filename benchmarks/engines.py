"""The engine against nautilus_trader and backtrader, and its cost per bar from ten thousand to ten million bars.

The same work as in ``engine``: SMA 10/30 on one-minute bars of a seeded random walk. The peers take a part of the bars,
for their cost per bar does not fall with their number. Every measurement is a process of its own and counts processor
time; the best of each counts.
"""

from collections.abc import Iterator
from pathlib import Path
from sys import executable
from typing import Any

from benchmarks.engine import BARS, ROOT, _child, _row
from benchmarks.peers import peer_python

ROUNDS = 3
PEER_BARS = 100_000
PEERS = {
    "nautilus_trader": (["nautilus_trader==1.221.0"], 25.0),
    "backtrader": (["backtrader==1.9.78.123", "numpy<2", "pandas<3"], 60.0),
}
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)


def run() -> Iterator[dict[str, Any]]:
    """The figures."""
    data = _data(BARS)
    ours = min(_ours(data)["seconds"] for _ in range(ROUNDS)) / BARS
    for name, (requirements, bound) in PEERS.items():
        script = ROOT / "benchmarks" / f"peer_{name.removesuffix('_trader')}.py"
        command = [str(peer_python(requirements)), str(script), str(data), str(PEER_BARS)]
        taken = [_child(command) for _ in range(ROUNDS)]
        theirs = min(one["seconds"] for one in taken) / PEER_BARS
        detail = {
            "engine_bars_per_second": round(1 / ours), "peer_bars_per_second": round(1 / theirs), "peer": requirements,
            "peer_bars": PEER_BARS, "peer_trades": taken[0]["trades"],
        }  # fmt: skip
        yield _row(f"engine_speed_vs_{name}", theirs / ours, ">=", bound, detail)
    cost = {size: min(_ours(_data(size))["seconds"] for _ in range(ROUNDS)) / size * 1e6 for size in SIZES}
    spread = max(cost.values()) / min(cost.values()) - 1.0
    yield _row(
        "engine_cost_per_bar_spread", spread, "<=", 0.15,
        {"microseconds_per_bar": {f"{size:,}": round(value, 3) for size, value in cost.items()}},
    )  # fmt: skip


def _ours(data: Path) -> dict[str, Any]:
    return _child([executable, "-m", "benchmarks.engine", "engine", str(data)])


def _data(bars: int) -> Path:
    data = ROOT / ".cache" / "peers" / f"walk-{bars}.npz"
    data.parent.mkdir(parents=True, exist_ok=True)
    _child([executable, "-m", "benchmarks.engine", "data", str(data)])
    return data
