"""What a run is, written down before it begins: everything that decides its result, and its key."""

from dataclasses import asdict
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from quantstrip import __version__
from quantstrip.backtest.options import Options
from quantstrip.bars import BarTable
from quantstrip.clock import Micros
from quantstrip.dialects import Form
from quantstrip.feeds import HistoryFeed
from quantstrip.matching import CostModel
from quantstrip.model import Mode
from quantstrip.risk import RiskProfile
from quantstrip.strategy import StrategyBase, source_hash
from quantstrip.trading import run_identity


def describe(
    strategy: StrategyBase,
    feed: HistoryFeed,
    form: Form,
    code_hash: str | None,
    *,
    cash: float,
    risk: RiskProfile,
    costs: CostModel,
    quantity: float | None,
    warmup: int,
    begin: Micros,
    virtual_legs: bool,
    options: Options,
    benchmark: BarTable | None,
) -> dict[str, Any]:
    """The ``run`` of a result; docs/backtest.md says what each of it is."""
    tables = feed.tables
    symbols = [table.symbol for table in tables]
    parameters = {name: _spelled(value) for name, value in strategy.get_parameters().items()}
    code = source_hash(strategy) if code_hash is None else code_hash
    rows = {table.symbol: int(np.searchsorted(table.ts, begin)) for table in tables}  # that warm up
    first = min(tables, key=lambda table: int(table.ts[rows[table.symbol]]))
    last = max(tables, key=lambda table: int(table.ts[-1]))
    key = run_identity(
        strategy.name,
        Mode.BACKTEST,
        code,
        parameters,
        feed.name,
        symbols,
        cash,
        risk,
        warmup=warmup,
        costs=asdict(costs),
        quantity=quantity,
        virtual_legs=virtual_legs,
        options=asdict(options),
        benchmark="" if benchmark is None else benchmark.digest(),
        engine=__version__,
    )
    return {
        "key": key,
        "strategy": strategy.name,
        "form": form.name,
        "notes": list(getattr(strategy, "result_notes", form.notes)),
        "code_hash": code,
        "parameters": parameters,
        "data_hash": feed.digest,
        "engine_version": __version__,
        "symbols": symbols,
        "timeframe": ", ".join(dict.fromkeys(table.timeframe for table in tables)),
        "start": first.label_text(rows[first.symbol]),
        "end": last.label_text(len(last) - 1),
        "bars": sum(len(table) - rows[table.symbol] for table in tables),
        "warmup": warmup,
        "sources": [table.source for table in tables],
        "cash": cash,
        "quantity": quantity,
        "costs": asdict(costs),
        "risk": risk.describe(),
        "direction": _direction(risk),
        "options": asdict(options),
        "benchmark": None if benchmark is None else benchmark.symbol,
        "calendar": ", ".join(dict.fromkeys(table.gaps.calendar or "none" for table in tables)),
        "gaps": [f"{table.symbol}: {table.gaps}" for table in tables if not table.gaps.clean],
    }


def _direction(risk: RiskProfile) -> str:
    if risk.allow_long:
        return "both" if risk.allow_short else "long"
    return "short" if risk.allow_short else "none"


def _spelled(value: Any) -> Any:
    """The value as JSON can say it: what is no finite number, such as the ``nan`` of "not set", as its text."""
    return str(float(value)) if isinstance(value, Real) and not isfinite(value) else value
