"""Constructing the strategy of a strategy client: from its class, its file, or the client's own file."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any

from quantstrip import dialects
from quantstrip.client.base import ClientBase
from quantstrip.errors import ClientLoadError
from quantstrip.strategy import StrategyBase, fitted, strategy_classes


def make_strategy(
    client: ClientBase, given: object, symbols: Sequence[str] | None, parameters: Mapping[str, Any]
) -> dialects.Loaded:
    """Construct the client's strategy; with its form.

    Raises:
        ClientLoadError: no such strategy, or it does not take these parameters.
        StrategyLoadError: its file cannot be loaded.

    """
    if given is None:
        given = _own_strategy(client)
    if isinstance(given, str | Path):
        file = _beside(client, Path(given))  # a client has its heart to tell that it hangs; its model may take minutes
        return dialects.load(file, symbols=symbols, parameters=dict(parameters), patient=inf)
    if not (isinstance(given, type) and issubclass(given, StrategyBase)):
        raise ClientLoadError(
            f"strategy is a StrategyBase subclass or the path of its file, got {given!r}",
            hint="Import the strategy and write: strategy = MyStrategy",
        )
    arguments = dict(parameters) if symbols is None else {"symbols": list(symbols), **parameters}
    try:
        inspect.signature(given).bind(**arguments)
    except TypeError as error:
        accepted = ", ".join(inspect.signature(given).parameters) or "nothing"
        raise ClientLoadError(f"{given.__name__}: {error}", hint=f"It takes: {accepted}.") from error
    values, wrong = fitted(inspect.signature(given).parameters, arguments)
    if wrong:
        raise ClientLoadError(
            f"{given.__name__}: {'; '.join(wrong)}", hint="Give parameters of the kind that their defaults have."
        )
    try:
        return dialects.Loaded(given(**values), dialects.form_named("native"))
    except Exception as error:
        raise ClientLoadError(
            f"{given.__name__}() raised {type(error).__name__}: {error}", hint="See the trace for the line in __init__."
        ) from error


def _own_strategy(client: ClientBase) -> type[StrategyBase]:
    found = strategy_classes(sys.modules[type(client).__module__])
    if len(found) == 1:
        return found[0]
    raise ClientLoadError(
        f"{type(client).__name__} names no strategy, and its file defines {len(found)}",
        hint="Write in the class: strategy = MyStrategy",
    )


def _beside(client: ClientBase, path: Path) -> Path:
    file = getattr(sys.modules[type(client).__module__], "__file__", None)
    found = (Path(file).parent if file else Path()) / path.expanduser()
    if not found.is_file():
        raise ClientLoadError(
            f"no strategy file {found}",
            hint="A deployed client holds what it imports: import the strategy, and write strategy = MyStrategy.",
        )
    return found
