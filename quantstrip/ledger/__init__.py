"""The ledger: every order, fill, commission and position change, in one SQLite file with a published schema.

``db_handler`` is the ledger of the home in use; ``open_ledger`` opens that of any home.
"""

import threading
from typing import TYPE_CHECKING, Any, cast

from quantstrip.home import Home, find_home
from quantstrip.ledger.audit_trail import follow_audit
from quantstrip.ledger.ledger import Ledger
from quantstrip.ledger.reporting import follow_setting

if TYPE_CHECKING:
    from pathlib import Path

    from quantstrip.ledger.recorder import LedgerRecorder

__all__ = ["Ledger", "LedgerRecorder", "db_handler", "open_ledger"]

_open: "dict[Path, Ledger]" = {}
_opening = threading.Lock()


def open_ledger(home: Home) -> Ledger:
    """The ledger of a home, one object per process; created when it is new.

    Raises:
        SchemaMismatch: the database is older or newer than the program; it stays untouched.

    """
    path = home.database.absolute()
    with _opening:
        if path in _open and not path.exists():
            _open.pop(path).close()
        if path not in _open:
            ledger = Ledger(home)
            ledger.ensure()
            follow_setting(ledger, home)
            follow_audit(ledger, home)
            _open[path] = ledger
        return _open[path]


def __getattr__(name: str) -> Any:
    if name != "LedgerRecorder":  # what an engine does is kept by it: a client without one does not pay for it
        raise AttributeError(f"module 'quantstrip.ledger' has no attribute {name!r}")
    from quantstrip.ledger.recorder import LedgerRecorder

    return LedgerRecorder


class _Handler:
    """Stands for the ledger of the home in use, opened on first use."""

    _ledger: Ledger | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._ledger is None:
            self._ledger = open_ledger(find_home())
        return getattr(self._ledger, name)

    def __dir__(self) -> list[str]:
        return dir(Ledger)

    def __repr__(self) -> str:
        return "<db_handler: the ledger of the home in use>"


db_handler = cast("Ledger", _Handler())
"""The ledger of the home in use (see ``quantstrip.home.find_home``)."""
