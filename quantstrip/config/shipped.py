"""The shipped defaults, and what a home's file may say about the settings that the platform reads."""

import datetime
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from quantstrip.config.known import is_closed, is_folder, known, names_in
from quantstrip.config.paths import Parts, is_name, join
from quantstrip.config.table import CLIENTS, KNOWN, Known
from quantstrip.config.values import ValueType, coerce, is_secret, type_of
from quantstrip.errors import SettingsError

RESERVED = "_quantstrip"
"""Top-level table of the settings file that holds what is no setting: the list of locked folders."""

_SEE = "Every setting of the platform, with its type and default: quantstrip settings known"


class Problem(NamedTuple):
    """A value below ``clients.NAME`` that is refused. It keeps that client from starting, and nobody else."""

    parts: Parts
    error: SettingsError


class Overlaid(NamedTuple):
    """The defaults with a home's file laid over them, and what is wrong in the folders of single clients."""

    tree: dict[str, Any]
    problems: list[Problem]


@cache
def shipped() -> dict[str, Any]:
    """The tree of defaults; not to be changed."""
    tree: dict[str, Any] = {}
    for each in KNOWN:
        node = tree
        for part in each.parts[:-1] if each.parts[0] != CLIENTS else (CLIENTS,):
            node = node.setdefault(part, {})
        if each.default is not None:
            node[each.parts[-1]] = each.default
    return tree


def overlay(own: dict[str, Any], source: str) -> Overlaid:
    """The defaults with ``own`` laid over them.

    Args:
        own: the user's tree, as read.
        source: where it was read, for messages.

    Raises:
        SettingsError: a setting of the platform has another type, an impossible value or a name that is not known. One
            of a single client is listed as a problem instead: it must not stop the others.

    """
    problems: list[Problem] = []
    given = {name: node for name, node in own.items() if name != RESERVED}
    return Overlaid(_merge(shipped(), given, (), source, problems), problems)


def check_name(parts: Parts) -> None:
    """Raise ``SettingsError`` when the path leads to a name that a folder of the platform does not have."""
    for end in range(1, len(parts) + 1):
        _check_name(parts[:end], "")


def check_value(parts: Parts, value: Any, asked: ValueType) -> tuple[Any, ValueType]:
    """``value`` as it is stored at ``parts``, and its type.

    A setting of the platform has its own type, whatever was asked for; elsewhere the tree is free.

    Raises:
        SettingsError: the type or the value is refused.

    """
    setting = known(parts)
    if setting is None or (asked is ValueType.FOLDER and ValueType.DICT in setting.types):
        if is_folder(parts) and asked is not ValueType.FOLDER:
            raise SettingsError(f"{join(parts)} is a folder", hint="Set a value below it, by a longer path.")
        return coerce(join(parts), value, asked), asked
    if asked is ValueType.SECRET and ValueType.SECRET not in setting.types:
        # The value must not be shown: whoever asked for a secret typed one.
        raise SettingsError(
            f"{join(parts)} is of type {setting.kind} and cannot be a secret",
            hint=f"Set it without the type secret. {setting.help}",
        )
    return _check(parts, value, setting, "")


def near(parts: Parts) -> str:
    """The platform's setting that was probably meant by a name it does not have, or ""."""
    import difflib

    for at, part in enumerate(parts):
        inside = names_in(parts[:at])
        if part in inside or parts[:at] == (CLIENTS,):
            continue
        found = difflib.get_close_matches(part, inside, n=1)
        meant = (*parts[:at], *found, *parts[at + 1 :])
        return join(meant) if found and (known(meant) is not None or is_folder(meant)) else ""
    return ""


def _merge(
    default: dict[str, Any], own: dict[str, Any], at: Parts, source: str, problems: list[Problem]
) -> dict[str, Any]:
    merged = dict(default)
    for name, value in own.items():
        here = (*at, name)
        try:
            merged[name] = _node(default.get(name, {}), value, here, source, problems)
        except SettingsError as error:
            if here[0] != CLIENTS or len(here) == 1:
                raise  # without the platform's settings nothing can run
            problems.append(Problem(here, error))
            merged[name] = _readable(value)
    return merged


def _node(default: Any, value: Any, here: Parts, source: str, problems: list[Problem]) -> Any:
    """What stands at ``here``: a folder merged, a setting of the platform checked, anything else as it is."""
    if not is_name(here[-1]):
        raise SettingsError(
            f"{source}: {here[-1]!r} in {join(here[:-1]) or 'the root'} cannot be the name of a setting"
        )
    _check_name(here, source)
    setting, is_table = known(here), isinstance(value, dict) and not is_secret(value)
    if setting is not None:
        checked, _ = _check(here, value, setting, source)
        return _merge({}, checked, here, source, problems) if is_table and is_closed(here) else checked
    if not is_folder(here):
        return _checked_free(here, value)
    if not is_table:
        came = type_of(join(here), value)
        raise SettingsError(f"{_at(source)}{join(here)} is of type folder, got {came} {_shown(value)}", hint=_SEE)
    return _merge(default, value, here, source, problems)


def _check(parts: Parts, value: Any, setting: Known, source: str) -> tuple[Any, ValueType]:
    """The value of a known setting, with its type."""
    if isinstance(value, dict) and not is_secret(value):
        _checked_free(parts, value)
    if source and is_secret(value) and ValueType.SECRET in setting.types:
        return value, ValueType.SECRET
    for kind in setting.types:
        # Text is not read as a number in the file, which has a notation of its own for numbers.
        if source and isinstance(value, str) and kind not in (ValueType.TEXT, ValueType.SECRET):
            continue
        try:
            # A table in the file may hold secrets, which nobody can pass.
            as_it_is = source and kind is ValueType.DICT and isinstance(value, dict) and not is_secret(value)
            taken = value if as_it_is else coerce(join(parts), value, kind)
        except SettingsError:
            continue
        if not setting.accepts(taken):
            raise SettingsError(
                f"{_at(source)}{join(parts)} must be {setting.expected}, got {_shown(taken)}", hint=setting.help
            )
        return taken, kind
    came = type_of(join(parts), value) if not isinstance(value, tuple) else ValueType.LIST
    expected = f": {setting.expected}" if setting.expected else ""
    raise SettingsError(
        f"{_at(source)}{join(parts)} is of type {setting.kind}{expected}, got {came} {_shown(value)}", hint=_SEE
    )


def _shown(value: Any) -> str:
    return "(hidden)" if is_secret(value) else repr(value)


def _check_name(parts: Parts, source: str) -> None:
    """A folder of the platform takes only its own names, so that a typo cannot be taken for a setting."""
    folder = names_in(parts[:-1])
    if not is_closed(parts[:-1]) or parts[-1] in folder:
        return
    meant = near(parts)
    raise SettingsError(
        f"{_at(source)}there is no setting {join(parts)}",
        hint=f"Did you mean {meant}?" if meant else f"Known there: {', '.join(folder)}.",
    )


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


def _readable(value: Any) -> Any:
    """A refused value as it can be listed: a date, which is no type of a setting, as text."""
    if isinstance(value, dict):
        return {name: _readable(each) for name, each in value.items()}
    return str(value) if isinstance(value, datetime.date | datetime.time) else value


def _at(source: str) -> str:
    return f"{source}: " if source else ""
