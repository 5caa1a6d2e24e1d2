"""A progress bar on standard error, where that is a terminal: what is piped stays clean."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

_STEPS = 200


class Bar:
    """Shows a share that grows, and what is being done.

    Args:
        draw: takes how many of the two hundred steps are new, and the note; None shows nothing.

    """

    def __init__(self, draw: Callable[[int, str], None] | None = None) -> None:
        self._draw = draw
        self._step, self._note = 0, ""

    @property
    def shown(self) -> bool:
        """False where there is nobody to look."""
        return self._draw is not None

    def to(self, fraction: float, note: str = "") -> None:
        """Show ``fraction`` (0 to 1); drawn only where that makes a difference to be seen."""
        new = max(0, int(_STEPS * fraction) - self._step)
        if self._draw is not None and (new or note != self._note):
            self._step += new
            self._note = note
            self._draw(new, note)


@contextmanager
def progress_bar() -> Iterator[Bar]:
    """A bar while inside; nothing is shown where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield Bar()
        return
    with click.progressbar(
        length=_STEPS, file=sys.stderr, item_show_func=lambda note: note or "", update_min_steps=0
    ) as drawn:
        yield Bar(drawn.update)
