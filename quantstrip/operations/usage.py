"""What a process uses: memory, and processor time both since its start and since the last look."""

from typing import Final

import psutil

from quantstrip.clock import SECOND, system_clock

_SHORTEST: Final = 1.5
"""Seconds between two looks that a figure is made of: the system counts in hundredths of a second."""
_LONGEST: Final = 60.0
"""An older look says nothing of how it is now."""
_looks: dict[int, list[tuple[float, float, float]]] = {}
"""By process id: (its birth, seconds on the steady clock, processor seconds) of the last looks, oldest first."""


def usage(pid: int) -> tuple[float, float, float | None]:
    """Memory in 1,000,000 bytes, and percent of one processor since the start and since the last look.

    The last is None at the first look of this process at that one, and where the looks are too near or too far apart.
    """
    if not pid:
        return 0.0, 0.0, None
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times, born = process.cpu_times(), process.create_time()
            used, memory = times.user + times.system, process.memory_info().rss
    except psutil.NoSuchProcess:
        _looks.pop(pid, None)
        return 0.0, 0.0, None
    age = max(0.01, system_clock.now() / SECOND - born)
    return round(memory / 1e6, 1), round(used / age * 100, 1), _recent(pid, born, used)


def _recent(pid: int, born: float, used: float) -> float | None:
    now = system_clock.monotonic()
    looks = [look for look in _looks.get(pid, []) if look[0] == born and now - look[1] <= _LONGEST]
    before = [look for look in looks if now - look[1] >= _SHORTEST]
    if not looks or now - looks[-1][1] >= _SHORTEST:
        looks.append((born, now, used))
    _looks[pid] = looks[-4:]
    if not before:
        return None
    _, then, used_then = before[-1]
    return round(max(0.0, used - used_then) / (now - then) * 100, 1)
