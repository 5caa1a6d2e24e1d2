"""The vectorised form: whole columns of decisions, traded bar by bar."""

import ast
import inspect
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np

from quantstrip.dialects.forms import Form
from quantstrip.errors import QuantstripError, StrategyError, StrategyFault, StrategyLoadError
from quantstrip.model import Bar, OrderSide, Signal
from quantstrip.ports import Columns
from quantstrip.strategy import Allowed, Declared, StrategyBase, load_module
from quantstrip.strategy.series import SymbolSeries
from quantstrip.strategy.signal_columns import Flags, Panel, SignalColumns, Times, checked
from quantstrip.strategy.unfinished import unfinished
from quantstrip.strategy.vectorized import VectorizedStrategy

FORM: Final = Form("vectorized", "vectorised strategy")
_BASE: Final = "VectorizedStrategy"
_NATIVE: Final = "StrategyBase"
_FIELDS: Final = ("ts_open", "ts", "open", "high", "low", "close", "volume")


def recognises(tree: ast.Module) -> bool:
    """A class derived from ``VectorizedStrategy`` and none from ``StrategyBase``, which would be the one to run."""
    bases = {_last(base) for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases}
    return _BASE in bases and _NATIVE not in bases


def load(path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]) -> StrategyBase:
    """The strategy of a file, to be run bar by bar; the same errors as of the native form."""
    cls = _only_class(path, load_module(path, source))
    where = _place(cls, path, source)
    return runner(cls, list(symbols or cls.symbols), parameters, where, _declared(cls, source))


def declared(path: Path, source: bytes) -> list[Declared]:
    """Its parameters, from ``param_schema`` and the defaults in its code."""
    return _declared(_only_class(path, load_module(path, source)), source)


def runner(
    cls: type[VectorizedStrategy], symbols: Sequence[str], parameters: Mapping[str, Any], where: str = "",
    wanted: Sequence[Declared] | None = None,
) -> "VectorizedRunner":  # fmt: skip
    """The bar-by-bar form of a class.

    Args:
        where: what names it in messages.
        wanted: its parameters as they are declared; those of its class where None.

    """
    own: dict[str, Any] = {"__module__": cls.__module__, "author": cls.author}
    if cls.timeframe:
        own["timeframe"] = cls.timeframe
    # Of the user's module: its text is what ran.
    made: type[VectorizedRunner] = type(cls.__name__, (VectorizedRunner,), own)
    return made(cls, symbols, parameters, where or cls.__name__, _declared(cls) if wanted is None else wanted)


Decisions = tuple[Flags, Flags, Flags, Flags]
"""Entries and exits of long positions, then of short ones."""


class Protection(NamedTuple):
    """Of an entry, as fractions of its price; 0 for none."""

    stop_loss: float
    take_profit: float
    trailing_stop: float


class VectorizedRunner(StrategyBase):
    """Trades a vectorised strategy bar by bar: entry and flat is a buy, exit and long a sale of all; shorts likewise.

    Where the feed knows its history, every decision is computed once, before the first bar; else again with each bar,
    from the bars so far, which gives the same for what is causal. Decisions of several symbols are taken together,
    with the last bar of a moment: they may depend on each other.
    """

    variables: ClassVar[list[str]] = ["entry", "exit"]
    _MAX_BAR_HISTORY = 20_000  # what warms up before a run counts as well

    def __init__(
        self, cls: type[VectorizedStrategy], symbols: Sequence[str], parameters: Mapping[str, Any], where: str,
        wanted: Sequence[Declared],
    ) -> None:  # fmt: skip
        super().__init__(name=cls.name or cls.__name__, symbols=symbols)
        self.values = _values(wanted, parameters, where)
        self.inner = cls()
        self.entry = self.exit = False
        self._where = where
        self._wanted = wanted
        self._ahead: SignalColumns | None = None
        self._kept: dict[str, list[list[float]]] = {}
        self._held: dict[str, float] = {}

    def retuned(self, parameters: Mapping[str, Any]) -> "VectorizedRunner":
        """The same strategy with other parameters, fresh.

        Raises:
            StrategyLoadError: they are refused.

        """
        return type(self)(type(self.inner), self.symbols, parameters, self._where, self._wanted)

    def get_parameters(self) -> dict[str, Any]:
        """The parameters that were given or have a default."""
        return dict(self.values)

    def on_init(self) -> None:
        """Decide everything, where the history is known."""
        known = {symbol: self._seat.columns(symbol) for symbol in self.symbols} if self._seat is not None else {}
        columns = {symbol: found for symbol, found in known.items() if found is not None}
        if columns and len(columns) == len(self.symbols):
            self._ahead = self.signals_on(columns)

    def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:  # noqa: ARG002
        """Count what is held, for runs without a seat."""
        self._held[symbol] = self._held.get(symbol, 0.0) + (volume if side is OrderSide.BUY else -volume)

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Act on what was decided at this bar's close."""
        if bar.symbol not in self.symbols:
            return []
        table = self._ahead
        if table is None:
            self._keep(bar)
        moment = [each.symbol for each in self._moment(bar) if each.symbol in self.symbols]
        if bar.symbol != moment[-1]:
            return []
        if table is None:
            table = self.signals_on({symbol: _columns(rows) for symbol, rows in self._kept.items()})
        row = int(np.searchsorted(table.ts, bar.ts))
        return [signal for symbol in moment for signal in self._signals(symbol, table, row)]

    def signals_on(self, columns: Mapping[str, Columns]) -> SignalColumns:
        """Every decision on a history.

        Raises:
            StrategyError: what the strategy returned are no decisions; names file, line and class.

        """
        panel = Panel.of(columns)
        return SignalColumns(panel.symbols, panel.ts, *self.decisions(panel))

    def decisions(
        self, panel: Panel, series: Mapping[str, SymbolSeries] | None = None, frames: Mapping[str, Any] | None = None
    ) -> Decisions:
        """What is decided on a panel; ``series`` and ``frames`` are columns that several calls share."""
        return decide(self.inner, panel, self.values, self._where, series, frames)

    @property
    def protection(self) -> Protection:
        """What protects each entry, as fractions of its price; 0 for none."""
        return Protection(*(float(self.values.get(name, getattr(self.inner, name))) for name in Protection._fields))

    def _signals(self, symbol: str, table: SignalColumns, row: int) -> list[Signal]:
        column = table.symbols.index(symbol)
        held = self._held.get(symbol, 0.0) if self._seat is None else self._seat.position(symbol).quantity
        self.entry = bool(table.open_long[row, column] or table.open_short[row, column])
        self.exit = bool((table.close_short if held < 0.0 else table.close_long)[row, column])
        if held == 0.0:
            side = OrderSide.BUY if table.open_long[row, column] else OrderSide.SELL
            return [self._entry(symbol, side)] if self.entry else []
        return [Signal(symbol, OrderSide.BUY if held < 0.0 else OrderSide.SELL, reason="exit")] if self.exit else []

    def _entry(self, symbol: str, side: OrderSide) -> Signal:
        stop, target, trailing = (value or None for value in self.protection)
        return Signal(symbol, side, reason="entry", stop_loss_pct=stop, take_profit_pct=target, trailing_pct=trailing)

    def _moment(self, bar: Bar) -> Sequence[Bar]:
        """The bars that closed together with this one, in the order in which they are shown."""
        together = self._seat.moment if self._seat is not None else ()
        return together if any(each.symbol == bar.symbol for each in together) else (bar,)

    def _keep(self, bar: Bar) -> None:
        """Keep a bar, the first time with those that warmed up before it."""
        new = [bar] if bar.symbol in self._kept else list(self._bars[bar.symbol]) or [bar]
        rows = self._kept.setdefault(bar.symbol, [[] for _ in _FIELDS])
        for each in new:
            for values, name in zip(rows, _FIELDS, strict=True):
                values.append(getattr(each, name))


def decide(
    inner: VectorizedStrategy, panel: Panel, values: Mapping[str, Any], where: str,
    series: Mapping[str, SymbolSeries] | None = None, frames: Mapping[str, Any] | None = None,
) -> Decisions:  # fmt: skip
    """What a vectorised strategy decides on a panel.

    Args:
        inner: the strategy.
        panel: the bars.
        values: parameters.
        where: file, line and class, for messages.
        series, frames: columns and indicators that several calls share.

    Raises:
        StrategyError: it asks for a parameter that nobody gave, or what it returned are no decisions.
        StrategyFault: it raised; names file and line.

    """
    shape = (len(panel.ts), len(panel.columns))
    try:
        if type(inner).uses_arrays():
            pairs = [
                (symbol, inner.generate_arrays((series or {}).get(symbol) or SymbolSeries(symbol, columns), **values))
                for symbol, columns in panel.columns.items()
            ]
            return _joined(pairs, panel, where)
        given = frames or frames_of(panel)
        inner.opens, inner.highs, inner.lows = given["open"], given["high"], given["low"]
        found = inner.generate_signals(given["close"], given["volume"], **values)
    except KeyError as error:
        missing = error.args[0] if error.args else ""
        if missing in type(inner).param_schema and missing not in values:
            low, high = type(inner).param_schema[missing]
            raise StrategyError(
                f"{where}: the parameter {missing} was not given, and has no default",
                hint=f"Give {missing} a value from {low:g} to {high:g}, or name it in defaults.",
            ) from error
        raise _fault(inner, error, where) from error
    except QuantstripError:
        raise
    except Exception as error:  # the strategy's own code: whatever it raises is told with its line
        raise _fault(inner, error, where) from error
    decisions = _checked(found, shape, panel.symbols, panel.ts, f"{where}: generate_signals", where)
    if len(panel.columns) == 1:
        return decisions
    one, two, three, four = (flags & panel.present for flags in decisions)
    return one, two, three, four


def _fault(inner: VectorizedStrategy, error: Exception, where: str) -> StrategyFault:
    """What the strategy's own code raised, with the last of its file's lines that was at work."""
    file = Path(inspect.getfile(type(inner))).absolute()
    trace = traceback.extract_tb(error.__traceback__)
    lines = [each.lineno for each in trace if Path(each.filename).absolute() == file]
    place = f"{file.name}, line {lines[-1]}" if lines else where
    return StrategyFault(f"{place}: {type(error).__name__}: {error}", hint="Correct the line and run it again.")


def _checked(
    found: object, shape: tuple[int, int], symbols: Sequence[str], ts: Times, who: str, where: str
) -> Decisions:
    if not isinstance(found, tuple) or len(found) not in (2, 4):
        raise StrategyError(
            f"{who} returned {type(found).__name__}, expected the tuple (entries, exits)",
            hint="End it with: return entries.fillna(False), exits.fillna(False); with shorts, four of them.",
        )
    flags = [
        checked(one, shape, symbols, ts, what, where)
        for one, what in zip(found, ("entries", "exits", "short entries", "short exits"), strict=False)
    ]
    if len(flags) == 2:
        flags += [np.zeros(shape, dtype=np.bool_)] * 2
    return flags[0], flags[1], flags[2], flags[3]


def frames_of(panel: Panel) -> dict[str, Any]:
    """The panel's columns as DataFrames."""
    return {name: panel.frame(name) for name in ("open", "high", "low", "close", "volume")}


def _joined(pairs: Sequence[tuple[str, Any]], panel: Panel, where: str) -> Decisions:
    whole = [np.zeros((len(panel.ts), len(pairs)), dtype=np.bool_) for _ in range(4)] if len(pairs) > 1 else []
    for number, (symbol, found) in enumerate(pairs):
        ts = panel.columns[symbol].ts
        decisions = _checked(found, (len(ts), 1), (symbol,), ts, f"{where}: generate_arrays", where)
        if not whole:
            return decisions
        for flags, one in zip(whole, decisions, strict=True):
            flags[panel.rows[symbol], number] = one[:, 0]
    return whole[0], whole[1], whole[2], whole[3]


def _columns(rows: list[list[float]]) -> Columns:
    times = [np.array(values, dtype=np.int64) for values in rows[:2]]
    prices = [np.array(values, dtype=np.float64) for values in rows[2:]]
    return Columns(times[0], times[1], prices[0], prices[1], prices[2], prices[3], prices[4])


def _only_class(path: Path, module: ModuleType) -> type[VectorizedStrategy]:
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, VectorizedStrategy) and value.__module__ == module.__name__
    ]
    found = [cls for cls in dict.fromkeys(found) if cls.uses_arrays() or _own_signals(cls)]
    if not found:
        near = unfinished(module, VectorizedStrategy, "generate_signals")
        place = f"{path}, line {near.line}" if near is not None and near.line else str(path)
        raise StrategyLoadError(
            f"{place}: expected one class derived from {_BASE}, {'found none' if near is None else f'and {near.what}'}",
            hint="One strategy a file: class MyStrategy(VectorizedStrategy) with generate_signals."
            if near is None
            else near.hint,
        )
    if len(found) > 1:
        raise StrategyLoadError(
            f"{path}: expected one class derived from {_BASE}, found {', '.join(cls.__name__ for cls in found)}",
            hint="One strategy a file: move the others to files of their own.",
        )
    return found[0]


def _own_signals(cls: type[VectorizedStrategy]) -> bool:
    return cls.generate_signals is not VectorizedStrategy.generate_signals


def _declared(cls: type[VectorizedStrategy], source: bytes = b"") -> list[Declared]:
    known = {**_literal_defaults(cls, source), **_keyword_defaults(cls), **cls.defaults}
    found = []
    for name, bounds in cls.param_schema.items():
        low, high = bounds
        whole = all(isinstance(bound, int) and not isinstance(bound, bool) for bound in bounds)
        kind = "whole" if whole and not isinstance(known.get(name), float) else "number"
        found.append(Declared(name, kind, known.get(name), Allowed(low, high)))
    return found


def _keyword_defaults(cls: type[VectorizedStrategy]) -> dict[str, Any]:
    method = cls.generate_arrays if cls.uses_arrays() else cls.generate_signals
    accepted = inspect.signature(method).parameters.values()
    return {one.name: one.default for one in accepted if one.default is not one.empty}


def _literal_defaults(cls: type[VectorizedStrategy], source: bytes) -> dict[str, Any]:
    """Defaults written as ``params.get("period", 20)``."""
    found: dict[str, Any] = {}
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.ClassDef) and node.name == cls.__name__):
            continue
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and _last(call.func) == "get" and len(call.args) == 2:
                name, value = call.args
                if isinstance(name, ast.Constant) and isinstance(value, ast.Constant):
                    found.setdefault(str(name.value), value.value)
    return found


def _values(wanted: Sequence[Declared], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    names = [one.name for one in wanted]
    unknown = [name for name in given if name not in names]
    if unknown:
        raise StrategyLoadError(
            f"{where} takes no {', '.join(unknown)}", hint=f"Its param_schema names: {', '.join(names) or 'nothing'}."
        )
    wrong = []
    for one in wanted:
        if one.name not in given:
            continue
        value = given[one.name]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or (one.kind == "whole" and int(value) != value):
            wrong.append(f"{one.name} is a {'whole ' if one.kind == 'whole' else ''}number, got {value!r}")
        else:
            wrong.append(one.allowed.refusal(one.name, value))
    if any(wrong):
        raise StrategyLoadError(
            f"{where}: {'; '.join(filter(None, wrong))}",
            hint="Give a value within param_schema; nothing has run.",
        )
    return {one.name: given.get(one.name, one.default) for one in wanted
            if one.name in given or one.default is not None}  # fmt: skip


def _place(cls: type, path: Path, source: bytes) -> str:
    lines = (node.lineno for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.ClassDef) and node.name == cls.__name__)  # fmt: skip
    line = next(lines, None)
    return f"{path}, line {line}: {cls.__name__}" if line else f"{path}: {cls.__name__}"


def _last(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
