"""Parameters given by name: what they must be, judged by the defaults that a strategy declares."""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from math import isfinite
from numbers import Integral, Real
from typing import Any, NamedTuple


def fitted(accepted: Mapping[str, Parameter], given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The values as the constructor wants them, and a sentence on each that is of another kind than its default.

    A default that is no number, truth, text or list says nothing; nor does a parameter without one. For text, a number
    is what it is spelled like: a command line cannot tell the two apart. ``symbols`` are no parameter.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, value in given.items():
        judged = name in accepted and name != "symbols"
        default = accepted[name].default if judged else Parameter.empty
        values[name] = str(value) if isinstance(default, str) and isinstance(value, Real) else value
        wanted = _wanted(default)
        if wanted and not _fits(default, values[name]):
            wrong.append(f"{name} is {wanted} (default {default!r}), got {reprlib.repr(value)}")
    return values, wrong


def _wanted(default: Any) -> str:
    match default:
        case bool():
            return "true or false"
        case Integral():
            return "a whole number"
        case Real():
            return "a number"
        case str():
            return "text"
        case list() | tuple():
            return "a list"
    return ""


def _fits(default: Any, value: Any) -> bool:
    match default:
        case bool():
            return isinstance(value, bool)
        case Integral():
            return isinstance(value, Integral) and not isinstance(value, bool)
        case Real():
            return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value)
        case str():
            return isinstance(value, str)
    return not isinstance(value, str | Real)  # an array does as well


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which values of a parameter make sense; a run with others is refused before its first bar.

    Attributes:
        low, high: bounds, both included; None is no bound.
        choices: the only values there are; empty for any.
        help: what it does and its unit, in a sentence.

    Example:
        >>> allowed = {"fast": Allowed(2, 200, help="Bars of the average."), "side": Allowed(choices=("long", "both"))}

    """

    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()
    help: str = ""

    def refusal(self, name: str, value: Any) -> str:
        """Why ``value`` is none of them; "" where it is one."""
        if self.choices and value not in self.choices:
            return f"{name} is one of {', '.join(map(repr, self.choices))}, got {reprlib.repr(value)}"
        number = isinstance(value, Real) and not isinstance(value, bool)
        below = number and self.low is not None and value < self.low
        above = number and self.high is not None and value > self.high
        if not below and not above:
            return ""
        bounds = [f"{word} {bound:g}" for word, bound in (("at least", self.low), ("at most", self.high))
                  if bound is not None]  # fmt: skip
        return f"{name} is {' and '.join(bounds)}, got {reprlib.repr(value)}"


class Declared(NamedTuple):
    """A parameter as its strategy declares it.

    Attributes:
        kind: ``whole``, ``number``, ``truth``, ``text``, ``list``, or "" where the default does not tell.
        default: None where there is none.

    """

    name: str
    kind: str
    default: Any
    allowed: Allowed


def declared(cls: type, names: Sequence[str], allowed: Mapping[str, Allowed]) -> list[Declared]:
    """The parameters that can be given to the constructor of ``cls``, in the order of ``names``."""
    return declared_of(signature(cls).parameters, names, allowed)


def declared_of(
    accepted: Mapping[str, Parameter], names: Sequence[str], allowed: Mapping[str, Allowed]
) -> list[Declared]:
    """Those of ``accepted`` that ``names`` lists, in its order."""
    found = []
    for name in names:
        if name in accepted and name != "symbols":
            default = accepted[name].default
            known = None if default is Parameter.empty else default
            found.append(Declared(name, _KINDS.get(_wanted(default), ""), known, allowed.get(name, Allowed())))
    return found


_KINDS = {
    "true or false": "truth",
    "a whole number": "whole",
    "a number": "number",
    "text": "text",
    "a list": "list",
}
