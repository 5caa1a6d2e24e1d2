"""From a file to a client class: every way in which that fails is one error with the whole trace and a hint."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from quantstrip.client.base import ClientBase
from quantstrip.client.ending import trace_of
from quantstrip.errors import ClientLoadError, QuantstripError, StrategyLoadError
from quantstrip.redaction import scrub

if TYPE_CHECKING:
    from quantstrip.strategy import StrategyBase
    from quantstrip.strategy.unfinished import Unfinished


def load_module(folder: Path, name: str) -> type[ClientBase]:
    """The client class of ``NAME.py`` (or the package ``NAME/``) in ``folder``.

    ``folder`` is appended to ``sys.path``, so helpers beside the client can be imported and shadow nothing. A file
    without a client class that holds a strategy is wrapped in a ``StrategyClient``.

    Raises:
        ClientLoadError: with the error that stopped it as its cause.

    """
    path = find_file(folder, name)
    append_path(folder)
    return _class_of(path, name)


def load_file(path: Path, name: str, clients: Path) -> type[ClientBase]:
    """The client class of any file; the folder ``clients`` is importable too when the file lies in it.

    Raises:
        ClientLoadError: as ``load_module``.

    """
    if not path.is_file():
        raise ClientLoadError(f"no file {path}", hint="Give the path of a Python file.")
    append_path(path.parent.parent if path.name == "__init__.py" else path.parent)
    if path.is_relative_to(clients):
        append_path(clients)
    return _class_of(path, name)


def _class_of(path: Path, name: str) -> type[ClientBase]:
    if _has_form(path):
        from quantstrip.client.strategy import wrap_file

        return wrap_file(path)
    return client_class(import_file(path, name), path)


def _has_form(path: Path) -> bool:
    """True for a strategy in another form than a class of ours: its names are not those of a plain import.

    A file that speaks of a client's base is a client, and does not pay for the question.
    """
    try:
        text = path.read_bytes()
    except OSError:
        return False
    if path.name == "__init__.py" or b"ClientBase" in text or b"StrategyClient" in text:
        return False
    from quantstrip import dialects

    try:
        return dialects.recognise(path, text).name != "native"
    except StrategyLoadError:
        return False  # importing it says best what is wrong


def find_file(folder: Path, name: str) -> Path:
    """The file of a client in ``folder``.

    Raises:
        ClientLoadError: there is none.

    """
    for path in (folder / f"{name}.py", folder / name / "__init__.py"):
        if path.is_file():
            return path
    raise ClientLoadError(
        f"no {name}.py in {folder}",
        hint=f"The deployed version is incomplete: deploy it again with quantstrip deploy {name}",
    )


def append_path(folder: Path) -> None:
    """Make the modules of ``folder`` importable, after everything that is importable already."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def import_file(path: Path, name: str) -> ModuleType:
    """Run the file as a module.

    Raises:
        ClientLoadError: whatever it raised, with a hint.

    """
    module_name = _module_name(path, name)
    package = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(module_name, path, submodule_search_locations=package)
    if spec is None or spec.loader is None:
        raise ClientLoadError(f"{path} is no Python file", hint="A client is a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    _serve_names(path)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        where = f"{error.filename}, line {error.lineno}"
        raise ClientLoadError(f"{where}: {error.msg}", hint="Correct that line and deploy again.") from error
    except ModuleNotFoundError as error:
        raise ClientLoadError(
            f"{path.name} imports {error.name!r}, which is not there", hint=_missing(error)
        ) from error
    except (Exception, SystemExit) as error:
        raise ClientLoadError(
            f"{path.name} raised {type(error).__name__} while it was imported: {error}",
            hint="See the trace for the line. Work belongs into jobs or on_start, not on the module's top level.",
        ) from error
    return module


def client_class(module: ModuleType, path: Path) -> type[ClientBase]:
    """The one client class that ``module`` defines.

    Raises:
        ClientLoadError: there is none, or there are several.

    """
    own = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, ClientBase) and value.__module__ == module.__name__
    ]
    leaves = list(
        dict.fromkeys(each for each in own if not any(other is not each and issubclass(other, each) for other in own))
    )
    if len(leaves) > 1:
        names = ", ".join(each.__name__ for each in leaves)
        raise ClientLoadError(
            f"{path.name} defines {len(leaves)} client classes: {names}",
            hint="A file is one client: move the others into files of their own.",
        )
    if leaves:
        return leaves[0]
    strategies = _strategies(module)
    if len(strategies) > 1:
        names = ", ".join(each.__name__ for each in strategies)
        raise ClientLoadError(
            f"{path.name} defines {len(strategies)} strategies: {names}",
            hint="One strategy a file, or a StrategyClient class that names one: strategy = MyStrategy.",
        )
    if strategies:
        from quantstrip.client.strategy import wrap_strategy

        return wrap_strategy(strategies[0], path.stem)
    near = _nearly(module)
    if near is not None:
        line = f", line {near.line}" if near.line else ""
        raise ClientLoadError(f"{path.name}{line}: {near.what}, and the file defines no client class", hint=near.hint)
    raise ClientLoadError(
        f"{path.name} defines no client class",
        hint="Add one: class Client(ClientBase), after 'from quantstrip import ClientBase'; or a StrategyBase.",
    )


def construct(kind: type[ClientBase]) -> ClientBase:
    """Make the client.

    Raises:
        ClientLoadError: its ``__init__`` raised, or it has abstract methods left.

    """
    try:
        return kind()
    except ClientLoadError:
        raise
    except (Exception, SystemExit) as error:
        raise ClientLoadError(
            f"{kind.__name__}() raised {type(error).__name__}: {error}",
            hint="See the trace for the line in __init__. It is called without arguments.",
        ) from error


def load_trace(error: QuantstripError) -> str:
    """The whole trace of what stopped the load, and what to do about it at its end."""
    cause = error.__cause__
    return f"{trace_of(cause)}\n{scrub(str(error))}" if cause is not None else trace_of(error)


def _module_name(path: Path, name: str) -> str:
    """The file's own name where it is free: a client called email.py must not become the module ``email``."""
    if not name.isidentifier() or name in sys.modules:
        return f"client_{name}"
    spec = importlib.util.find_spec(name)
    return name if spec is None or spec.origin == str(path) else f"client_{name}"


def _missing(error: ModuleNotFoundError) -> str:
    package = (error.name or "").partition(".")[0]
    return (
        f"If {package} is a helper of yours, put it into the clients folder and deploy again. "
        f"If it is a package, install it on the page Packages, or with: quantstrip package install {package}"
    )


def _strategies(module: ModuleType) -> "list[type[StrategyBase]]":
    if "quantstrip.strategy" not in sys.modules:
        return []  # whoever defines a strategy has imported it; a plain client does not pay for it
    from quantstrip.strategy import strategy_classes

    return strategy_classes(module)


def _nearly(module: ModuleType) -> "Unfinished | None":
    """A strategy that lacks something, in a file without any other."""
    if "quantstrip.strategy" not in sys.modules:
        return None
    from quantstrip.strategy import StrategyBase
    from quantstrip.strategy.unfinished import unfinished

    return unfinished(module, StrategyBase, "on_bar")


def _serve_names(path: Path) -> None:
    """Let a strategy's file import the names of the published guide; a plain client does not pay for them."""
    try:
        text = path.read_bytes()
    except OSError:
        return  # importing it says what is wrong
    if b"strategies" in text or b"core" in text:
        from quantstrip.strategy import import_names

        import_names.serve(path.parent)
