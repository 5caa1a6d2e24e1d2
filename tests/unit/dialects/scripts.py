"""Scripts of a test: written to a file, run over bars that it makes up."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable
from quantstrip.clock import DAY
from quantstrip.matching import FREE, CostModel
from quantstrip.model import Instrument
from quantstrip.strategy import StrategyBase


def written(folder: Path, text: str, name: str = "script.py") -> Path:
    """A script's file; the text may be indented."""
    file = folder / name
    file.write_text(dedent(text).lstrip("\n"))
    return file


def loaded(file: Path, **parameters: Any) -> StrategyBase:
    """Its strategy, for the symbol S."""
    return dialects.load(file, symbols=["S"], parameters=parameters).strategy


def bars(
    closes: Sequence[float], opens: Sequence[float] | None = None, highs: Mapping[int, float] | None = None,
    lows: Mapping[int, float] | None = None,
) -> BarTable:  # fmt: skip
    """Daily bars that open at the close before, unless told otherwise; some with a high or a low of their own."""
    close = np.array(closes, dtype=np.float64)
    open_ = np.append(close[0], close[:-1]) if opens is None else np.array(opens, dtype=np.float64)
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    for row, price in (highs or {}).items():
        high[row] = price
    for row, price in (lows or {}).items():
        low[row] = price
    days = np.arange(len(close), dtype=np.int64) * DAY
    return BarTable("S", "1d", days, days, days + DAY, open_, high, low, close, np.ones(len(close)))


def traded(
    file: Path, table: BarTable, *, cash: float = 10_000.0, lot: float = 0.0, costs: CostModel = FREE,
    quantity: float | None = None, **parameters: Any,
) -> BacktestResult:  # fmt: skip
    """A backtest of a script with its form's risk profile, without costs unless they are given."""
    strategy, form = dialects.load(file, symbols=["S"], parameters=parameters)
    return run_backtest(
        strategy, table, instruments={"S": Instrument("S", lot_size=lot)}, form=form, cash=cash, risk=form.risk,
        costs=costs, quantity=quantity,
    )  # fmt: skip


def fills(result: BacktestResult) -> list[str]:
    """Each fill in words: day, side, leg, units and price."""
    return [f"{fill.ts // DAY - 1}: {fill.side} {fill.leg} {fill.quantity:g} @ {fill.price:g}" for fill in result.fills]
