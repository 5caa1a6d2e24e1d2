"""Execution columns of a dataframe script: which it has, where they are assigned, and what they say, checked."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.clock import to_text
from quantstrip.errors import StrategyError

if TYPE_CHECKING:
    import pandas as pd

Flags = npt.NDArray[np.bool_]

FOUR_WAY: Final = ("open_long", "close_long", "open_short", "close_short")
TWO_WAY: Final = ("buy", "sell")
EXECUTION: Final = (*FOUR_WAY, *TWO_WAY)
END: Final = "<end>"
"""Stands among a script's columns for its last statement."""
OUTPUT: Final = "<output>"
"""Stands among them for the assignment of ``output``."""
COMPUTED: Final = "<computed>"
"""Stands among them for an assignment to a column whose name the text does not show."""


class Signals(NamedTuple):
    """What a script says of every bar: bool arrays, one row a bar, decided at the bar's close."""

    open_long: Flags
    close_long: Flags
    open_short: Flags
    close_short: Flags


class ColumnReader:
    """Reads the execution columns of one script and checks them by the rules of the form.

    Args:
        path: the script's file, named in messages.
        lines: the last line that assigns each column, as far as its text shows.

    """

    def __init__(self, path: Path, lines: Mapping[str, int]) -> None:
        self._path = path
        self._lines = lines

    def read(self, frame: "pd.DataFrame", bars: int, ts: npt.NDArray[np.int64]) -> Mapping[str, Flags]:
        """The columns there are.

        Args:
            frame: ``df`` as the script left it.
            bars: rows it was given.
            ts: close of each bar, for messages.

        Raises:
            StrategyError: a column breaks a rule; names line and bar.

        """
        if len(frame) != bars:
            raise self.refused(
                "df", f"df has {len(frame)} rows, there are {bars} bars",
                "Keep every row: leave incomplete ones in, and set their signals to False.",
            )  # fmt: skip
        there = [name for name in EXECUTION if name in frame.columns]
        check_forms(self._path, self._lines, there)
        found = {name: self._flags(name, frame[name], ts) for name in there}
        for first, second in (("open_long", "open_short"), TWO_WAY):
            if first in found and second in found and (both := found[first] & found[second]).any():
                raise self.refused(
                    second, f"{first} and {second} are both true {_at(ts, both)}",
                    "Decide for one of them on each bar.",
                )  # fmt: skip
        return found

    def refused(self, column: str, what: str, hint: str) -> StrategyError:
        """The error of a column, with the line that assigns it."""
        return StrategyError(f"{self.place(column)}: {what}", hint=hint)

    def line(self, *columns: str) -> int | None:
        """The last line that assigns the first of these columns that is assigned, as far as the text shows."""
        return _line(self._lines, *columns)

    def place(self, column: str) -> str:
        """The file, and that line."""
        line = self.line(column)
        return f"{self._path}{f', line {line}' if line else ''}"

    def _flags(self, name: str, column: Any, ts: npt.NDArray[np.int64]) -> Flags:
        if column.ndim > 1:
            raise self.refused(name, f"df has {column.shape[1]} columns called {name}", "Assign it once.")
        missing = np.asarray(column.isna(), dtype=bool)
        if missing.all() and len(missing):
            raise self.refused(
                name, f"{name} is NaN on every bar", f"Does it have another index than df? {_AS_BOOL.format(name)}"
            )
        if missing.any():
            raise self.refused(
                name, f"{name} is NaN {_at(ts, missing)}{_and_more(missing)}", f"{_AS_BOOL.format(name)}"
            )
        if str(column.dtype) not in ("bool", "boolean"):
            raise self.refused(name, f"{name} is of type {column.dtype}, expected bool", _AS_BOOL.format(name))
        flags: Flags = column.to_numpy(dtype=bool)
        stays = np.append(False, flags[1:] & flags[:-1])
        if stays.any():
            raise self.refused(
                name, f"{name} stays true {_at(ts, stays)}{_and_more(stays)}: signals are edges, true on one bar alone",
                f'Fire on the change only: df["{name}"] = s & ~s.shift(1, fill_value=False)',
            )  # fmt: skip
        return flags


def check_forms(path: Path, lines: Mapping[str, int], there: "list[str]") -> None:
    """Refuse columns of both forms in one script, and none of either.

    Raises:
        StrategyError: names the line.

    """
    four, two = [name for name in there if name in FOUR_WAY], [name for name in there if name in TWO_WAY]
    if four and two:
        line = _line(lines, two[0])
        raise StrategyError(
            f"{path}{f', line {line}' if line else ''}: {two[0]} is of the two-way form, {four[0]} of the four-way one",
            hint=f"Use {', '.join(FOUR_WAY)}, or buy and sell: never both.",
        )
    if not any(name in there for name in ("open_long", "open_short", *TWO_WAY)):
        line = lines.get(there[-1] if there else END)
        raise StrategyError(
            f"{path}{f', line {line}' if line else ''}: df has no execution column that opens a position",
            hint="Assign df['open_long'] or df['open_short'], and their closes, or df['buy'] and df['sell'].",
        )


def four_way(columns: Mapping[str, Flags], bars: int, long: bool, short: bool) -> Signals:
    """The signals of the legs that are traded: two-way columns in the meaning of the direction, others filtered.

    ``buy`` opens a long position and ``sell`` closes it; in a run of shorts alone ``sell`` opens and ``buy`` covers;
    in both directions each closes the other side and opens its own.
    """
    none = np.zeros(bars, dtype=bool)
    if "buy" in columns or "sell" in columns:
        buy, sell = columns.get("buy", none), columns.get("sell", none)
        columns = {"open_long": buy, "close_long": sell, "open_short": sell, "close_short": buy}
    takes = {"open_long": long, "close_long": long, "open_short": short, "close_short": short}
    return Signals(*(columns.get(name, none) if takes[name] else none for name in FOUR_WAY))


def column_lines(tree: ast.Module) -> dict[str, int]:
    """The last line that assigns each column of ``df``, and ``df`` itself, as far as the text shows; and ``END``."""
    found: dict[str, int] = {END: tree.body[-1].lineno} if tree.body else {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                _note(target, found)
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            _note(node.target, found)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "assign":
            found.update({word.arg: word.value.lineno for word in node.keywords if word.arg})
    return found


def _line(lines: Mapping[str, int], *columns: str) -> int | None:
    """Where a column is assigned; else where one of a computed name is, or all of ``df``, which may be it."""
    places = columns if columns[0] in (END, OUTPUT) else (*columns, COMPUTED, "df")
    return next((lines[name] for name in places if name in lines), None)


def _note(target: ast.expr, found: dict[str, int]) -> None:
    if isinstance(target, ast.Name) and target.id in _NAMES:
        name = _NAMES[target.id]
        found[name] = max(target.lineno, found.get(name, 0))
    if not isinstance(target, ast.Subscript):
        return
    owner = target.value.value if isinstance(target.value, ast.Attribute) else target.value  # df.loc[rows, name]
    if not (isinstance(owner, ast.Name) and owner.id == "df"):
        return
    words = [node.value for node in ast.walk(target.slice) if isinstance(node, ast.Constant)]
    for name in [word for word in words if isinstance(word, str)] or [COMPUTED]:
        found[name] = max(target.lineno, found.get(name, 0))


_NAMES: Final = {"df": "df", "output": OUTPUT}


def _at(ts: npt.NDArray[np.int64], rows: Flags) -> str:
    return f"on the bar that closed {to_text(int(ts[int(np.argmax(rows))]))[:16]} UTC"


def _and_more(rows: Flags) -> str:
    more = int(rows.sum()) - 1
    return f" and on {more} more" if more else ""


_AS_BOOL: Final = 'Write df["{0}"] = (...).fillna(False).astype(bool)'
