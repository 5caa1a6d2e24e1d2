"""The native form: a ``StrategyBase`` subclass. A file that nothing else recognises is taken for one."""

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from quantstrip.dialects.forms import Form
from quantstrip.strategy import Declared, StrategyBase, declared_in, load_strategy

FORM: Final = Form("native", "strategy class")


def recognises(tree: ast.Module) -> bool:  # noqa: ARG001 - part of the protocol
    """Always: its loader says best what is missing from a file that is nothing."""
    return True


def load(path: Path, source: bytes, symbols: Sequence[str] | None, parameters: Mapping[str, Any]) -> StrategyBase:
    """Load it; see ``quantstrip.strategy.load_strategy``."""
    return load_strategy(path, symbols=symbols, parameters=parameters, source=source)


def declared(path: Path, source: bytes) -> list[Declared]:
    """Its parameters, from its class."""
    return declared_in(path, source)
