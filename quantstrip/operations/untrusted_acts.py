"""What the cell of untrusted code is asked to do; each answer is plain data, and who asks makes a result of that.

Nothing here runs in a process of the user's: see ``untrusted_child``.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, Options, run_backtest
from quantstrip.backtest.lookahead import look_ahead
from quantstrip.bars import BarTable
from quantstrip.matching import CostModel
from quantstrip.operations.strategy_about import about
from quantstrip.risk import RiskProfile
from quantstrip.strategy import named_timeframe

Request = Mapping[str, Any]
Tables = dict[str, BarTable]
Tell = Callable[[float], None]
Act = Callable[[Request, bytes, Tables, Tell], dict[str, Any]]


def check(request: Request, source: bytes, tables: Tables, tell: Tell) -> dict[str, Any]:  # noqa: ARG001
    """Load the code and construct its strategy.

    Raises:
        StrategyLoadError: it cannot be.

    """
    strategy, form = _load(request, source)
    return {
        "name": strategy.name,
        "form": form.name,
        "timeframe": named_timeframe(strategy) or "",
        "symbols": strategy.symbols,
        "parameters": strategy.get_parameters(),
    }


def look(request: Request, source: bytes, tables: Tables, tell: Tell) -> dict[str, Any]:  # noqa: ARG001
    """What the strategy says of itself, before there are bars.

    Raises:
        StrategyLoadError: it cannot be loaded.

    """
    strategy, form = loaded = _load(request, source)
    return {
        "name": strategy.name,
        "symbols": list(strategy.symbols),
        "named_timeframe": named_timeframe(strategy) or "",
        "timeframe": strategy.timeframe,
        "about": about(loaded, dialects.declared(Path(request["file"]), source)),
        "form": {**asdict(form), "risk": asdict(form.risk), "costs": asdict(form.costs)},
    }


def ahead(request: Request, source: bytes, tables: Tables, tell: Tell) -> dict[str, Any]:
    """Whether it decides on later bars, as of ``backtest.lookahead``.

    Raises:
        StrategyLoadError, StrategyFault: it cannot be loaded, or raises on the whole history.

    """
    found = look_ahead(
        _load(request, source).strategy, tables, every=request["every"], seed=request["seed"],
        patient=request["patience"], on_progress=tell,
    )  # fmt: skip
    return asdict(found) | {"differences": [list(each) for each in found.differences]}


def run(request: Request, source: bytes, tables: Tables, tell: Tell) -> dict[str, Any]:
    """The run's fills, refusals, charges and curve, and what the strategy says of itself.

    Raises:
        StrategyLoadError, StrategyFault: as of ``run_backtest``.

    """
    strategy, form = _load(request, source)
    instruments = {symbol: form.instrument(symbol, table.gaps.calendar or "NYSE") for symbol, table in tables.items()}
    result = run_backtest(
        strategy, tables, instruments=instruments, form=form, cash=request["cash"], risk=RiskProfile(**request["risk"]),
        costs=CostModel(**request["costs"]), quantity=request["quantity"], warmup=request["warmup"],
        virtual_legs=request["virtual_legs"], options=Options(**request["options"]), code_hash=request["code_hash"],
        patient=request["patience"], on_progress=tell,
    )  # fmt: skip
    return {
        "name": strategy.name,
        "parameters": result.run["parameters"],
        "virtual_legs": strategy.virtual_legs,
        "notes": list(result.run["notes"]),
        **told(result),
    }


def told(result: BacktestResult) -> dict[str, Any]:
    """A result's fills, refused signals, charges and curve."""
    return {
        "fills": [list(fill) for fill in result.fills],
        "rejected": [
            [one.signal.symbol, one.signal.side, one.signal.quantity, one.ts, one.rule, one.reason]
            for one in result.rejected
        ],
        "charges": [list(one) for one in result.charges],
        "ts": _packed(result.equity.ts.astype("<i8")),
        "equity": _packed(result.equity.value.astype("<f8")),
    }


def _load(request: Request, source: bytes) -> dialects.Loaded:
    return dialects.load(
        Path(request["file"]), symbols=request["symbols"], parameters=request["parameters"], source=source,
        patient=request["patience"],
    )  # fmt: skip


def _packed(values: npt.NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode()


ACTS: Final[Mapping[str, Act]] = {"check": check, "look": look, "look_ahead": ahead, "run": run}
