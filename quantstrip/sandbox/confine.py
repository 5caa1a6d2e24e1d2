"""Makes this process a cell: it computes, and reaches nothing else. There is no way back.

Two layers of the kernel, where it has them: Landlock leaves it the interpreter's and the libraries' files to read;
seccomp takes sockets, programs, processes and signals. Where there is no Landlock, seccomp takes the opening of files
altogether, so that whatever is needed is imported before. Where there is no seccomp, nothing untrusted runs.
"""

import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.errors import SandboxMissing
from quantstrip.sandbox.landlock import only_read, version
from quantstrip.sandbox.seccomp import known_machine, refuse_system

_MEGABYTE: Final = 1_000_000
_GRACE: Final = 2
"""Seconds between the signal that the processor time is over, which the process may handle, and its end."""
_SYSTEM: Final = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/localtime",
                  "/dev/null", "/dev/urandom")  # fmt: skip
"""What libraries of the system and the clock are read from; nothing of it is anybody's own."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What untrusted code may take.

    Attributes:
        seconds: of processor time; twice as much on the clock.
        memory: megabytes of data.
        answer: megabytes that it may say.

    """

    seconds: float = 60.0
    memory: int = 2_000
    answer: int = 200


def available() -> bool:
    """Tell whether this machine can hold untrusted code."""
    return known_machine()


def confine(limits: Limits, extra: Iterable[Path] = ()) -> None:
    """Confine the calling process, before it starts a thread and before it runs a line that is not ours.

    Args:
        limits: of processor time and memory.
        extra: folders or files that may be read besides the interpreter's and the libraries'.

    Raises:
        SandboxMissing: this machine cannot.

    """
    if not sys.platform.startswith("linux"):
        raise missing("it is not Linux")
    _limit(limits)
    landlocked = version() > 0 and only_read([*_readable(), *extra])
    if not refuse_system(files=not landlocked):
        raise missing("its kernel has no seccomp filters")


def _readable() -> list[Path]:
    """The interpreter, its libraries and the platform's own package: not the home, which may lie around them."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    paths |= {str(Path(__file__).resolve().parents[1]), *_SYSTEM}
    paths |= {path for path in sys.path if path and Path(path).name in {"site-packages", "dist-packages"}}
    return [Path(path) for path in sorted(paths) if path]


def _limit(limits: Limits) -> None:
    import resource

    seconds = max(1, round(limits.seconds))
    wanted = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_DATA: limits.memory * _MEGABYTE,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, value in wanted.items():
        most = resource.getrlimit(kind)[1]
        limit = value if most == resource.RLIM_INFINITY else min(value, most)
        grace = _GRACE if kind == resource.RLIMIT_CPU and most == resource.RLIM_INFINITY else 0
        resource.setrlimit(kind, (limit, limit + grace))
    os.umask(0o777)


def missing(why: str) -> SandboxMissing:
    """The error of a machine that cannot."""
    return SandboxMissing(
        f"this machine cannot hold untrusted code: {why}",
        hint="Read the code, and run it as your own if you trust it; or run it on Linux.",
    )
