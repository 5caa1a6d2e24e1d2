"""The deploy store: ``home.deployed/NAME/HASH/`` holds what runs, apart from the sources that are being edited."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from quantstrip.errors import ClientError, ClientNotFound
from quantstrip.home import Home
from quantstrip.supervise.imports import SourceFile, needed_files
from quantstrip.supervise.names import check_name, client_name

_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Deployment:
    """One version of one client in the store.

    Attributes:
        code_hash: first 16 hexadecimal digits of SHA-256 over the names and bytes of all files.
        files: paths relative to ``folder``, sorted; the client's own file is among them.
        source: where it was copied from.
        started: True when the service was asked to run it.
        previous: hash of the version it replaced, or "".

    """

    name: str
    code_hash: str
    folder: Path
    files: tuple[str, ...]
    source: Path
    started: bool = False
    previous: str = ""


def find_source(home: Home, source: str | Path) -> Path:
    """The client a person means: a path, or the name of one in the home's clients folder.

    Raises:
        ClientNotFound: neither is there; the clients that exist are listed.

    """
    given = Path(source).expanduser()
    choices = [given, home.clients / given, home.clients / f"{given}.py"]
    for choice in choices:
        if choice.is_file() and choice.suffix == ".py":
            return entry(choice.resolve())
        if (choice / "__init__.py").is_file():
            return choice.resolve()
    known = sorted({path.stem for path in home.clients.glob("*.py")} - {"__init__"})
    raise ClientNotFound(
        f"no client {str(source)!r}: expected a Python file, or the name of one in {home.clients}",
        hint=f"Clients there: {', '.join(known) or 'none yet'}",
    )


def entry(path: Path) -> Path:
    """The client a file belongs to: itself, or the package whose ``__init__.py`` it is."""
    return path.parent if path.name == "__init__.py" else path


def source_roots(home: Home, source: Path) -> tuple[Path, ...]:
    """Folders in which a client's imports are looked up: beside it, then the clients folder."""
    beside = source.parent
    clients = home.clients.resolve()
    return (beside,) if beside == clients or not source.is_relative_to(clients) else (beside, clients)


def check_unique(source: Path, known_source: str) -> str:
    """The name of the client in ``source``, when no other client bears it.

    Args:
        source: the file or package folder.
        known_source: the source recorded for a client of that name, "" for none.

    Raises:
        ClientError: ``x.py`` and ``x/`` lie side by side, or the name belongs to another source.

    """
    name = client_name(source)
    twin = source.parent / (f"{name}.py" if source.is_dir() else name)
    if twin.is_file() or (twin / "__init__.py").is_file():
        raise ClientError(
            f"two clients are called {name!r}: {source} and {twin}",
            hint="Rename one of them; a client's name is unique in a home.",
        )
    if known_source and Path(known_source) != source and Path(known_source).exists():
        raise ClientError(
            f"a client {name!r} is deployed from {known_source} already, so {source} cannot take its name",
            hint=f"Rename the file, or first: quantstrip remove {name}",
        )
    return name


def deploy_files(home: Home, source: str | Path, *, known_source: str = "") -> Deployment:
    """Copy a client and the helpers it imports into the store; the same content again is the same version.

    The version appears whole or not at all, and nothing of the client is run.

    Raises:
        ClientNotFound: there is no such file.
        ClientLoadError: a file does not compile.
        ClientError: the name is impossible or taken.

    """
    path = find_source(home, source)
    name = check_unique(path, known_source)
    files = needed_files(path, source_roots(home, path))
    code_hash = hash_files(files)
    folder = version_folder(home, name, code_hash)
    if not folder.is_dir():
        _store(folder, files)
    return Deployment(name, code_hash, folder, tuple(sorted(files)), path)


def hash_files(files: Mapping[str, SourceFile]) -> str:
    """Hash over names and contents; lengths keep one file's end apart from the next one's begin."""
    digest = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name].content):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()[:_HASH_DIGITS]


def version_folder(home: Home, name: str, code_hash: str) -> Path:
    """Where one version lies."""
    return home.deployed / check_name(name) / code_hash


def _store(folder: Path, files: Mapping[str, SourceFile]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        for name, source in files.items():
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                file.write(source.content)
                file.flush()
                os.fsync(file.fileno())
        _rename(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    descriptor = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        # Another deploy of the same content was faster: the hash says that its folder holds the same bytes.
        if not folder.is_dir():
            raise
