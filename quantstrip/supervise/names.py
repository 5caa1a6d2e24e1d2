"""What a client may be called, and what supervisord calls its process."""

import keyword
import re
from pathlib import Path

from quantstrip.errors import ClientError

WARDEN = "warden"
NOTIFIER = "notifier"
WORKER = "worker"
_PREFIX = "client-"
_ALLOWED = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def client_name(source: Path) -> str:
    """The name of the client in ``source``: the file's stem, or the folder's name of a package.

    Raises:
        ClientError: the name cannot be that of a Python module or of a process.

    """
    name = source.name if source.is_dir() else source.stem
    return check_name(name)


def check_name(name: str) -> str:
    """The name itself, when a client may bear it.

    Raises:
        ClientError: the name has other characters than letters, digits, ``_`` and ``-``, or is a Python keyword.

    """
    if _ALLOWED.fullmatch(name) is None or keyword.iskeyword(name):
        raise ClientError(
            f"{name!r} cannot be the name of a client: letters, digits, '_' and '-' are allowed, up to 64, "
            "and a letter or '_' comes first",
            hint="Rename the file; a client is called like its file without '.py'.",
        )
    return name


def program_name(client: str) -> str:
    """The supervised process of a client; the prefix keeps a client called ``dashboard`` apart from ours."""
    return f"{_PREFIX}{client}"


def client_of(program: str) -> str | None:
    """The client a supervised process belongs to, or None for the platform's own."""
    return program.removeprefix(_PREFIX) if program.startswith(_PREFIX) else None
