"""A kline strategy's file: what it may name and import, its parameters, and its class."""

import ast
import builtins
import hashlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from inspect import Parameter
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from quantstrip.dialects import kline_indicators, kline_types
from quantstrip.dialects.kline_context import BacktestContext
from quantstrip.errors import StrategyLoadError
from quantstrip.strategy.loader import SOURCE_HASH

MODULES: Final = ("collections", "decimal", "datetime")
"""What such a file may import."""

WINDOW_NAME: Final = "klineWndSize"
"""The one parameter that the form has itself: klines that the cache holds."""

_WORDS: Final = (
    "abs max min pow round sum bool float int str list dict set tuple frozenset len range enumerate zip map filter "
    "sorted reversed slice all any isinstance True False None Exception ValueError TypeError KeyError IndexError "
    "RuntimeError StopIteration NotImplementedError "
    # What writing classes and functions takes; the document's own examples use some of it.
    "super object property staticmethod classmethod __build_class__ __name__ "
    "ZeroDivisionError ArithmeticError AttributeError"
)
_BUILTINS: Final = _WORDS.split()


class IStrategy:
    """Base of kline strategies: implement ``run``.

    Attributes:
        kline_cache: the klines before the current one.
        name: name of the class, unless it gives another one.

    """

    name: str = "IStrategy"

    def __init_subclass__(cls) -> None:
        if "name" not in vars(cls):
            cls.name = cls.__name__

    def __init__(self) -> None:
        self.kline_cache = kline_types.KlineCache()

    def initialize(self, kline_wnd_size: int = kline_types.WINDOW) -> None:
        """Begin with an empty cache of that size; called before the first kline."""
        self.kline_cache = kline_types.KlineCache(kline_wnd_size)

    def run(self, context: BacktestContext, kline: kline_types.Kline, params: dict[str, Any]) -> None:
        """Called with each kline, at its close."""
        raise NotImplementedError(f"{self.name} has no run(self, context, kline, params)")

    def on_trade(self, trade: dict[str, Any]) -> None:
        """After each fill, with its record."""

    def on_day_end(self, date: str, context: BacktestContext) -> None:
        """After the last kline of each day (UTC), with its date ``YYYY-MM-DD``."""


NAMES: Final[Mapping[str, Any]] = {
    "IStrategy": IStrategy,
    "BacktestContext": BacktestContext,
    "Kline": kline_types.Kline,
    "KlineCache": kline_types.KlineCache,
    "Order": kline_types.Order,
    "OrderType": kline_types.OrderType,
    "OrderSide": kline_types.OrderSide,
    "PositionSide": kline_types.PositionSide,
    "calculate_sma": kline_indicators.calculate_sma,
    "calculate_ema": kline_indicators.calculate_ema,
    "calculate_rsi": kline_indicators.calculate_rsi,
    "calculate_macd": kline_indicators.calculate_macd,
}
"""Names that such a file has without importing them."""


def class_nodes(tree: ast.Module) -> list[ast.ClassDef]:
    """The classes of a file that derive from ``IStrategy``."""
    return [
        node
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "IStrategy" for base in node.bases)
    ]


def defines(tree: ast.Module, name: str) -> bool:
    """Whether the file defines or imports ``name`` itself."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return True
        if isinstance(node, ast.Import | ast.ImportFrom) and any((a.asname or a.name) == name for a in node.names):
            return True
    return False


def strategy_class(path: Path, source: bytes) -> type[IStrategy]:
    """The strategy of a file, its text run with the form's names.

    Raises:
        StrategyLoadError: it uses what the form does not have, raises, or holds no or several strategies.

    """
    tree = ast.parse(source, str(path))
    _check(tree, path)
    module = _run(path, source)
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, IStrategy) and value.__module__ == module.__name__
    ]
    leaves = [each for each in found if not any(other is not each and issubclass(other, each) for other in found)]
    if len(leaves) != 1:
        names = ", ".join(each.__name__ for each in leaves) or "none"
        raise StrategyLoadError(
            f"{path}: expected one class derived from IStrategy, found {names}", hint="One strategy a file."
        )
    return leaves[0]


def parameters_of(tree: ast.Module) -> tuple[dict[str, Parameter], bool]:
    """What the file reads of ``params``, with its defaults; and whether it reads names that the text does not tell."""
    found: dict[str, Parameter] = {}
    named = {"params"} | {
        node.args.args[3].arg
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "run" and len(node.args.args) > 3
    }
    told: set[ast.expr] = set()
    for node in ast.walk(tree):
        receiver, key, default = _reading(node)
        if isinstance(receiver, ast.Name) and receiver.id in named and isinstance(key, str):
            told.add(receiver)
            if key not in found or found[key].default is Parameter.empty:
                found[key] = Parameter(key, Parameter.KEYWORD_ONLY, default=default)
    other = any(
        isinstance(node, ast.Name) and node.id in named and isinstance(node.ctx, ast.Load) and node not in told
        for node in ast.walk(tree)
    )
    return found, other


def failure(error: BaseException, path: Path) -> StrategyLoadError:
    """What a file raised, with its line."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    place = f"{path}, line {lines[-1]}" if lines else str(path)
    return StrategyLoadError(f"{place}: {type(error).__name__}: {error}", hint="Correct the file and load it again.")


def _reading(node: ast.AST) -> tuple[ast.expr | None, object, object]:
    """Receiver, key and default of ``params.get("key", default)`` and ``params["key"]``."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return node.value, node.slice.value, Parameter.empty
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ):
        return node.func.value, node.args[0].value, _constant(node.args[1]) if len(node.args) > 1 else Parameter.empty
    return None, None, Parameter.empty


def _constant(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return Parameter.empty


def _check(tree: ast.Module, path: Path) -> None:
    """Refuse modules and builtins that the form does not have, before anything runs."""
    defined = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    defined |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for line, module in _imports(tree):
        if module.partition(".")[0] not in (*MODULES, "__future__"):
            raise StrategyLoadError(
                f"{path}, line {line}: a kline strategy cannot import {module or 'a file beside it'}",
                hint=f"It may import {', '.join(MODULES)}; write a native strategy for anything else.",
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and hasattr(builtins, node.id) and node.id not in (*_BUILTINS, *NAMES, *defined):
            raise StrategyLoadError(
                f"{path}, line {node.lineno}: a kline strategy has no {node.id}",
                hint="Its builtins are those of its document; write a native strategy for anything else.",
            )


def _imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "" if node.level else node.module or ""


def _run(path: Path, source: bytes) -> ModuleType:
    digest = hashlib.sha256(source).hexdigest()
    module = ModuleType(f"quantstrip_strategy_{path.stem}_{digest[:8]}")
    module.__file__ = str(path)
    allowed = {name: getattr(builtins, name) for name in _BUILTINS if hasattr(builtins, name)}
    vars(module).update(NAMES, **{SOURCE_HASH: digest, "__builtins__": allowed | {"__import__": _import}})
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 - it is the user's own
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise failure(error, path) from error
    return module


def _import(name: str, *arguments: Any, **keywords: Any) -> Any:
    if name.partition(".")[0] not in (*MODULES, "__future__"):
        raise ImportError(f"a kline strategy cannot import {name}")
    return builtins.__import__(name, *arguments, **keywords)
