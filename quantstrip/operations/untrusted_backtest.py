"""``python -m quantstrip.operations.untrusted_backtest``: describes or runs a strategy that nobody vouches for.

Bars come with the request. Everything of ours is imported and read first; then the process confines itself, and only
then is the code looked at. It answers with one JSON object of plain data: who asked makes a result of that.
"""

import base64
import contextlib
import io
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, Options, run_backtest
from quantstrip.bars import BarTable
from quantstrip.calendars import get_calendar
from quantstrip.errors import QuantstripError
from quantstrip.matching import CostModel
from quantstrip.operations.runs_bars import COLUMNS, described
from quantstrip.operations.strategy_about import about
from quantstrip.operations.untrusted_child import _import_first
from quantstrip.risk import RiskProfile
from quantstrip.sandbox import Limits, confine, restricted
from quantstrip.strategy import named_timeframe, restrict
from quantstrip.supervise.tether import tether


def main() -> int:
    """Entry of the process."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the code prints
    request = json.loads(sys.stdin.buffer.readline())
    tether(int(request["parent"]), signal.SIGKILL)
    source = str(request["source"]).encode(errors="surrogateescape")
    tables = _tables(request["tables"], sys.stdin.buffer.read())
    _import_first(Path(request["file"]), source)
    for calendar in {table.gaps.calendar or "NYSE" for table in tables.values()}:
        with contextlib.suppress(QuantstripError):  # the run says so
            get_calendar(calendar)
    confine(Limits(float(request["seconds"]), int(request["memory"])))
    restrict(restricted())
    try:
        found = run(request, source, tables) if tables else look(request, source)
    except QuantstripError as error:
        found = {"error": error.message, "hint": error.hint, "kind": type(error).__name__}
    except MemoryError:
        found = {"error": f"the code needs more than {request['memory']} MB", "hint": "", "kind": "SandboxError"}
    json.dump(found, answer, default=str)
    answer.close()
    return 0


def look(request: dict[str, Any], source: bytes) -> dict[str, Any]:
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


def run(request: dict[str, Any], source: bytes, tables: dict[str, BarTable]) -> dict[str, Any]:
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
    )  # fmt: skip
    return {
        "name": strategy.name,
        "parameters": result.run["parameters"],
        "virtual_legs": strategy.virtual_legs,
        "notes": list(result.run["notes"]),
        **_told(result),
    }


def _told(result: BacktestResult) -> dict[str, Any]:
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


def _load(request: dict[str, Any], source: bytes) -> dialects.Loaded:
    return dialects.load(
        Path(request["file"]), symbols=request["symbols"], parameters=request["parameters"], source=source
    )


def _tables(pins: list[dict[str, Any]], data: bytes) -> dict[str, BarTable]:
    """The bars that came with the request, by symbol."""
    if not pins:
        return {}
    with np.load(io.BytesIO(data)) as found:
        return {
            pin["symbol"]: described(
                BarTable(pin["symbol"], pin["timeframe"], *(found[f"{place}-{name}"] for name in COLUMNS)), pin
            )
            for place, pin in enumerate(pins)
        }


def _packed(values: npt.NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode()


if __name__ == "__main__":
    sys.exit(main())
