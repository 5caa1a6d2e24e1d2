"""The shipped settings: defaults, their types, and what a value of the user's must fulfil."""

import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from quantstrip.config.paths import Parts, is_name, join
from quantstrip.config.values import ValueType, coerce, is_secret, type_of
from quantstrip.errors import SettingsError
from quantstrip.home import asset

RESERVED = "_quantstrip"
"""Top-level table of the settings file that holds what is no setting: the list of locked folders."""

FILE = "settings.example.toml"


@cache
def shipped() -> dict[str, Any]:
    """The tree of defaults; not to be changed."""
    with (asset("settings") / FILE).open("rb") as file:
        return tomllib.load(file)


def declared(parts: Parts) -> ValueType | None:
    """The type a shipped setting must have, or None where the tree is free."""
    node: Any = shipped()
    for part in parts:
        if not isinstance(node, dict) or part not in node:
            return None
        node = node[part]
    return type_of(join(parts), node)


def overlay(own: dict[str, Any], source: str) -> dict[str, Any]:
    """The defaults with ``own`` laid over them.

    Args:
        own: the user's tree, as read.
        source: where it was read, for messages.

    Raises:
        SettingsError: a shipped setting has another type, an impossible value or a name that is not known.

    """
    return _merge(shipped(), {name: node for name, node in own.items() if name != RESERVED}, (), source)


def check_name(parts: Parts) -> None:
    """Raise ``SettingsError`` when the path leads to a name that a shipped folder does not have."""
    for end in range(1, len(parts) + 1):
        _check_name(parts[:end], "")


def check_value(parts: Parts, value: Any) -> Any:
    """``value`` for a shipped setting, converted to its type; unchanged where the tree is free.

    Raises:
        SettingsError: the type or the value is refused.

    """
    kind = declared(parts)
    if kind is None or kind is ValueType.FOLDER:
        return value
    return _check(parts, value, kind, "")


def _merge(default: dict[str, Any], own: dict[str, Any], at: Parts, source: str) -> dict[str, Any]:
    merged = dict(default)
    for name, value in own.items():
        here = (*at, name)
        if not is_name(name):
            raise SettingsError(f"{source}: {name!r} in {join(at) or 'the root'} cannot be the name of a setting")
        _check_name(here, source)
        kind = declared(here)
        if kind is None:
            merged[name] = _checked_free(here, value)
        elif kind is ValueType.FOLDER:
            if not isinstance(value, dict) or is_secret(value):
                raise _mistyped(here, kind, value, source)
            merged[name] = _merge(default[name], value, here, source)
        else:
            merged[name] = _check(here, value, kind, source)
    return merged


def _check(parts: Parts, value: Any, kind: ValueType, source: str) -> Any:
    """The value of a shipped setting; text is not read as a number here, as the file has its own notation."""
    if source and isinstance(value, str) and kind not in (ValueType.TEXT, ValueType.SECRET):
        raise _mistyped(parts, kind, value, source)
    if kind is ValueType.SECRET and is_secret(value):
        return value
    try:
        value = coerce(join(parts), value, kind)
    except SettingsError as error:
        raise SettingsError(_at(source) + error.message, hint=error.hint) from error
    rule = _RULES.get(join(parts))
    if rule is not None:
        accepts, wanted = rule
        if not accepts(value):
            raise SettingsError(f"{_at(source)}{join(parts)} must be {wanted}, got {value!r}")
    return value


def _mistyped(parts: Parts, kind: ValueType, value: Any, source: str) -> SettingsError:
    came = type_of(join(parts), value)
    return SettingsError(
        f"{_at(source)}{join(parts)} is of type {kind}, got {came} {value!r}",
        hint=f"{FILE} shows every setting with its default.",
    )


def _check_name(parts: Parts, source: str) -> None:
    """A shipped folder takes only the names it ships with, so that a typo cannot be taken for a setting."""
    folder = _children(parts[:-1])
    if len(parts) == 1 or not folder or parts[-1] in folder:
        return
    import difflib

    near = difflib.get_close_matches(parts[-1], folder, n=1)
    raise SettingsError(
        f"{_at(source)}there is no setting {join(parts)}",
        hint=f"Did you mean {join((*parts[:-1], near[0]))}?" if near else f"Known there: {', '.join(folder)}.",
    )


def _children(parts: Parts) -> dict[str, Any]:
    node: Any = shipped()
    for part in parts:
        node = node.get(part, {}) if isinstance(node, dict) else {}
    return node if isinstance(node, dict) and not is_secret(node) else {}


def _checked_free(parts: Parts, value: Any) -> Any:
    for path, leaf in _leaves(parts, value):
        type_of(join(path), leaf)
    return value


def _leaves(parts: Parts, value: Any) -> Iterator[tuple[Parts, Any]]:
    if isinstance(value, dict) and not is_secret(value):
        for name, node in value.items():
            yield from _leaves((*parts, name), node)
    else:
        yield parts, value


def _at(source: str) -> str:
    return f"{source}: " if source else ""


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo

    try:
        return name == "" or ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):  # unknown, not a name at all, or a folder of zones such as "America"
        return False


def _from(low: float, high: float = float("inf")) -> Callable[[Any], bool]:
    return lambda value: low <= value <= high


def _is_delays(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(v, int | float) and not isinstance(v, bool) and v >= 0 for v in value)


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "platform.timezone": (_is_zone, 'an IANA zone such as "America/New_York", or empty for the machine\'s'),
    "platform.reporting_currency": (lambda v: len(v) >= 3 and v.isupper(), 'a currency code such as "USD"'),
    "dashboard.port": (_from(1, 65535), "a port from 1 to 65535"),
    "service.heartbeat_seconds": (_from(0.1, 3600), "from 0.1 to 3600 seconds"),
    "service.heartbeat_stale_seconds": (_from(0.5, 86400), "from 0.5 to 86400 seconds"),
    "service.stop_seconds": (_from(0, 3600), "from 0 to 3600 seconds"),
    "service.restart_delays": (_is_delays, "a list of seconds, none negative, at least one"),
    "service.restart_window_seconds": (_from(0), "0 or more seconds"),
    "logs.level": (
        lambda v: v in ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL"),
        "TRACE, DEBUG, INFO, SUCCESS, WARNING, ERROR or CRITICAL",
    ),
    "logs.retention_days": (_from(1), "1 or more days"),
    "logs.web_retention_days": (_from(1), "1 or more days"),
    "logs.max_megabytes": (_from(1), "1 or more megabytes"),
    "ledger.job_retention_days": (_from(1), "1 or more days"),
}
