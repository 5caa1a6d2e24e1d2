"""``python -m quantstrip.supervise.host CONFIG PARENT``: supervisord, made to hear at once that a child has died.

supervisord sleeps in ``poll`` for up to a second. A child's death wakes it when the child's pipe closes, mostly an
instant before the kernel lets the child be reaped, so that the death itself is noticed a second later; and the event
for the warden waits for yet another wake-up. Here every signal writes a byte into a pipe that ``poll`` watches.
"""

import os
import signal
import sys

from quantstrip.supervise.tether import tether

_ECHO = b"\0"  # no signal has the number 0


class Waker:
    """A pipe that signals write to, in the shape supervisord's loop expects of what it polls."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def install(self, watched: dict[int, object]) -> None:
        """Have every signal wake the loop that polls ``watched``."""
        watched[self._read] = self
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)

    def readable(self) -> bool:
        """Whether to wait for bytes: always."""
        return True

    def writable(self) -> bool:
        """Whether to wait for room: never."""
        return False

    def handle_read_event(self) -> None:
        """Take the bytes; after a signal ask for one more turn, which hands the events of this one to the warden."""
        if os.read(self._read, 4096).strip(_ECHO):
            os.write(self._write, _ECHO)

    def handle_error(self) -> None:
        """Let errors surface: a loop that cannot be woken must not go on in silence."""
        raise


def main(arguments: list[str]) -> None:
    """Run supervisord in the foreground on a generated configuration; the kernel ends it when ``up`` is killed."""
    configuration, parent = arguments
    tether(int(parent))
    from supervisor.medusa import asyncore_25  # type: ignore[import-untyped]
    from supervisor.supervisord import main as supervisord  # type: ignore[import-untyped]

    Waker().install(asyncore_25.socket_map)
    supervisord(["--nodaemon", "--configuration", configuration])


if __name__ == "__main__":
    main(sys.argv[1:])
