"""Reading and changing settings."""

from typing import Any

from quantstrip.config import Setting, SettingsManager
from quantstrip.errors import SettingsError
from quantstrip.home import Home
from quantstrip.redaction import MASK


def get_setting(home: Home, path: str) -> Any:
    """The value at ``path``; a secret comes masked, for what is printed may be kept somewhere.

    Raises:
        SettingsError: nothing is there.

    """
    manager = SettingsManager(home)
    wanted = path.strip("/").removeprefix("config/").replace("/", ".")
    if any(setting.secret and setting.path == wanted for setting in manager.tree()):
        return MASK
    value = manager.get(path)
    if value is None:
        raise SettingsError(f"there is no setting {path!r}", hint="List them with: quantstrip settings list")
    return value


def set_setting(home: Home, path: str, value: Any, value_type: str = "text") -> None:
    """Set ``path`` and save.

    Raises:
        SettingsError: the value is not of the type, or the path leads through a value.

    """
    SettingsManager(home).set_by_path(path, value, value_type)


def list_settings(home: Home, path: str = "") -> list[Setting]:
    """Every setting below ``path``, secrets masked."""
    wanted = path.strip("/").removeprefix("config/").replace("/", ".").strip(".")
    return [
        setting
        for setting in SettingsManager(home).tree()
        if not wanted or setting.path == wanted or setting.path.startswith(f"{wanted}.")
    ]


def delete_setting(home: Home, path: str) -> None:
    """Delete a value of one's own; a platform setting goes back to its default."""
    SettingsManager(home).delete(path)
