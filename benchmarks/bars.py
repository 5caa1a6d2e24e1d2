"""The bar store and the reading of files, against the libraries that they stand on.

Ten million one-minute bars of a market that never closes are read from the store, checked and placed in their sessions,
against ``pandas.read_parquet`` of the same files, which does neither. A day of minutes is added to them. A CSV file of
a million bars is read and checked, against ``pandas.read_csv`` of it, its times parsed. The two take turns, the best
of each counts, in processor time.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from quantstrip.bars import About, BarStore, BarTable, read_csv
from quantstrip.clock import DAY, MINUTE, from_text

BARS: Final = 10_000_000
LINES: Final = 1_000_000
TURNS: Final = 3
READ_BOUND, READ_SECONDS, CSV_BOUND, ADD_SECONDS = 1.0, 2.0, 1.25, 1.0
_START: Final = from_text("2005-01-01")


def run() -> Iterator[dict[str, Any]]:
    """Reading, adding, CSV."""
    with tempfile.TemporaryDirectory(prefix="quantstrip-bars-") as folder:
        yield from _store(Path(folder))
        yield _csv(Path(folder))


def _store(folder: Path) -> Iterator[dict[str, Any]]:
    store, about = BarStore(folder / "bars"), About("", "", "24/7", sources=("benchmark",))
    wrote = _seconds(lambda: store.merge(_walk(BARS), about))
    files = sorted(str(path) for path in (folder / "bars").rglob("*.parquet"))
    ours, theirs = _turns(
        lambda: store.read("ABC", "1m"), lambda: pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
    )
    size = sum(Path(path).stat().st_size for path in files)
    detail = {"seconds": round(ours, 2), "pandas_seconds": round(theirs, 2), "bars": BARS, "files": len(files),
              "bytes_a_bar": round(size / BARS, 1), "write_seconds": round(wrote, 2)}  # fmt: skip
    yield _figure("bars_read_10m_vs_pandas", ours / theirs, READ_BOUND, detail)
    yield _figure("bars_read_10m_seconds", ours, READ_SECONDS, detail)
    last = _START + BARS * MINUTE
    label = last + np.arange(DAY // MINUTE) * MINUTE
    one = np.ones(len(label))
    day = BarTable.from_arrays("ABC", "1m", label, one, one, one, one, one)
    yield _figure(
        "bars_add_a_day_seconds", _seconds(lambda: store.merge(day, about)), ADD_SECONDS, {"added": len(label)}
    )


def _csv(folder: Path) -> dict[str, Any]:
    table, path = _walk(LINES), folder / "ABC.csv"
    columns = {name: getattr(table, name) for name in ("open", "high", "low", "close", "volume")}
    csv.write_csv(pa.table({"time": pa.array(table.label).cast(pa.timestamp("us")), **columns}), path)
    ours, theirs = _turns(
        lambda: read_csv(path, timeframe="1m", calendar="24/7"), lambda: pd.read_csv(path, parse_dates=["time"])
    )
    detail = {"seconds": round(ours, 2), "pandas_seconds": round(theirs, 2), "bars": LINES}
    return _figure("bars_read_csv_vs_pandas", ours / theirs, CSV_BOUND, detail)


def _walk(count: int) -> BarTable:
    random = np.random.default_rng(20261122)
    close = np.round(100 * np.exp(random.normal(0, 1e-4, count).cumsum()), 4)
    opens = np.concatenate(([100.0], close[:-1]))
    high, low = np.maximum(opens, close), np.minimum(opens, close)
    label = _START + np.arange(count, dtype=np.int64) * MINUTE
    return BarTable.from_arrays("ABC", "1m", label, opens, high, low, close, random.integers(0, 1000, count))


def _turns(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """The best of some turns of each, in seconds of processor time."""
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(TURNS)]
    return min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def _figure(name: str, value: float, bound: float, detail: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "value": round(value, 2), "bound": f"<= {bound:g}", "ok": value <= bound, "detail": detail}
