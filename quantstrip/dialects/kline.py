"""The kline form: ``class Strategy(IStrategy)`` with ``run(context, kline, params)``, filled within the bar."""

import ast
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from pathlib import Path
from typing import Any, ClassVar, Final

from quantstrip.dialects.forms import Form
from quantstrip.dialects.kline_context import BacktestContext, Books
from quantstrip.dialects.kline_desk import KlineDesk
from quantstrip.dialects.kline_result import result_of
from quantstrip.dialects.kline_source import (
    NAMES,
    WINDOW_NAME,
    IStrategy,
    class_nodes,
    defines,
    failure,
    parameters_of,
    strategy_class,
)
from quantstrip.dialects.kline_types import WINDOW
from quantstrip.errors import StrategyError, StrategyLoadError
from quantstrip.matching import CostModel
from quantstrip.model import FINAL, Bar, OrderSide, OrderState, Signal
from quantstrip.risk import CASH_ONLY
from quantstrip.strategy import Allowed, Declared, StrategyBase, fitted
from quantstrip.strategy.parameters import declared_of

FORM: Final = Form(
    "kline",
    "kline strategy",
    risk=CASH_ONLY,
    costs=CostModel(slippage_bps=0.0, commission_per_share=0.0, commission_rate=0.001),
    lot=0.0,
    currency="USDT",
    cash=10_000.0,
    notes=("same-bar fills",),
)
_WINDOW = WINDOW_NAME
_RUN = {"initialBalance": "--cash", "feeRate": "--fee-rate"}
"""What its document configures beside the strategy's parameters, and the run's options that do so here."""


__all__ = ["FORM", "NAMES", "KlineStrategy", "declared", "load", "recognises", "result_of", "strict"]


class KlineStrategy(StrategyBase):
    """Runs an ``IStrategy`` in the native contract; of several symbols each has an object of its own, and one cash.

    Orders fill within the bar they are decided on, at their own price; after ``strict`` at the next open instead.
    """

    variables: ClassVar[list[str]] = ["skipped"]

    def __init__(
        self, make: Callable[[], IStrategy], name: str, symbols: Sequence[str], params: Mapping[str, Any],
        defaults: Mapping[str, Any], *, strict: bool,
    ) -> None:  # fmt: skip
        self._params = dict(params)
        self._defaults = dict(defaults)
        window = int(self._params.get(_WINDOW, WINDOW))
        self._MAX_BAR_HISTORY = max(window, type(self)._MAX_BAR_HISTORY)
        super().__init__(name=name, symbols=symbols)
        self._make = make
        self._window = window
        self._paid = 0.0
        self._orders: set[str] = set()
        self._books = Books()
        self._desks: dict[str, KlineDesk] = {}
        self._first = self._desk(make())  # before the run begins: what is wrong with it is told while it loads
        self.same_bar = not strict

    @property
    def same_bar(self) -> bool:
        """Whether orders fill within the bar; else they wait for the next open. Chosen before the run begins."""
        return not self.strict

    @same_bar.setter
    def same_bar(self, chosen: bool) -> None:
        self.strict = self._books.strict = not chosen
        if self.strict:
            self.on_order = self._on_order  # type: ignore[method-assign] # only who waits needs to hear of orders

    @property
    def context(self) -> BacktestContext:
        """That of its first symbol."""
        return self._first.context

    @property
    def skipped(self) -> int:
        """Klines that it could not decide on, for want of data."""
        return sum(desk.skipped for desk in self._desks.values())

    @property
    def result_notes(self) -> tuple[str, ...]:
        """What a reader of its results should know."""
        return () if self.strict else FORM.notes

    def get_parameters(self) -> dict[str, Any]:
        """What it runs with: its file's defaults, what was given, and whether its orders wait for the next open."""
        return {**self._defaults, **self._params, **({"strict": True} if self.strict else {})}

    def on_start(self) -> None:
        """Take a seat for each symbol, and the klines of a warm-up into the caches."""
        seat = self._seat
        if seat is None or (self.same_bar and not seat.same_bar):
            raise StrategyError(
                f"{self.name} fills orders within the bar they are decided on, which a real broker cannot do",
                hint="Run it strict: orders then fill at the next open. That is what to backtest before, too.",
            )
        self._paid = seat.paid
        for symbol in self.symbols:
            desk = self._desks[symbol] = self._desk(self._make()) if self._desks else self._first
            desk.begin(seat, symbol, self._bars.get(symbol, []))

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Show a kline to its symbol's object."""
        if not self._orders:
            self._books.waiting.clear()  # what was refused reserves nothing
        return self._desks[bar.symbol].see(bar)

    def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:
        """A fill at an open; those within the bar are told by the context."""
        if not self.strict or self._seat is None:
            return
        paid, self._paid = self._paid, self._seat.paid
        self._desks[symbol].filled(side, price, volume, round(self._paid - paid, 8))

    def on_stop(self) -> None:
        """End the last day."""
        for desk in self._desks.values():
            desk.end_day()

    def _desk(self, user: IStrategy) -> KlineDesk:
        return KlineDesk(user, self._params, self._window, self._books)

    def _on_order(self, order_id: str, status: OrderState) -> None:
        (self._orders.discard if status in FINAL else self._orders.add)(order_id)


def strict(strategy: StrategyBase) -> None:
    """Have the orders of a loaded strategy filled at the next open, as a real broker would."""
    strategy.same_bar = False


def recognises(tree: ast.Module) -> bool:
    """A class derived from an ``IStrategy`` that the file does not bring itself."""
    return bool(class_nodes(tree)) and not defines(tree, "IStrategy")


def declared(path: Path, source: bytes) -> list[Declared]:
    """What it reads of ``params``, with its defaults; ``klineWndSize``; ``strict``."""
    read, _ = parameters_of(ast.parse(source, str(path)))
    found = declared_of(read, [name for name in read if name != _WINDOW], {})
    window = Declared(_WINDOW, "whole", WINDOW, Allowed(1, help="Klines before the current one that the cache holds."))
    waits = Declared("strict", "truth", False, Allowed(help="Fill orders at the next open instead of within the bar."))
    return [*found, window, waits]


def load(path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]) -> StrategyBase:
    """Its strategy; ``parameters`` are its ``strategyParams``, as they are or under that name."""
    given = dict(parameters)
    given.update(given.pop("strategyParams", {}))
    waits = given.pop("strict", False)
    read = _check(path, source, given, waits)
    kind = strategy_class(path, source)
    traded = list(getattr(kind, "symbols", ()) if symbols is None else symbols)
    # A class of the file's own module: the run's code hash is that of the file.
    adapter = type(kind.__name__, (KlineStrategy,), {"__module__": kind.__module__, "__doc__": kind.__doc__})
    defaults = {name: one.default for name, one in read.items() if one.default is not Parameter.empty}

    def make() -> IStrategy:
        try:
            return kind()
        except (Exception, SystemExit) as error:
            raise failure(error, path) from error

    made: StrategyBase = adapter(make, path.stem, traded, given, {**defaults, _WINDOW: WINDOW}, strict=waits)
    return made


def _check(path: Path, source: bytes, given: Mapping[str, Any], waits: object) -> Mapping[str, Parameter]:
    """What the file reads of ``params``; refuses what does not fit that."""
    read, more = parameters_of(ast.parse(source, str(path)))
    configured = [name for name in given if name in _RUN]
    if configured:
        options = ", ".join(f"{name} is {_RUN[name]}" for name in configured)
        raise StrategyLoadError(f"{path}: {', '.join(configured)} is no parameter of the strategy", hint=f"{options}.")
    unknown = [name for name in given if name not in read and name != _WINDOW]
    if unknown and not more:
        raise StrategyLoadError(
            f"{path}: it reads no {', '.join(unknown)}", hint=f"It reads: {', '.join(read) or 'nothing'}, {_WINDOW}."
        )
    _, wrong = fitted(read, given)
    window = given.get(_WINDOW, WINDOW)
    if isinstance(window, bool) or not isinstance(window, int) or window < 1:
        wrong.append(f"{_WINDOW} is a whole number of at least 1, got {window!r}")
    if not isinstance(waits, bool):
        wrong.append(f"strict is true or false, got {waits!r}")
    if wrong:
        raise StrategyLoadError(f"{path}: {'; '.join(wrong)}", hint="Give parameters of the kind of their defaults.")
    return read
