"""The strategy contract and its loader."""

from quantstrip.indicators import Indicators, Line
from quantstrip.strategy.base import StrategyBase, named_timeframe
from quantstrip.strategy.loader import load_strategy, read_source, source_hash, strategy_classes
from quantstrip.strategy.parameters import Allowed, Declared, declared, fitted

__all__ = [
    "Allowed",
    "Declared",
    "Indicators",
    "Line",
    "StrategyBase",
    "declared",
    "fitted",
    "load_strategy",
    "named_timeframe",
    "read_source",
    "source_hash",
    "strategy_classes",
]
