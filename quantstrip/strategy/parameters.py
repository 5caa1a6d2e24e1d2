"""Parameters given by name: what they must be, judged by the defaults that a strategy declares."""

import reprlib
from collections.abc import Mapping
from inspect import Parameter
from math import isfinite
from numbers import Integral, Real
from typing import Any


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
