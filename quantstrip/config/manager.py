"""The settings as users see them: one typed tree, by dotted or slash paths."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quantstrip.config.known import is_folder, known
from quantstrip.config.paths import Parts, join, split
from quantstrip.config.shipped import RESERVED, check_name, check_value
from quantstrip.config.store import Leaf, SettingsFile, Tree, folder_at
from quantstrip.config.table import CLIENTS
from quantstrip.config.values import SECRET_KEY, ValueType, is_secret, type_of
from quantstrip.errors import SecretError, SettingsError
from quantstrip.home import VARIABLE, Home, find_home
from quantstrip.redaction import MASK

if TYPE_CHECKING:
    from quantstrip.config.vault import Vault


@dataclass(frozen=True, slots=True)
class Setting:
    """One node of the tree, as listed.

    Attributes:
        value: None for a folder, ``********`` for a secret that is set, "" for one that is not.
        locked: the folder, or one above it, is locked against deletion.
        shipped: the platform's own setting; deleting it goes back to the default.
        changed: the home's file has a value of its own.
        help: what it means, where the platform reads it.
        problem: why the value is refused; "" where it is not.

    """

    path: str
    type: ValueType
    value: Any
    locked: bool
    secret: bool
    shipped: bool = False
    changed: bool = False
    help: str = ""
    problem: str = ""


class SettingsManager:
    """The settings of one home: the shipped defaults, overlaid by ``settings/settings.toml``.

    Reads notice when another process wrote. Paths are case-sensitive: ``dashboard.port`` or
    ``/config/dashboard/port``. Safe for threads and processes.

    Args:
        home: whose settings; None for the home ``find_home()`` names at the first question.

    Example:
        >>> settings.get("dashboard.port")  # doctest: +SKIP
        8051

    """

    def __init__(self, home: Home | None = None) -> None:
        self._home = home
        self._bound: _Bound | None = None

    @property
    def home(self) -> Home:
        """The home whose settings these are."""
        return self._of_home().home

    def get(self, path: str, default: Any = None) -> Any:
        """The value at ``path``, else ``default``; a secret is decrypted, a folder is a dict with secrets masked.

        Raises:
            SettingsError: the file is malformed, or the value, or one in the folder, is refused.
            SecretError: the secret cannot be decrypted.

        """
        parts = split(path)
        self._refuse(parts)
        found = _walk(self._file.merged(), parts)
        while is_secret(found):
            try:
                return self._vault.decrypt(join(parts), found[SECRET_KEY]) if found[SECRET_KEY] else default
            except SecretError:
                before, found = found, _walk(self._file.merged(), parts)
                if found == before:
                    raise
                # Another process rotated the key between our look at the value and at the key: look again.
        return default if found is None else _copy(found)

    def get_by_path(self, path: str) -> Any:
        """The value at ``path`` (``/config/Settings/Broker/IBKR/Port``, the prefix optional), None where absent."""
        return self.get(path)

    def set_by_path(self, path: str, value: Any, value_type: str = "text") -> None:
        """Set ``path`` and save; folders on the way are made.

        A setting of the platform keeps its own type, a secret stays one until it is deleted. Text that spells an int,
        a float, a bool, or JSON of a list or dict, is read as such where that type is asked for.

        Raises:
            SettingsError: the value is not of the type or out of its bounds, the name is not known, or the path leads
                through a value.
            SecretError: the home's key cannot be used.

        """
        parts = self._leaf_path(path)
        check_name(parts)
        asked = ValueType.named(value_type)
        if asked is ValueType.TEXT and is_secret(_walk(self._file.own(), parts)):
            asked = ValueType.SECRET
        checked, kind = check_value(parts, value, asked)

        def change(tree: Tree) -> None:
            inline = self._file.inline_tables()
            folder = folder_at(tree, parts[:-1])
            old = folder.get(parts[-1])
            is_folder = isinstance(old, dict) and parts not in inline and not is_secret(old)
            if is_folder and kind is not ValueType.FOLDER:
                raise SettingsError(f"{join(parts)} is a folder", hint="Delete it first, or choose another path.")
            if not is_folder:
                folder[parts[-1]] = self._stored(checked, kind)

        self._file.edit(change)

    def delete(self, path: str) -> None:
        """Delete a value, or a folder with all that is in it; a shipped setting goes back to its default.

        Raises:
            SettingsError: nothing is there, or the folder (one above it, or one in it) is locked.

        """
        parts = self._leaf_path(path)

        def change(tree: Tree) -> None:
            for each in map(split, _locked(tree)):
                if parts[: len(each)] == each or each[: len(parts)] == parts:
                    raise SettingsError(
                        f"{join(parts)} cannot be deleted: the folder {join(each)} is locked",
                        hint=f"Unlock it first: quantstrip settings unlock {join(each)}",
                    )
            folder = _walk(tree, parts[:-1])
            if not isinstance(folder, dict) or parts[-1] not in folder:
                raise SettingsError(
                    f"{join(parts)} has its default already"
                    if _shipped(parts)
                    else f"there is no setting {join(parts)}"
                )
            del folder[parts[-1]]

        self._file.edit(change)

    def items(self, path: str = "") -> dict[str, Any]:
        """The folder at ``path`` as a plain dict, secrets masked; empty where there is no such folder.

        Raises:
            SettingsError: the file is malformed, or a value at or below ``path`` is refused. The root and ``clients``
                give all values: what is wrong with one client stops no other.

        """
        parts = split(path)
        self._refuse(parts)
        found = _walk(self._file.merged(), parts)
        return _copy(found) if isinstance(found, dict) and not is_secret(found) else {}

    def find(self, path: str) -> Setting | None:
        """The folder or value at ``path`` as listed, or None where there is none."""
        parts = split(path)
        return next((each for each in self.tree(path) if split(each.path) == parts), None)

    def tree(self, path: str = "") -> list[Setting]:
        """Every folder and value at and below ``path``, folders before what is in them, secrets masked."""
        wanted = split(path)
        problems = {each.parts: each.error.message for each in self._file.problems()}
        locks = [split(each) for each in _locked(self._file.own())]
        inline = self._file.inline_tables()
        own = self._file.own()

        def visit(node: Tree, at: Parts) -> Iterator[Setting]:
            for name, value in node.items():
                parts = (*at, name)
                kind = type_of(join(parts), value)
                if kind is ValueType.FOLDER and parts in inline:
                    kind = ValueType.DICT
                if parts[: len(wanted)] != wanted[: len(parts)]:
                    continue
                if len(parts) >= len(wanted):
                    yield Setting(
                        path=join(parts),
                        type=kind,
                        value=None if kind is ValueType.FOLDER else _copy(value),
                        locked=any(parts[: len(each)] == each for each in locks),
                        secret=kind is ValueType.SECRET,
                        shipped=_shipped(parts),
                        changed=_walk(own, parts) is not None,
                        help=setting.help if (setting := known(parts)) else "",
                        problem=problems.get(parts, ""),
                    )
                if kind is ValueType.FOLDER:
                    yield from visit(value, parts)

        return list(visit(self._file.merged(), ()))

    def lock(self, path: str) -> None:
        """Lock a folder against deletion, with all that is in it; values can still be changed and added.

        Raises:
            SettingsError: there is no such folder.

        """
        parts = self._leaf_path(path)
        found = _walk(self._file.merged(), parts)
        if not isinstance(found, dict) or is_secret(found):
            raise SettingsError(
                f"there is no folder {join(parts)} to lock", hint="See what there is with: quantstrip settings list"
            )

        def change(tree: Tree) -> None:
            reserved = folder_at(tree, (RESERVED,))
            reserved["locked"] = sorted({*_locked(tree), join(parts)})

        self._file.edit(change)

    def locked(self) -> list[str]:
        """The folders that are locked."""
        return _locked(self._file.own())

    def unlock(self, path: str) -> None:
        """Take back ``lock``; a folder that is not locked is left alone."""
        name = join(self._leaf_path(path))

        def change(tree: Tree) -> None:
            left = [each for each in _locked(tree) if each != name]
            if left:
                tree[RESERVED]["locked"] = left
            else:
                tree.pop(RESERVED, None)

        self._file.edit(change)

    def rotate_key(self) -> None:
        """Make a new key and encrypt every secret with it; the old key is forgotten.

        The old key stays until the file is saved, so a crash at any moment leaves secrets that can be read.
        """
        from quantstrip.config.keys import Place, new_key

        store = self._vault.store

        def change(tree: Tree) -> None:
            old = store.ensure()
            record = store.record()
            place = record.place if record else Place.FILE
            store.write(place, [new_key(), *old])
            self._encrypt_again(tree, ())

        self._file.edit(change)
        self._file.edit(self._drop_old_keys)

    def move_key(self, place: str) -> None:
        """Move the key to the ``keyring`` or to an owner-only ``file``, and record the choice."""
        from quantstrip.config.keys import Place

        target = Place.named(place)
        store = self._vault.store

        def change(_: Tree) -> None:
            keys = store.ensure()
            record = store.record()
            if record is not None and record.place is not target:
                store.write(target, keys)
                store.forget(record.place)

        self._file.edit(change)

    def problems(self) -> list[str]:
        """What is wrong with the settings of single clients; each keeps its client from starting."""
        return [each.error.message for each in self._file.problems()]

    def _refuse(self, parts: Parts) -> None:
        """Raise for a value at, below or above ``parts`` that is refused; see ``items`` for the root."""
        for at, error in self._file.problems():
            if len(parts) > 1 and (at[: len(parts)] == parts or parts[: len(at)] == at):
                raise error

    def _drop_old_keys(self, _: Tree) -> None:
        record = self._vault.store.record()
        if record is not None and len(record.fingerprints) > 1:
            self._vault.store.write(record.place, self._vault.store.keys()[:1])

    def _encrypt_again(self, node: Tree, at: Parts) -> None:
        for name, value in node.items():
            if is_secret(value) and value[SECRET_KEY]:
                secret = self._vault.decrypt(join((*at, name)), value[SECRET_KEY])
                node[name] = self._stored(secret, ValueType.SECRET)
            elif isinstance(value, dict) and not is_secret(value):
                self._encrypt_again(value, (*at, name))

    def _stored(self, value: Any, kind: ValueType) -> Any:
        if kind is ValueType.SECRET:
            return Leaf({SECRET_KEY: self._vault.encrypt(value)})
        return Leaf(value) if kind is ValueType.DICT else value

    def _leaf_path(self, path: str) -> Parts:
        parts = split(path)
        if not parts or parts[0] == RESERVED:
            raise SettingsError(f"{path!r} names no setting", hint="Name one, such as dashboard.port.")
        return parts

    @property
    def _file(self) -> SettingsFile:
        return self._of_home().file

    @property
    def _vault(self) -> "Vault":
        from quantstrip.config.vault import Vault  # only a process that uses secrets loads what they need

        bound = self._of_home()
        if bound.vault is None:
            bound.vault = Vault(bound.home)
        return bound.vault

    def _of_home(self) -> "_Bound":
        """What belongs to the home; without a given one, found again when ``QUANTSTRIP_HOME`` changes."""
        variable = None if self._home else os.environ.get(VARIABLE)
        bound = self._bound
        if bound is None or bound.variable != variable:
            home = self._home or find_home()
            bound = self._bound = _Bound(variable, home, SettingsFile(home.settings_file))
        return bound


@dataclass(slots=True)
class _Bound:
    variable: str | None
    home: Home
    file: SettingsFile
    vault: "Vault | None" = None


def _walk(tree: Tree, parts: Parts) -> Any:
    node: Any = tree
    for part in parts:
        if not isinstance(node, dict) or part not in node or is_secret(node):
            return None
        node = node[part]
    return node


def _shipped(parts: Parts) -> bool:
    """True for the platform's own folders and settings, which have a default; a client's have none here."""
    return (parts[0] != CLIENTS or len(parts) == 1) and (known(parts) is not None or is_folder(parts))


def _locked(tree: Tree) -> list[str]:
    reserved = tree.get(RESERVED)
    found = reserved.get("locked", []) if isinstance(reserved, dict) else []
    return [each for each in found if isinstance(each, str)]


def _copy(value: Any) -> Any:
    """A copy the caller may change, secrets masked."""
    if is_secret(value):
        return MASK if value[SECRET_KEY] else ""
    if isinstance(value, dict):
        return {name: _copy(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_copy(child) for child in value]
    return value
