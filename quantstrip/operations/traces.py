"""What a recorded trace says: the error in one line, and the place in the code."""

import re
import sysconfig
from functools import cache
from pathlib import PurePath

import quantstrip

_FRAME = re.compile(r'File "(?P<file>[^"<]+)", line (?P<line>\d+)')
_OURS = re.compile(r"^quantstrip\.errors\.")
_HEADS = ("Traceback (most recent call last)", "The above exception", "During handling of")


def error_of(trace: str) -> str:
    """The line of a trace that says what happened, not the advice that may follow it.

    A load error ends with a paragraph of its own, message and advice; any other trace names the error on the first
    line after its frames, which are indented.
    """
    lines = [line for line in trace.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    last = trace.strip().split("\n\n")[-1].splitlines()
    if not any(line.startswith((" ", "\t")) for line in last) and not last[0].startswith(_HEADS):
        return _OURS.sub("", last[0].strip())
    indented = max(row for row, line in enumerate(lines) if line.startswith((" ", "\t")))
    after = lines[indented + 1 :]
    return _OURS.sub("", (after[0] if after else lines[-1]).strip())


def place_of(trace: str) -> tuple[str, int]:
    """File and line where a trace ends; "" and 0 where it names none.

    It is the last place in code of the user's own, for there it is mended: the platform raises a strategy's error
    again, and a library raises what it was called with.
    """
    own = own_place_of(trace)
    return own if own[0] else _last(_places(trace))


def own_place_of(trace: str) -> tuple[str, int]:
    """The last place in code of the user's own; "" and 0 where the trace names none."""
    own = [
        place for place in _places(trace) if not any(PurePath(place[0]).is_relative_to(each) for each in _libraries())
    ]
    return _last(own)


def _last(places: list[tuple[str, int]]) -> tuple[str, int]:
    return places[-1] if places else ("", 0)


def _places(trace: str) -> list[tuple[str, int]]:
    return [(frame["file"], int(frame["line"])) for frame in _FRAME.finditer(trace)]


@cache
def _libraries() -> tuple[PurePath, ...]:
    """Where the platform, the packages beside it and Python's own modules lie."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return (PurePath(next(iter(quantstrip.__path__))), *map(PurePath, sorted(paths)))
