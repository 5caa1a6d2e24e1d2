"""Which files this process, and what it starts, may still read: Landlock, the Linux kernel's own rule book.

See ``landlock(7)`` and ``linux/landlock.h``. It needs no privilege and holds until the process ends.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION: Final = 1
_BENEATH: Final = 1
_NO_NEW_PRIVILEGES: Final = 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Rights over files that each version of the interface knows: so many bits."""
_NETWORK_SINCE: Final = 4


class _Rules(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The kernel's version of the interface; 0 where it has none, or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(0, int(_libc().syscall(_CREATE, None, 0, _VERSION)))


def only_read(folders: Iterable[Path]) -> bool:
    """From now on nothing but the files beneath these folders can be opened, and only to read.

    It holds for the calling thread and those that it starts, so it is called before the first one is started.

    Returns:
        False where the kernel cannot; nothing has changed then.

    """
    known = version()
    if not known:
        return False
    libc = _libc()
    rights = (1 << _RIGHTS.get(known, _RIGHTS[5])) - 1
    rules = _Rules(rights, 0b11)  # and neither bind nor connect
    size = 16 if known >= _NETWORK_SINCE else 8
    book = libc.syscall(_CREATE, ctypes.byref(rules), size, 0)
    if book < 0:
        return False
    try:
        for folder in folders:
            if not _allow(libc, book, folder):
                return False
        held = libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and libc.syscall(_RESTRICT, book, 0) == 0
        return bool(held)
    finally:
        os.close(book)


def _allow(libc: ctypes.CDLL, book: int, path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return True  # nothing to allow
    try:
        rule = _Beneath(_READ_FILE | _READ_DIR if path.is_dir() else _READ_FILE, descriptor)
        return bool(libc.syscall(_ADD, book, _BENEATH, ctypes.byref(rule), 0) == 0)
    finally:
        os.close(descriptor)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
