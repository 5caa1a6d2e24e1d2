"""Reading and changing settings."""

from typing import Any

from quantstrip.config import Setting, SettingsManager
from quantstrip.errors import SettingsError
from quantstrip.home import Home


def get_setting(home: Home, path: str) -> Any:
    """The value at ``path``, a folder as a dict; secrets come masked, for what is printed may be kept somewhere.

    Raises:
        SettingsError: nothing is there.

    """
    manager = SettingsManager(home)
    found = manager.find(path)
    if found is None:
        raise SettingsError(f"there is no setting {path!r}", hint="List them with: quantstrip settings list")
    return found.value if found.value is not None else manager.items(path)


def set_setting(home: Home, path: str, value: Any, value_type: str = "text") -> None:
    """Set ``path`` and save.

    Raises:
        SettingsError: the value is not of the type, or the path leads through a value.

    """
    SettingsManager(home).set_by_path(path, value, value_type)


def list_settings(home: Home, path: str = "") -> list[Setting]:
    """Every setting at and below ``path``, secrets masked."""
    return SettingsManager(home).tree(path)


def delete_setting(home: Home, path: str) -> None:
    """Delete a value of one's own; a platform setting goes back to its default."""
    SettingsManager(home).delete(path)
