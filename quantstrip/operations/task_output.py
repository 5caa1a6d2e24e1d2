"""What a task prints, while it prints it."""

from typing import Final

from quantstrip.home import Home
from quantstrip.operations.task_run import OUTPUT
from quantstrip.redaction import scrub

_MOST: Final = 64_000
"""Bytes of the end that are read."""


def tail(home: Home, task_id: int) -> str:
    """The end of what a task printed so far, in whole lines; "" where it printed nothing."""
    try:
        with (home.tasks / str(task_id) / OUTPUT).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _MOST))
            data = file.read(_MOST)
    except OSError:
        return ""
    text = data.decode("utf-8", "replace")
    if size > _MOST:
        text = text.partition("\n")[2]
    return scrub(text)
