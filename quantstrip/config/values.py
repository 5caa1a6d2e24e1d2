"""The types of settings: what each accepts, and how it is recognised in a file."""

import json
import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from quantstrip.errors import SettingsError

SECRET_KEY = "secret"  # noqa: S105 - the name of the field, not a secret
_INT_LIMIT = 2**63  # TOML's integers


class ValueType(StrEnum):
    """What a node of the settings tree is."""

    FOLDER = "folder"
    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    LIST = "list"
    DICT = "dict"
    SECRET = "secret"  # noqa: S105 - the name of a type

    @classmethod
    def named(cls, name: str) -> "ValueType":
        """The type called ``name``; ``SettingsError`` lists the types where there is none."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(cls)
            raise SettingsError(f"there is no setting type {name!r}", hint=f"Types are {known}.") from None


def is_secret(value: object) -> bool:
    """True for ``{secret = "..."}``, the form of an encrypted value in the file."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(SECRET_KEY), str)


def type_of(path: str, value: object) -> ValueType:
    """The type of a value read from a file; tables are folders.

    Raises:
        SettingsError: TOML knows the type (a date, a time), the settings do not.

    """
    if is_secret(value):
        return ValueType.SECRET
    for kind, python in _PYTHON.items():
        if type(value) is python:
            return kind
    raise SettingsError(
        f"{path} is a {type(value).__name__}: {value}; a setting is {', '.join(_PYTHON)} or secret",
        hint="Put dates and times in quotes.",
    )


def coerce(path: str, value: Any, kind: ValueType) -> Any:
    """``value`` as ``kind``; text that spells an int, a float, a bool, or JSON of a list or dict, is read.

    Raises:
        SettingsError: naming the path, the type expected and what came. A secret's value is never shown.

    """
    reader = _READERS[kind]
    try:
        return reader(value)
    except (TypeError, ValueError) as error:
        shown = "a value that is not text, or empty" if kind is ValueType.SECRET else f"{_called(value)} {value!r}"
        raise SettingsError(f"{path} is of type {kind}, got {shown}", hint=_HINTS[kind]) from error


def _called(value: object) -> str:
    for kind, python in _PYTHON.items():
        if type(value) is python:
            return "dict" if kind is ValueType.FOLDER else kind
    return type(value).__name__


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return str(value)


def _secret(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _int(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    number = int(value)
    if not -_INT_LIMIT <= number < _INT_LIMIT:
        raise ValueError
    return number


def _float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _bool(value: object) -> bool:
    if isinstance(value, str):
        return {"true": True, "false": False}[value.strip().lower()] if value.strip().lower() in _BOOLS else _fail()
    if not isinstance(value, bool):
        raise TypeError
    return value


def _list(value: object) -> list[Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, list | tuple):
        raise TypeError
    return [_plain(entry) for entry in found]


def _dict(value: object) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict) or is_secret(found):
        raise TypeError
    return {_key(key): _plain(entry) for key, entry in found.items()}


def _folder(value: object) -> dict[str, Any]:
    if value not in (None, "", {}):
        raise TypeError
    return {}


def _plain(value: Any) -> Any:
    """A value inside a list or dict, of the types a setting may have."""
    if isinstance(value, dict):
        return _dict(value)
    if isinstance(value, list | tuple):
        return _list(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return _int(value)
    return _float(value)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError
    return key


def _fail() -> bool:
    raise ValueError


_BOOLS = ("true", "false")
_PYTHON: dict[ValueType, type] = {
    ValueType.TEXT: str,
    ValueType.BOOL: bool,
    ValueType.INT: int,
    ValueType.FLOAT: float,
    ValueType.LIST: list,
    ValueType.FOLDER: dict,
}
_READERS: dict[ValueType, Callable[[Any], Any]] = {
    ValueType.FOLDER: _folder,
    ValueType.TEXT: _text,
    ValueType.INT: _int,
    ValueType.FLOAT: _float,
    ValueType.BOOL: _bool,
    ValueType.LIST: _list,
    ValueType.DICT: _dict,
    ValueType.SECRET: _secret,
}
_HINTS = {
    ValueType.FOLDER: "A folder is made empty; set what is in it by longer paths.",
    ValueType.TEXT: "Pass text, or name the type: value_type='int', 'float', 'bool', 'list' or 'dict'.",
    ValueType.INT: "Pass a whole number such as 8051, without quotes in the file.",
    ValueType.FLOAT: "Pass a finite number such as 0.25, without quotes in the file.",
    ValueType.BOOL: "Pass true or false, without quotes in the file.",
    ValueType.LIST: "Pass a list of text, numbers, true or false, such as [1, 2, 5].",
    ValueType.DICT: 'Pass a dict with text keys, such as {"SPY": 0.6, "TLT": 0.4}.',
    ValueType.SECRET: "Pass the secret as text.",
}
