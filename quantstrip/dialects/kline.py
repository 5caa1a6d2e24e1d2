"""The kline form: ``class Strategy(IStrategy)`` with ``run(context, kline, params)``, filled within the bar."""

import ast
from collections.abc import Mapping, Sequence
from inspect import Parameter
from pathlib import Path
from typing import Any, ClassVar, Final

from quantstrip.clock import DAY, Micros, to_datetime
from quantstrip.dialects.forms import Form
from quantstrip.dialects.kline_context import BacktestContext
from quantstrip.dialects.kline_indicators import Short
from quantstrip.dialects.kline_result import result_of
from quantstrip.dialects.kline_source import (
    NAMES,
    IStrategy,
    class_nodes,
    defines,
    failure,
    parameters_of,
    strategy_class,
)
from quantstrip.dialects.kline_types import WINDOW, Kline, KlineCache
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
_WINDOW = "klineWndSize"
_RUN = {"initialBalance": "--cash", "feeRate": "--fee-rate"}
"""What its document configures beside the strategy's parameters, and the run's options that do so here."""

_DAYS = ("1d", "1w")
_NAME_ONE = "Name one: --symbols BTCUSDT. For several, run it once for each."

__all__ = ["FORM", "NAMES", "KlineStrategy", "declared", "load", "recognises", "result_of", "strict"]


class KlineStrategy(StrategyBase):
    """Runs an ``IStrategy`` in the native contract.

    Orders fill within the bar they are decided on, at their own price; after ``strict`` at the next open instead.
    """

    variables: ClassVar[list[str]] = ["skipped"]

    def __init__(
        self, user: IStrategy, name: str, symbols: Sequence[str], params: Mapping[str, Any],
        defaults: Mapping[str, Any], *, strict: bool,
    ) -> None:  # fmt: skip
        self._params = dict(params)
        self._defaults = dict(defaults)
        window = int(self._params.get(_WINDOW, WINDOW))
        self._MAX_BAR_HISTORY = max(window, type(self)._MAX_BAR_HISTORY)
        super().__init__(name=name, symbols=symbols)
        self._user = user
        self._window = window
        self._day: Micros | None = None
        self._cash = 0.0
        self._orders: set[str] = set()
        self.skipped = 0
        self.same_bar = not strict

    @property
    def same_bar(self) -> bool:
        """Whether orders fill within the bar; else they wait for the next open. Chosen before the run begins."""
        return not self.strict

    @same_bar.setter
    def same_bar(self, chosen: bool) -> None:
        self.strict = not chosen
        self.context = BacktestContext(self._user.on_trade, strict=self.strict)
        if self.strict:
            self.on_order = self._on_order  # type: ignore[method-assign] # only who waits needs to hear of orders

    @property
    def result_notes(self) -> tuple[str, ...]:
        """What a reader of its results should know."""
        return () if self.strict else FORM.notes

    def get_parameters(self) -> dict[str, Any]:
        """What it runs with: its file's defaults, what was given, and whether its orders wait for the next open."""
        return {**self._defaults, **self._params, **({"strict": True} if self.strict else {})}

    def on_start(self) -> None:
        """Take the seat, and the klines of a warm-up into the cache."""
        seat = self._seat
        if seat is None or (self.same_bar and not seat.same_bar):
            raise StrategyError(
                f"{self.name} fills orders within the bar they are decided on, which a real broker cannot do",
                hint="Run it strict: orders then fill at the next open. That is what to backtest before, too.",
            )
        if len(self.symbols) != 1:
            raise StrategyError(_not_one(self.name, self.symbols), hint=_NAME_ONE)
        (symbol,) = self.symbols
        self.context._sit(seat, symbol)
        self._cash = seat.cash
        self._user.initialize(self._window)
        if not isinstance(getattr(self._user, "kline_cache", None), KlineCache):
            self._user.kline_cache = KlineCache(self._window)
        for bar in self._bars.get(symbol, [])[-self._window :]:
            self._user.kline_cache.append(Kline.of(bar))

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Run the strategy on a kline; its cache gets the kline afterwards."""
        user, context = self._user, self.context
        context._bar = bar
        if not self._orders:
            context._waiting.clear()  # what was refused reserves nothing
        day = bar.ts_open - bar.ts_open % DAY
        if self._day is not None and day != self._day:
            self._end_day()
        self._day = day
        kline = Kline.of(bar)
        self._run(kline)
        user.kline_cache.append(kline)
        context._note()
        if bar.ts - day >= DAY or bar.timeframe in _DAYS:
            trades = len(context.trades)
            self._end_day()
            if len(context.trades) > trades:
                context._note(again=True)
        return context._take()

    def _run(self, kline: Kline) -> None:
        """Run it; a kline is skipped where an indicator had too little data yet and the strategy compared its None.

        Its document's own golden cross does so, at the first kline that its guard lets pass. With a full cache it
        would be so for ever: then the error stands.
        """
        user, before = self._user, Short.times
        try:
            user.run(self.context, kline, dict(self._params))
        except TypeError as error:
            if Short.times == before or "NoneType" not in str(error):
                raise
            if user.kline_cache.is_full():
                error.add_note(f"{_WINDOW} of {self._window} holds too few klines for the indicator.")
                raise
            self.skipped += 1

    def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:  # noqa: ARG002 - its symbol
        """A fill at an open; those within the bar are told by the context."""
        if not self.strict or self._seat is None:
            return
        cash = self._seat.cash
        fee = round(self._cash - cash - side.sign * price * volume, 8) + 0.0
        self._cash = cash
        timestamp = self.context._release(side, volume)
        self._user.on_trade(self.context._filled(side, price, volume, fee, timestamp))

    def on_stop(self) -> None:
        """End the last day."""
        if self._day is not None:
            self._end_day()

    def _on_order(self, order_id: str, status: OrderState) -> None:
        (self._orders.discard if status in FINAL else self._orders.add)(order_id)

    def _end_day(self) -> None:
        day, self._day = self._day, None
        if day is not None:
            self._user.on_day_end(to_datetime(day).date().isoformat(), self.context)


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
    if len(traded) > 1:
        raise StrategyLoadError(_not_one(str(path), traded), hint=_NAME_ONE)
    try:
        user = kind()
    except (Exception, SystemExit) as error:
        raise failure(error, path) from error
    # A class of the file's own module: the run's code hash is that of the file.
    adapter = type(kind.__name__, (KlineStrategy,), {"__module__": kind.__module__, "__doc__": kind.__doc__})
    defaults = {name: one.default for name, one in read.items() if one.default is not Parameter.empty}
    made: StrategyBase = adapter(user, path.stem, traded, given, {**defaults, _WINDOW: WINDOW}, strict=waits)
    return made


def _not_one(where: str, symbols: Sequence[str]) -> str:
    return f"{where}: a kline strategy trades one symbol, got {', '.join(symbols) or 'none'}"


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
