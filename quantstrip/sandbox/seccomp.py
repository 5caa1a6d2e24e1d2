"""What this process, and every one that it starts, may no longer ask of the Linux kernel.

A filter (seccomp, BPF) looks at each call. ``refuse_internet`` takes away sockets of the internet and raw packets, for
clients on trial; sockets between processes of this machine stay. ``refuse_system`` takes away all that code which only
computes never needs: sockets, other programs and processes, signals, other people's memory. What is refused ends with
EACCES. See ``seccomp(2)`` and ``linux/audit.h``.
"""

import ctypes
import errno
import platform
import socket
import struct
import sys
from typing import Final

_NO_NEW_PRIVILEGES: Final = 38
_SET_SECCOMP: Final = 22
_FILTER: Final = 2
_PACKET: Final = 17
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EACCES
_MISSING: Final = 0x00050000 | errno.ENOSYS
_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # places in struct seccomp_data, little endian
_MACHINES: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Audit number of the machine and number of its call ``socket``."""
_SYSTEM: Final = {
    "x86_64": (
        29, 41, 53, 57, 58, 59, 62, 64, 68, 90, 91, 92, 93, 94, 101, 129, 155, 161, 165, 166, 169, 175, 176,
        188, 200, 234, 240, 246, 248, 249, 250, 260, 268, 272, 280, 297, 298, 303, 304, 308, 310, 311, 313,
        321, 322, 323, 424, 425, 426, 434, 438,
    ),
    "aarch64": (
        5, 39, 40, 41, 51, 52, 53, 54, 55, 88, 97, 104, 105, 106, 117, 129, 130, 131, 138, 142, 180, 186,
        190, 194, 198, 199, 217, 218, 219, 221, 240, 241, 264, 265, 268, 270, 271, 273, 280, 281, 282, 424,
        425, 426, 434, 438,
    ),
}  # fmt: skip
"""Calls that mean sockets, programs, processes and their memory, signals, mounts, modules, keys, owners and modes."""
_OPENS: Final = {"x86_64": (2, 85, 257, 437), "aarch64": (56, 437)}
"""``open``, ``creat``, ``openat``, ``openat2``."""
_CLONES: Final = {"x86_64": (56, 435), "aarch64": (220, 435)}
"""``clone``, which threads and processes begin with, and its successor, whose flags no filter can see."""
_THREAD: Final = 0x00010000
_X32: Final = 0x40000000  # calls of another kind on x86_64 begin there


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def known_machine() -> bool:
    """Can filters be made here? Linux on a processor whose calls are known."""
    return sys.platform.startswith("linux") and platform.machine() in _MACHINES and sys.byteorder == "little"


def refuse_internet() -> bool:
    """Have the kernel refuse connections from now on; False where this machine cannot.

    It holds for the calling thread and those that it starts, so it is called before the first one is started.
    """
    return known_machine() and _hold(_program(*_MACHINES[platform.machine()]))


def refuse_system(*, files: bool) -> bool:
    """Leave this process nothing but computing, from now on; False where this machine cannot.

    Threads may still be started, files that are open still be read and written.

    Args:
        files: refuse to open files too; else something else must say which.

    """
    if not known_machine():
        return False
    machine = platform.machine()
    calls = (*_SYSTEM[machine], *(_OPENS[machine] if files else ()))
    return _hold(_computing(_MACHINES[machine][0], calls, *_CLONES[machine]))


def _hold(code: bytes) -> bool:
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(architecture: int, call: int) -> bytes:
    """The filter: refuse another architecture's calls, and ``socket`` of the families that leave the machine."""
    families = (int(socket.AF_INET), int(socket.AF_INET6), _PACKET)
    last = 6 + len(families)  # of the instructions below: allow; the one after it refuses
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, last - 1, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, last - 3, 0, _X32),
        (_EQUAL, 0, last - 5, call),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *((_EQUAL, last - 6 - row, 0, family) for row, family in enumerate(families)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return _packed(steps)


def _computing(architecture: int, calls: tuple[int, ...], clone: int, clone3: int) -> bytes:
    """The filter: refuse these calls, and ``clone`` without threads; ``clone3`` is said to be unknown.

    The C library then takes ``clone``, whose flags can be looked at.
    """
    refuse = 9 + len(calls)  # of the instructions below
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, refuse - 2, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, refuse - 4, 0, _X32),
        *((_EQUAL, refuse - 5 - row, 0, call) for row, call in enumerate(calls)),
        (_EQUAL, 5, 0, clone3),
        (_EQUAL, 0, 2, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_HAS, 0, 1, _THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _MISSING),
    ]
    return _packed(steps)


def _packed(steps: list[tuple[int, int, int, int]]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
