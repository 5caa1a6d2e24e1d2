"""What a text of a program will be, as far as its syntax tree tells: nothing of it runs.

Sums, f-strings, ``%``, ``format``, ``join``, ``replace``, slices and the like are worked out where their parts are
written in the file, also through names. What is not known is left out, so that ``"__cl" + x + "ass__"`` reads as
``__class__``. It makes honest code fail early, and proves nothing: a loop can spell anything.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Final

_LONGEST: Final = 10_000
"""Characters of a text that is put together; a longer one is cut off."""
_EFFORT: Final = 1_000_000
"""Parts that are looked at for one program, a hundred characters counting as one more."""
_DEEPEST: Final = 300
"""Expressions within one another, those that names stand for included."""
_SPEC: Final = re.compile(r"[<>^]?\d{0,3}(?:\.\d{1,3})?s?")
_FIELD: Final = re.compile(r"%(?:\(\w*\))?[-+ #0]*\d*(?:\.\d+)?[a-zA-Z%]")
_PLAIN: Final[dict[str, Callable[..., str]]] = {
    "capitalize": str.capitalize, "casefold": str.casefold, "lower": str.lower, "lstrip": str.lstrip,
    "removeprefix": str.removeprefix, "removesuffix": str.removesuffix, "rstrip": str.rstrip, "strip": str.strip,
    "swapcase": str.swapcase, "title": str.title, "upper": str.upper,
}  # fmt: skip
"""Methods that only ever shorten a text, or keep its length."""


class Texts:
    """The texts of one program.

    Args:
        tree: its syntax tree; None knows no names.

    """

    def __init__(self, tree: ast.AST | None = None) -> None:
        self._given: Mapping[str, Sequence[ast.expr]] = {} if tree is None else _assigned(tree)
        self._known: dict[str, str] = {}
        self._left = _EFFORT
        self._depth = 0

    @property
    def exhausted(self) -> bool:
        """It would take too long to work all of them out."""
        return self._left <= 0

    def of(self, node: ast.AST | None) -> str:
        """What an expression's text will be; "" where nothing of it is known."""
        self._depth += 1
        self._left = 0 if self._depth > _DEEPEST else self._left - 1
        try:
            found = self._read(node) if self._left > 0 else ""
        finally:
            self._depth -= 1
        if not isinstance(node, ast.Constant):
            found = found[:_LONGEST]
        self._left -= len(found) // 100
        return found

    def _read(self, node: ast.AST | None) -> str:
        match node:
            case ast.Constant(value=str() as text):
                return text
            case ast.Constant(value=bytes() as raw):
                return raw.decode("latin-1")
            case ast.Name(id=name):
                return self._named(name)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.of(left) + self.of(right)
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                rest = iter(self._items(right) if isinstance(right, ast.Tuple) else [self.of(right)])
                return _FIELD.sub(lambda each: "%" if each[0] == "%%" else next(rest, ""), self.of(left))
            case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int() as times)) if times < 100:
                return self.of(left)[:_LONGEST] * times
            case ast.JoinedStr(values=values):
                return "".join(map(self.of, values))
            case ast.FormattedValue(value=value):
                return self.of(value)
            case ast.Subscript(value=value, slice=place):
                return _part(self.of(value), place)
            case ast.Call():
                return self._called(node)
        return ""

    def _named(self, name: str) -> str:
        """All texts that a name is given, in a row, as ``+=`` makes it."""
        if name not in self._known:
            self._known[name] = ""  # for names that lead back to themselves
            self._known[name] = "".join(map(self.of, self._given.get(name, ())))[:_LONGEST]
        return self._known[name]

    def _only(self, name: str) -> ast.expr:
        """What a name is given once; the name itself where it is given nothing, or several things."""
        given = self._given.get(name, ())
        return given[0] if len(given) == 1 else ast.Name(name)

    def _called(self, node: ast.Call) -> str:
        match node.func, node.args:
            case ast.Name(id="str"), [given, *_]:
                return self.of(given)
            case ast.Name(id="reversed" | "bytes" | "map"), [*_, given]:
                return "".join(self._items(node if node.func.id == "reversed" else given))
            case ast.Name(id="chr"), [given]:
                return _character(given)
            case ast.Attribute(value=owner, attr="join"), [given]:
                between, parts = self.of(owner), self._items(given)
                return (between if len(between) * len(parts) < _LONGEST * 100 else "").join(parts)
            case ast.Attribute(value=owner, attr="format"), given:
                named = {each.arg: self.of(each.value) for each in node.keywords}
                return _formatted(self.of(owner), list(map(self.of, given)), named)
            case ast.Attribute(value=owner, attr="replace"), [old, new, *_]:
                whole, before, after = self.of(owner)[:_LONGEST], self.of(old), self.of(new)
                return whole.replace(before, after) if len(after) < 100 else whole
            case ast.Attribute(value=owner, attr="encode" | "decode"), _:
                return self.of(owner)
            case ast.Attribute(value=owner, attr=method), given if method in _PLAIN:
                takes = given and ("strip" in method or "remove" in method)
                return _PLAIN[method](self.of(owner), *([self.of(given[0])] if takes else []))
        return ""

    def _items(self, node: ast.expr) -> list[str]:
        """The texts of a list, a tuple or a set, the characters of a text, and what else is known in one piece."""
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return [_character(each) or self.of(each) for each in elements]
            case ast.Name(id=name) if isinstance(self._only(name), ast.List | ast.Tuple | ast.Set):
                return self._items(self._only(name))
            case ast.Call(func=ast.Name(id="reversed"), args=[given]):
                return self._items(given)[::-1]
            case ast.Call(func=ast.Name(id="map"), args=[_, given]):
                return self._items(given)
        whole = self.of(node)
        return list(whole) if isinstance(node, ast.Constant) else [whole]


def _assigned(tree: ast.AST) -> dict[str, list[ast.expr]]:
    """What each name is given anywhere in a program, in the order of its lines."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=places, value=value):
                pass
            case ast.AugAssign(target=place, value=value) | ast.NamedExpr(target=place, value=value):
                places = [place]
            case ast.AnnAssign(target=place, value=ast.expr() as value):
                places = [place]
            case _:
                continue
        for each in places:
            if isinstance(each, ast.Name):
                found.setdefault(each.id, []).append(value)
    return {name: sorted(values, key=lambda each: (each.lineno, each.col_offset)) for name, values in found.items()}


def _character(node: ast.expr) -> str:
    """What ``chr`` makes of a number; "" of anything else."""
    number = node.value if isinstance(node, ast.Constant) else None
    return chr(number) if type(number) is int and 0 <= number < 0x110000 else ""


def _part(whole: str, place: ast.expr) -> str:
    """A slice by numbers that are written there; a text as it is, where they are not."""
    numbers: list[int | None] = []
    for each in (place.lower, place.upper, place.step) if isinstance(place, ast.Slice) else (place,):
        try:
            numbers.append(None if each is None else int(ast.literal_eval(each)))
        except (ValueError, TypeError, SyntaxError):
            return whole
    if isinstance(place, ast.Slice):
        return whole[slice(*numbers)] if numbers[2] != 0 else whole
    index = numbers[0] or 0
    return whole[index] if -len(whole) <= index < len(whole) else whole


def _formatted(template: str, values: Sequence[str], named: Mapping[str | None, str]) -> str:
    found, number = [], 0
    try:
        for text, field, spec, _ in Formatter().parse(template):
            found.append(text)
            if field is None:
                continue
            if field.isdigit():
                value = values[int(field)] if int(field) < len(values) else ""
            elif field:
                value = named.get(field, f"{{{field}}}")  # a field of a field is judged as it is written
            else:
                value, number = values[number] if number < len(values) else "", number + 1
            found.append(format(value, spec) if spec and _SPEC.fullmatch(spec) else value)
    except ValueError:
        return template
    return "".join(found)
