"""Data sources on Linux and macOS: the user's ``odbc.ini``, and the drivers that unixODBC knows.

The file is the user's and holds other sources, maybe with passwords: only the lines of one section change, in one step.
"""

import os
import re
import secrets
import shutil
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from quantstrip.errors import DataSourceError

LIBRARIES: Final = (
    "/usr/lib/*/odbc/libsqlite3odbc.so",
    "/usr/lib64/libsqlite3odbc.so",
    "/usr/lib/libsqlite3odbc.so",
    "/usr/local/lib/libsqlite3odbc.so",
    "/usr/local/lib/libsqlite3odbc.dylib",
    "/opt/homebrew/lib/libsqlite3odbc.dylib",
)
"""Where the driver lies when nobody registered it."""
_SQLITE3: Final = re.compile(r"sqlite[ _-]?3", re.IGNORECASE)
_HEADER: Final = re.compile(r"^[ \t]*\[([^\]\r\n]*)\][^\r\n]*(?:\r?\n|\Z)", re.MULTILINE)
_ENTRY: Final = re.compile(r"^[ \t]*([^;#\[\s=][^=\r\n]*?)[ \t]*=[ \t]*([^\r\n]*?)[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_SECONDS: Final = 10.0


class IniSources:
    """The data sources of one user in an ``odbc.ini``.

    Args:
        path: the file; it need not exist. None asks unixODBC which one it reads.
        odbcinst: unixODBC's command, which knows the registered drivers.
        libraries: patterns of files that are the driver, for a machine where it is not registered.

    """

    def __init__(
        self, path: Path | None = None, *, odbcinst: str = "odbcinst", libraries: Sequence[str] = LIBRARIES
    ) -> None:
        self._odbcinst, self._libraries = shutil.which(odbcinst), libraries
        self._path = path or self._users_file()

    @property
    def place(self) -> str:
        """The file."""
        return str(self._path)

    def drivers(self) -> dict[str, str]:
        """SQLite drivers by the name that a source uses: registered ones, else a library under its own path."""
        names = [line.strip("[] ") for line in self._asked("-q", "-d") if line.startswith("[")]
        found = {name: self._library(name) for name in names if _SQLITE3.search(name)}
        return found or {str(path): str(path) for path in _existing(self._libraries)}

    def names(self) -> list[str]:
        """Every data source in the file."""
        return [header[1].strip() for header in _HEADER.finditer(self._text()) if header[1].strip()]

    def read(self, name: str) -> dict[str, str] | None:
        """A source's values; None where there is none of the name, whatever the case of its letters."""
        text = self._text()
        span = _section(text, name)
        return None if span is None else dict(_ENTRY.findall(text[span[0] : span[1]]))

    def write(self, name: str, values: Mapping[str, str]) -> None:
        """Make the source, or replace its lines; all others stay byte for byte.

        Raises:
            DataSourceError: the file cannot be written; it is as it was.

        """
        text = self._text()
        newline = "\r\n" if "\r\n" in text else "\n"
        section = newline.join([f"[{name}]", *(f"{key} = {value}" for key, value in values.items()), ""])
        span = _section(text, name)
        if span is None:
            apart = "" if not text or text.endswith(newline * 2) else newline if text.endswith(newline) else newline * 2
            self._replace(text + apart + section)
        else:
            self._replace(text[: span[0]] + section + text[span[1] :])

    def remove(self, name: str) -> bool:
        """Take the source out; False where there is none.

        Raises:
            DataSourceError: the file cannot be written; it is as it was.

        """
        text = self._text()
        span = _section(text, name)
        if span is None:
            return False
        before, after = text[: span[0]], text[span[1] :]
        newline = "\r\n" if "\r\n" in text else "\n"
        if not after and before.endswith(newline * 2):
            before = before.removesuffix(newline)  # the empty line that was put between
        self._replace(before + after)
        return True

    def _text(self) -> str:
        try:
            return self._path.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise DataSourceError(
                f"{self._path} cannot be read: {error.strerror or error}",
                hint="See that it is a file, and yours to read.",
            ) from error

    def _replace(self, text: str) -> None:
        target = self._path.resolve()  # a link stays a link
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else stat.S_IRUSR | stat.S_IWUSR
            with temporary.open("xb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(text.encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise DataSourceError(
                f"{target} could not be written: {error.strerror or error}",
                hint="Give yourself write access to it, or name another file in the environment variable ODBCINI.",
            ) from error

    def _users_file(self) -> Path:
        label = "USER DATA SOURCES"
        for line in self._asked("-j"):
            if line.startswith(label):
                return Path(line.partition(":")[2].strip())
        return Path(os.environ.get("ODBCINI") or Path.home() / ".odbc.ini")

    def _library(self, name: str) -> str:
        told = "\n".join(self._asked("-q", "-d", "-n", name))
        return next((entry[2] for entry in _ENTRY.finditer(told) if entry[1] == "Driver"), "")

    def _asked(self, *arguments: str) -> list[str]:
        """What unixODBC's own command says; nothing where it is missing or fails."""
        if self._odbcinst is None:
            return []
        done = subprocess.run(
            [self._odbcinst, *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        return done.stdout.splitlines() if done.returncode == 0 else []


def _section(text: str, name: str) -> tuple[int, int] | None:
    """Where a section begins, and where its last entry ends: comments below may be those of the next one."""
    headers = list(_HEADER.finditer(text))
    for place, header in enumerate(headers):
        if header[1].strip().lower() != name.lower():
            continue
        following = headers[place + 1].start() if place + 1 < len(headers) else len(text)
        ends = [entry.end() for entry in _ENTRY.finditer(text, header.end(), following)]
        return header.start(), ends[-1] if ends else header.end()
    return None


def _existing(patterns: Sequence[str]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(Path("/").glob(pattern.lstrip("/")))]
