"""The class of a vectorised strategy: which one a file holds, its parameters, and the values that a run gives them."""

import ast
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from quantstrip.dialects.syntax import last_name
from quantstrip.errors import StrategyLoadError
from quantstrip.strategy import Allowed, Declared
from quantstrip.strategy.unfinished import the_only
from quantstrip.strategy.vectorized import VectorizedStrategy


def only_class(path: Path, module: ModuleType) -> type[VectorizedStrategy]:
    """The only vectorised strategy of a file.

    Raises:
        StrategyLoadError: it holds none, or several; names what is nearly one.

    """
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, VectorizedStrategy) and value.__module__ == module.__name__
    ]
    found = [cls for cls in dict.fromkeys(found) if cls.uses_arrays() or _own_signals(cls)]
    return the_only(found, path, module, VectorizedStrategy, "generate_signals")


def declared_by(cls: type[VectorizedStrategy], source: bytes = b"") -> list[Declared]:
    """The parameters of a class, from ``param_schema`` and the defaults in its code."""
    known = {**_literal_defaults(cls, source), **_keyword_defaults(cls), **cls.defaults}
    found = []
    for name, bounds in cls.param_schema.items():
        low, high = bounds
        whole = all(isinstance(bound, int) and not isinstance(bound, bool) for bound in bounds)
        kind = "whole" if whole and not isinstance(known.get(name), float) else "number"
        found.append(Declared(name, kind, known.get(name), Allowed(low, high)))
    return found


def values_of(wanted: Sequence[Declared], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The values of a run: those given, else the defaults there are.

    Raises:
        StrategyLoadError: a name is unknown, or a value out of its bounds.

    """
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


def place_of(cls: type, path: Path, source: bytes) -> str:
    """File, line and class, for messages."""
    lines = (node.lineno for node in ast.walk(ast.parse(source))
             if isinstance(node, ast.ClassDef) and node.name == cls.__name__)  # fmt: skip
    line = next(lines, None)
    return f"{path}, line {line}: {cls.__name__}" if line else f"{path}: {cls.__name__}"


def _own_signals(cls: type[VectorizedStrategy]) -> bool:
    return cls.generate_signals is not VectorizedStrategy.generate_signals


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
            if isinstance(call, ast.Call) and last_name(call.func) == "get" and len(call.args) == 2:
                name, value = call.args
                if isinstance(name, ast.Constant) and isinstance(value, ast.Constant):
                    found.setdefault(str(name.value), value.value)
    return found
