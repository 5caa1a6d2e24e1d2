"""The last deletion of a setting, kept beside the trash so that it can be put back from anywhere."""

from pathlib import Path
from typing import Any

from quantstrip.config.store import SettingsFile
from quantstrip.errors import SettingsError
from quantstrip.home import Home, private_folder
from quantstrip.operations import settings
from quantstrip.operations.settings import Deleted


def delete(home: Home, path: str) -> Deleted:
    """Delete as ``settings.delete_setting`` does, and keep what it took away in the place of what was kept before.

    Secrets stay encrypted in it.

    Raises:
        SettingsError: nothing is there, or the folder is locked; what was kept before stays.

    """
    deleted = settings.delete_setting(home, path)

    def change(tree: dict[str, Any]) -> None:
        tree.update(path=deleted.path, stored=deleted.stored)

    forget(home)
    private_folder(home.trash)
    SettingsFile(_file(home)).edit(change)
    return deleted


def last(home: Home) -> Deleted | None:
    """What was deleted last and is not back yet."""
    file = SettingsFile(_file(home))
    kept = file.own()
    if "path" not in kept:
        return None
    return Deleted(str(kept["path"]), settings.as_stored(kept["stored"], ("stored",), file.inline_tables()))


def restore(home: Home, deleted: Deleted | None = None) -> str:
    """Put a deletion back, secrets as they were: the last one, unless another is given. Returns its path.

    Raises:
        SettingsError: nothing is kept, or something else stands there by now.
        SecretError: the key was changed meanwhile, so a secret would not open any more.

    """
    kept = last(home)
    wanted = deleted or kept
    if wanted is None:
        raise SettingsError("no deleted setting is kept", hint="The last one that was deleted is, until it is back.")
    settings.restore_setting(home, wanted)
    if wanted == kept:
        forget(home)
    return wanted.path


def forget(home: Home) -> None:
    """Keep it no more."""
    _file(home).unlink(missing_ok=True)


def _file(home: Home) -> Path:
    return home.trash / "setting.toml"
