"""What is wrong with a client's text before it runs: Python's own errors, ruff's, and what the loader would say.

Ruff reads the text from a pipe, with the rules below and no others, whatever configuration lies about. They find
mistakes; how a text is laid out is its author's. The result is kept for the last texts, since a page asks each time.
"""

import ast
import json
import subprocess
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Final

from ruff import find_ruff_bin

from quantstrip import dialects
from quantstrip.editor import Mark
from quantstrip.editor.values import Severity
from quantstrip.operations.lint_client import about_client

PYTHON: Final = "python"
"""Source of a finding that keeps the file from being compiled, and so from being deployed."""
RULES: Final = ("E", "F", "W", "B", "PLE", "DTZ003", "DTZ004", "DTZ005", "DTZ006")
"""pycodestyle, Pyflakes, bugbear, Pylint's errors; and the moments without a zone."""
LEFT_OUT: Final = ("E501", "E741", "W191", "W291", "W292", "W293", "W391", "B028", "B904")
"""Layout, names of one letter, and two habits of libraries that a strategy may do without."""
_ERRORS: Final = ("E9", "F5", "F62", "F63", "F7", "F821", "F822", "F823", "PLE")
"""What will not work when the line is reached."""
_NOTES: Final = ("DTZ",)
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, by line.

    Attributes:
        findings: of source ``python`` (it does not compile), ``ruff CODE``, or ``client`` (what the loader would say).
        incomplete: why ruff had no say, "" where it had.

    """

    findings: tuple[Mark, ...]
    incomplete: str = ""

    @property
    def stops(self) -> tuple[Mark, ...]:
        """Those that keep the file from being deployed."""
        return tuple(each for each in self.findings if each.source == PYTHON)

    def count(self, severity: Severity) -> int:
        """How many there are of one kind."""
        return sum(each.severity == severity for each in self.findings)


@lru_cache(maxsize=64)
def check(path: str, text: str) -> Report:
    """Look at a Python text without running it.

    Args:
        path: what the file is called; a source right below ``clients/`` is expected to be a client.
        text: whole.

    """
    found, tree = _compiled(path, text)
    form, given = dialects.form_of(tree) if tree is not None else (None, frozenset[str]())
    if tree is not None and form is not None and form.name == "native":
        lines = text.encode("utf-8", "replace").split(b"\n")
        client = PurePosixPath(path)
        found += [
            Mark(
                node.lineno,
                _column(lines, node.lineno, node.col_offset),
                *_end(lines, node),
                severity,
                message,
                "client",
            )
            for node, severity, message in about_client(tree, expected=client.parts[:-1] in (("clients",), ()))
        ]
    linted, incomplete = _ruff(path, text, given)
    if tree is None:
        linted = [each for each in linted if each.source != "ruff"]  # the compiler has said it in its own words
    found += linted
    return Report(tuple(sorted(found, key=lambda each: (each.line, each.column, each.message))), incomplete)


def _compiled(path: str, text: str) -> tuple[list[Mark], ast.Module | None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, filename=path)
            compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        line, column = max(1, error.lineno or 1), max(1, error.offset or 1)
        end_line, end_column = max(line, error.end_lineno or 0), error.end_offset or 0
        if (end_line, end_column) <= (line, column):
            end_line, end_column = line, column + 1
        return [Mark(line, column, end_line, end_column, "error", error.msg, PYTHON)], None
    except (ValueError, RecursionError, MemoryError) as error:
        words = str(error) or "it is nested too deeply"
        return [Mark(1, 1, 1, 2, "error", words, PYTHON)], None
    return [], tree


def _end(lines: list[bytes], node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Where a mark ends: with its node, or with the first line of one that goes on."""
    if node.end_lineno != node.lineno:
        return node.lineno + 1, 1
    return node.lineno, _column(lines, node.lineno, node.end_col_offset or node.col_offset)


def _column(lines: list[bytes], line: int, offset: int) -> int:
    """A column in characters, from 1; the syntax tree counts bytes from 0."""
    return len(lines[line - 1][:offset].decode("utf-8", "replace")) + 1 if line <= len(lines) else offset + 1


def _ruff(path: str, text: str, given: Iterable[str]) -> tuple[list[Mark], str]:
    try:
        command = [
            find_ruff_bin(), "check", "--isolated", "--no-cache", "--quiet", "--exit-zero", "--output-format", "json",
            "--target-version", "py311", "--select", ",".join(RULES), "--ignore", ",".join(LEFT_OUT),
            "--config", f"builtins = {sorted(given)}", "--stdin-filename", PurePosixPath(path).name or "text.py", "-",
        ]  # fmt: skip
        done = subprocess.run(
            command, input=text.encode("utf-8", "replace"), capture_output=True, timeout=_SECONDS, check=True
        )
        rows = json.loads(done.stdout or b"[]")
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return [], f"ruff could not be asked ({type(error).__name__}): only Python's own errors are shown"
    return [_finding(row) for row in rows], ""


def _finding(row: dict[str, Any]) -> Mark:
    code = str(row.get("code") or "")
    broken = not code or code == "invalid-syntax"
    severity: Severity = (
        "error" if broken or code.startswith(_ERRORS) else "info" if code.startswith(_NOTES) else "warning"
    )
    place, end = row["location"], row["end_location"]
    return Mark(
        place["row"], place["column"], end["row"], end["column"], severity, str(row["message"]),
        "ruff" if broken else f"ruff {code}",
    )  # fmt: skip
