"""What a backtest leaves in its task's folder, for a page to show quickly however long the run was.

``result.json`` is the whole, ``equity.csv`` the curve, and ``trades.csv``, ``fills.csv``, ``rejected.csv`` its tables.
``summary.json``, ``curve.npz``, ``bars-N.npz`` and what a script drew, ``drawn-N.json``, are what a screen can hold of
them. The bars themselves stay where they are: the run names their folder and their hash.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.report import drawdown_series
from quantstrip.report.files import write_whole
from quantstrip.report.periods import Year, yearly_table

if TYPE_CHECKING:
    from quantstrip.backtest import BacktestResult
    from quantstrip.dialects.dataframe_output import Output

SUMMARY: Final = "summary.json"
CURVE: Final = "curve.npz"
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "trades": ("symbol", "side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price", "pnl"),
    "fills": ("time", "symbol", "side", "quantity", "price", "fee"),
    "rejected": ("time", "symbol", "side", "quantity", "rule", "reason"),
}
"""Columns of each table, as of ``BacktestResult.to_dict``."""
CANDLES: Final = 100_000
"""Candles kept of one symbol; of more bars, several in a row are one."""
SYMBOLS: Final = 200
"""Symbols whose candles are kept: the first ones."""
_BUCKETS: Final = 800
"""Stretches of the curve; of each the lowest, the highest and the last point are kept: what a screen can tell apart."""
COLUMNS: Final = ("time", "open", "high", "low", "close", "volume")


def write(folder: Path, result: "BacktestResult") -> None:
    """Write all of it; a file is there whole or not at all.

    Raises:
        ReportError: the disk is full, or the folder cannot be written to.

    """
    whole = result.to_dict()
    write_whole(folder / "result.json", (json.dumps(whole, default=str, indent=1) + "\n").encode())
    for name, columns in TABLES.items():
        _write_csv(folder / f"{name}.csv", columns, ([row[column] for column in columns] for row in whole[name]))
    ts, value = result.equity
    _write_csv(folder / "equity.csv", ("time", "equity"), zip(_texts(ts), value.tolist(), strict=True))
    cash = float(result.run["cash"])
    _write_columns(folder / CURVE, thin_curve(ts, value, cash))
    kept = {symbol: result.tables[symbol] for symbol in sorted(result.tables)[:SYMBOLS]}
    for place, table in enumerate(kept.values()):
        _write_columns(folder / f"bars-{place}.npz", thin_bars(table))
        if table.symbol in result.drawn:
            write_whole(folder / f"drawn-{place}.json", json.dumps(thin_drawn(result.drawn[table.symbol])).encode())
    years = monthly_returns(ts, value, cash)
    summary = {
        "run": whole["run"],
        "metrics": whole["metrics"],
        "equity_final": whole["equity_final"],
        "counts": {name: len(whole[name]) for name in TABLES},
        "charges": charged(whole.get("charges", ())),
        "rules": counted(row["rule"] for row in whole["rejected"]),
        "open": [{"symbol": trip.symbol, "quantity": trip.position.quantity, "side": trip.side,
                  "entry_time": result.labels.of(trip.symbol, trip.entry_ts)} for trip in result.open_trades],
        "years": [[year.year, list(year.months), year.total] for year in years],
        "candles": {symbol: {"bars": len(table), "file": f"bars-{place}.npz"}
                    for place, (symbol, table) in enumerate(kept.items())},
    }  # fmt: skip
    write_whole(folder / SUMMARY, json.dumps(summary, default=str).encode())  # last: with it the outcome is complete


def thin_curve(
    ts: npt.NDArray[np.int64], value: npt.NDArray[np.float64], cash: float, buckets: int = _BUCKETS
) -> dict[str, npt.NDArray[Any]]:
    """The curve and its drawdown with as many points as a screen can tell apart; extremes and ends are kept.

    Args:
        ts, value: the equity after each slice of bars, microseconds UTC and money.
        cash: the capital before the first: drawdowns count from it.

    """
    if not len(ts):
        return {"ts": ts, "equity": value, "drawdown": value}
    falls = drawdown_series(np.concatenate(([cash], value)))[1:]
    if len(ts) <= 3 * buckets:
        chosen = np.arange(len(ts))
    else:
        edges = np.linspace(0, len(ts), buckets + 1).astype(np.int64)
        parts = [(begin, value[begin:end]) for begin, end in pairwise(edges.tolist())]
        lows = [begin + int(np.argmin(part)) for begin, part in parts]
        highs = [begin + int(np.argmax(part)) for begin, part in parts]
        deepest = [int(np.argmin(falls))]
        chosen = np.unique(np.array([0, *lows, *highs, *(edges[1:] - 1).tolist(), *deepest], dtype=np.int64))
    return {"ts": ts[chosen], "equity": value[chosen], "drawdown": falls[chosen]}


def thin_bars(table: BarTable, most: int = CANDLES) -> dict[str, npt.NDArray[Any]]:
    """At most ``most`` candles, by their labels: first open, highest, lowest, last close and volume of each group."""
    together = max(1, -(-len(table) // most))
    begins = np.arange(0, len(table), together)
    ends = np.append(begins[1:], len(table)) - 1
    return dict(
        zip(
            COLUMNS,
            (
                table.label[begins],
                table.open[begins],
                np.maximum.reduceat(table.high, begins),
                np.minimum.reduceat(table.low, begins),
                table.close[ends],
                np.add.reduceat(table.volume, begins),
            ),
            strict=True,
        )
    )


def thin_drawn(output: "Output", most: int = CANDLES) -> list[dict[str, Any]]:
    """A script's lines and marks, one value a candle of ``thin_bars``: the last one of each group."""
    lines = [
        {"name": plot.name, "color": plot.color, "overlay": plot.overlay, "text": "", "data": _last_of(plot.data, most)}
        for plot in output.plots
    ]
    marks = [
        {"name": f"{each.text or each.type} (script)", "color": each.color, "overlay": True,
         "text": each.text or each.type, "data": _last_of(each.data, most)}
        for each in output.marks
    ]  # fmt: skip
    return lines + marks


def _last_of(data: Sequence[float | None], most: int) -> list[float | None]:
    together = max(1, -(-len(data) // most))
    groups = (data[begin : begin + together] for begin in range(0, len(data), together))
    return [next((value for value in reversed(group) if value is not None), None) for group in groups]


def monthly_returns(ts: npt.NDArray[np.int64], value: npt.NDArray[np.float64], cash: float) -> tuple[Year, ...]:
    """Return of each month and year, by the UTC date of each bar's close; newest year first."""
    days = ((ts - 1) // DAY).astype("datetime64[D]")
    last = np.flatnonzero(np.append(days[1:] != days[:-1], True)) if len(days) else np.empty(0, dtype=np.int64)
    return yearly_table(days[last], np.concatenate(([cash], value[last])))


def _texts(ts: npt.NDArray[np.int64]) -> list[str]:
    """``clock.to_text`` of each; a minute bar's year has half a million."""
    written: list[str] = np.char.replace(np.datetime_as_string(ts.astype("datetime64[us]")), "T", " ").tolist()
    return written


def counted(rules: Iterable[str]) -> dict[str, int]:
    """How often each rule rejected a signal, by its name."""
    found: dict[str, int] = {}
    for rule in rules:
        found[rule] = found.get(rule, 0) + 1
    return dict(sorted(found.items()))


def charged(charges: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Money paid (negative) or received for holding positions, by kind."""
    found: dict[str, float] = {}
    for row in charges:
        found[row["kind"]] = found.get(row["kind"], 0.0) + float(row["amount"])
    return {kind: round(amount, 2) for kind, amount in found.items()}


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _write_columns(path: Path, columns: Mapping[str, npt.NDArray[Any]]) -> None:
    np.savez(path, **dict[str, Any](columns))
