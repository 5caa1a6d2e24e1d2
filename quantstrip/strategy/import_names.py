"""Import names of a published strategy guide: ``core.models``, ``core.enums``, ``strategies.base``, ``.vectorized``.

They resolve in a process from the moment it loads a strategy's file (or runs ``quantstrip python FILE``), also for the
helpers of that file and for imports inside functions. A module of such a name that the user has, beside the file or
installed, wins; the log says so.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from quantstrip.log import logger
from quantstrip.strategy import helpers

Names = dict[str, Any]


def _models() -> Names:
    from quantstrip.strategy import decimal_view

    return {name: getattr(decimal_view, name) for name in ("Bar", "Signal", "Tick")}


def _enums() -> Names:
    from quantstrip.model import enums

    return {name: getattr(enums, name) for name in ("OrderSide", "OrderType", "TimeInForce", "Leg")}


def _base() -> Names:
    from quantstrip.strategy import decimal_view
    from quantstrip.strategy.parameters import Allowed

    return {"StrategyBase": decimal_view.StrategyBase, "Allowed": Allowed}


def _vectorized() -> Names:
    from quantstrip.strategy import vectorized

    return {name: getattr(vectorized, name) for name in _HELPERS}


_HELPERS: Final = ("VectorizedStrategy", "sma", "ema", "rsi", "atr", "bollinger_bands")
MODULES: Final[dict[str, Callable[[], Names]]] = {
    "core.models": _models,
    "core.enums": _enums,
    "strategies.base": _base,
    "strategies.vectorized": _vectorized,
}
"""The modules, and what makes their names."""
PACKAGES: Final = ("core", "strategies")


def serve(folder: Path) -> None:
    """From now on, imports of these names in this process are for a strategy's file in ``folder``."""
    found = folder.resolve()
    helpers.know(found)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    if found != _finder.folder:
        _finder.folder = found
        _forget()


def _forget() -> None:
    """Forget modules of these names that were made for another file, ours and that file's own; no installed ones."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in PACKAGES:
            continue
        spec = getattr(module, "__spec__", None)
        if spec is None or spec.loader is _finder or not helpers.installed(name.partition(".")[0], _finder.folder):
            del sys.modules[name]


class _Finder(MetaPathFinder, Loader):
    """Finds the names where the user has none of them."""

    def __init__(self) -> None:
        self.folder = Path()
        self._told: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None  # noqa: ARG002
    ) -> ModuleSpec | None:  # fmt: skip
        if fullname in PACKAGES:
            return self._package(fullname)
        if fullname not in MODULES or fullname in helpers.served():
            return None
        own = PathFinder.find_spec(fullname, path)
        if own is None:
            return ModuleSpec(fullname, self)
        self._tell(fullname, str(own.origin))
        return None

    def exec_module(self, module: ModuleType) -> None:
        made = MODULES.get(module.__name__)
        if made is not None:
            vars(module).update(made(), __doc__="Names of quantstrip, as a published strategy guide imports them.")

    def _package(self, name: str) -> ModuleSpec | None:
        """Ours, unless the user has a package or a module of that name; a folder without any is looked into."""
        beside = self.folder / name
        own = name in helpers.served() or any(
            file.is_file() for file in (beside.with_suffix(".py"), beside / "__init__.py")
        )
        if own or helpers.installed(name, self.folder):
            self._tell(name, f"beside {self.folder}" if own else "an installed package")
            return None
        spec = ModuleSpec(name, self, is_package=True)
        spec.submodule_search_locations = [str(beside)] if beside.is_dir() else []
        return spec

    def _tell(self, name: str, place: str) -> None:
        if name not in self._told:
            self._told.add(name)
            logger.warning("import {}: yours is used ({}), not the platform's module of that name", name, place)


_finder: Final = _Finder()
