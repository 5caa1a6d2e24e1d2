"""What a recorded trace says: the error in one line, and the place in the code."""

import re

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
    """File and line where a trace ends; "" and 0 where it names none."""
    frames = list(_FRAME.finditer(trace))
    return (frames[-1]["file"], int(frames[-1]["line"])) if frames else ("", 0)
