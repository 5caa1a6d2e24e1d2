"""Backtests of code that nobody vouches for: it runs in a cell, and what comes out of it is read as data.

The text is judged first, then the strategy is asked what it wants, then it is run on the bars it gets. Round trips and
figures are made of its fills here, by the code that makes everybody's.
"""

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from quantstrip import dialects
from quantstrip.backtest.describe import describe
from quantstrip.backtest.lookahead import Difference, LookAhead
from quantstrip.backtest.result import BacktestResult, Equity
from quantstrip.backtest.run import assemble
from quantstrip.dialects import Form, Loaded
from quantstrip.engine import Rejection
from quantstrip.errors import QuantstripError, SandboxError, StrategyLoadError
from quantstrip.feeds import HistoryFeed, trading_begins
from quantstrip.matching import CostModel
from quantstrip.model import Bar, Fill, Leg, OrderSide, OrderType, Signal
from quantstrip.operations import untrusted_cell
from quantstrip.operations.runs_bars import COLUMNS, pin_of
from quantstrip.ports import Charge
from quantstrip.risk import RiskProfile
from quantstrip.sandbox import check_source
from quantstrip.strategy import StrategyBase

if TYPE_CHECKING:
    from quantstrip.operations.research import Setup


class Stand(StrategyBase):
    """Stands for a strategy that is not loaded in this process: its name, symbols, timeframe and parameters."""

    def __init__(self, name: str, symbols: Sequence[str], parameters: Mapping[str, Any], notes: Sequence[str]) -> None:
        super().__init__(name, symbols)
        self.result_notes = tuple(notes)
        self._given = dict(parameters)

    def get_parameters(self) -> dict[str, Any]:
        """As the cell told them."""
        return self._given

    def on_bar(self, bar: Bar) -> list[Signal]:  # noqa: ARG002 - part of the contract
        """Decides nothing."""
        return []


def look(file: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]) -> Loaded:
    """What a strategy is, told by a cell that loaded it; nothing of it is loaded here.

    Raises:
        StrategyLoadError: its text is refused, by which rule and where; or it cannot be loaded.
        SandboxError: it took too much, or answered nonsense.
        SandboxMissing: this machine cannot hold it.

    """
    found = _judged(file, source, symbols, parameters)
    try:
        strategy = Stand(str(found["name"]), _words(found["symbols"]), {}, ())
        strategy.timeframe = str(found["timeframe"])
        if not found["named_timeframe"]:
            del strategy.timeframe
        told_form = dict(found["form"])
        told_form |= {"risk": RiskProfile(**told_form["risk"]), "costs": CostModel(**told_form["costs"]),
                      "notes": _words(told_form["notes"])}  # fmt: skip
        return Loaded(strategy, Form(**told_form))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _nonsense(error) from error


def about(
    file: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """What a form asks of a strategy (see ``strategy_about``), told by a cell that loaded it; errors as of ``look``."""
    found = _judged(file, source, symbols, parameters).get("about")
    if not isinstance(found, dict):
        raise _nonsense(TypeError("it says nothing of itself"))
    return found


def run(
    setup: "Setup", parameters: Mapping[str, Any], on_progress: Callable[[float], None] | None = None
) -> BacktestResult:
    """Run it in a cell.

    Args:
        setup: what is run; its strategy is not loaded here.
        parameters: of the strategy.
        on_progress: called again and again with the share of the bars that are done; what it raises ends the run.

    Raises:
        StrategyLoadError, StrategyFault: the strategy refuses the parameters, or raised.
        SandboxError: it took too much, or answered nonsense.

    """
    told, data = _packed(setup)
    request = {
        **told, "parameters": dict(parameters), "cash": setup.cash, "risk": asdict(setup.profile),
        "costs": asdict(setup.costs), "quantity": setup.quantity, "warmup": setup.warmup,
        "virtual_legs": setup.virtual_legs, "options": asdict(setup.options), "code_hash": setup.code_hash,
    }  # fmt: skip
    found = untrusted_cell.ask_cell("run", request, data, untrusted_cell.RUNNING, on_progress)
    try:
        return _result(setup, found)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, QuantstripError) as error:
        raise _nonsense(error) from error


def look_ahead(
    setup: "Setup", *, every: bool, seed: int, on_progress: Callable[[float], None] | None = None
) -> LookAhead:
    """Find out in a cell whether it decides on later bars; arguments as of ``Setup.look_ahead``, errors of ``run``."""
    told, data = _packed(setup)
    request = {**told, "parameters": dict(setup.parameters), "every": every, "seed": seed}
    found = untrusted_cell.ask_cell("look_ahead", request, data, untrusted_cell.RUNNING, on_progress)
    try:
        differences = tuple(
            Difference(str(symbol), str(time), str(decision), bool(whole), bool(part), str(cut), int(line))
            for symbol, time, decision, whole, part, cut, line in found["differences"]
        )
        return LookAhead(int(found["cuts"]), differences, int(found["failed"]), str(found["failure"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _nonsense(error) from error


def _result(setup: "Setup", found: Mapping[str, Any]) -> BacktestResult:
    feed = HistoryFeed(dict(setup.tables))
    strategy = Stand(str(found["name"]), setup.symbols, found["parameters"], _words(found["notes"]))
    legs = bool(found["virtual_legs"]) if setup.virtual_legs is None else setup.virtual_legs
    described = describe(
        strategy, feed, setup.form, setup.code_hash, cash=setup.cash, risk=setup.profile, costs=setup.costs,
        quantity=setup.quantity, warmup=setup.warmup, begin=trading_begins(feed.tables, setup.warmup),
        virtual_legs=legs, options=setup.options, benchmark=setup.benchmark,
    )  # fmt: skip
    curve = Equity(_array(found["ts"], "<i8"), _array(found["equity"], "<f8"))
    if len(curve.ts) != len(curve.value) or not np.isfinite(curve.value).all() or np.any(np.diff(curve.ts) <= 0):
        raise ValueError("its equity curve is none")
    fills = [_fill(row) for row in found["fills"]]
    if any(fill.symbol not in setup.tables for fill in fills):
        raise ValueError("it tells of fills in symbols that it was not given")
    rejected = [
        Rejection(Signal(str(symbol), OrderSide(side), quantity=size), int(ts), str(rule), str(reason))
        for symbol, side, size, ts, rule, reason in found["rejected"]
    ]
    charges = [Charge(int(ts), str(symbol), str(kind), float(amount)) for ts, symbol, kind, amount in found["charges"]]
    return assemble(
        described, fills, rejected, curve, charges, dict(setup.tables), setup.instruments, setup.cash, setup.benchmark
    )


def _packed(setup: "Setup") -> tuple[dict[str, Any], bytes]:
    """What a cell is told of a setup, and the bars as it reads them."""
    columns: dict[str, npt.NDArray[Any]] = {}
    for place, table in enumerate(setup.tables.values()):
        columns |= {f"{place}-{name}": getattr(table, name) for name in COLUMNS}
    written = io.BytesIO()
    np.savez(written, **dict[str, Any](columns))
    told = {
        "file": str(setup.file.absolute()), "source": setup.source.decode(errors="surrogateescape"),
        "symbols": list(setup.symbols), "patience": setup.patience,
        "tables": [pin_of(table) for table in setup.tables.values()],
    }  # fmt: skip
    return told, written.getvalue()


def _fill(row: Sequence[Any]) -> Fill:
    exec_id, reference, strategy, symbol, side, quantity, price, ts, commission, currency, leg, kind = row
    fill = Fill(
        str(exec_id), str(reference), str(strategy), str(symbol), OrderSide(side), float(quantity), float(price),
        int(ts), float(commission), str(currency), Leg(leg), OrderType(kind),
    )  # fmt: skip
    if not np.isfinite([fill.quantity, fill.price, fill.commission]).all():
        raise ValueError("a fill has no number where one belongs")
    return fill


def _array(text: str, kind: str) -> npt.NDArray[Any]:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype=kind)


def _words(given: Sequence[Any]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise TypeError("a list belongs here")
    return tuple(str(each) for each in given)


def _judged(
    file: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """The cell's answer on a text that passed the rules."""
    form = dialects.recognise(file, source)
    findings = check_source(source, look_ahead=form.whole_history)
    if findings:
        told = "; ".join(f"{file}, line {each.line}: {each.rule}: {each.message}" for each in findings[:5])
        raise StrategyLoadError(f"untrusted code is refused: {told}", hint=f"See: quantstrip strategy check {file}")
    listed = None if symbols is None else list(symbols)
    request = {"file": str(file.absolute()), "source": source.decode(errors="surrogateescape"), "symbols": listed,
               "parameters": dict(parameters)}  # fmt: skip
    return _looked(json.dumps(request, sort_keys=True))


@lru_cache(maxsize=16)
def _looked(request: str) -> dict[str, Any]:
    """What a cell says of a strategy; asked once, however often a run looks at it."""
    return untrusted_cell.ask_cell("look", json.loads(request))


def _nonsense(error: Exception) -> SandboxError:
    return SandboxError(
        f"the cell answered what is no result: {type(error).__name__}: {error}",
        hint="The code may have reached for the platform's own objects: read it before you run it.",
    )
