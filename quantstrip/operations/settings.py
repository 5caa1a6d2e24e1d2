"""Reading and changing settings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from quantstrip.config import Setting, SettingsManager
from quantstrip.config.known import known, settings_at
from quantstrip.config.paths import Parts, is_name, join, split
from quantstrip.config.shipped import near
from quantstrip.config.store import Leaf, SettingsFile, folder_at
from quantstrip.config.values import SECRET_KEY, is_secret
from quantstrip.errors import SettingsError
from quantstrip.home import Home
from quantstrip.operations.settings_acts import acts

_SUMMED_UP = "eod.calendar"
_CALENDARS = (_SUMMED_UP, "clients.NAME.calendar")
_CURRENCY = "platform.reporting_currency"


@dataclass(frozen=True, slots=True)
class KnownSetting:
    """A setting that the platform reads; ``default`` is None where a client's class has one.

    Attributes:
        type: its type, or types with "or" between.
        expected: what a value must be, "" where any of the type will do.
        acts: when a change of it acts.

    """

    path: str
    type: str
    default: Any
    expected: str
    help: str
    acts: str = ""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A setting or a folder that was deleted; what it held is never shown, for it may hold secrets."""

    path: str
    stored: Any = field(repr=False)


@cache
def manager_of(home: Home) -> SettingsManager:
    """The settings of ``home``, one object per process: it notices by itself when the file changes."""
    return SettingsManager(home)


@dataclass(frozen=True, slots=True)
class OrDefaults:
    """The settings for what must work whatever the file holds: seeing what runs, and stopping it."""

    settings: SettingsManager

    def get(self, path: str, default: Any = None) -> Any:
        """The value at ``path``; ``default`` also where the file or the value is refused."""
        try:
            return self.settings.get(path, default)
        except SettingsError:
            return default


def get_setting(home: Home, path: str) -> Any:
    """The value at ``path``, a folder as a dict; secrets come masked, for what is printed may be kept somewhere.

    Raises:
        SettingsError: nothing is there, or what is there is refused.

    """
    manager = manager_of(home)
    found = manager.find(path)
    if found is not None:
        manager.items(path)  # refuses what a client could not start with
    if found is None:
        raise _absent(path)
    return found.value if found.value is not None else manager.items(path)


def type_at(home: Home, path: str) -> str:
    """The type of what is at ``path``, ``text`` where nothing is: a secret stays one unless a type is named."""
    found = manager_of(home).find(path)
    return "text" if found is None or found.type == "folder" else str(found.type)


def set_setting(home: Home, path: str, value: Any, value_type: str = "text") -> None:
    """Set ``path`` and save.

    Raises:
        SettingsError: the value is not of the type or out of its bounds, or the path leads through a value.

    """
    check_further(path, value)
    manager_of(home).set_by_path(path, value, value_type)
    follow(home, path)


def child_path(folder: str, name: str) -> str:
    """The path of ``name`` in ``folder``.

    Raises:
        SettingsError: the name is none.

    """
    if not is_name(name):
        raise SettingsError(
            f"{name!r} cannot be the name of a setting or a folder",
            hint="Use letters, digits, dots; no slash, and no space around it.",
        )
    return join((*split(folder), name))


def check_further(path: str, value: Any) -> None:
    """What the table of settings does not check, for it would load too much.

    Raises:
        SettingsError: no exchange has a calendar of that name.

    """
    setting = known(split(path))
    if setting is not None and setting.path in _CALENDARS and isinstance(value, str):
        _check_calendar(path, value, may_be_empty=setting.path != _SUMMED_UP)


def follow(home: Home, path: str) -> None:
    """Do what a change of the setting at ``path`` asks for besides saving it."""
    parts, currency = split(path), split(_CURRENCY)
    if currency[: len(parts)] == parts and home.database.is_file():
        # Views convert inside the database, which must know. Imported here: few settings concern the ledger.
        from quantstrip.ledger import open_ledger
        from quantstrip.ledger.reporting import follow_setting

        follow_setting(open_ledger(home), home)


def _check_calendar(path: str, name: str, *, may_be_empty: bool) -> None:
    from quantstrip.calendars import calendar_names  # loads pandas: only whoever sets a calendar waits for it

    if (name or not may_be_empty) and name.strip().upper() not in calendar_names():
        raise SettingsError(
            f"{path} must be an exchange's calendar{', or empty' if may_be_empty else ''}, got {name!r}",
            hint="Use a MIC such as XNYS, XLON, XTKS, or one of NYSE, NASDAQ, LSE, CME, 24/7, 24/5.",
        )


def list_settings(home: Home, path: str = "") -> list[Setting]:
    """Every setting at and below ``path``, secrets masked.

    Raises:
        SettingsError: nothing is there.

    """
    found = manager_of(home).tree(path)
    if not found:
        raise _absent(path)
    return found


def _absent(path: str) -> SettingsError:
    if known(split(path)) is not None:
        hint = f"The client's class decides. Set it with: quantstrip settings set {path} VALUE"
        return SettingsError(f"{path} is not set", hint=hint)
    near = meant(path)
    hint = f"Did you mean {near}?" if near else "List them with: quantstrip settings list"
    return SettingsError(f"there is no setting {path!r}", hint=hint)


def delete_setting(home: Home, path: str) -> Deleted:
    """Delete a value or a folder of one's own; a platform setting goes back to its default.

    Returns:
        What ``restore_setting`` puts back.

    Raises:
        SettingsError: nothing is there, or the folder (one above it, or one in it) is locked.

    """
    file = SettingsFile(home.settings_file)
    parts = split(path)
    taken = as_stored(_at(file.own(), parts), parts, file.inline_tables())
    manager_of(home).delete(path)
    follow(home, path)
    return Deleted(join(parts), taken)


def restore_setting(home: Home, deleted: Deleted) -> None:
    """Put back what ``delete_setting`` took away, secrets as they were.

    Raises:
        SettingsError: something else stands there by now.
        SecretError: the key was changed meanwhile, so a secret would not open any more.

    """
    from quantstrip.config.vault import Vault  # only what uses secrets loads what they need

    parts = split(deleted.path)
    for path, token in _secrets(deleted.stored, parts):
        Vault(home).decrypt(path, token)

    def change(tree: dict[str, Any]) -> None:
        folder = folder_at(tree, parts[:-1])
        if parts[-1] in folder:
            raise SettingsError(
                f"{deleted.path} was set again meanwhile, so it is not put back", hint="Delete it first, or keep it."
            )
        folder[parts[-1]] = deleted.stored

    SettingsFile(home.settings_file).edit(change)
    follow(home, deleted.path)


def _at(tree: dict[str, Any], parts: Parts) -> Any:
    node: Any = tree
    for part in parts:
        node = node.get(part) if isinstance(node, dict) else None
    return node


def as_stored(node: Any, at: Parts, inline: set[Parts]) -> Any:
    """A node as it is written again: dicts and secrets as one value, folders as folders."""
    if not isinstance(node, dict):
        return node
    if at in inline or is_secret(node):
        return Leaf(node)
    return {name: as_stored(child, (*at, name), inline) for name, child in node.items()}


def _secrets(node: Any, at: Parts) -> Iterator[tuple[str, str]]:
    """The path and the token of every secret in a node that has a value."""
    if is_secret(node):
        if node[SECRET_KEY]:
            yield join(at), node[SECRET_KEY]
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from _secrets(child, (*at, name))


def known_settings(path: str = "") -> list[KnownSetting]:
    """Every setting that the platform reads, at and below ``path``; ``NAME`` in it stands for any client.

    Raises:
        SettingsError: there is none.

    """
    parts = split(path)
    name = parts[1] if len(parts) > 1 and parts[0] == "clients" else ""
    found = [
        KnownSetting(each.path_for(name), each.kind, each.default, each.expected, each.help, acts(each.path))
        for each in settings_at(parts)
    ]
    if not found:
        raise SettingsError(f"the platform reads no setting {path!r}", hint="List all with: quantstrip settings known")
    return found


def meant(path: str) -> str:
    """The setting that was probably meant by a name that the platform does not read, or ""."""
    return near(split(path))


def problems(home: Home) -> list[str]:
    """What is wrong with the settings of single clients; each keeps its client from starting."""
    return manager_of(home).problems()


def lock_folder(home: Home, path: str) -> None:
    """Keep a folder, what is in it and what holds it from being deleted.

    Raises:
        SettingsError: there is no such folder.

    """
    manager_of(home).lock(path)


def unlock_folder(home: Home, path: str) -> None:
    """Take back ``lock_folder``.

    Raises:
        SettingsError: that folder is not locked; those that are, are listed.

    """
    manager = manager_of(home)
    locked = manager.locked()
    if split(path) not in map(split, locked):
        raise SettingsError(f"{path} is not locked", hint=f"Locked: {', '.join(locked) or 'nothing'}.")
    manager.unlock(path)


def rotate_key(home: Home) -> int:
    """Make a new key and encrypt every secret with it; returns how many there are.

    Raises:
        SecretError: the old key cannot be used; nothing is changed.

    """
    manager = manager_of(home)
    manager.rotate_key()
    return sum(1 for each in manager.tree() if each.secret and each.value)


def move_key(home: Home, place: str) -> None:
    """Move the key to the system's ``keyring`` or to an owner-only ``file``.

    Raises:
        SecretError: there is no keyring here, or it is locked; the key stays where it is.

    """
    manager_of(home).move_key(place)
