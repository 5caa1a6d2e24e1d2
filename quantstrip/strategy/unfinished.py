"""The only strategy class of a file; where there is none, what keeps its classes from being one, in words."""

import difflib
import inspect
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeVar

from quantstrip.errors import StrategyLoadError

Strategy = TypeVar("Strategy")


class Unfinished(NamedTuple):
    """A class that is nearly a strategy.

    Attributes:
        line: where it begins, from 1; 0 where that is not known any more.
        what: what it lacks, beginning with its name.
        hint: what to do.

    """

    line: int
    what: str
    hint: str


def unfinished(module: ModuleType, base: type, method: str) -> Unfinished | None:
    """The class of a module that looks like a strategy and is none; None where nothing does.

    Args:
        module: a strategy's file, loaded.
        base: what a strategy derives from.
        method: what it must define, or inherit from a base of its own.

    """
    own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    derived = [each for each in own if issubclass(each, base)]
    leaves = [each for each in derived if not any(issubclass(other, each) and other is not each for other in derived)]
    if leaves:
        found = leaves[-1]  # bases come first in a file
        lacking = sorted(getattr(found, "__abstractmethods__", ())) or [method]
        return Unfinished(_line(found), f"{found.__name__} has no {' and no '.join(lacking)}", _advice(found, lacking))
    alike = [each for each in own if callable(vars(each).get(method))]
    if not alike:
        return None
    name = alike[-1].__name__
    return Unfinished(
        _line(alike[-1]), f"{name} has {method} and is not derived from it", f"Write: class {name}({base.__name__})"
    )


def the_only(
    found: Sequence[type[Strategy]], path: Path, module: ModuleType, base: type, method: str
) -> type[Strategy]:
    """The only strategy class of a file.

    Args:
        found: its strategy classes.
        path: the file.
        module: the file, loaded.
        base, method: as of ``unfinished``.

    Raises:
        StrategyLoadError: there is none, or there are several; names what is nearly one.

    """
    if len(found) == 1:
        return found[0]
    wanted = f"expected one class derived from {base.__name__}"
    if found:
        raise StrategyLoadError(
            f"{path}: {wanted}, found {', '.join(cls.__name__ for cls in found)}",
            hint=f"One strategy a file: move the others to files of their own. A base of your own that leaves {method} "
            "to the classes derived from it is none.",
        )
    near = unfinished(module, base, method)
    if near is None:
        raise StrategyLoadError(
            f"{path}: {wanted}, found none",
            hint=f"One strategy a file: class MyStrategy({base.__name__}) with {method}.",
        )
    place = f"{path}, line {near.line}" if near.line else str(path)
    raise StrategyLoadError(f"{place}: {wanted}, and {near.what}", hint=near.hint)


def _advice(found: type, lacking: list[str]) -> str:
    known = [name for name in dir(found) if not name.startswith("__") and callable(getattr(found, name, None))]
    own = [name for name in known if name in {each for kind in found.__mro__[:-1] for each in vars(kind)}]
    for wanted in lacking:
        near = [each for each in difflib.get_close_matches(wanted, own, n=3, cutoff=0.6) if each not in _CONTRACT]
        if near:
            return f"It has {near[0]}: is {wanted} meant?"
    return f"Add {' and '.join(f'{name}(self, ...)' for name in lacking)} to it, or to a base of its own."


def _line(found: type) -> int:
    try:
        return inspect.getsourcelines(found)[1]
    except OSError:  # the file was edited or removed since it was read
        return 0


_CONTRACT = frozenset({
    "feed_bar", "generate_arrays", "generate_signals", "on_bar", "on_init", "on_order", "on_start", "on_stop",
    "on_tick", "on_trade",
})  # fmt: skip
"""Methods that the contract itself has: one of them is no misspelling of another."""
