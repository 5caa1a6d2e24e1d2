"""The overlay: packages a user installed for their clients, and how a process comes to see them.

Every change makes a whole new version of it, in a folder of its own, and then names that one in a file that is replaced
at once: a change that is killed leaves what was there. A process stays with the version it began with, so that a
running client never imports half of the old and half of the new; it holds that version, so that nobody removes it.

There is one overlay for all clients of a home. A client whose packages do not go together with it has an environment:
an overlay of its own, made in the same way, that it sees in the place of the shared one.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.home import Home
from quantstrip.locks import share_lock

HOLD: Final = ".in-use"
_held: dict[str, int] = {}
"""By the folder, the open file that says that this process uses it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an overlay lies.

    Attributes:
        versions: ``NUMBER/`` below it holds all that is installed after a change.
        pointer: the file that names the version that counts.
        client: whose environment it is; "" for the shared one.

    """

    versions: Path
    pointer: Path
    client: str = ""

    def current(self) -> Path | None:
        """The folder of the version that counts; None where nothing was ever installed."""
        try:
            name = self.pointer.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        folder = self.versions / name
        return folder if name.isdigit() and folder.is_dir() else None


def place_of(home: Home, client: str = "") -> Place:
    """The shared overlay, or the environment of one client, which need not exist."""
    if not client:
        return Place(home.package_versions, home.package_pointer)
    own = home.client_packages / client
    return Place(own / ".versions", own / ".current", client)


def current(home: Home, client: str = "") -> Path | None:
    """The folder of the version that counts, of the shared overlay or of a client's own; None where there is none."""
    return place_of(home, client).current()


def environments(home: Home) -> list[str]:
    """The clients that have an environment of their own, by name."""
    folder = home.client_packages
    return sorted(each.name for each in folder.iterdir() if current(home, each.name)) if folder.is_dir() else []


def client_of(home: Home, file: str | Path) -> str:
    """The client that a file of the home's ``clients/`` is, by its name; "" for a file from elsewhere."""
    path = Path(file).resolve()
    if not path.is_relative_to(home.clients.resolve()):
        return ""
    return Path(path.relative_to(home.clients.resolve()).parts[0]).stem


def use(home: Home, client: str = "") -> None:
    """Make the overlay importable, after all that is importable already: it can shadow nothing of the platform's.

    Modules that lie in ``packages/`` itself, put there by hand, come after those that were installed.

    Args:
        client: who runs here; where it has an environment, that takes the place of the shared overlay.

    """
    places = [place_of(home, client), place_of(home)] if client else [place_of(home)]
    begun = any(Path(path).name.isdigit() and Path(path).is_relative_to(home.packages) for path in sys.path)
    version = None if begun else next(filter(None, (place.current() for place in places)), None)
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
