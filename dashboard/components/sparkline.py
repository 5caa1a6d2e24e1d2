"""A curve of a word's height: its shape, no more. An area cut out by a clip path has the theme's colours."""

from collections.abc import Sequence
from typing import Final

from components import markup
from components.markup import Html

_STEPS: Final = 40
_ROOM: Final = 85.0
"""Percent of the height for the curve; the rest stands below its lowest point."""


def sparkline(values: Sequence[float], label: str) -> Html:
    """The curve of ``values``, green where it ends above its beginning; empty with fewer than two of them.

    The lowest and the highest value of each stretch are kept, so that no drawdown is lost.
    """
    points = thinned(values)
    if len(points) < 2:
        return markup.EMPTY
    low, high = min(points), max(points)
    spread = high - low or 1.0
    edge = [
        f"{100 * place / (len(points) - 1):.1f}% {_ROOM * (high - value) / spread:.1f}%"
        for place, value in enumerate(points)
    ]
    css = "qs-spark qs-up" if points[-1] >= points[0] else "qs-spark qs-down"
    return markup.tag(
        "span", markup.EMPTY, css, role="img", aria_label=label, title=label,
        style=f"clip-path: polygon({', '.join([*edge, '100% 100%', '0% 100%'])})",
    )  # fmt: skip


def thinned(values: Sequence[float], steps: int = _STEPS) -> list[float]:
    """At most about twice as many values as steps: the first, the last, and each stretch's extremes in their order."""
    size = len(values)
    if size <= 2 * steps:
        return list(values)
    kept = {0, size - 1}
    for step in range(steps):
        stretch = range(step * size // steps, (step + 1) * size // steps)
        kept |= {min(stretch, key=values.__getitem__), max(stretch, key=values.__getitem__)}
    return [values[place] for place in sorted(kept)]
