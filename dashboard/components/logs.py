"""A log's tail."""

from collections.abc import Sequence
from typing import Final

from components import markup

_TONES: Final = {" - ERROR - ": "qs-down", " - CRITICAL - ": "qs-down", " - WARNING - ": "qs-log-warn"}


def tail(lines: Sequence[str]) -> markup.Html:
    """The newest lines, the last one at the bottom."""
    shown = markup.join(*map(_line, lines)) if lines else markup.text("Nothing was logged yet.")
    # Inside a reversed column there is one child: its own order stays as it is.
    return markup.tag(
        "div", markup.tag("pre", shown), "qs-log", role="log", aria_label="Log", aria_live="off", tabindex="0"
    )


def _line(line: str) -> markup.Html:
    text = markup.text(f"{line}\n")
    css = next((css for level, css in _TONES.items() if level in line[:64]), "")
    return markup.tag("span", text, css) if css else text
