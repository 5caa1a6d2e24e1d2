"""Loads a strategy from its file, and says where and why when it cannot."""

import hashlib
import importlib.util
import inspect
import linecache
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from quantstrip.errors import StrategyError, StrategyLoadError
from quantstrip.strategy import import_names
from quantstrip.strategy.base import StrategyBase, checked_ratio
from quantstrip.strategy.parameters import Declared, declared, fitted
from quantstrip.strategy.unfinished import the_only

SOURCE_HASH: Final = "__quantstrip_source_hash__"
_builtins: dict[str, Any] | None = None


def restrict(builtins: dict[str, Any]) -> None:
    """From now on, run the strategies' files of this process with these builtins: it is to run untrusted ones."""
    global _builtins
    _builtins = builtins


def builtins_for(names: dict[str, Any]) -> dict[str, Any]:
    """``names``, with this process's restricted builtins where it has such: globals to run a strategy's text with."""
    return names if _builtins is None else {**names, "__builtins__": _builtins}


def load_strategy(
    path: str | Path,
    *,
    symbols: Sequence[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    source: bytes | None = None,
    names: Mapping[str, Any] | None = None,
) -> StrategyBase:
    """The strategy of a file, constructed.

    Args:
        path: a Python file with one ``StrategyBase`` subclass.
        symbols: what to trade; None leaves it to the strategy's default.
        parameters: keyword arguments for its ``__init__``.
        source: what ``read_source`` gave, to run that however the file was edited since.
        names: what the file has without importing it.

    Raises:
        StrategyLoadError: no such file, it does not run, it holds no or several strategies, its constructor raises,
            or a parameter is unknown or of another kind than its default; the message names the file and the line.

    """
    found = _only_class(Path(path), read_source(Path(path)) if source is None else source, names)
    return _construct(found, Path(path), symbols, dict(parameters or {}))


def declared_in(path: Path, source: bytes, names: Mapping[str, Any] | None = None) -> list[Declared]:
    """The parameters of the strategy class in a file.

    Raises:
        StrategyLoadError: it does not run, or holds no or several strategies.

    """
    cls = _only_class(path, source, names)
    return declared(cls, cls.parameters, cls.allowed)


def strategy_classes(module: ModuleType) -> list[type[StrategyBase]]:
    """The strategies a module defines itself, in the order of their lines; bases without ``on_bar`` do not count."""
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, StrategyBase)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    ]
    return list(dict.fromkeys(found))


def read_source(path: Path) -> bytes:
    """The text of a strategy's file.

    Raises:
        StrategyLoadError: it cannot be read.

    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise StrategyLoadError(
            f"{path}: cannot be read: {error.strerror or error}", hint="Give the path of a strategy's .py file."
        ) from error


def source_hash(strategy: StrategyBase) -> str:
    """SHA-256 of the text that the strategy's class was made from; "" for one that was typed into a session."""
    module = sys.modules.get(type(strategy).__module__)
    known = getattr(module, SOURCE_HASH, None)
    if isinstance(known, str):
        return known  # of what ran: the file may have been edited since
    path = Path(getattr(module, "__file__", None) or "")
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _only_class(path: Path, source: bytes, names: Mapping[str, Any] | None) -> type[StrategyBase]:
    module = load_module(path, source, names)
    return the_only(strategy_classes(module), path, module, StrategyBase, "on_bar")


def load_module(path: Path, source: bytes, names: Mapping[str, Any] | None = None) -> ModuleType:
    """Run a strategy's file as a module of its own, with ``names`` that it need not import.

    Raises:
        StrategyLoadError: it raised; names file and line.

    """
    digest = hashlib.sha256(source).hexdigest()
    name = f"quantstrip_strategy_{path.stem}_{digest[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyLoadError(f"{path}: not a Python file", hint="Give the path of a strategy's .py file.")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)  # last: a helper file must not shadow an installed package
    import_names.serve(path.parent)
    sys.modules[name] = module
    setattr(module, SOURCE_HASH, digest)
    vars(module).update(builtins_for(dict(names or {})))
    try:
        # From the text that was read: cached bytecode may be of an edit in the same second that kept the size.
        code = compile(source, str(path), "exec", dont_inherit=True)
        # Lines of what runs, for whoever names them: the file may be edited later, and cannot be read in a cell.
        lines = importlib.util.decode_source(source).splitlines(keepends=True)
        for file in {str(path), str(module.__file__)}:
            linecache.cache[file] = (len(source), None, lines, file)
        exec(code, module.__dict__)  # noqa: S102 - it is the user's own
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise StrategyLoadError(f"{_place(error, path)}: {_what(error)}", hint=_advice(error)) from error
    return module


def _construct(
    cls: type[StrategyBase], path: Path, symbols: Sequence[str] | None, parameters: dict[str, Any]
) -> StrategyBase:
    arguments = dict(parameters) if symbols is None else {"symbols": list(symbols), **parameters}
    accepted = inspect.signature(cls).parameters
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values())
    unknown = [] if open_ended else [name for name in arguments if name not in accepted]
    if unknown:
        raise StrategyLoadError(
            f"{_line_of(cls, path)}: {cls.__name__} takes no {', '.join(unknown)}",
            hint=f"It takes: {', '.join(accepted) or 'nothing'}.",
        )
    values, wrong = fitted(accepted, arguments)
    if wrong:
        raise StrategyLoadError(
            f"{_line_of(cls, path)}: {cls.__name__}: {'; '.join(wrong)}",
            hint="Give parameters of the kind that their defaults have; nothing has run.",
        )
    _check_allowed(cls, path, values)
    try:
        strategy = cls(**values)
    except (Exception, SystemExit) as error:
        raise StrategyLoadError(f"{_place(error, path)}: {_what(error)}", hint=_advice(error)) from error
    if not hasattr(strategy, "_bars"):
        raise StrategyLoadError(
            f"{_line_of(cls, path)}: {cls.__name__}.__init__ does not call its base",
            hint="Add super().__init__(name=..., symbols=...) to __init__.",
        )
    try:
        strategy.get_parameters()
        strategy.get_variables()
        checked_ratio(strategy)
        _check_history(strategy)
    except StrategyError as error:
        raise StrategyLoadError(f"{_line_of(cls, path)}: {error.message}", hint=error.hint) from error
    return strategy


def _check_history(strategy: StrategyBase) -> None:
    kept: Any = strategy._MAX_BAR_HISTORY
    if isinstance(kept, bool) or not isinstance(kept, int) or kept < 1:
        raise StrategyError(
            f"{type(strategy).__name__}._MAX_BAR_HISTORY is a whole number of bars of at least 1, got {kept!r}",
            hint="Leave it out to keep 500.",
        )


def _check_allowed(cls: type[StrategyBase], path: Path, given: Mapping[str, Any]) -> None:
    """Refuse what the strategy's own bounds and choices exclude, and bounds of what is no parameter."""
    unknown = [name for name in cls.allowed if name not in cls.parameters]
    if unknown:
        raise StrategyLoadError(
            f"{_line_of(cls, path)}: {cls.__name__}.allowed names {', '.join(unknown)}, which is no parameter",
            hint=f"Its parameters are: {', '.join(cls.parameters) or 'none'}.",
        )
    refused = [cls.allowed[name].refusal(name, value) for name, value in given.items() if name in cls.allowed]
    if any(refused):
        raise StrategyLoadError(
            f"{_line_of(cls, path)}: {cls.__name__}: {'; '.join(filter(None, refused))}",
            hint="Give a value that the strategy allows; nothing has run.",
        )


def _place(error: BaseException, path: Path) -> str:
    """``file, line N``: where in the user's file it went wrong."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}, line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}, line {lines[-1]}" if lines else str(path)


def _line_of(cls: type, path: Path) -> str:
    try:
        return f"{path}, line {inspect.getsourcelines(cls)[1]}"
    except OSError:  # the file was edited or removed since it was read, and no longer holds the class
        return str(path)


def _what(error: BaseException) -> str:
    if type(error).__module__.startswith("pydantic") and hasattr(error, "errors"):
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}, got {each['input']!r}" for each in error.errors()]
        return f"{type(error).__name__}: {'; '.join(wrong)}"
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _advice(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"Install the package that provides {error.name}, or put {error.name}.py beside the strategy."
    if isinstance(error, SyntaxError):
        return "Correct the line; nothing of the file has run."
    return "Correct the file and load it again."
