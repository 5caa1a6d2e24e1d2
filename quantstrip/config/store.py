"""The settings file: read when it changed, edited under a lock with comments kept."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip.config.files import locked, replace
from quantstrip.config.paths import Parts, join
from quantstrip.config.shipped import Overlaid, Problem, overlay
from quantstrip.errors import SettingsError

if TYPE_CHECKING:
    from tomlkit.items import Item

Tree = dict[str, Any]
_HEADER = "# Your settings. Each default, and what it means: quantstrip settings known\n"


class SettingsFile:
    """One home's ``settings.toml``. Thread-safe: a read tree is never changed, only replaced by a newer one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[tuple[int, ...] | None, Tree, Overlaid] | None = None

    def own(self) -> Tree:
        """What the file itself holds; not to be changed."""
        return self._current()[1]

    def merged(self) -> Tree:
        """The defaults overlaid by the file; not to be changed."""
        return self._current()[2].tree

    def problems(self) -> list[Problem]:
        """What is wrong in the folders of single clients."""
        return self._current()[2].problems

    def edit(self, change: Callable[[Tree], None]) -> None:
        """Read the file, apply ``change`` to a copy of its tree, and save, with other writers locked out.

        Comments and the order of lines stay as the user wrote them.

        Raises:
            SettingsError: the file is malformed, the changed tree is refused, or the file cannot be written; the old
                file stays as it is.

        """
        try:
            with locked(self.path.parent / ".lock"):
                text = self._text()
                tree = self._parse(text)
                changed = copy.deepcopy(tree)
                change(changed)
                if same(changed, tree):
                    return
                self._refuse_new_problems(tree, changed)
                replace(self.path, _render(text or _HEADER, tree, changed))
        except OSError as error:
            raise SettingsError(
                f"{self.path} cannot be written: {error.strerror or error}; it is unchanged",
                hint="Check the disk's free space and that you own the folder.",
            ) from error

    def _refuse_new_problems(self, tree: Tree, changed: Tree) -> None:
        """What was wrong with other clients before does not keep this change from being saved."""
        found = overlay(changed, str(self.path)).problems
        if found:
            try:
                before = {(each.parts, each.error.message) for each in overlay(tree, str(self.path)).problems}
            except SettingsError:  # this very change mends the platform's settings
                before = set()
            for parts, error in found:
                if (parts, error.message) not in before:
                    raise error

    def inline_tables(self) -> set[Parts]:
        """Paths of tables written in braces: dict values, where ``[a.b]`` is a folder."""
        import tomlkit
        from tomlkit.items import InlineTable

        found: set[Parts] = set()

        def visit(node: Any, at: Parts) -> None:
            for name, child in node.items():
                if isinstance(child, InlineTable):
                    found.add((*at, name))
                elif isinstance(child, dict):
                    visit(child, (*at, name))

        visit(tomlkit.parse(self._text()), ())
        return found

    def _current(self) -> tuple[tuple[int, ...] | None, Tree, Overlaid]:
        signature = self._signature()
        seen = self._seen
        if seen is None or seen[0] != signature:
            own = self._parse(self._text())
            seen = (signature, own, overlay(own, str(self.path)))
            self._seen = seen
        return seen

    def _signature(self) -> tuple[int, ...] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(error) from error
        return (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise self._unreadable(error) from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{self.path} is not UTF-8 text: {error}", hint="Save it as UTF-8.") from error

    def _unreadable(self, error: OSError) -> SettingsError:
        return SettingsError(
            f"{self.path} cannot be read: {error.strerror or error}", hint="Give yourself read access to it."
        )

    def _parse(self, text: str) -> Tree:
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            # The message of tomllib ends with "(at line L, column C)", or with this:
            end = f"at line {text.count(chr(10)) + 1}, the end of the file"
            raise SettingsError(
                f"{self.path} is not valid TOML: {str(error).replace('at end of document', end)}",
                hint="Mend that line, or remove the file to go back to the defaults. Text needs quotes.",
            ) from error


def _render(text: str, tree: Tree, changed: Tree) -> bytes:
    """``text`` edited so that it holds ``changed`` instead of ``tree``, and read again to be sure of it."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        _apply(document, tree, changed)
        rendered = tomlkit.dumps(document)
        encoded = rendered.encode()
        faithful = same(tomllib.loads(rendered), changed)
    except (TOMLKitError, tomllib.TOMLDecodeError, UnicodeError) as error:
        raise SettingsError(f"the settings cannot be written as TOML: {error}; nothing was changed") from error
    if not faithful:
        raise SettingsError(
            "the settings file is laid out in a way that cannot be edited without loss; nothing was changed",
            hint="Keep each [folder] of the file in one place, or make this change by hand.",
        )
    return encoded


def _apply(node: Any, tree: Tree, changed: Tree) -> None:
    for name in tree.keys() - changed.keys():
        del node[name]
    for name, value in changed.items():
        if name not in tree:
            node[name] = _new_item(value)
        elif not same(value, tree[name]):
            if isinstance(value, dict) and isinstance(tree[name], dict) and not isinstance(value, Leaf):
                _apply(node[name], tree[name], value)
            else:
                node[name] = _new_item(value)


def same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from 1.0 and from true, as the file does."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


class Leaf(dict[str, Any]):
    """A table that is one value (a dict, a secret), written in braces, and not a folder."""


def _new_item(value: Any) -> "Item":
    import tomlkit

    if isinstance(value, Leaf):
        return _inline(value)
    if isinstance(value, dict):
        table = tomlkit.table()
        for name, child in value.items():
            table[name] = _new_item(child)
        return table
    return _inline(value)


def _inline(value: Any) -> "Item":
    import tomlkit

    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for name, child in value.items():
            table[name] = _inline(child)
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        for child in value:
            array.append(_inline(child))
        return array
    item: Item = tomlkit.item(value)
    return item


def folder_at(tree: Tree, parts: Parts) -> Tree:
    """The folder at ``parts``, made where it is missing.

    Raises:
        SettingsError: a part of the path is a value.

    """
    node = tree
    for end, part in enumerate(parts, 1):
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise SettingsError(
                f"{join(parts[:end])} is a value, so nothing can stand below it",
                hint="Choose another path, or delete that value first.",
            )
    return node
