"""Who may open the dashboard: one token per home, as a notebook server has.

The token is a file only its owner can read. It is never an argument of a process and never in a log; it travels once,
in the address a person opens, and is exchanged there for a cookie.
"""

import hmac
import os
import re
import secrets
import stat
import tempfile
from pathlib import Path
from typing import Final

from quantstrip.errors import HomeError, SecretError
from quantstrip.home import Home, private_folder

LOOPBACK: Final = "127.0.0.1"
_BYTES: Final = 32
_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{32,}")


def token(home: Home) -> str:
    """The home's token; made on first use.

    Raises:
        SecretError: the file is readable by others, or holds no token.
        HomeError: there is none, and it cannot be written.

    """
    path = home.token_file
    if not path.exists():
        _create(path, replace=False)
    _check_private(path)
    value = path.read_text(encoding="ascii", errors="replace").strip()
    if not _SHAPE.fullmatch(value):
        raise SecretError(
            f"{path} holds no login token: 32 or more letters, digits, - and _ were expected, {len(value)} signs came",
            hint="Make a new one: quantstrip token --rotate",
        )
    return value


def rotate(home: Home) -> str:
    """Replace the token: every open login ends, in every browser, at its next request.

    Raises:
        HomeError: it cannot be written; the old one holds.

    """
    _create(home.token_file, replace=True)
    return token(home)


def login_url(home: Home, port: int) -> str:
    """The address that logs a browser in."""
    return f"http://{LOOPBACK}:{port}/?token={token(home)}"


def cookie_name(port: int) -> str:
    """One name per port: browsers share the cookies of 127.0.0.1 between all ports."""
    return f"quantstrip-{port}"


def matches(expected: str, given: str) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def _create(path: Path, *, replace: bool) -> None:
    """Write a new token beside ``path`` and put it in place whole: two processes that start together agree on one."""
    try:
        private_folder(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".token-")  # mkstemp lets the owner alone read it
    except OSError as error:
        raise _unwritten(path, error) from error
    fresh = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(_BYTES) + "\n")
        if replace:
            fresh.replace(path)
        else:
            os.link(fresh, path)
    except FileExistsError:
        return  # another process was first: its token is the token
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        fresh.unlink(missing_ok=True)


def _unwritten(path: Path, error: OSError) -> HomeError:
    return HomeError(
        f"the login token {path} cannot be written: {error.strerror or error}; nothing was changed",
        hint="Run as the user who owns the home, or give yourself write access to it, and see that the disk has room.",
    )


def _check_private(path: Path) -> None:
    if os.name != "posix":
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(
            f"{path} may be read by its owner only (mode 600), its mode is {mode:o}: the token may be known to others",
            hint="Make a new one: quantstrip token --rotate",
        )
