"""The event form: a script's ``on_init(ctx)`` and ``on_bar(ctx, bar)``, with intents on a long and a short leg."""

import ast
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any, ClassVar, Final

from quantstrip.bars import ticks_of_bar
from quantstrip.dialects import script
from quantstrip.dialects.annotations import Annotations, refused
from quantstrip.dialects.event_context import MOST_BARS, Context, Intent
from quantstrip.dialects.event_text import asked_params, hooks, runs_later, takes
from quantstrip.dialects.event_ticks import TickedBars
from quantstrip.dialects.forms import Form
from quantstrip.dialects.script import ScriptStrategy
from quantstrip.dialects.script_rules import EVENT_KEYS, ScriptRules
from quantstrip.dialects.script_text import has_strategy_class
from quantstrip.errors import StrategyError
from quantstrip.model import Bar, OrderSide, Signal
from quantstrip.strategy import Declared, builtins_for, load_module

FORM: Final = Form("event", "event script", risk=script.SCRIPT_RISK, costs=script.SCRIPT_COSTS, lot=0.0)
_MOST_LINES: Final = 1000
_log = logging.getLogger(__name__)

Hook = Callable[..., object]


def recognises(tree: ast.Module) -> bool:
    """Whether the file's own level has a function ``on_bar`` or ``on_init`` that takes a context."""
    found = {} if has_strategy_class(tree) else hooks(tree)
    return "on_bar" in found or ("on_init" in found and takes(found["on_init"], 1))


def load(path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]) -> "EventStrategy":
    """The script as a strategy; its own level runs, no hook does.

    Raises:
        StrategyLoadError: it has no ``on_bar``, does not run, an annotation is wrong, or a value does not fit it.

    """
    tree = ast.parse(source, str(path))
    _check_hooks(path, tree)
    known = _parameters(path, source, tree)
    values, rules = script.chosen(path, known, parameters, EVENT_KEYS)
    module = load_module(path, source)
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    kind = type("EventScript", (EventStrategy,), {"__module__": module.__name__, "__doc__": summary})
    code = compile(source, str(module.__file__), "exec", dont_inherit=True)  # the name by which a fault finds its line
    strategy: EventStrategy = kind(path, code, script.own_symbols(symbols, values), values, rules)
    declared_here = script.annotations(path, source).params
    strategy.begin_with({name: value for name, value in values.items() if name in declared_here or name in parameters})
    return strategy


def declared(path: Path, source: bytes) -> list[Declared]:
    """Its ``# @param`` lines and what it asks ``ctx.param`` for, then the settings that every script takes."""
    found = _parameters(path, source, ast.parse(source, str(path)))
    return script.declared_script(path, found, EVENT_KEYS)


class EventStrategy(ScriptStrategy):
    """An event script in the native contract: for each symbol a context, and names of its own.

    Attributes:
        lines: what it logged last: time of the bar, symbol, text.

    """

    virtual_legs = True
    _MAX_BAR_HISTORY: ClassVar[int] = MOST_BARS  # type: ignore[misc]

    def __init__(
        self, path: Path, code: CodeType, symbols: Sequence[str], params: Mapping[str, Any], rules: ScriptRules
    ) -> None:
        if rules.tick_steps:
            self._MAX_BAR_HISTORY = MOST_BARS * ticks_of_bar(rules.tick_steps)  # type: ignore[misc]
        super().__init__(FORM, script.name_of(path), symbols, params, rules)
        self.lines: deque[tuple[int, str, str]] = deque(maxlen=_MOST_LINES)
        self._path = path
        self._code = code
        self._given: dict[str, Any] = {}
        self._scripts: dict[str, tuple[Context, Hook]] = {}
        self._now = 0
        self.tick_steps = rules.tick_steps
        self._past: dict[str, TickedBars] = {}
        """In a bot, the bars that its ticks were of."""

    def begin_with(self, values: Mapping[str, Any]) -> None:
        """Give every context these parameters."""
        self._given = dict(values)

    def on_init(self) -> None:
        """Have the script begin on each symbol that is known by now."""
        for symbol in self.symbols:
            self._begin(symbol)

    def on_bar(self, bar: Bar) -> Sequence[Signal] | None:
        """Show the script its bar or pseudo tick, and turn what it wants into signals, closes before opens."""
        context, hook = self._scripts.get(bar.symbol) or self._begin(bar.symbol)
        self._now = bar.ts
        if self.tick_steps:
            self._ticked(bar)
        if not self.rules.orders:
            self.look(bar)
        wanted: list[Intent] = []
        context._intents = wanted
        try:
            hook(context, bar)
        except SystemExit as error:  # it would end the platform's process, and look like success
            raise _ended(error) from error
        finally:
            context._intents = None
        wanted = [intent for intent in wanted if intent.amount != 0.0]  # a rest of nothing asks for nothing
        if not wanted:
            return None
        wanted.sort(key=lambda intent: intent.act != "close")  # keeps the script's order among closes, and among opens
        return self.decided(bar, [one for intent in wanted if (one := self._signal(bar, intent)) is not None])

    def last_bars(self, symbol: str, count: int) -> Sequence[Bar]:
        """The last bars of a symbol, oldest first; in a bot the closed ones, and at their end the tick at hand."""
        if self.tick_steps:
            return self._past[symbol].last(count)
        window: list[Bar] = self._bars[symbol]
        return window[-count:]

    def _ticked(self, tick: Bar) -> None:
        """Put a pseudo tick to the bar that it is of."""
        past = self._past.get(tick.symbol)
        if past is None:
            past = self._past[tick.symbol] = TickedBars(MOST_BARS)
            if self._bars.history(tick.symbol).length > 1:  # ticks that warmed up
                for earlier in self._bars[tick.symbol][:-1]:
                    past.add(earlier)
        past.add(tick)

    def write(self, symbol: str, text: str) -> None:
        """Keep a line of the script's log, and pass it to the process's."""
        self.lines.append((self._now, symbol, text))
        _log.info("%s %s: %s", self.name, symbol, text)

    def _begin(self, symbol: str) -> tuple[Context, Hook]:
        """Run the script's own level for a symbol, and its ``on_init``."""
        names = builtins_for({"__name__": type(self).__module__, "__file__": str(self._path)})
        context = Context(self, symbol, dict(self._given))
        try:
            exec(self._code, names)  # noqa: S102 - it is the user's own
            if "on_init" in names:
                names["on_init"](context)
        except SystemExit as error:
            raise _ended(error) from error
        found = self._scripts[symbol] = context, names["on_bar"]
        return found

    def _signal(self, bar: Bar, intent: Intent) -> Signal | None:
        """The signal of an intent; None where it is refused, which is recorded."""
        wrong = self._wrong(intent)
        if wrong is not None:
            buys = (intent.act == "open") == (intent.side == "long")
            refused_one = Signal(bar.symbol, OrderSide.BUY if buys else OrderSide.SELL, reason=intent.reason)
            self.seat.refuse(refused_one, *wrong)
            return None
        amount, side = intent.amount, intent.side
        if intent.act == "open":
            return self.opening(bar, side, None if amount is None else self.units(bar, amount), intent.reason)
        units = None if amount is None else amount / (bar.close * self.seat.instrument(bar.symbol).multiplier)
        return self.closing(bar, side, units, intent.reason)

    def _wrong(self, intent: Intent) -> tuple[str, str] | None:
        """The rule that an intent breaks, and why."""
        if intent.amount is not None and intent.amount < 0.0:
            return "validity", f"an amount of {intent.amount:g}; it is money, above 0"
        traded = self.rules.long if intent.side == "long" else self.rules.short
        if intent.act == "open" and not traded:
            return "tradeDirection", f"this run trades {self.rules.values['tradeDirection']} alone"
        return None


def logged_by(strategy: object) -> tuple[tuple[int, str, str], ...]:
    """What a strategy wrote to its log last, as ``EventStrategy.lines`` has it; nothing for those that write none."""
    return tuple(strategy.lines) if isinstance(strategy, EventStrategy) else ()


def _ended(error: SystemExit) -> StrategyError:
    """The error of a script that calls ``exit``: the engine names the line."""
    return StrategyError(
        f"the script ends the process (exit code {error.code})", hint="Return from the hook to do nothing."
    ).with_traceback(error.__traceback__)


def _check_hooks(path: Path, tree: ast.Module) -> None:
    found = hooks(tree)
    if "on_bar" not in found:
        raise refused(
            path, found["on_init"].lineno, "the script has on_init(ctx), and no on_bar(ctx, bar)",
            "Add def on_bar(ctx, bar): it decides at the close of each bar.",
        )  # fmt: skip
    for name, count in (("on_init", 1), ("on_bar", 2)):
        if name in found and not takes(found[name], count):
            shape = "on_init(ctx)" if name == "on_init" else "on_bar(ctx, bar)"
            raise refused(path, found[name].lineno, f"{name} does not take {count} arguments", f"Write def {shape}:")
        if name in found and runs_later(found[name]):
            raise refused(
                path, found[name].lineno, f"{name} yields or is async, and would never run",
                "Write a plain def without yield and await.",
            )  # fmt: skip


def _parameters(path: Path, source: bytes, tree: ast.Module) -> Annotations:
    """What is declared, and what the text asks ``ctx.param`` for besides."""
    found = script.annotations(path, source)
    return found._replace(params={**asked_params(tree), **found.params})
