"""quantstats' side of ``benchmarks.metrics``, run by the Python of its own environment.

``python peer_quantstats.py metrics|html DATA.npz`` prints ``{"seconds"}``: processor time of one warm round.
"""

# The peer lives in an environment of its own: nothing here can be checked against it.
# mypy: ignore-errors

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")
import matplotlib  # noqa: E402 - the warnings that loading gives are not the measurement's

matplotlib.use("agg")
import quantstats as qs  # noqa: E402

stats = qs.stats


def every(returns: pd.Series, market: pd.Series, pnl: pd.Series) -> list[object]:
    """The metrics of ours that quantstats has, each by its own function as a user calls it."""
    raw = {"prepare_returns": False}
    falls = stats.to_drawdown_series(returns)
    details = stats.drawdown_details(falls)
    return [
        stats.comp(returns),
        stats.cagr(returns),
        stats.volatility(returns, **raw),
        stats.sharpe(returns),
        stats.sortino(returns),
        stats.calmar(returns, **raw),
        stats.max_drawdown(returns),
        details["days"].max(),
        falls.iloc[-1],
        stats.ulcer_index(returns),
        stats.value_at_risk(returns, **raw),
        stats.conditional_value_at_risk(returns, **raw),
        stats.skew(returns, **raw),
        stats.kurtosis(returns, **raw),
        stats.best(returns, **raw),
        stats.worst(returns, **raw),
        stats.win_rate(returns, **raw),
        stats.greeks(returns, market, **raw),
        stats.win_rate(pnl, **raw),
        stats.profit_factor(pnl, **raw),
        stats.payoff_ratio(pnl, **raw),
        stats.avg_win(pnl, **raw),
        stats.avg_loss(pnl, **raw),
        stats.best(pnl, **raw),
        stats.worst(pnl, **raw),
        stats.exposure(returns, **raw),
    ]


def main(part: str, path: str) -> dict[str, float]:
    with np.load(path) as data:
        days = pd.DatetimeIndex(data["days"].astype("datetime64[ns]"))
        returns = pd.Series(data["equity"][1:] / data["equity"][:-1] - 1.0, days)
        market = pd.Series(data["market"], days)
        pnl = pd.Series(data["pnl"], days[: len(data["pnl"])])
    if part == "metrics":
        return {"seconds": best(lambda: every(returns, market, pnl), 7)}
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "report.html")
        return {"seconds": best(lambda: qs.reports.html(returns, output=output), 2)}


def best(work, rounds: int) -> float:
    """Least processor time of some rounds; the first warms up and is not counted."""
    taken = []
    for _ in range(rounds + 1):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken[1:])


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
