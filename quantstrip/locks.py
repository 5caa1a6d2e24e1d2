"""Locks between processes, on files: the system frees one when its holder dies, however it dies."""

import os
import sys
from pathlib import Path

from quantstrip.clock import Clock, system_clock

_PAUSE = 0.01

if sys.platform == "win32":
    import msvcrt

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for this process; False while another one holds it."""
        os.lseek(descriptor, 0, os.SEEK_SET)  # a range of bytes is locked, from where the descriptor stands
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def share_lock(_: int) -> None:
        """Nothing: here the system itself keeps a folder that is in use from being removed."""

    def unlock(descriptor: int) -> None:
        """Give back what ``try_lock`` took."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Lock an open file for this process; False while another one holds it."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share_lock(descriptor: int) -> None:
        """Hold an open file together with others: until they all end, ``try_lock`` of it is False."""
        fcntl.flock(descriptor, fcntl.LOCK_SH)

    def unlock(descriptor: int) -> None:
        """Give back what ``try_lock`` took."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def wait_for_lock(descriptor: int, seconds: float, clock: Clock = system_clock) -> bool:
    """Lock an open file for this process; False when another one still holds it after so many seconds."""
    until = clock.monotonic() + seconds
    while not try_lock(descriptor):
        if clock.monotonic() > until:
            return False
        clock.wait(_PAUSE)
    return True


def take_lock(path: Path) -> int | None:
    """Lock the file ``path``, which its holder unlinks when it ends; its descriptor, or None while another holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    # The one before may have unlinked it since: a lock on a file that is no longer the path's guards nothing.
    if try_lock(descriptor) and _is_current(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
