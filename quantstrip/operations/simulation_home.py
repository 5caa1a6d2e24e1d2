"""The home of a client on trial: a copy of the ledger, the settings without secrets, and links to what it may read."""

import json
from pathlib import Path
from typing import Any, Final

from quantstrip.config.values import SECRET_KEY, is_secret
from quantstrip.home import MARKER, Home
from quantstrip.ledger import open_ledger
from quantstrip.ledger.trial import copy_for_trial

FOLDER: Final = "home"
MARKS: Final = "marks.json"
_OWN: Final = frozenset({"settings", "data", "logs", MARKER})
_OWN_DATA: Final = frozenset({"tasks", "run", "backups", "reports", "deployed"})
_STOP_SECONDS: Final = 5.0


def trial_home(folder: Path) -> Home:
    """The home of the trial whose task has ``folder``."""
    return Home(folder / FOLDER)


def client_name(file: Path) -> str:
    """The client's name: the file's, or its folder's for a package."""
    return file.parent.name if file.name == "__init__.py" else file.stem


def make_home(real: Home, folder: Path, client: str) -> Home:
    """Make the home of a trial of ``client`` in the task's ``folder``, and note where its own rows begin.

    Raises:
        LedgerError: the ledger cannot be copied.
        SettingsError: the settings cannot be read.

    """
    home = trial_home(folder)
    home.root.mkdir(mode=0o700)
    _link(real.root, home.root, _OWN)
    home.data.mkdir()
    _link(real.data, home.data, _OWN_DATA)
    home.create()
    home.settings_file.write_text(without_secrets(real.settings_file, client), encoding="utf-8")
    marks = copy_for_trial(open_ledger(real).store, home.database, client)
    (folder / MARKS).write_text(json.dumps(marks), encoding="utf-8")
    return home


def without_secrets(file: Path, client: str) -> str:
    """The settings as a trial of ``client`` sees them: no secret has a value, and nothing leads out of its home."""
    import tomlkit

    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    _blank(document)
    given: tuple[tuple[tuple[str, ...], object], ...] = (
        (("ledger", "audit"), False),  # the key of the chain is a secret too
        (("backup", "folder"), ""),
        (("service", "stop_seconds"), _STOP_SECONDS),
        (("clients", client, "mode"), "simulation"),
    )
    for (*folders, name), value in given:
        node: Any = document
        for each in folders:
            node = node.setdefault(each, tomlkit.table())
        node[name] = value
    return tomlkit.dumps(document)


def _blank(node: Any) -> None:
    for name, value in node.items():
        if is_secret(value):
            value[SECRET_KEY] = ""
        elif isinstance(value, dict):
            _blank(node[name])


def _link(source: Path, target: Path, own: frozenset[str]) -> None:
    """Link what is in ``source`` into ``target``, but what a trial has of its own: databases, hidden files, ``own``."""
    for each in source.iterdir() if source.is_dir() else ():
        hidden = each.name.startswith(".") or ".db" in each.name
        if each.name not in own and not hidden:
            (target / each.name).symlink_to(each)
