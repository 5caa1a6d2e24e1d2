"""Ends a strategy's call that does not end: an endless loop is told with its line instead of waited for."""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from quantstrip.errors import ConfigError, StrategyFault

SECONDS: Final = 60.0
"""How long one call of a strategy may take where nobody says otherwise."""
_LOOK_EVERY: Final = 0.5
_DEBUGGERS: Final = ("pdb.py", "bdb.py", "pydevd.py", "debugpy")


class _Ended(BaseException):
    """Raised inside a call that took too long; no ``except Exception`` of a strategy stops it."""


@contextmanager
def patience(file: str | os.PathLike[str] | None, seconds: float = SECONDS) -> Iterator[None]:
    """End what is done inside when one call into ``file`` takes longer than ``seconds``.

    A call is what the platform asks of the file: its text that runs, one ``on_bar``. However many calls there are, each
    has its own time. Time in which this process does not run (it was stopped, the machine slept) does not count, and
    nothing is ended while a debugger waits. What computes inside a library is ended when it comes back from there.

    Args:
        file: the strategy's; None for one that was typed into a session, which is let be.
        seconds: infinite ends nothing.

    Raises:
        ConfigError: ``seconds`` is not above zero.
        StrategyFault: a call took longer; the message names the line it was at.

    """
    check_seconds(seconds)
    if file is None or seconds == float("inf"):
        yield
        return
    whole = os.path.abspath(file)  # noqa: PTH100 - as code was compiled under it, links and all
    watch = _Watch(whole, seconds, sys._getframe(2))  # whose "with" this is: contextlib stands between
    watch.begin()
    try:
        yield
    except BaseException:
        watch.end()
        if watch.line:
            raise watch.told() from None
        raise
    watch.end()
    if watch.line:  # it came back in the very moment; it took too long all the same
        raise watch.told()


def check_seconds(seconds: float) -> None:
    """Refuse what is no time to wait, with a ``ConfigError``."""
    if not seconds > 0:
        raise ConfigError(f"patience with a strategy is above 0 seconds, got {seconds:g}", hint="The default is 60.")


def file_of(strategy: object) -> str | None:
    """The file that a strategy's class was made from, as it was given; None for one that was typed into a session."""
    return getattr(sys.modules.get(type(strategy).__module__), "__file__", None)


class _Watch:
    """Looks at the stack of the thread that made it, again and again, from another one."""

    def __init__(self, file: str, seconds: float, base: FrameType) -> None:
        self.line = 0
        self._file = file
        self._seconds = seconds
        self._whose = threading.get_ident()
        self._base = base  # what is around it is not looked at: a script may run its own strategy
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="patience", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Look no more, and take back what was to be raised and was not yet.

        Whatever is asked of the interpreter in this way, even nothing, makes each of its steps slower until it has been
        raised. So it is raised here once more; and a run that nobody had to end asks for nothing.
        """
        raised = False
        while True:
            try:
                self._over.set()
                self._thread.join()
                if self.line and not raised:
                    raised = True
                    _raise_in(self._whose, _Ended)
                    while True:
                        pass
                return
            except _Ended:
                continue

    def told(self) -> StrategyFault:
        return StrategyFault(
            f"{self._file}, line {self.line}: the strategy was still there after {self._seconds:g} s",
            hint="Does that loop end? If it only takes long, give it more time: --patience SECONDS.",
        )

    def _look(self) -> None:
        call: FrameType | None = None
        waited, last = 0.0, time.monotonic()
        every = min(_LOOK_EVERY, self._seconds / 4)
        while not self._over.wait(every):
            now = time.monotonic()
            took, last = min(now - last, 4 * every), now  # a process that was stopped does not run late
            seen, line = self._call()
            waited = waited + took if seen is not None and seen is call else 0.0
            call = seen  # held, so that no other call can have its place in memory
            if waited >= self._seconds:
                self.line = line
                _raise_in(self._whose, _Ended)
                waited = 0.0  # a strategy may have caught it: once more after the same time
            del seen

    def _call(self) -> tuple[FrameType | None, int]:
        """The call into the file that goes on, and its innermost line there; None between calls, or in a debugger."""
        frame = sys._current_frames().get(self._whose)
        found: FrameType | None = None
        line = 0
        while frame is not None and frame is not self._base:
            name = frame.f_code.co_filename
            if name.endswith(_DEBUGGERS):
                return None, 0
            if name == self._file or os.path.abspath(name) == self._file:  # noqa: PTH100
                line = line or frame.f_lineno
                found = frame
            frame = frame.f_back
        return found, line


def _raise_in(thread: int, error: type[BaseException]) -> None:
    """Raise ``error`` in another thread, or this one, at its next step."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(error))
