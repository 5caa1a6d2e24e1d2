"""Deleting a source: it is moved to ``data/trash`` and can be brought back."""

import json
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.clock import Micros, from_text, system_clock, to_datetime, to_text
from quantstrip.errors import FileChanged, FileError
from quantstrip.home import Home, private_folder
from quantstrip.operations.files import bytes_of, check_writable, digest_now
from quantstrip.operations.files_lock import alone
from quantstrip.operations.files_places import new_place, place_of, taken_by

MOST_KEPT: Final = 200
_ABOUT: Final = "about.json"
_CONTENT: Final = "content"


@dataclass(frozen=True, slots=True)
class Deleted:
    """A file in the trash; ``when`` it was deleted, by the wall clock."""

    id: str
    path: str
    when: Micros


def delete(home: Home, path: str, *, over: str = "", keep: int = MOST_KEPT) -> Deleted:
    """Move a source to the trash. What was deployed from it is a copy, and goes on.

    Args:
        home: its home.
        path: in ``clients/``.
        over: the digest of the file that the caller has seen; "" deletes whatever it is.
        keep: how many deleted files stay; older ones are gone for good.

    Raises:
        FileChanged: it is another one by now.
        FileError: the path is refused, or the file is gone or cannot be moved.

    """
    with alone(home):
        place = place_of(home, path)
        check_writable(place)
        bytes_of(place)
        if over and digest_now(home, path) != over:
            raise FileChanged(f"{path} was changed meanwhile", hint="See what it is now; nothing was deleted.")
        now = system_clock.now()
        deleted = Deleted(f"{to_datetime(now):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}", path, now)
        folder = home.trash / deleted.id
        try:
            private_folder(home.trash)
            folder.mkdir()
            (folder / _ABOUT).write_text(json.dumps({"path": path, "when": to_text(now)}), encoding="utf-8")
            place.file.replace(folder / _CONTENT)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise FileError(f"{path} cannot be deleted: {error.strerror or error}") from error
        for old in trash(home)[keep:]:
            shutil.rmtree(home.trash / old.id, ignore_errors=True)
    return deleted


def trash(home: Home) -> list[Deleted]:
    """What can be brought back, the last deleted first."""
    found = [each for folder in _folders(home) if (each := _about(folder)) is not None]
    return sorted(found, key=lambda each: (each.when, each.id), reverse=True)


def restore(home: Home, which: str, *, to: str = "") -> str:
    """Bring a deleted source back, and return its path.

    Args:
        home: its home.
        which: an id, or the path that the file had: the last one deleted from there.
        to: another path for it.

    Raises:
        FileError: it is not in the trash, or another file has its path by now.

    """
    with alone(home):
        deleted = next((each for each in trash(home) if which in (each.id, each.path)), None)
        if deleted is None:
            raise FileError(f"{which} is not in the trash", hint=f"The last {MOST_KEPT} deleted files are kept.")
        place = new_place(home, to) if to else place_of(home, deleted.path)
        taken = taken_by(place)
        if taken:
            raise FileError(
                f"{place.path} cannot be brought back: there is a file {taken} by now",
                hint="Rename that one first, or bring it back under another name.",
            )
        try:
            place.file.parent.mkdir(parents=True, exist_ok=True)
            (home.trash / deleted.id / _CONTENT).replace(place.file)
        except OSError as error:
            raise FileError(f"{deleted.path} cannot be brought back: {error.strerror or error}") from error
        shutil.rmtree(home.trash / deleted.id, ignore_errors=True)
    return place.path


def _folders(home: Home) -> list[Path]:
    return [folder for folder in home.trash.iterdir() if folder.is_dir()] if home.trash.is_dir() else []


def _about(folder: Path) -> Deleted | None:
    """What a folder of the trash holds; None for one that was not finished."""
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        found = Deleted(folder.name, str(about["path"]), from_text(about["when"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if (folder / _CONTENT).is_file() else None
