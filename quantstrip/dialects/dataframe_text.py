"""What the text of a dataframe script tells before it runs: its columns, and ways to look ahead."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from quantstrip.dialects.dataframe_columns import EXECUTION, check_forms, column_lines
from quantstrip.errors import StrategyError, StrategyLoadError

_BACK: Final = ("shift", "diff", "pct_change", "roll", "tshift")
"""Calls whose negative number brings rows of the future."""


class ScriptText(NamedTuple):
    """A script's text, read.

    Attributes:
        lines: the last line that assigns each column.
        notes: habits that may look ahead, or that the form asks not to have.
        title: its ``my_indicator_name``, "" where it names none.
        summary: its ``my_indicator_description``, else the first line of its docstring.

    """

    lines: dict[str, int]
    notes: list[str]
    title: str
    summary: str


def free_frame(tree: ast.Module) -> bool:
    """Whether the file's own level reads ``df`` before it makes one: dataframe scripts do, and nothing else does."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        names = [node for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id == "df"]
        if isinstance(statement, ast.Import | ast.ImportFrom):
            if any((alias.asname or alias.name) == "df" for alias in statement.names):
                return False
        elif names:
            return any(isinstance(name.ctx, ast.Load) for name in names)
    return False


def read_text(path: Path, tree: ast.Module) -> ScriptText:
    """Read a script's text.

    Raises:
        StrategyLoadError: it looks ahead, mixes the two forms of columns, or has none; names the line.

    """
    for line, what in _ahead(tree):
        raise StrategyLoadError(
            f"{path}, line {line}: {what} reads bars of the future",
            hint="A bar knows itself and those before it: shift by at least 0, and use windows that end with the bar.",
        )
    lines = column_lines(tree)
    if not _computed_names(tree):
        try:
            check_forms(path, lines, [name for name in EXECUTION if name in lines])
        except StrategyError as error:
            raise StrategyLoadError(error.message, hint=error.hint) from None
    notes = [f"line {line}: {what} may read bars of the future" for line, what in sorted(_perhaps_ahead(tree))]
    if not _copies(tree):
        notes.append("df = df.copy() is missing at the top")
    title, about = (_constant(tree, name) for name in ("my_indicator_name", "my_indicator_description"))
    return ScriptText(lines, notes, title, about or (ast.get_docstring(tree) or "").partition("\n")[0] or title)


def _ahead(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        words = {word.arg: word.value for word in node.keywords}
        place = 1 if name == "roll" else 0
        steps = words.get("periods", words.get("shift", node.args[place] if len(node.args) > place else None))
        if name in _BACK and steps is not None and _number(steps) < 0:
            yield node.lineno, f"{name}({_number(steps):g})"
        if name in ("bfill", "backfill"):
            yield node.lineno, f"{name}()"
        if name in ("fillna", "reindex") and _word(words.get("method")) in ("bfill", "backfill"):
            yield node.lineno, f"{name}(method={_word(words['method'])!r})"
        if name == "rolling" and _truth(words.get("center")):
            yield node.lineno, "rolling(center=True)"


def _perhaps_ahead(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Habits that look ahead more often than not; a loop that writes forward may read so and be right."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
            continue
        index = node.slice
        if isinstance(index, ast.Slice) and index.step is not None and _number(index.step) < 0:
            yield node.lineno, f"[{ast.unparse(index)}]"
        by_place = isinstance(node.value, ast.Attribute) and node.value.attr in ("iloc", "iat", "values")
        ahead = isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add)
        if by_place and ahead and isinstance(index, ast.BinOp) and _number(index.right) > 0:
            yield node.lineno, f"[{ast.unparse(index)}]"


def _computed_names(tree: ast.Module) -> bool:
    """Whether a column of ``df`` is assigned whose name the text does not show."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            owner = node.value.value if isinstance(node.value, ast.Attribute) else node.value
            words = [each for each in ast.walk(node.slice) if isinstance(each, ast.Constant)]
            if isinstance(owner, ast.Name) and owner.id == "df" and not any(isinstance(w.value, str) for w in words):
                return True
        made = isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "df" for t in node.targets)
        if made and isinstance(node, ast.Assign) and not (isinstance(node.value, ast.Call) and _is_copy(node.value)):
            return True  # what made it may have added columns
    return False


def _copies(tree: ast.Module) -> bool:
    return any(
        isinstance(node, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "df" for target in node.targets)
        and any(isinstance(call, ast.Call) and _is_copy(call) for call in ast.walk(node.value))
        for node in ast.walk(tree)
    )


def _is_copy(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "copy"


def _number(node: ast.expr) -> float:
    """The number that an expression spells, 0 for any other."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):
        return 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _word(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _truth(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _constant(tree: ast.Module, name: str) -> str:
    """The text that the file's own level assigns to ``name``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            return _word(node.value)
    return ""
