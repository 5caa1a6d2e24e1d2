"""The vectorised form: whole columns of decisions, traded bar by bar."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np

from quantstrip.dialects.forms import Form
from quantstrip.dialects.syntax import last_name
from quantstrip.dialects.vectorized_class import declared_by, only_class, place_of, values_of
from quantstrip.dialects.vectorized_decisions import Decisions, decide
from quantstrip.errors import StrategyError, StrategyLoadError
from quantstrip.model import Bar, OrderSide, Signal
from quantstrip.ports import Columns
from quantstrip.strategy import Declared, StrategyBase, checked_ratio, load_module
from quantstrip.strategy.series import SymbolSeries
from quantstrip.strategy.signal_columns import Panel, SignalColumns
from quantstrip.strategy.vectorized import VectorizedStrategy

FORM: Final = Form("vectorized", "vectorised strategy", whole_history=True)
_BASE: Final = "VectorizedStrategy"
_NATIVE: Final = "StrategyBase"
_FIELDS: Final = ("ts_open", "ts", "open", "high", "low", "close", "volume")


def recognises(tree: ast.Module) -> bool:
    """A class derived from ``VectorizedStrategy`` and none from ``StrategyBase``, which would be the one to run."""
    bases = {last_name(base) for node in tree.body if isinstance(node, ast.ClassDef) for base in node.bases}
    return _BASE in bases and _NATIVE not in bases


def load(path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]) -> StrategyBase:
    """The strategy of a file, to be run bar by bar; the same errors as of the native form."""
    cls = only_class(path, load_module(path, source))
    where = place_of(cls, path, source)
    return runner(cls, list(symbols or cls.symbols), parameters, where, declared_by(cls, source))


def declared(path: Path, source: bytes) -> list[Declared]:
    """Its parameters, from ``param_schema`` and the defaults in its code."""
    return declared_by(only_class(path, load_module(path, source)), source)


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
    return made(cls, symbols, parameters, where or cls.__name__, declared_by(cls) if wanted is None else wanted)


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
        self.values = values_of(wanted, parameters, where)
        self.inner = cls()
        self.position_size_ratio = self.values.get("position_size_ratio", self.inner.position_size_ratio)
        try:
            checked_ratio(self)
        except StrategyError as error:
            raise StrategyLoadError(f"{where}: {error.message}", hint=error.hint) from error
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


def _columns(rows: list[list[float]]) -> Columns:
    times = [np.array(values, dtype=np.int64) for values in rows[:2]]
    prices = [np.array(values, dtype=np.float64) for values in rows[2:]]
    return Columns(times[0], times[1], prices[0], prices[1], prices[2], prices[3], prices[4])
