"""Which form a file is written in, and its strategy in the native contract."""

import ast
import importlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

from quantstrip.dialects.forms import Dialect, Form, Loaded
from quantstrip.errors import ConfigError, StrategyLoadError
from quantstrip.strategy import Declared, read_source
from quantstrip.strategy.patience import SECONDS, patience

_ORDER: Final = ("dataframe", "event", "kline", "candle", "vectorized", "native")
"""Modules of this room, asked in this order whether a file is theirs; the last one takes what is left."""


def load(
    path: str | Path,
    *,
    symbols: Sequence[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    source: bytes | None = None,
    patient: float = SECONDS,
) -> Loaded:
    """The strategy of a file, whatever form it is written in.

    Args:
        path: the file; it is named in messages, and helper files are found beside it.
        symbols: what to trade; None leaves it to the strategy's default.
        parameters: values by name.
        source: the file's text where it has been read already, to run that however the file was edited since.
        patient: seconds that its text, and making the strategy, may take.

    Raises:
        StrategyLoadError: it cannot be read or loaded; the message names file and line.
        StrategyFault: it did not come to an end.

    Example:
        >>> strategy, form = load("examples/ma_cross.py", symbols=["AAPL"])
        >>> form.name
        'native'

    """
    file = Path(path)
    text = read_source(file) if source is None else source
    found = _dialect(file, text)
    with patience(file, patient):
        strategy = found.load(file, text, symbols, parameters or {})
    own = getattr(strategy, "form", None)  # a script chooses its leverage and has its notes
    return Loaded(strategy, own if isinstance(own, Form) else found.FORM)


def recognise(path: str | Path, source: bytes | None = None) -> Form:
    """The form of a file, by its syntax tree: nothing of it runs.

    Raises:
        StrategyLoadError: it cannot be read, or is not Python.

    """
    file = Path(path)
    return _dialect(file, read_source(file) if source is None else source).FORM


def declared(path: str | Path, source: bytes | None = None) -> list[Declared]:
    """The parameters that a file declares; errors as of ``load``."""
    file = Path(path)
    text = read_source(file) if source is None else source
    found = _dialect(file, text)
    with patience(file):
        return found.declared(file, text)


def form_named(name: str) -> Form:
    """The form of a name.

    Raises:
        ConfigError: there is no such form.

    """
    if name not in _ORDER:
        raise ConfigError(f"there is no strategy form {name!r}", hint=f"There are: {', '.join(_ORDER)}.")
    return _module(name).FORM


def result_of(form: str, result: Any) -> dict[str, Any] | None:
    """A backtest's result in the fields of the form's own document; None where that names none.

    Raises:
        ConfigError: there is no such form.

    """
    form_named(form)
    own = getattr(_module(form), "result_of", None)
    return None if own is None else own(result)


def form_of(tree: ast.Module) -> tuple[Form, frozenset[str]]:
    """The form of a syntax tree, and the names that a file in it has without importing them."""
    found = next(module for module in map(_module, _ORDER) if module.recognises(tree))
    return found.FORM, frozenset(getattr(found, "NAMES", ()))


def _dialect(path: Path, source: bytes) -> Dialect:
    try:
        tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise StrategyLoadError(
            f"{path}, line {error.lineno}: SyntaxError: {error.msg}",
            hint="Correct the line; nothing of the file has run.",
        ) from error
    except ValueError as error:  # a null byte
        raise StrategyLoadError(f"{path}: not Python source: {error}", hint="Give a strategy's .py file.") from error
    except (RecursionError, MemoryError) as error:  # what the parser says of too many operators or signs in a row
        raise StrategyLoadError(
            f"{path}: nested too deeply for Python to read", hint="Split its longest expression into several lines."
        ) from error
    return next(module for module in map(_module, _ORDER) if module.recognises(tree))


@lru_cache
def _module(name: str) -> Dialect:
    """A form's module, loaded when it is first asked: some bring pandas."""
    return cast("Dialect", importlib.import_module(f"quantstrip.dialects.{name}"))
