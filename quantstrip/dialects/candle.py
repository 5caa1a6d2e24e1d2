"""The candle form: a ``Strategy`` with ``on_candle(candle)``, fed from bars, ticks or quotes."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from quantstrip.dialects.candle_data import (
    CandleAggregator,
    MarketDataClient,
    MidPriceCandle,
    ReplayClient,
)
from quantstrip.dialects.candle_manager import StrategyManager
from quantstrip.dialects.candle_signals import SignalAt, SignalReport, compare_signals, signals_of
from quantstrip.dialects.candle_strategy import Strategy
from quantstrip.dialects.forms import Form
from quantstrip.dialects.syntax import last_name
from quantstrip.model import OrderSide, OrderType, Quote, Signal
from quantstrip.strategy import Allowed, Declared, StrategyBase, declared_in, load_strategy

FORM: Final = Form("candle", "candle strategy", lot_always=0.0)
NAMES: Final[Mapping[str, Any]] = {
    one.__name__: one
    for one in (
        Strategy, StrategyManager, MarketDataClient, ReplayClient, CandleAggregator, MidPriceCandle, Quote, Signal,
        OrderSide, OrderType, Allowed,
    )
}  # fmt: skip
"""Names that such a file has without importing them."""
_HOOKS: Final = {"on_candle", "update"}

__all__ = [
    "CandleAggregator",
    "MarketDataClient",
    "MidPriceCandle",
    "Quote",
    "ReplayClient",
    "SignalAt",
    "SignalReport",
    "Strategy",
    "StrategyManager",
    "compare_signals",
    "signals_of",
]


def recognises(tree: ast.Module) -> bool:
    """A class derived from our ``Strategy``, imported or not.

    One with ``on_candle`` or ``update``; or any where nothing else can have brought that name: what it lacks is told.
    """
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Strategy":
            return False
        if isinstance(node, ast.ImportFrom) and node.module != __name__ and _brings(node):
            return False
    derived = [
        node for node in tree.body
        if isinstance(node, ast.ClassDef) and any(last_name(base) == "Strategy" for base in node.bases)
    ]  # fmt: skip
    if any(isinstance(each, ast.FunctionDef) and each.name in _HOOKS for node in derived for each in node.body):
        return True
    whole = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body)
    return not whole and any(
        isinstance(base, ast.Name) and base.id == "Strategy" for node in derived for base in node.bases
    )


def load(path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]) -> StrategyBase:
    """Its strategy, which is a native one already."""
    return load_strategy(path, symbols=symbols, parameters=parameters, source=source, names=NAMES)


def declared(path: Path, source: bytes) -> list[Declared]:
    """Its parameters, from its class."""
    return declared_in(path, source, names=NAMES)


def _brings(node: ast.ImportFrom) -> bool:
    return any((alias.asname or alias.name) == "Strategy" for alias in node.names)
