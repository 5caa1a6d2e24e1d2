"""The builtins that untrusted code is run with: those of computing, and an import that asks the rules first."""

import builtins
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Final

from quantstrip.sandbox.checks import module_refusal
from quantstrip.sandbox.rules import CALLS

_KEPT_OUT: Final = CALLS - {"getattr", "setattr", "delattr", "__import__"}


def restricted(more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A ``__builtins__`` for a module that is not trusted.

    Args:
        more: names that the module's form adds.

    """
    safe = {name: value for name, value in vars(builtins).items() if name not in _KEPT_OUT}
    safe |= {"__import__": _import, "getattr": _getattr, "setattr": _guarded(setattr), "delattr": _guarded(delattr)}
    return {**safe, **(more or {})}


def _import(
    name: str,
    names: Mapping[str, Any] | None = None,
    local: Mapping[str, Any] | None = None,
    wanted: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    refusal = module_refusal(name, tuple(wanted or ())) if not level else "a relative import has no package"
    if refusal:
        raise ImportError(refusal)
    return builtins.__import__(name, names, local, tuple(wanted or ()), level)


def _getattr(owner: object, name: str, *default: object) -> Any:
    _check(name)
    return getattr(owner, name, *default)


def _guarded(change: Callable[..., None]) -> Callable[..., None]:
    def guarded(owner: object, name: str, *value: object) -> None:
        _check(name)
        change(owner, name, *value)

    return guarded


def _check(name: object) -> None:
    if not isinstance(name, str) or name.startswith("__"):
        raise AttributeError(f"{name!r} is not for strategies")
