"""What goes into the editor and what comes out."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
Command = Literal["", "save", "run"]
Language = Literal["python", "sql"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding at a place: lines and columns from 1, in characters; the end is the first column after it.

    A place outside the text is shown at its edge.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    severity: Severity
    message: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """A name that the editor offers.

    Args:
        label: the name; with dots it is a member: ``db_handler.insert_order`` is offered after ``db_handler.``, and
            ``orders.symbol`` is a column of the table ``orders``. In Python, ``self.`` offers the members of the class
            that the class around it is derived from.
        kind: ``function``, ``class``, ``method``, ``property``, ``variable``, ``module``, ``table``, ``view``,
            ``column`` ...; it chooses the sign before the name.
        detail: a few words behind the name, such as a signature.
        info: a sentence or two beside the list.

    """

    label: str
    kind: str
    detail: str = ""
    info: str = ""


@dataclass(frozen=True, slots=True)
class EditorValue:
    """What the editor holds.

    Args:
        text: the whole text.
        selection: what is selected in it, as of the last command or click; empty for nothing.
        line: where the cursor was then, from 1.
        command: what was asked for by a key since the page last ran; told once.

    """

    text: str
    selection: str = ""
    line: int = 1
    command: Command = ""
