"""How much memory a run may take: code that only ever grows fails with its line, before the machine runs short."""

import os
import sys
from typing import Final

_MEGABYTE: Final = 1_000_000
_SHARE: Final = 0.9
"""Of the machine's memory, where nobody says how much: beyond it the system would kill, perhaps a trader."""


def bound_memory(megabytes: int = 0) -> None:
    """Let this process, and those it starts, take no more private memory than so much; 0 is nine tenths of all.

    A limit that is lower already stays. The data segment counts private memory that is written to: a limit of the
    address space would count what numpy only reserves.
    """
    if sys.platform == "win32":
        return
    import resource

    wanted = megabytes * _MEGABYTE or int(_SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or wanted < soft:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
