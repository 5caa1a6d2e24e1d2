"""Reading and changing settings."""

from functools import cache
from typing import Any

from quantstrip.config import Setting, SettingsManager
from quantstrip.errors import SettingsError
from quantstrip.home import Home


@cache
def manager_of(home: Home) -> SettingsManager:
    """The settings of ``home``, one object per process: it notices by itself when the file changes."""
    return SettingsManager(home)


def get_setting(home: Home, path: str) -> Any:
    """The value at ``path``, a folder as a dict; secrets come masked, for what is printed may be kept somewhere.

    Raises:
        SettingsError: nothing is there.

    """
    manager = manager_of(home)
    found = manager.find(path)
    if found is None:
        raise SettingsError(f"there is no setting {path!r}", hint="List them with: quantstrip settings list")
    return found.value if found.value is not None else manager.items(path)


def type_at(home: Home, path: str) -> str:
    """The type of what is at ``path``, ``text`` where nothing is: a secret stays one unless a type is named."""
    found = manager_of(home).find(path)
    return "text" if found is None or found.type == "folder" else str(found.type)


def set_setting(home: Home, path: str, value: Any, value_type: str = "text") -> None:
    """Set ``path`` and save.

    Raises:
        SettingsError: the value is not of the type, or the path leads through a value.

    """
    manager_of(home).set_by_path(path, value, value_type)


def list_settings(home: Home, path: str = "") -> list[Setting]:
    """Every setting at and below ``path``, secrets masked."""
    return manager_of(home).tree(path)


def delete_setting(home: Home, path: str) -> None:
    """Delete a value of one's own; a platform setting goes back to its default."""
    manager_of(home).delete(path)
