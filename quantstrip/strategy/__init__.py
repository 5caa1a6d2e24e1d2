"""The strategy contract and its loader."""

from quantstrip.indicators import Indicators, Line
from quantstrip.strategy.base import StrategyBase, checked_ratio, named_timeframe
from quantstrip.strategy.loader import (
    builtins_for,
    declared_in,
    load_module,
    load_strategy,
    read_source,
    restrict,
    source_hash,
    strategy_classes,
)
from quantstrip.strategy.parameters import Allowed, Declared, declared, fitted
from quantstrip.strategy.seat import Seat

__all__ = [
    "Allowed",
    "Declared",
    "Indicators",
    "Line",
    "Seat",
    "StrategyBase",
    "builtins_for",
    "checked_ratio",
    "declared",
    "declared_in",
    "fitted",
    "load_module",
    "load_strategy",
    "named_timeframe",
    "read_source",
    "restrict",
    "source_hash",
    "strategy_classes",
]
