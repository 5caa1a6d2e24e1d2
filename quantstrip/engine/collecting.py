"""How often the garbage collector looks while a run goes on."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 50_000
"""New objects between two looks: what a run keeps (fills, refusals) is never garbage, and looking for it took a tenth
of the time of a run with an order every bar."""
_lock = threading.Lock()
_runs = 0
_before = (0, 0, 0)


@contextmanager
def seldom() -> Iterator[None]:
    """Have the collector look rarely; as before when the last of several runs at once is over."""
    global _runs, _before
    with _lock:
        if not _runs:
            _before = gc.get_threshold()
            if 0 < _before[0] < _YOUNG:  # not where it is off, or looks less often already
                gc.set_threshold(_YOUNG, *_before[1:])
        _runs += 1
    try:
        yield
    finally:
        with _lock:
            _runs -= 1
            if not _runs:
                gc.set_threshold(*_before)
