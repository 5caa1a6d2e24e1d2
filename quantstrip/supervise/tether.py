"""A process that ends with its parent, however the parent ended."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tether(parent: int, signal_number: int = signal.SIGTERM) -> None:
    """Ask the kernel to signal this process when its parent dies; ends at once if the parent is gone already.

    Linux only (``prctl(2)``); elsewhere nothing happens and the callers' own checks of ``getppid`` remain.

    Args:
        parent: the process id the parent had when it started this process.
        signal_number: what to receive.

    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal_number)
