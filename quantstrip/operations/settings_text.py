"""Lists and dicts as text that a person edits: a list has one value a line, a dict one ``name = value``."""

import json
import tomllib
from typing import Any, Literal

from quantstrip.errors import SettingsError

Shape = Literal["list", "dict"]


def list_text(values: list[Any]) -> str:
    """One value a line; text that would be read as something else stands in quotes."""
    return "\n".join(_line(value) for value in values)


def read_list(text: str) -> list[Any]:
    """The values of ``list_text``; a line that is no number, ``true``, ``false`` or JSON is text. Empty lines drop."""
    return [_value(line.strip()) for line in text.split("\n") if line.strip()]


def dict_text(value: dict[str, Any]) -> str:
    """``name = value`` lines, as in the settings file."""
    import tomlkit

    return tomlkit.dumps(value).strip()


def read_dict(text: str) -> dict[str, Any]:
    """The dict of ``dict_text``.

    Raises:
        SettingsError: a line is not readable; the message says which.

    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"this cannot be read: {error}", hint='Write one "name = value" a line, text in quotes: SPY = 0.6'
        ) from error


def _line(value: Any) -> str:
    if isinstance(value, str) and value and value.isprintable() and value == value.strip() and _value(value) == value:
        return value
    return json.dumps(value)


def _value(line: str) -> Any:
    try:
        found = json.loads(line)
    except ValueError:
        return line
    return line if found is None else found
