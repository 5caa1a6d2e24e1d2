"""What differs between two states of some files, line by line."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Sign = Literal[" ", "+", "-", "@"]
MOST_LINES: Final = 4_000
"""Lines that a difference shows; a longer one says what it leaves out."""
_SLOW: Final = 20_000  # lines of a file, beyond which they are not compared one by one
_AROUND: Final = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference: kept, added, removed, or the heading of a passage (``@``)."""

    sign: Sign
    text: str


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file: what happened to it, and how many lines came and went."""

    path: str
    kind: Literal["added", "removed", "changed"]
    added: int
    removed: int
    lines: tuple[Line, ...]

    @property
    def words(self) -> str:
        """In a few words: ``ma_cross.py +3 -1``."""
        note = f" ({self.kind})" if self.kind != "changed" else ""
        return f"{self.path}{note} +{self.added} -{self.removed}"


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[FileDifference, ...]:
    """What changed from the texts of some files to others, by path; what is the same is left out."""
    found = []
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if before != after:
            kind: Literal["added", "removed", "changed"] = (
                "added" if before is None else "removed" if after is None else "changed"
            )
            found.append(_file(path, kind, before or "", after or ""))
    return tuple(found)


def compare_texts(path: str, old: str, new: str) -> FileDifference | None:
    """What changed within one file; None for nothing."""
    return next(iter(compare({path: old}, {path: new})), None)


def unified(files: tuple[FileDifference, ...], old: str, new: str) -> str:
    """A difference as ``diff -u`` writes it, for a terminal or a file; ``old`` and ``new`` name the two states."""
    parts = []
    for each in files:
        parts += [f"--- {old}/{each.path}", f"+++ {new}/{each.path}"]
        parts += [line.text if line.sign == "@" else f"{line.sign}{line.text}" for line in each.lines]
    return "\n".join(parts)


def _file(path: str, kind: Literal["added", "removed", "changed"], before: str, after: str) -> FileDifference:
    old, new = before.split("\n"), after.split("\n")
    for lines in (old, new):
        if lines and lines[-1] == "":
            lines.pop()  # the end of the last line, not a line
    if len(old) + len(new) > _SLOW:
        words = f"@@ {len(old):,} lines before, {len(new):,} after: too many to be compared one by one @@"
        return FileDifference(path, kind, len(new), len(old), (Line("@", words),))
    shown: list[Line] = []
    added = removed = 0
    for row, text in enumerate(difflib.unified_diff(old, new, lineterm="", n=_AROUND)):
        if row < 2:
            continue  # its own heading of the two files
        sign: Sign = "@" if text.startswith("@@") else "+" if text[0] == "+" else "-" if text[0] == "-" else " "
        added, removed = added + (sign == "+"), removed + (sign == "-")
        if len(shown) < MOST_LINES:
            shown.append(Line(sign, text if sign == "@" else text[1:]))
    if not shown:
        shown.append(Line("@", "@@ only line ends, or the end of the last line, differ @@"))
    elif len(shown) == MOST_LINES:
        shown.append(Line("@", f"@@ the difference goes on: its first {MOST_LINES:,} lines are shown @@"))
    return FileDifference(path, kind, added, removed, tuple(shown))
