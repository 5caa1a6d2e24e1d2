"""Arguments of a task: JSON from anybody, checked against a dataclass before anything is queued."""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from quantstrip.errors import TaskRefused

T = TypeVar("T")
_IS = {"file": Path.is_file, "folder": Path.is_dir}
_WORDS: dict[Any, str] = {
    str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null",
}  # fmt: skip


def read_arguments(kind: str, form: type[T], given: object) -> T:
    """``given`` as the dataclass ``form``.

    Raises:
        TaskRefused: a name that is not known, one that is missing, or a value of another type; all of them are told.

    """
    if not isinstance(given, Mapping):
        raise TaskRefused(
            f"the arguments of {kind} must be a JSON object, got {given!r}", hint=f"For example: {example(form)}"
        )
    hints, fields = get_type_hints(form), {each.name: each for each in dataclasses.fields(form)}  # type: ignore[arg-type]
    wrong = [f"there is no argument {name!r}" for name in given if name not in fields]
    taken: dict[str, Any] = {}
    for name, field in fields.items():
        if name in given:
            try:
                taken[name] = _checked(given[name], hints[name])
            except ValueError:
                wrong.append(f"{name} must be {said(hints[name])}, got {given[name]!r}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            wrong.append(f"{name} is missing: {said(hints[name])}")
    if wrong:
        raise TaskRefused(
            f"the arguments of {kind} do not fit: {'; '.join(wrong)}", hint=f"It takes: {', '.join(fields)}"
        )
    return form(**taken)


def said(hint: Any) -> str:
    """A type in words."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(said(each) for each in inside)
    if origin is Literal:
        return f"one of {', '.join(map(str, inside))}"
    if origin in (list, Sequence):
        return f"a list of {said(inside[0])}"
    return "an object" if origin in (dict, Mapping) else _WORDS.get(hint, "any value")


def check_there(name: str, text: str, what: Literal["file", "folder"] = "file") -> Path:
    """The path that an argument names, where a worker would find it too.

    Raises:
        TaskRefused: it is not absolute, or not there.

    """
    path = Path(text)
    if not path.is_absolute() or not _IS[what](path):
        raise TaskRefused(
            f"{name} must be the absolute path of a {what} that is there, got {text!r}",
            hint="A worker does the task, and has a working folder of its own.",
        )
    return path


def example(form: type) -> str:
    """The least that may be given, as JSON."""
    needed = [each.name for each in dataclasses.fields(form) if each.default is each.default_factory]
    return "{" + ", ".join(f'"{name}": ...' for name in needed) + "}"


def _checked(value: Any, hint: Any) -> Any:
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        for each in inside:
            try:
                return _checked(value, each)
            except ValueError:
                continue
        raise ValueError
    if origin is Literal:
        fits = value in inside
    elif origin in (list, Sequence):
        if isinstance(value, list | tuple):
            return [_checked(each, inside[0]) for each in value]
        fits = False
    elif origin in (dict, Mapping):
        fits = isinstance(value, Mapping) and all(isinstance(name, str) for name in value)
    elif hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    else:
        fits = hint is Any or type(value) is hint
    if not fits:
        raise ValueError
    return value
