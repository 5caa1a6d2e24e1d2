"""Notices that a client's source is no longer what runs."""

from pathlib import Path

from quantstrip.errors import ClientLoadError
from quantstrip.home import Home
from quantstrip.supervise.deploy import hash_files, source_roots
from quantstrip.supervise.imports import needed_files

_Signature = tuple[tuple[str, int, int], ...]


class SourceWatch:
    """Compares sources with deployed versions; files are read again only when their size or time changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._paths: dict[str, list[Path]] = {}
        self._seen: dict[str, tuple[_Signature, str]] = {}

    def differs(self, source: str, code_hash: str) -> bool:
        """True when ``source`` was changed or deleted, or no longer compiles."""
        paths = self._paths.get(source, [Path(source)])
        known = self._seen.get(source)
        if known is not None and known[0] == _signature(paths):
            return known[1] != code_hash
        current = self._read(source)
        self._seen[source] = (_signature(self._paths.get(source, paths)), current)
        return current != code_hash

    def _read(self, source: str) -> str:
        path = Path(source)
        try:
            files = needed_files(path, source_roots(self._home, path))
        except ClientLoadError:
            return ""  # what does not compile is no version at all, so it differs from every one
        self._paths[source] = [path, *(file.path for file in files.values())]
        return hash_files(files)


def differs(home: Home, source: str, code_hash: str) -> bool:
    """Compare once, without keeping anything."""
    return SourceWatch(home).differs(source, code_hash)


def _signature(paths: list[Path]) -> _Signature:
    found = []
    for path in paths:
        try:
            status = path.stat()
            found.append((str(path), status.st_mtime_ns, status.st_size))
        except OSError:
            found.append((str(path), 0, -1))
    return tuple(found)
