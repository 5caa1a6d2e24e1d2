"""Metrics and HTML report against quantstats: ten years of daily returns, the same ones for both.

Every metric of ours (a superset of what quantstats is asked for) against quantstats' functions of the same metrics, and
building and rendering our whole report against ``quantstats.reports.html``. Each measurement is a process of its own,
warm, in processor time; the two take turns, the best of each counts.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DAYS, TRIPS, ROUNDS = 2520, 400, 3
METRICS_BOUND, HTML_BOUND = 20.0, 3.0
PEER = ["quantstats==0.0.86"]


def run() -> Iterator[dict[str, Any]]:
    """Both figures."""
    from benchmarks.peers import peer_python

    data = ROOT / ".cache" / "peers" / f"days-{DAYS}.npz"
    data.parent.mkdir(parents=True, exist_ok=True)
    _walk(data)
    peer = [str(peer_python(PEER)), str(ROOT / "benchmarks" / "peer_quantstats.py")]
    ours = [sys.executable, "-m", "benchmarks.metrics"]
    for part, name, bound in (
        ("metrics", "metrics_speed_vs_quantstats", METRICS_BOUND),
        ("html", "html_report_speed_vs_quantstats", HTML_BOUND),
    ):
        pairs = [(_child([*peer, part, str(data)]), _child([*ours, part, str(data)])) for _ in range(ROUNDS)]
        theirs, mine = (min(pair[side]["seconds"] for pair in pairs) for side in (0, 1))
        detail = {"ms": round(mine * 1000, 2), "quantstats_ms": round(theirs * 1000, 2), "days": DAYS, "peer": PEER}
        detail |= {key: value for key, value in pairs[0][1].items() if key != "seconds"}
        value = theirs / mine
        yield {
            "name": name,
            "value": round(value, 1),
            "bound": f">= {bound:g}",
            "ok": value >= bound,
            "detail": detail,
        }


def _child(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _walk(path: Path) -> None:
    """Write ten years of equity, of a market and of round trips, unless they are there."""
    import numpy as np

    if path.is_file():
        return
    random = np.random.default_rng(20261121)
    days = np.arange(np.datetime64("2016-01-01"), np.datetime64("2016-01-01") + 2 * DAYS)
    days = days[(days.astype(np.int64) + 3) % 7 < 5][:DAYS]
    moves, market = random.normal(4e-4, 0.01, (2, DAYS))
    equity = 100_000.0 * np.cumprod(np.concatenate(([1.0], 1.0 + moves)))
    np.savez(path, days=days, equity=equity, market=market, pnl=np.round(random.standard_t(3, TRIPS) * 100 + 10, 2))


def _metrics(data: Any) -> dict[str, Any]:
    import numpy as np

    from quantstrip.report import METRICS, Sample, measure_all

    sample = Sample(
        data["equity"],
        pnl=data["pnl"],
        hold_seconds=np.full(TRIPS, 86_400.0),
        held=np.ones(DAYS, dtype=bool),
        traded=np.ones(DAYS),
        benchmark=data["market"],
    )
    return {"seconds": _best(lambda: measure_all(sample), 30), "metrics": len(METRICS)}


def _html(data: Any) -> dict[str, Any]:
    import numpy as np

    from quantstrip.report.build import History, Trips, build_report
    from quantstrip.report.html import render_html

    entered = data["days"][: TRIPS * 6 : 6]
    trips = Trips(data["pnl"], np.full(TRIPS, 3 * 86_400.0), entered, entered + 3)
    history = History("walk", 100_000.0, data["days"], np.diff(data["equity"]), np.ones(DAYS), trips)

    def page() -> str:
        made = build_report([history], mode="live", currency="USD", created="2026-11-21 18:00:00.000000")
        return render_html(made)

    return {"seconds": _best(page, 5), "page_kb": round(len(page()) / 1000)}


def _best(work: Callable[[], object], rounds: int) -> float:
    """Least processor time of some rounds; the first warms up and is not counted."""
    taken = []
    for _ in range(rounds + 1):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken[1:])


if __name__ == "__main__":
    import numpy as np

    with np.load(sys.argv[2]) as loaded:
        print(json.dumps({"metrics": _metrics, "html": _html}[sys.argv[1]](dict(loaded))))
