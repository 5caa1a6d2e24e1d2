"""The settings as a tree to walk through: folders, and in each what is set and what could be."""

from dataclasses import dataclass
from typing import Any

from quantstrip.config import Setting
from quantstrip.config.bounds import OneOf
from quantstrip.config.known import is_closed, known, settings_at
from quantstrip.config.paths import Parts, join, split
from quantstrip.config.table import CLIENTS, Known
from quantstrip.errors import LedgerError, SettingsError
from quantstrip.home import Home
from quantstrip.operations.ledger import check_readable, existing_ledger
from quantstrip.operations.settings import manager_of
from quantstrip.operations.settings_acts import AT_ONCE, acts
from quantstrip.redaction import MASK


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the tree.

    Attributes:
        count: settings that are set in it and below.
        locked: it, or one above it, is locked.
        own_lock: it is locked itself, so it can be unlocked.
        closed: it takes the platform's names alone.
        removable: the home's file holds something of it.

    """

    path: str
    parts: Parts
    count: int
    locked: bool
    own_lock: bool
    closed: bool
    removable: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """A setting, or one that the platform knows and nobody has set.

    Attributes:
        type: text, int, float, bool, list, dict or secret; or several with "or" between.
        value: what it is now, a secret masked; None where it is not set.
        default: None where there is none, or a client's class has it.
        changed: the home's file has a value of its own.
        choices: the words it may be; () where they are not a few.
        acts: when a change of it acts.
        problem: why its value is refused; "" where it is not.
        editable: False for a dict with a secret in it: writing it whole would lose the secret.

    """

    path: str
    name: str
    type: str
    value: Any
    default: Any
    secret: bool
    known: bool
    changed: bool
    locked: bool
    choices: tuple[str, ...]
    expected: str
    help: str
    acts: str
    problem: str
    editable: bool

    @property
    def is_set(self) -> bool:
        """Whether it has a value, its default or one of its own."""
        return self.value is not None

    @property
    def waits(self) -> bool:
        """Whether a change acts only after a start."""
        return self.acts != AT_ONCE


def folders(home: Home) -> list[Folder]:
    """Every folder, the root first, each before what is in it; deployed clients have one, whether or not it is set."""
    manager = manager_of(home)
    tree = manager.tree()
    own_locks = set(map(split, manager.locked()))
    found: dict[Parts, Setting | None] = {(): None}
    found |= {split(each.path): each for each in tree if each.type == "folder"}
    for name in _clients(home):
        found.setdefault((CLIENTS, name), None)
    leaves = [split(each.path) for each in tree if each.type != "folder"]
    order = {parts: place for place, parts in enumerate(found)}
    return [
        Folder(
            join(parts) if parts else "",
            parts,
            sum(leaf[: len(parts)] == parts for leaf in leaves),
            bool(setting and setting.locked),
            parts in own_locks,
            bool(parts) and is_closed(parts),
            bool(setting and setting.changed),
        )
        for parts, setting in sorted(found.items(), key=lambda item: _place(item[0], order))
    ]


def leaves(home: Home, folder: str = "") -> list[Leaf]:
    """What stands in a folder itself, set or known; what is set comes first.

    Raises:
        SettingsError: the path is none.

    """
    at = split(folder)
    return [leaf for leaf in _all(home, at) if split(leaf.path)[:-1] == at]


def search(home: Home, words: str) -> list[Leaf]:
    """Settings whose path, meaning or value has every word; a secret's value is never looked at."""
    wanted = words.casefold().split()
    return [leaf for leaf in _all(home, ()) if all(word in _text(leaf) for word in wanted)]


def own_values(home: Home, folder: str = "") -> list[Leaf]:
    """What the home's file sets at and below a folder."""
    return [leaf for leaf in _all(home, split(folder)) if leaf.changed]


def leaf_at(home: Home, path: str) -> Leaf:
    """One setting.

    Raises:
        SettingsError: nothing is there, and the platform knows none of the name.

    """
    parts = split(path)
    found = next((leaf for leaf in _all(home, parts[:-1]) if split(leaf.path) == parts), None)
    if found is None:
        raise SettingsError(f"there is no setting {path!r}", hint="It was deleted meanwhile: look at its folder again.")
    return found


def _all(home: Home, at: Parts) -> list[Leaf]:
    tree = manager_of(home).tree(join(at) if at else "")
    is_set = [_leaf(split(each.path), known(split(each.path)), each) for each in tree if each.type != "folder"]
    there = {split(each.path) for each in tree}
    # A client's folder shows what can be set there; the root does so for no client in particular.
    name = at[1] if len(at) > 1 and at[0] == CLIENTS else ""
    could = [split(each.path_for(name)) for each in settings_at(at)] if name or not at or at[0] != CLIENTS else []
    unset = [parts for parts in could if parts not in there and (name or parts[0] != CLIENTS)]
    return is_set + [_leaf(parts, known(parts), None) for parts in unset]


def _leaf(parts: Parts, setting: Known | None, found: Setting | None) -> Leaf:
    secret = found is not None and found.secret
    rule = setting.accepts if setting else None
    value = found.value if found is not None else None
    return Leaf(
        path=join(parts),
        name=parts[-1],
        type="secret" if secret else setting.kind if setting else str(found.type) if found else "text",
        value=value,
        default=setting.default if setting else None,
        secret=secret,
        known=setting is not None,
        changed=found is not None and found.changed,
        locked=found is not None and found.locked,
        choices=rule.choices if isinstance(rule, OneOf) else (),
        expected=setting.expected if setting else "",
        help=setting.help if setting else "",
        acts=acts(join(parts)),
        problem=found.problem if found is not None else "",
        editable=not (isinstance(value, dict) and _hides(value)),
    )


def _hides(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_hides, value.values()))
    return bool(value == MASK)


def _clients(home: Home) -> list[str]:
    """The deployed clients; none while the ledger does not answer: settings are files, and stay at hand."""
    try:
        check_readable(home)
        return [str(row["name"]) for row in existing_ledger(home).clients()]
    except LedgerError:
        return []


def _place(parts: Parts, order: dict[Parts, int]) -> list[int | str]:
    """The platform's folders keep their order; clients are sorted by name."""
    return [
        order.get(parts[: end + 1], len(order)) if parts[0] != CLIENTS or end == 0 else parts[end]
        for end in range(len(parts))
    ]


def _text(leaf: Leaf) -> str:
    value = "" if leaf.secret or leaf.value is None else leaf.value
    return f"{leaf.path} {leaf.help} {value}".casefold()
