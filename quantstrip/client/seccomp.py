"""No sockets of the internet, by the Linux kernel's word, for this process and every one that it starts.

A filter (seccomp, BPF) looks at each ``socket(2)``: the families of the internet and of raw packets are refused with
EACCES. Sockets between processes of this machine stay. See ``seccomp(2)`` and ``linux/audit.h``.
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
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # places in struct seccomp_data, little endian
_MACHINES: Final = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Audit number of the machine and number of its call ``socket``."""
_X32: Final = 0x40000000  # calls of another kind on x86_64 begin there


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse_internet() -> bool:
    """Have the kernel refuse connections from now on; False where this machine cannot.

    It holds for the calling thread and those that it starts, so it is called before the first one is started.
    """
    known = _MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or known is None or sys.byteorder != "little":
        return False
    code = _program(*known)
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
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
