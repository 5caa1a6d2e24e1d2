"""The files of a home as a tree, with what runs and what is no longer what was deployed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from quantstrip.clock import SECOND, Micros
from quantstrip.errors import FileError, LedgerError, ServiceNotRunning
from quantstrip.home import Home
from quantstrip.operations.files_places import AREAS, CLIENTS, DEPLOYED, EXAMPLES, KINDS, place_of, root_of
from quantstrip.operations.files_text import digest_of
from quantstrip.operations.ledger import check_readable, existing_ledger
from quantstrip.supervise.adapter import SupervisordSupervisor
from quantstrip.supervise.book import ClientRow, client_row
from quantstrip.supervise.deploy import source_roots, version_folder
from quantstrip.supervise.names import client_of
from quantstrip.supervise.policy import ALIVE

MOST: Final = 2_000
"""Files of an area that are listed."""
_DEEPEST: Final = 5  # folders below an area
_TESTS: Final = frozenset({"test", "tests"})
_ALIVE: Final = ALIVE | {"STOPPING"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the tree.

    Attributes:
        group: clients, helpers, tests, examples or deployed.
        folder: what stands between the group and the name, "" for nothing; of a deployed file its client and version.
        size: bytes.
        client: the client whose own file it is, "" for others.
        runs: that client's process lives.
        used_by: deployed clients whose running version holds this file.
        differs: those of them whose version holds it with other content.

    """

    path: str
    name: str
    group: str
    folder: str
    size: int
    modified: Micros
    writable: bool
    client: str = ""
    runs: bool = False
    used_by: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """All files; ``cut`` names areas that hold more than are listed."""

    entries: tuple[Entry, ...]
    cut: tuple[str, ...] = ()

    def find(self, path: str) -> Entry | None:
        """The entry of a path."""
        return next((each for each in self.entries if each.path == path), None)


@dataclass(frozen=True, slots=True)
class _Running:
    row: ClientRow
    alive: bool


def tree(home: Home) -> Tree:
    """Sources, examples and the versions that are deployed now."""
    running = _running(home)
    uses = _uses(home, running)
    alive = {each.row.name for each in running if each.alive}
    entries: list[Entry] = []
    cut = []
    for area in AREAS:
        root = root_of(home, area)
        paths = _deployed(home, running) if area == DEPLOYED else _walk(root, root, _DEEPEST)
        for count, path in enumerate(paths):
            if count == MOST:
                cut.append(area)
                break
            entry = _entry(home, area, path.relative_to(root), uses, alive)
            entries += [entry] if entry else []
    return Tree(tuple(entries), tuple(cut))


def _entry(home: Home, area: str, relative: Path, uses: dict[Path, dict[str, bool]], alive: set[str]) -> Entry | None:
    try:
        place = place_of(home, f"{area}/{relative.as_posix()}")
        status = place.file.stat()
    except (FileError, OSError):
        return None  # a link, a name that no page can show, or gone meanwhile
    used = uses.get(place.file.resolve(), {}) if area == CLIENTS else {}
    client = place.client
    return Entry(
        place.path, relative.name, _group(area, relative), relative.parent.as_posix().removeprefix("."),
        status.st_size, int(status.st_mtime * SECOND), place.writable, client,
        runs=client in alive and (area == DEPLOYED or client in used),
        used_by=tuple(sorted(used)), differs=tuple(sorted(name for name, same in used.items() if not same)),
    )  # fmt: skip


def _group(area: str, relative: Path) -> str:
    if area in (EXAMPLES, DEPLOYED):
        return area
    if relative.parts[0].lower() in _TESTS or relative.name.startswith("test_"):
        return "tests"
    package = len(relative.parts) == 2 and relative.name == "__init__.py"
    return "clients" if (len(relative.parts) == 1 and relative.suffix == ".py") or package else "helpers"


def _walk(root: Path, folder: Path, depth: int) -> Iterator[Path]:
    """Text files below a folder: files first, then folders, by name; hidden ones and links are left out."""
    try:
        found = sorted(os.scandir(folder), key=lambda each: (each.is_dir(follow_symlinks=False), each.name.lower()))
    except OSError:
        return
    for each in found:
        if each.name.startswith(".") or each.name == "__pycache__" or each.is_symlink():
            continue
        path = Path(each.path)
        if each.is_dir(follow_symlinks=False):
            if depth:
                yield from _walk(root, path, depth - 1)
        elif path.suffix.lower() in KINDS:
            yield path


def _running(home: Home) -> list[_Running]:
    """What is deployed; nothing where there is no ledger yet."""
    if not home.database.is_file():
        return []
    try:
        check_readable(home)
        ledger = existing_ledger(home)
        rows = [client_row(row) for row in ledger.clients()]
    except LedgerError:
        return []  # files can be edited whatever the ledger's state; other pages tell of it
    try:
        alive = {client_of(each.name) for each in SupervisordSupervisor(home).states() if each.state in _ALIVE}
    except ServiceNotRunning:
        alive = set()
    return [_Running(row, row.name in alive) for row in rows]


def _deployed(home: Home, running: list[_Running]) -> Iterator[Path]:
    for each in sorted(running, key=lambda each: each.row.name):
        folder = version_folder(home, each.row.name, each.row.code_hash or "none")
        yield from _walk(folder, folder, _DEEPEST)


def _uses(home: Home, running: list[_Running]) -> dict[Path, dict[str, bool]]:
    """By source file: the clients whose deployed version holds it, and whether with the same content."""
    uses: dict[Path, dict[str, bool]] = {}
    for each in running:
        name, source = each.row.name, Path(each.row.source)
        folder = version_folder(home, name, each.row.code_hash or "none")
        roots = source_roots(home, source)
        for deployed in _walk(folder, folder, _DEEPEST):
            relative = deployed.relative_to(folder)
            file = next((root / relative for root in roots if (root / relative).is_file()), None)
            if file is not None:
                uses.setdefault(file.resolve(), {})[name] = _digest(file) == _digest(deployed)
    return uses


def _digest(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return _digest_of(str(path), status.st_mtime_ns, status.st_size, status.st_ino)


@lru_cache(maxsize=4096)
def _digest_of(path: str, _modified: int, _size: int, _inode: int) -> str:
    """A file is read again only when it was written since; a save puts another file in its place."""
    try:
        return digest_of(Path(path).read_bytes())
    except OSError:
        return ""
