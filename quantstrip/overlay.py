"""The overlay: packages a user installed for their clients, and how a process comes to see them.

Every change makes a whole new version of it, in a folder of its own, and then names that one in a file that is replaced
at once: a change that is killed leaves what was there. A process stays with the version it began with, so that a
running client never imports half of the old and half of the new; it holds that version, so that nobody removes it.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from quantstrip.home import Home
from quantstrip.locks import share_lock

HOLD: Final = ".in-use"
_held: dict[str, int] = {}
"""By the folder, the open file that says that this process uses it."""


def current(home: Home) -> Path | None:
    """The folder of the version that counts; None where nothing was ever installed."""
    try:
        name = home.package_pointer.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    folder = home.package_versions / name
    return folder if name.isdigit() and folder.is_dir() else None


def use(home: Home) -> None:
    """Make the overlay importable, after all that is importable already: it can shadow nothing of the platform's.

    Modules that lie in ``packages/`` itself, put there by hand, come after those that were installed.
    """
    begun = any(Path(path).parent == home.package_versions for path in sys.path)
    version = None if begun else current(home)
    if version is not None:
        _hold(version)
    for folder in (version, home.packages):
        if folder is not None and str(folder) not in sys.path:
            sys.path.append(str(folder))


def _hold(version: Path) -> None:
    with suppress(OSError):  # a home that cannot be written to is one where nobody removes anything either
        descriptor = os.open(version / HOLD, os.O_RDONLY)  # a client on trial may not even open it to write
        share_lock(descriptor)
        _held[str(version)] = descriptor
