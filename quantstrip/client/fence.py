"""What a client on trial may not do: reach a network, or a broker's gateway nearby, and touch the real home.

Two fences. Python tells an audit hook (PEP 578) of each connection and each file before it comes to be, and the hook
refuses with words. Beneath it, on Linux, the kernel gives this process and all that it starts no socket of the internet
(seccomp), so that a library which opens its connections in C has none either. A hook cannot be taken off again, and
both hold for threads. What C code does with files tells no hook; and with the network allowed there is the hook alone.

It keeps a client that is tried out from doing what it would do for real. It is no prison: code that means harm and
knows this file gets around the hook.
"""

import functools
import ipaddress
import os
import socket
import sqlite3
import sqlite3.dbapi2
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from quantstrip.errors import SimulationRefused
from quantstrip.sandbox.seccomp import refuse_internet

_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SOCKET: Final = "socket.__new__"
_CONNECTS: Final = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"})
_LOOKS_UP: Final = frozenset(
    {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo"}
)
_STARTS: Final = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"})
_CHANGES: Final = {
    "os.remove": (0,), "os.rmdir": (0,), "os.mkdir": (0,), "os.truncate": (0,), "os.chmod": (0,), "os.chown": (0,),
    "os.utime": (0,), "os.rename": (0, 1), "os.link": (0, 1), "os.symlink": (1,), "shutil.rmtree": (0,),
}  # fmt: skip
"""Events that change a file, with which of their arguments are its paths."""
_NO_NETWORK: Final = (
    "Nothing leaves this machine from here. Allow it for this run: quantstrip simulate FILE --allow-network"
)
_NO_LOCAL: Final = (
    "A broker's gateway here takes orders without a secret. If they may be real, allow it for this run: "
    "quantstrip simulate FILE --allow-network --allow-local"
)


@dataclass(frozen=True, slots=True)
class Fence:
    """The rules of one process.

    Attributes:
        real: the real home: nothing in it is written, its settings and its ledger are not opened.
        own: the folder below it where this trial writes.
        network: True where connections to the internet are allowed.
        local: True where those to this machine and to private addresses are allowed too.
        guarded: the kernel refuses connections too, of other programs as well.

    """

    real: str
    own: str
    network: bool
    local: bool
    guarded: bool

    def judge(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what a trial may not do.

        Raises:
            SimulationRefused: always a ``PermissionError`` too, so that libraries treat it as the system's refusal.

        """
        if event == "open":
            self._opened(*arguments)
        elif event in _CHANGES:
            for place in _CHANGES[event]:
                self._keep(arguments[place])
        elif event == "sqlite3.connect":
            self._database(arguments[0])
        elif not self.network:
            self._connection(event, arguments)
        else:
            self._networked(event, arguments)

    def _opened(self, path: object, _mode: object, flags: object) -> None:
        if not isinstance(path, str | bytes):  # a descriptor that is open already
            return
        if isinstance(flags, int) and flags & _WRITING:
            self._keep(path)
        elif self._inside(found := os.path.realpath(os.fsdecode(path)), f"{self.real}{os.sep}settings"):
            raise SimulationRefused(
                f"a client on trial reads no settings of the real home: {found}",
                hint="It has a copy of them, without secrets: from quantstrip import settings.",
            )

    def _keep(self, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return
        found = os.path.realpath(os.fsdecode(path))
        if self._inside(found, self.real) and not self._inside(found, self.own):
            raise SimulationRefused(
                f"a client on trial changes nothing in the real home: {found}",
                hint="Its own home, with a copy of the ledger, is that of quantstrip.home.find_home().",
            )

    def _database(self, name: object) -> None:
        if not isinstance(name, str | bytes | os.PathLike):
            return
        if self._foreign(os.fsdecode(name)):
            raise SimulationRefused(
                f"a client on trial opens no database of the real home: {os.fsdecode(name)}",
                hint="It has a copy of the ledger: from quantstrip import db_handler.",
            )

    def authorize(self, action: int, first: str | None, *_: str | None) -> int:
        """SQLite's own question: may this be done? ATTACH opens a file that Python hears nothing of.

        A file whose name is a parameter is not told, and so is refused as well.
        """
        refused = action == sqlite3.SQLITE_ATTACH and (first is None or self._foreign(first))
        return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK

    def _foreign(self, name: str) -> bool:
        """True for a database, by path or address, of the real home."""
        found = os.path.realpath(unquote(urlsplit(name).path) if name.startswith("file:") else name)
        return self._inside(found, self.real) and not self._inside(found, self.own)

    def _connection(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == _SOCKET:
            if arguments[1] in (socket.AF_INET, socket.AF_INET6):
                raise SimulationRefused("a client on trial has no network, and no sockets for one", hint=_NO_NETWORK)
        elif event in _LOOKS_UP:
            raise SimulationRefused(f"a client on trial looks up no host: {_shown(arguments[0])}", hint=_NO_NETWORK)
        elif event in _CONNECTS:
            address = arguments[1]
            if isinstance(address, str | bytes) and self._inside(_real(address), self.own):
                return  # between its own processes
            raise SimulationRefused(f"a client on trial has no network: {_shown(address)}", hint=_NO_NETWORK)
        elif event in _STARTS and not self.guarded:
            raise SimulationRefused(
                f"a client on trial starts no other program: {_shown(arguments[0])}",
                hint="This system cannot keep other programs from the network. " + _NO_NETWORK,
            )

    def _networked(self, event: str, arguments: tuple[Any, ...]) -> None:
        """With the network, a broker's gateway is out of reach all the same: those nearby ask for no secret."""
        if event in _STARTS and not self.local:
            raise SimulationRefused(
                f"a client on trial starts no other program: {_shown(arguments[0])}",
                hint="Nothing would keep it from what listens on this machine. " + _NO_LOCAL,
            )
        if event not in _CONNECTS or event == "socket.bind" or arguments[1] is None:  # None: is connected already
            return
        address = arguments[1]
        if isinstance(address, str | bytes):
            found = _real(address)
            refused = not self._inside(found, self.own) and (not self.local or self._inside(found, self.real))
        else:
            refused = not self.local and isinstance(address, tuple) and is_local(address[0])
        if refused:
            raise SimulationRefused(
                f"a client on trial connects to nothing on this machine or in its network: {_shown(address)}",
                hint=_NO_LOCAL,
            )

    @staticmethod
    def _inside(path: str, folder: str) -> bool:
        return path == folder or path.startswith(folder + os.sep)


def raise_fence(real: Path, own: Path, *, network: bool, local: bool = False) -> None:
    """Hold this process, and what it starts, to the rules of a trial from now on; there is no way back.

    To be called before the first thread is started.

    Args:
        real: root of the real home.
        own: the trial's folder.
        network: True to allow connections to the internet.
        local: True to allow, with ``network``, those to this machine and to private addresses too.

    """
    guarded = not network and refuse_internet()
    fence = Fence(os.path.realpath(real), os.path.realpath(own), network, local, guarded)
    sys.addaudithook(_hook(fence))
    connect: Any = _watched(sqlite3.connect, fence)
    sqlite3.connect = sqlite3.dbapi2.connect = connect


def _watched(connect: Callable[..., sqlite3.Connection], fence: Fence) -> Callable[..., sqlite3.Connection]:
    """``sqlite3.connect`` whose connections attach no database of the real home; no audit event tells of that."""

    @functools.wraps(connect)
    def watched(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **named)
        connection.set_authorizer(fence.authorize)
        return connection

    return watched


def _hook(fence: Fence) -> Callable[[str, tuple[Any, ...]], None]:
    watched = frozenset({"open", "sqlite3.connect", _SOCKET, *_CHANGES, *_CONNECTS, *_LOOKS_UP, *_STARTS})

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in watched:  # most are not: there is one for each import and attribute lookup of some kinds
            fence.judge(event, arguments)

    return hook


def is_local(host: object) -> bool:
    """True for this machine and for addresses that no one on the internet has, by number or by any of its names.

    A name is looked up; one that nobody knows is not local, and fails where it is connected to.
    """
    name = os.fsdecode(host) if isinstance(host, str | bytes) else str(host)
    try:
        numbers = [name] if _is_number(name) else [str(each[4][0]) for each in socket.getaddrinfo(name or None, 0)]
    except OSError:
        return name.startswith("<")  # <broadcast>
    for number in numbers:
        address = ipaddress.ip_address(number.partition("%")[0])
        within = getattr(address, "ipv4_mapped", None) or address
        if not within.is_global or within.is_multicast:
            return True
    return False


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _real(path: str | bytes) -> str:
    """Where a socket of the file system lies; one of Linux's own names (they begin with a zero) lies nowhere."""
    name = os.fsdecode(path)
    return name if "\0" in name else os.path.realpath(name)


def _shown(address: object) -> str:
    """An address as people write it."""
    if isinstance(address, tuple | list) and len(address) >= 2 and isinstance(address, Sequence):
        return f"{address[0]} port {address[1]}"
    return os.fsdecode(address) if isinstance(address, str | bytes | os.PathLike) else str(address)
