"""``# @param`` and ``# @strategy``: what a script says of itself in its comments, typed, each with its line."""

import io
import re
import tokenize
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple

from quantstrip.errors import StrategyLoadError
from quantstrip.strategy import Allowed, Declared

Value = int | float | bool | str

TYPES: Final = {"int": "whole", "float": "number", "bool": "truth", "string": "text"}
"""Words of ``# @param``, and the kind that each declares."""
_MARK: Final = re.compile(r"#\s*@(param|strategy)\b\s*(.*)", re.DOTALL)
_PARAM: Final = re.compile(r"(?P<name>\S+)\s+(?P<type>\S+)\s+(?P<default>\"[^\"]*\"|'[^']*'|\S+)(?:\s+(?P<label>.*))?")
_TRUTHS: Final = {"true": True, "false": False}


class Param(NamedTuple):
    """One ``# @param name type default label``.

    Attributes:
        kind: ``whole``, ``number``, ``truth`` or ``text``.
        label: what people read; "" where the line gives none.
        line: where it is declared.

    """

    name: str
    kind: str
    default: Value
    label: str
    line: int

    def declared(self) -> Declared:
        """It, as a form asks for it."""
        return Declared(self.name, self.kind, self.default, Allowed(help=self.label))


class Setting(NamedTuple):
    """One ``# @strategy key value``, as it is written."""

    key: str
    text: str
    line: int


class Annotations(NamedTuple):
    """All of a script's; ``params`` by name, in the order of their lines."""

    params: dict[str, Param]
    settings: list[Setting]


def refused(path: Path, line: int, what: str, hint: str) -> StrategyLoadError:
    """The error of a line of a script."""
    return StrategyLoadError(f"{path}, line {line}: {what}", hint=hint)


def read_annotations(path: Path, source: bytes) -> Annotations:
    """The annotations of a script, from its comments: nothing of it runs.

    Raises:
        StrategyLoadError: a line is not of the form, or a name is declared twice; names the line.

    """
    found = Annotations({}, [])
    for line, word, rest in _marks(source):
        if word == "strategy":
            found.settings.append(_setting(path, line, rest))
            continue
        param = _param(path, line, rest)
        if param.name in found.params:
            first = found.params[param.name].line
            raise refused(
                path, line, f"@param {param.name} is declared in line {first} already", "Take one of them out."
            )
        found.params[param.name] = param
    return found


def _marks(source: bytes) -> Iterator[tuple[int, str, str]]:
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type == tokenize.COMMENT and (match := _MARK.match(token.string)):
            yield token.start[0], match[1], match[2].strip()


def _param(path: Path, line: int, rest: str) -> Param:
    match = _PARAM.fullmatch(rest)
    if match is None:
        raise refused(
            path, line, f"expected '# @param name type default label', got '# @param {rest}'",
            "For example: # @param period int 14 Bars of the average",
        )  # fmt: skip
    name, word, text = match["name"], match["type"], match["default"]
    if not name.isidentifier():
        raise refused(path, line, f"@param {name!r} is no name", "Letters, digits and _, such as sma_short.")
    if word not in TYPES:
        raise refused(path, line, f"@param {name} is of type {word!r}", f"The types are {', '.join(TYPES)}.")
    value = value_of(text, TYPES[word])
    if value is None:
        raise refused(path, line, f"@param {name} is {word}, its default is {text!r}", EXAMPLES[TYPES[word]])
    return Param(name, TYPES[word], value, (match["label"] or "").strip(), line)


EXAMPLES: Final = {
    "whole": "Write a whole number, such as 14.",
    "number": "Write a number, such as 0.5.",
    "truth": "Write true or false.",
    "text": "Write a word, or text in quotation marks.",
}
"""What to write for a value of each kind."""


def value_of(text: str, kind: str) -> Value | None:
    """A value of that kind, None where the text spells none."""
    if kind == "truth":
        return _TRUTHS.get(text.lower())
    if kind == "text":
        return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
    try:
        value = int(text) if kind == "whole" else float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _setting(path: Path, line: int, rest: str) -> Setting:
    words = rest.partition("#")[0].split()
    if len(words) != 2:
        raise refused(
            path, line, f"expected '# @strategy key value', got '# @strategy {rest}'",
            "For example: # @strategy stopLossPct 0.03",
        )  # fmt: skip
    return Setting(words[0], words[1], line)
