"""The same sweep in vectorbt; run by the peer's own Python: ``peer_vectorbt.py DATA.npz PAIRS.json ROUNDS``.

Prints one JSON object: seconds of the best warm round, peak memory, and trades and total return of each pair.
"""

# The peer lives in an environment of its own: nothing here can be checked against it.
# mypy: ignore-errors

import json
import pathlib
import resource
import sys
import time
import warnings

import numpy as np
import pandas as pd
import vectorbt as vbt


def sweep(open_, close, pairs):
    windows = sorted({period for pair in pairs for period in pair})
    averages = vbt.MA.run(close, windows, short_name="ma").ma
    averages.columns = windows
    fast = averages[[pair[0] for pair in pairs]].to_numpy()
    slow = averages[[pair[1] for pair in pairs]].to_numpy()
    columns = pd.MultiIndex.from_tuples(pairs, names=["fast", "slow"])
    entries = pd.DataFrame(fast > slow, index=close.index, columns=columns).vbt.fshift(1)
    exits = pd.DataFrame(fast < slow, index=close.index, columns=columns).vbt.fshift(1)
    held = vbt.Portfolio.from_signals(
        close, entries.astype(bool), exits.astype(bool), price=open_, size=10.0, fees=0.001, init_cash=1e6, freq="1min"
    )
    closed = held.trades.closed
    return {
        "total_return": held.total_return().tolist(),
        "trades": closed.count().tolist(),
        "sharpe": held.sharpe_ratio().tolist(),
        "max_drawdown": held.max_drawdown().tolist(),
        "win_rate": closed.win_rate().tolist(),
        "profit_factor": closed.profit_factor().tolist(),
    }


def main():
    warnings.filterwarnings("ignore")
    data = np.load(sys.argv[1])
    with pathlib.Path(sys.argv[2]).open() as file:
        pairs = [tuple(pair) for pair in json.load(file)]
    index = pd.to_datetime(data["ts"], unit="us")
    open_, close = (pd.Series(data[name], index=index) for name in ("open", "close"))
    sweep(open_.iloc[:2000], close.iloc[:2000], pairs[:3])  # compiled once
    taken = []
    for _ in range(int(sys.argv[3])):
        begin = time.perf_counter()
        found = sweep(open_, close, pairs)
        taken.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": min(taken), "peak_mb": peak, **found}))


if __name__ == "__main__":
    main()
