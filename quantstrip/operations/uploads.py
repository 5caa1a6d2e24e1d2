"""Files that a browser hands over for a task: kept under their own names until the task has taken them in."""

import re
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from quantstrip.clock import SECOND, system_clock
from quantstrip.errors import DataError
from quantstrip.home import Home, private_folder

_KEEP_SECONDS: Final = 24 * 3600
_LONGEST: Final = 200
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def keep(home: Home, name: str, content: bytes, endings: Sequence[str]) -> Path:
    """Write a file that was handed over, in a folder of its own: its name may say what it is.

    What was handed over a day ago and never taken in is removed.

    Args:
        home: where it lies.
        name: as the browser says it; of a path the last part counts.
        content: all of it.
        endings: of names that are taken, such as ``.csv``.

    Raises:
        DataError: its name ends otherwise, it is empty, or it cannot be written.

    """
    plain = PurePosixPath(PureWindowsPath(name).name).name
    if not plain.lower().endswith(tuple(endings)) or len(plain) > _LONGEST or _CONTROL.search(plain):
        raise DataError(f"{plain!r} is none of {', '.join(endings)}", hint="Choose another file, or rename it.")
    if not content:
        raise DataError(f"{plain} is empty", hint="Choose another file.")
    _forget_old(home)
    try:
        private_folder(home.uploads)
        folder = home.uploads / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        path = folder / plain
        path.write_bytes(content)
    except OSError as error:
        raise DataError(
            f"{plain} cannot be kept in {home.uploads}: {error.strerror or error}",
            hint="Make room on the disk, or give yourself write access there.",
        ) from error
    return path


def is_one(home: Home, path: str | Path) -> bool:
    """Whether a path is that of a file which was handed over."""
    return Path(path).parent.parent == home.uploads


def drop(home: Home, path: str | Path) -> None:
    """Remove a file that was handed over; any other is left alone."""
    if is_one(home, path):
        shutil.rmtree(Path(path).parent, ignore_errors=True)


def _forget_old(home: Home) -> None:
    """Remove what nobody took in."""
    before = system_clock.now() / SECOND - _KEEP_SECONDS
    with suppress(OSError):
        for folder in home.uploads.iterdir():
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)
