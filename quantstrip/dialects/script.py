"""What dataframe and event scripts share: their module, their parameters, and how their intents become signals."""

import hashlib
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from inspect import Parameter
from math import floor
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final, Literal

from quantstrip.dialects.annotations import Annotations, read_annotations
from quantstrip.dialects.forms import Form
from quantstrip.dialects.script_rules import ALL_KEYS, Key, ScriptRules, declared_rules, make_rules
from quantstrip.dialects.script_shadow import EXITS, Shadow
from quantstrip.errors import QuantstripError, StrategyError, StrategyLoadError
from quantstrip.matching import CostModel
from quantstrip.model import Bar, Leg, OrderSide, Signal
from quantstrip.model.position import QUANTITY_DIGITS
from quantstrip.ports import SIGNAL_ONLY
from quantstrip.risk import CASH_ONLY
from quantstrip.strategy import Declared, Seat, StrategyBase, fitted
from quantstrip.strategy.loader import SOURCE_HASH

SCRIPT_RISK: Final = CASH_ONLY
"""Cash and the chosen leverage, nothing else."""
SCRIPT_COSTS: Final = CostModel(slippage_bps=0.0, commission_per_share=0.0, commission_rate=0.001)
"""0.1 % of the traded value, no slippage: what both script forms start from."""
_DUST: Final = 1e-9
_GRID: Final = 10.0**QUANTITY_DIGITS

Act = Literal["open", "close"]
Side = Literal["long", "short"]


class ScriptStrategy(StrategyBase):
    """A script as a strategy: intents on two legs, sized and protected by its rules.

    Attributes:
        form: the form it is of, with the leverage that its run chose and the notes on its lines.
        params: values of its ``# @param`` lines, by name.
        rules: how it is sized and protected.
        told: signals of a run that orders nothing: time of the bar, symbol, intent, price.

    """

    form: Form
    params: Mapping[str, Any]
    rules: ScriptRules
    script: ClassVar[Path]

    def __init__(
        self, form: Form, name: str, symbols: Sequence[str], params: Mapping[str, Any], rules: ScriptRules
    ) -> None:
        super().__init__(name=name, symbols=symbols)
        self.form = replace(
            form, risk=replace(form.risk, leverage=max(1.0, rules.leverage)), notes=(*form.notes, *rules.notes)
        )
        self.params = params
        self.rules = rules
        self.told: list[tuple[int, str, str, float]] = []
        self._shadow: Shadow | None = None

    def note(self, *notes: str) -> None:
        """Add what a reader of the results should know."""
        self.form = replace(self.form, notes=(*self.form.notes, *notes))

    def get_parameters(self) -> dict[str, Any]:
        """Everything that the run was given, or could have been: parameters of the script, and its rules."""
        return {**self.params, **self.rules.values}

    @property
    def seat(self) -> Seat:
        """The run's books.

        Raises:
            StrategyError: it is not in a run.

        """
        if self._seat is None:
            raise StrategyError(
                f"{self.name} runs in an engine alone", hint="Use run_backtest, or quantstrip backtest."
            )
        return self._seat

    @property
    def books(self) -> Seat | Shadow:
        """What is held; in a run that orders nothing, what would be, had its signals been followed."""
        if self.rules.orders:
            return self.seat
        if self._shadow is None:
            self._shadow = Shadow(self.seat, self.name, self.symbols, self.form.risk, netting=not self.virtual_legs)
        return self._shadow

    def held(self, symbol: str, side: Side) -> float:
        """Units that a leg holds, never negative."""
        return abs(self.books.position(symbol, _LEGS[side]).quantity)

    def opening(self, bar: Bar, side: Side, quantity: float | None, reason: str) -> Signal:
        """A signal that opens a leg, or adds to it; without a quantity, the rules size it."""
        entry, leg = _SIDES[side]
        units = self._units(bar, self.rules.entry * self.books.equity()) if quantity is None else quantity
        rules = self.rules
        return Signal(
            bar.symbol, entry, quantity=units, reason=reason, leg=leg, stop_loss_pct=rules.stop_loss,
            take_profit_pct=rules.take_profit, trailing_pct=rules.trailing, trailing_activation_pct=rules.activation,
        )  # fmt: skip

    def closing(self, bar: Bar, side: Side, quantity: float | None, reason: str) -> Signal:
        """A signal that takes ``quantity`` off a leg; all of it without one, or where less than a lot would be left."""
        entry, leg = _SIDES[side]
        if quantity is not None and self.held(bar.symbol, side) - quantity < (self.seat.lot(bar.symbol) or _DUST):
            quantity = None
        return Signal(bar.symbol, entry.opposite, quantity=quantity, reason=reason, leg=leg)

    def look(self, bar: Bar) -> None:
        """Before a bar is decided on: tell of exits of the engine's own, in a run that orders nothing."""
        books = self.books
        if isinstance(books, Shadow):
            for fill in books.see(bar):
                exit_, what = Signal(bar.symbol, fill.side, leg=fill.leg), EXITS[fill.order_type]
                self._tell(bar, exit_._replace(reason=what), fill.price, fill.quantity)

    def decided(self, bar: Bar, signals: list[Signal]) -> list[Signal]:
        """The signals to order: all of them, or none where they are told instead."""
        books = self.books
        if not isinstance(books, Shadow):
            return signals
        for signal in signals:
            units = signal.quantity or abs(books.position(bar.symbol, signal.leg).quantity)
            refusal = books.follow(signal, bar)
            if refusal is None:
                self._tell(bar, signal, bar.close, units)
            else:
                self.seat.refuse(signal, *refusal)
        return []

    def _tell(self, bar: Bar, signal: Signal, price: float, units: float) -> None:
        """Have a signal recorded that is not ordered; where the run is kept, its owner is told of it."""
        side = "long" if signal.leg is Leg.LONG else "short"
        act = "open" if (signal.side is OrderSide.BUY) == (side == "long") else "close"
        self.told.append((bar.ts, bar.symbol, f"{act}_{side}", price))
        what = f"{act}_{side} at {price:g}, {units:g} units; this run tells its signals alone"
        self.seat.refuse(signal, SIGNAL_ONLY, what)

    def units(self, bar: Bar, value: float) -> float:
        """Units that ``value`` buys at the close of ``bar``; never worth more than it, by a hair of a float."""
        seat = self.seat
        price = bar.close * seat.instrument(bar.symbol).multiplier
        found = floor(max(0.0, value) / price * _GRID) / _GRID
        return found if found * price <= value else max(0.0, found - 1.0 / _GRID)

    def _units(self, bar: Bar, value: float) -> float:
        """Units of an entry that names none: those the run was given, else what ``value`` buys."""
        given = self.seat.quantity
        return self.units(bar, value) if given is None else given


_LEGS: Final[Mapping[Side, Leg]] = {"long": Leg.LONG, "short": Leg.SHORT}
_SIDES: Final[Mapping[Side, tuple[OrderSide, Leg]]] = {
    "long": (OrderSide.BUY, Leg.LONG),
    "short": (OrderSide.SELL, Leg.SHORT),
}


def declared_script(path: Path, found: Annotations, keys: Mapping[str, Key]) -> list[Declared]:
    """The parameters of a script and its rules, for a typed form; ``keys`` are those of its form.

    Raises:
        StrategyLoadError: an annotation is wrong; names the line.

    """
    return [param.declared() for param in found.params.values()] + declared_rules(path, found.settings, keys)


def annotations(path: Path, source: bytes) -> Annotations:
    """The annotations of a script; a parameter cannot bear the name of a rule.

    Raises:
        StrategyLoadError: an annotation is wrong; names the line.

    """
    found = read_annotations(path, source)
    for param in found.params.values():
        if param.name in ALL_KEYS:
            raise StrategyLoadError(
                f"{path}, line {param.line}: {param.name} is a setting of every script, not a parameter",
                hint=f"Write '# @strategy {param.name} ...', or choose another name.",
            )
    return found


def chosen(
    path: Path, found: Annotations, given: Mapping[str, Any], keys: Mapping[str, Key]
) -> tuple[dict[str, Any], ScriptRules]:
    """Values of a run: each parameter's, and the rules; ``keys`` are those of the form.

    Raises:
        StrategyLoadError: a name is unknown, or a value is of another kind than declared or out of its range.

    """
    unknown = [name for name in given if name not in found.params and name not in keys]
    if unknown:
        raise StrategyLoadError(
            f"{path} takes no {', '.join(unknown)}",
            hint=f"It declares {', '.join(found.params) or 'no @param'}; such a script takes {', '.join(keys)}.",
        )
    accepted = {
        name: Parameter(name, Parameter.KEYWORD_ONLY, default=param.default) for name, param in found.params.items()
    }
    values, wrong = fitted(accepted, {name: value for name, value in given.items() if name in accepted})
    if wrong:
        raise StrategyLoadError(f"{path}: {'; '.join(wrong)}", hint="Give values of the types that @param declares.")
    for name, value in values.items():
        if found.params[name].kind == "number":
            values[name] = float(value)
    params = {name: values.get(name, param.default) for name, param in found.params.items()}
    run = {key: value for key, value in given.items() if key in keys}
    return params, make_rules(path, found.settings, run, keys)


def own_symbols(symbols: Sequence[str] | None, params: Mapping[str, Any]) -> list[str]:
    """What a script trades: what its run names, else its own parameter ``symbol``, else all that has bars."""
    if symbols is not None:
        return list(symbols)
    own = params.get("symbol")
    return [own] if isinstance(own, str) and own else []


def name_of(path: Path) -> str:
    """A strategy's name from its file's."""
    return re.sub(r"\W+", "_", path.stem).strip("_").lower() or "script"


def empty_module(path: Path, source: bytes, summary: str) -> ModuleType:
    """A module that stands for a script's file, so that its hash and its summary are found like any strategy's."""
    digest = hashlib.sha256(source).hexdigest()
    module = ModuleType(f"quantstrip_script_{path.stem}_{digest[:8]}", summary or None)
    module.__file__ = str(path)
    setattr(module, SOURCE_HASH, digest)
    sys.modules[module.__name__] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # last: a helper file must not shadow an installed package
    return module


def failure(path: Path, error: BaseException, kind: type[StrategyError] = StrategyError) -> StrategyError:
    """What a script raised, with its line."""
    if isinstance(error, QuantstripError):
        return kind(error.message, hint=error.hint)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    place = f"{path}, line {lines[-1]}" if lines else str(path)
    text = str(error).strip().partition("\n")[0]
    hint = "Correct the line and run it again."
    if isinstance(error, KeyError):
        hint = (
            "df has open, high, low, close, volume, ts and time, and what the script assigned before; "
            "params what its @param lines declare."
        )
    if isinstance(error, ModuleNotFoundError):
        hint = f"Install the package that provides {error.name}, or put {error.name}.py beside the script."
    if type(error).__name__ == "ChainedAssignmentError":
        hint = "What is written through two brackets is lost. Write it in one step: df.loc[rows, 'open_long'] = True."
    return kind(f"{place}: {type(error).__name__}{f': {text}' if text else ''}", hint=hint)
