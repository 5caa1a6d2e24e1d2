"""Helper files that a strategy imports from its own folder: part of what runs, and so of its hash.

They are served from the text that was read, not from disk: what was hashed is what runs, also in another process, after
an edit, or long after the file is gone.
"""

import hashlib
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Final


@dataclass(frozen=True, slots=True)
class Helpers:
    """The helper files of one strategy; it can be sent to another process.

    Attributes:
        folder: where they lie, or lay.
        files: text by path relative to ``folder``, with ``/`` between.

    """

    folder: Path = Path()
    files: Mapping[str, bytes] = field(default_factory=dict)

    def modules(self) -> dict[str, tuple[str, bytes]]:
        """Path and text of each module by its dotted name."""
        return {_dotted(name): (str(self.folder / name), text) for name, text in self.files.items()}


NONE: Final = Helpers()


def code_hash(source: bytes, helpers: Helpers = NONE) -> str:
    """SHA-256 of a strategy's text, and of its helpers' names and texts where it has some."""
    if not helpers.files:
        return hashlib.sha256(source).hexdigest()
    digest = hashlib.sha256()
    parts = [b"", source]
    for name in sorted(helpers.files):
        parts += [name.encode(), helpers.files[name]]
    for part in parts:  # lengths keep one's end apart from the next one's begin
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def use(helpers: Helpers) -> None:
    """From now on, imports of these names in this process run these texts; those used before are forgotten."""
    know(helpers.folder)
    if helpers == _finder.helpers:
        return
    for name in (*_finder.modules, *helpers.modules()):
        sys.modules.pop(name, None)
    _finder.helpers, _finder.modules = helpers, helpers.modules()
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def know(folder: Path) -> None:
    """A strategy of ``folder`` is loaded in this process: a file there is no package for another one."""
    _FOLDERS.add(str(folder.resolve()))


def served() -> Collection[str]:
    """Names of the modules whose texts are in use."""
    return _finder.modules.keys()


def installed(name: str, folder: Path) -> bool:
    """Is there a package or module ``name`` outside of strategies' folders? Then it wins over a helper file."""
    own = {str(folder.resolve()), *_FOLDERS}
    places = [place for place in sys.path if str(Path(place or ".").resolve()) not in own]
    return name in sys.builtin_module_names or PathFinder.find_spec(name, places) is not None


class _Finder(MetaPathFinder, InspectLoader):
    """Finds helper modules among the texts in use."""

    def __init__(self) -> None:
        self.helpers = NONE
        self.modules: dict[str, tuple[str, bytes]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None  # noqa: ARG002
    ) -> ModuleSpec | None:  # fmt: skip
        if fullname not in self.modules:
            return None
        place = self.modules[fullname][0]
        spec = spec_from_loader(fullname, self, origin=place, is_package=self.is_package(fullname))
        if spec is not None:
            spec.has_location = True
        return spec

    def is_package(self, fullname: str) -> bool:
        return self.modules[fullname][0].endswith("__init__.py")

    def get_source(self, fullname: str) -> str:
        return self.modules[fullname][1].decode("utf-8", "replace")

    def exec_module(self, module: ModuleType) -> None:
        place, text = self.modules[module.__name__]
        exec(compile(text, place, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - it is the user's own


_FOLDERS: Final[set[str]] = set()
"""Folders of strategies that were loaded in this process: a file of one is no package for another."""
_finder: Final = _Finder()


def _dotted(name: str) -> str:
    parts = PurePosixPath(name).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
