"""Files that several processes write: a lock between them, and a save that is whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantstrip.clock import Clock, system_clock
from quantstrip.errors import SettingsError
from quantstrip.locks import unlock, wait_for_lock

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)


@contextmanager
def locked(path: Path, *, seconds: float = 10.0, clock: Clock = system_clock) -> Iterator[None]:
    """Hold the lock file ``path`` against every other thread and process; the system frees it if we die.

    Raises:
        SettingsError: another process held it for longer than ``seconds``.

    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if not wait_for_lock(file.fileno(), seconds, clock):
            raise SettingsError(
                f"another process has been writing the settings for {seconds:g} seconds",
                hint=f"Try again; if it persists, see which process holds {path}.",
            )
        try:
            yield
        finally:
            unlock(file.fileno())


def replace(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write ``path`` so that a reader, and the disk after a power loss, has either the old or the new content.

    The caller holds the lock of the folder.

    Args:
        path: a symbolic link is followed, so that it stays one.
        data: the new content.
        mode: permissions of a file that is new; an old file keeps its own.

    Raises:
        OSError: nothing was changed.

    """
    target = path.resolve()
    if target.exists():
        mode = target.stat().st_mode & 0o777
    # Writers hold the lock, so one name serves: what a killed writer left is overwritten by the next.
    temporary = target.with_name(f".{target.name}.new")
    try:
        with os.fdopen(os.open(temporary, _FLAGS, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


if sys.platform == "win32":

    def _sync_folder(folder: Path) -> None:
        """Windows has no way to sync a folder, and needs none: NTFS journals the rename."""

else:

    def _sync_folder(folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
