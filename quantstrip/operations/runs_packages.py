"""The packages that a strategy imports: which version of each a run was made with.

A package is no part of the code hash: it is not the user's text. Its version decides the result all the same, so it is
pinned beside it. What those packages import themselves is not followed.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from quantstrip.operations.research import Setup

_OURS: Final = frozenset({"quantstrip", "core", "strategies"})
"""The platform and the names it serves to strategy files: pinned by the engine's version."""
_WHOLE: Final = ("numpy", "pandas")
"""What forms that decide over whole columns are given without importing it."""
_NAMED: Final[Mapping[str, str]] = {
    "talib": "TA-Lib", "sklearn": "scikit-learn", "yaml": "PyYAML", "dateutil": "python-dateutil",
}  # fmt: skip
"""Modules whose package has another name; others are looked up, which takes its time."""


def packages_of(setup: "Setup") -> dict[str, str]:
    """Version of each package that the strategy or its helpers import, by the package's name."""
    names = set(_WHOLE) if setup.form.whole_history else set()
    for text in (setup.source, *setup.helpers.files.values()):
        names |= _imported(text)
    own = {name.split(".")[0] for name in setup.helpers.modules()}
    return versions(names - own - _OURS - sys.stdlib_module_names)


def versions(modules: Iterable[str]) -> dict[str, str]:
    """Version of the package of each module that is installed; of a module that belongs to none, its text's hash."""
    found = {}
    for module in sorted(modules):
        package = _package(module)
        if package:
            found[package] = version(package)
        elif text := _text(module):
            found[module] = f"sha256:{hashlib.sha256(text).hexdigest()[:16]}"
    return found


def changed(pinned: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Packages that are not what was pinned: name, version then, version now ("" where it is gone)."""
    now = {name: _now(name) for name in pinned}
    return [(name, was, now[name]) for name, was in pinned.items() if was != now[name]]


def _now(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return versions([name]).get(name, "")


def _imported(text: bytes) -> set[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):  # who loads it says so
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def _package(module: str) -> str:
    """The installed package that a module belongs to; "" for none."""
    name = _NAMED.get(module, module)
    try:
        version(name)
    except PackageNotFoundError:
        return next(iter(packages_distributions().get(module, ())), "")
    return name


def _text(module: str) -> bytes:
    spec = PathFinder.find_spec(module)
    path = Path(spec.origin) if spec is not None and spec.origin else None
    return path.read_bytes() if path is not None and path.is_file() else b""
