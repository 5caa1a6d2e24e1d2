"""Taking settings to another home: what is set, without secrets, as a settings file."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from quantstrip.config.paths import Parts, join, split
from quantstrip.config.shipped import RESERVED, check_name, check_value
from quantstrip.config.store import Leaf, SettingsFile, folder_at, same
from quantstrip.config.values import ValueType, is_secret, type_of
from quantstrip.errors import SettingsError
from quantstrip.home import Home
from quantstrip.operations.settings import check_further, follow, manager_of

_LARGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that an import sets; ``before`` is None where nothing stands."""

    path: str
    before: Any
    after: Any


def export_settings(home: Home, path: str = "") -> str:
    """What the home's file holds at and below ``path``, as TOML; secrets are left out, and named in a comment.

    Raises:
        SettingsError: the file is malformed.

    """
    import tomlkit

    file, wanted = SettingsFile(home.settings_file), split(path)
    inline = file.inline_tables()
    document = tomlkit.document()
    document.add(tomlkit.comment("Settings of a Quantstrip home, without secrets. Put them into another one with:"))
    document.add(tomlkit.comment("quantstrip settings import FILE"))
    left_out = []
    tree: dict[str, Any] = {}
    for parts, value in _values(file.own(), (), inline):
        if parts[: len(wanted)] != wanted:
            continue
        if _holds_secret(value):
            left_out.append(join(parts))
        else:
            folder_at(tree, parts[:-1])[parts[-1]] = value
    if left_out:
        document.add(tomlkit.comment(f"Secrets, which are to be set there by hand: {', '.join(left_out)}"))
    for name, value in tree.items():
        document[name] = _item(value)
    return tomlkit.dumps(document)


def preview_import(home: Home, text: str) -> list[Change]:
    """What ``import_settings`` would change; nothing is changed.

    Raises:
        SettingsError: the text is no settings file, holds a secret, or a value in it is refused.

    """
    file, now = SettingsFile(home.settings_file), manager_of(home)
    found = []
    for parts, value in _read(text):
        setting = now.find(join(parts))
        before = setting.value if setting is not None and setting.type is not ValueType.FOLDER else None
        if setting is not None and setting.secret:
            raise SettingsError(
                f"{join(parts)} is a secret here, and an import sets none", hint="Take it out of the file."
            )
        if before is None or not same(before, value):
            found.append(Change(join(parts), before, value))
    _apply(file, found, dry=True)
    return found


def import_settings(home: Home, text: str) -> list[Change]:
    """Set what a file of ``export_settings`` holds, all of it or nothing; what it does not name stays as it is.

    Raises:
        SettingsError: as ``preview_import``.

    """
    found = preview_import(home, text)
    _apply(SettingsFile(home.settings_file), found, dry=False)
    for each in found:
        follow(home, each.path)
    return found


class _Rehearsed(Exception):
    """Everything could be set; nothing is to be saved."""


def _apply(file: SettingsFile, changes: list[Change], *, dry: bool) -> None:
    def change(tree: dict[str, Any]) -> None:
        for each in changes:
            parts = split(each.path)
            folder = folder_at(tree, parts[:-1])
            if isinstance(folder.get(parts[-1]), dict) and each.before is None:
                raise SettingsError(
                    f"{each.path} is a folder here", hint="Delete it first, or take it out of the file."
                )
            folder[parts[-1]] = Leaf(each.after) if isinstance(each.after, dict) else each.after
        if dry:
            raise _Rehearsed

    try:
        file.edit(change)
    except _Rehearsed:
        return


def _read(text: str) -> Iterator[tuple[Parts, Any]]:
    """The values of an import, checked one by one."""
    import tomlkit
    from tomlkit.items import InlineTable

    if len(text) > _LARGEST:
        raise SettingsError(f"a settings file has at most {_LARGEST:,} characters, this one has {len(text):,}")
    try:
        tree, laid_out = tomllib.loads(text), tomlkit.parse(text)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise SettingsError(
            f"this is no settings file: {error}", hint="Choose a file that was made by: quantstrip settings export"
        ) from error

    def inline(node: Any, at: Parts) -> Iterator[Parts]:
        for name, child in node.items():
            if isinstance(child, InlineTable):
                yield (*at, name)
            elif isinstance(child, dict):
                yield from inline(child, (*at, name))

    tree.pop(RESERVED, None)
    for parts, value in _values(tree, (), set(inline(laid_out, ()))):
        if _holds_secret(value):
            raise SettingsError(
                f"{join(parts)} is a secret of another home, which cannot be read here",
                hint="Take it out of the file, and set it by hand.",
            )
        check_name(parts)
        kind = ValueType.DICT if isinstance(value, dict) else type_of(join(parts), value)
        checked = check_value(parts, value, kind)[0]
        check_further(join(parts), checked)
        yield parts, checked


def _values(node: dict[str, Any], at: Parts, inline: set[Parts]) -> Iterator[tuple[Parts, Any]]:
    for name, value in node.items():
        parts = (*at, name)
        if parts == (RESERVED,):
            continue
        if isinstance(value, dict) and parts not in inline and not is_secret(value):
            yield from _values(value, parts, inline)
        else:
            yield parts, Leaf(value) if isinstance(value, dict) else value


def _holds_secret(value: Any) -> bool:
    return is_secret(value) or (isinstance(value, dict) and any(map(_holds_secret, value.values())))


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Leaf):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    if isinstance(value, dict):
        folder = tomlkit.table()
        for name, child in value.items():
            folder[name] = _item(child)
        return folder
    return value
