"""Where a command's own log goes: beside the traces of failed commands, not between the lines of its answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from quantstrip.home import Home


@contextmanager
def logged(home: Home) -> Iterator[None]:
    """What is logged inside goes to ``logs/commands.log`` of the home."""
    from quantstrip.log import close_stream, open_stream

    open_stream(home, "commands")
    try:
        yield
    finally:
        close_stream()
