"""Versions of the overlay: made beside the one that counts, named when whole, removed when nobody uses them."""

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Final

from quantstrip.errors import PackageError
from quantstrip.locks import take_lock, try_lock
from quantstrip.operations.packages import ASKED
from quantstrip.overlay import HOLD, Place
from quantstrip.report.files import write_whole

_STAGING: Final = "new"
_FRESH: Final = "fresh"
_KEPT: Final = 2
"""Newest versions that stay in any case: one may be read by a process that has not said so yet."""


@contextmanager
def changing(place: Place) -> Iterator[Path]:
    """One change at a time: an empty folder for the new version; what an earlier one left behind is removed first.

    Raises:
        PackageError: another change runs, or the home cannot be written.

    """
    try:
        place.versions.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unchanged(error) from error
    lock = place.versions / ".lock"
    held = take_lock(lock)
    if held is None:
        raise PackageError("packages are being changed already", hint="Wait until that is done, and try again.")
    try:
        for name in (_STAGING, _FRESH):
            shutil.rmtree(place.versions / name, ignore_errors=True)
        staging = place.versions / _STAGING
        staging.mkdir()
        yield staging
    except OSError as error:
        raise _unchanged(error) from error
    finally:
        for name in (_STAGING, _FRESH):
            shutil.rmtree(place.versions / name, ignore_errors=True)
        lock.unlink(missing_ok=True)
        os.close(held)


def forget(place: Place) -> bool:
    """Remove a client's environment: it sees the shared packages from its next start; True where there was one.

    A version that a process uses stays as long as the machine runs it, and is named by nothing.

    Raises:
        PackageError: a change of it runs, or it cannot be removed.

    """
    folder = place.pointer.parent
    if not place.client or not folder.is_dir():
        return False
    with changing(place):
        place.pointer.unlink(missing_ok=True)
        for version in place.versions.iterdir():
            if version.name.isdigit() and not _in_use(version):
                shutil.rmtree(version, ignore_errors=True)
    for each in (place.versions, folder):
        with suppress(OSError):  # a version that is in use stays in it
            each.rmdir()
    return True


def fresh(place: Place) -> Path:
    """A folder for pip alone: into one that holds something it would not merge a package that several share."""
    return place.versions / _FRESH


def take_over(place: Place, staging: Path, dists: Iterable[metadata.Distribution]) -> None:
    """Link into ``staging`` the files of what stays."""
    folder = place.current()
    if folder is None:
        return
    for dist in dists:
        for file in dist.files or ():
            inside = _inside(PurePosixPath(str(file)))
            if inside is not None and (folder / inside).is_file():
                _link(folder / inside, staging / inside)


def merge(fresh_folder: Path, staging: Path) -> None:
    """Move what pip installed to what stays."""
    for path in sorted(fresh_folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            target = staging / path.relative_to(fresh_folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def name_it(place: Place, staging: Path, asked: Mapping[str, str]) -> Path:
    """Let the new version count from now on, in one step; returns its folder."""
    (staging / ASKED).write_text(json.dumps(dict(sorted(asked.items())), indent=1), encoding="utf-8")
    (staging / HOLD).touch()
    number = max((int(path.name) for path in place.versions.iterdir() if path.name.isdigit()), default=0) + 1
    version = place.versions / str(number)
    staging.rename(version)
    write_whole(place.pointer, f"{number}\n".encode())
    prune(place)
    return version


def prune(place: Place) -> None:
    """Remove versions that are neither new nor in use."""
    numbers = sorted(int(path.name) for path in place.versions.iterdir() if path.name.isdigit())
    newest = place.current()
    for number in numbers[:-_KEPT]:
        version = place.versions / str(number)
        if version != newest and not _in_use(version):
            shutil.rmtree(version, ignore_errors=True)


def _unchanged(error: OSError) -> PackageError:
    return PackageError(f"the packages could not be changed: {error.strerror or error}", hint="They are as they were.")


def _in_use(version: Path) -> bool:
    with suppress(FileNotFoundError):
        descriptor = os.open(version / HOLD, os.O_RDWR)
        try:
            return not try_lock(descriptor)
        finally:
            os.close(descriptor)
    return False


def _inside(recorded: PurePosixPath) -> PurePosixPath | None:
    """Where a recorded file lies in the folder: programs are recorded relative to where they would be elsewhere."""
    parts = [part for part in recorded.parts if part != ".."]
    return None if recorded.is_absolute() or not parts else PurePosixPath(*parts)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # no links on this file system
        shutil.copy2(source, target)
