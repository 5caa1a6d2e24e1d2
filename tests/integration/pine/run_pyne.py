"""``python run_pyne.py BARS OUT SCRIPT...``: runs Pine-style scripts over bars, and writes the trades of each as CSV.

A process of its own: PyneCore rewrites what is imported.
"""

import sys
from pathlib import Path

import numpy as np
from pynecore.core.script_runner import ScriptRunner
from pynecore.core.syminfo import SymInfo
from pynecore.types.ohlcv import OHLCV


def main() -> None:
    bars, out, *scripts = map(Path, sys.argv[1:])
    with np.load(bars) as found:
        columns = [found[name].tolist() for name in ("label", "open", "high", "low", "close", "volume")]
    symbol = SymInfo(
        prefix="TEST", description="", ticker="S", currency="USD", period="1D", type="stock", mintick=0.01,
        pricescale=100, pointvalue=1.0, mincontract=1.0, timezone="UTC", opening_hours=[], session_starts=[],
        session_ends=[],
    )  # fmt: skip
    for script in scripts:
        rows = (
            OHLCV(timestamp=label // 1000, open=o, high=h, low=low, close=c, volume=v)
            for label, o, h, low, c, v in zip(*columns, strict=True)
        )
        runner = ScriptRunner(script, rows, symbol, trade_path=out / f"{script.stem}.csv")
        for _ in runner.run_iter():
            pass


if __name__ == "__main__":
    main()
