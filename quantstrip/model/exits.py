"""How a client's process ends, as its exit code: the warden decides on it whether to start it again."""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of a client's process; the numbers above 63 follow BSD's ``sysexits.h``."""

    STOPPED = 0
    """Stopped by request, or finished by ``stop_client()``; not restarted."""
    CRASHED = 3
    """An exception left the client; restarted with back-off."""
    RESTART = 4
    """A job failed under ``error_policy = "restart"``; restarted with back-off."""
    LOCKED = 75
    """Another copy of this client runs; not restarted."""
    LOAD_ERROR = 78
    """The file cannot be imported or constructed; recorded with its trace, not restarted."""
