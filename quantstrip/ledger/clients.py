"""Clients: what is deployed, what should run, and every version that was deployed."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from quantstrip.errors import InvalidRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.tables import client, deployment

_FIXED = ("name", "create_time", "update_time")
_COLUMNS = tuple(c.name for c in client.c if c.name not in _FIXED)
_DEFAULTS: dict[str, Any] = dict.fromkeys(_COLUMNS, "") | {"desired_state": "stopped", "differs": 0, "mode": ""}
_INSERT = Insert(client, keyed=True)


def _setting(name: str) -> Statement:
    return Statement(
        lambda: (
            update(client)
            .where(client.c.name == bindparam("which"))
            .values({name: bindparam("value"), "update_time": bindparam("now")})
        )
    )


_UPDATE = {name: _setting(name) for name in _COLUMNS}
_ONE = Statement(lambda: select(client).where(client.c.name == bindparam("name")))
_ALL = Statement(lambda: select(client).order_by(client.c.name))
_DELETE = Statement(lambda: delete(client).where(client.c.name == bindparam("which")))
_DEPLOY = Insert(deployment)
_DEPLOYMENTS = Statement(
    lambda: (
        select(deployment).where(deployment.c.client == bindparam("client")).order_by(deployment.c.deployment_id.desc())
    )
)


class Clients(Family):
    """Clients and their deployments."""

    def set_client(self, name: str, **columns: Any) -> None:
        """Register a client, or change some of its columns; the others keep their values.

        Columns: ``code_hash, desired_state (running|stopped), status_note, differs (0|1), display_name, source, mode``.

        Raises:
            InvalidRecord: no such column, or an impossible value.

        """
        unknown = sorted(set(columns) - set(_COLUMNS))
        if unknown:
            raise InvalidRecord(
                f"a client has no {', '.join(unknown)}; it has {', '.join(_COLUMNS)}", hint="Check the spelling."
            )
        if columns.get("desired_state", "running") not in ("running", "stopped"):
            raise InvalidRecord(
                f"desired_state must be running or stopped, got {columns['desired_state']!r}",
                hint="Use one of the two words.",
            )
        values = {column: int(value) if column == "differs" else str(value) for column, value in columns.items()}
        with self.store.write() as tx:
            times = {"create_time": tx.now, "update_time": tx.now}
            if tx.insert(_INSERT, _DEFAULTS | values | times | {"name": validate.words("name", name)}) is None:
                for column, value in values.items():
                    tx.run(_UPDATE[column], {"which": name, "value": value, "now": tx.now})

    def get_client(self, name: str) -> dict[str, Any] | None:
        """One client, or None."""
        return self._row(_ONE, name=name)

    def clients(self) -> list[dict[str, Any]]:
        """All clients, by name."""
        return self._rows(_ALL)

    def remove_client(self, name: str) -> None:
        """Forget a client; its runs, deployments, orders and fills stay."""
        with self.store.write() as tx:
            tx.run(_DELETE, {"which": name})

    def add_deployment(
        self, client: str, code_hash: str, files: Mapping[str, Any] | Sequence[str] = (), note: str = ""
    ) -> int:
        """Note that a version of a client was deployed; returns the row's id."""
        row = {
            "client": validate.words("client", client),
            "code_hash": validate.words("code_hash", code_hash),
            "files": json.dumps(files if isinstance(files, Mapping) else list(files)),
            "note": note,
        }
        with self.store.write() as tx:
            return int(tx.insert(_DEPLOY, row | {"deployed_at": tx.now}) or 0)

    def deployments(self, name: str) -> list[dict[str, Any]]:
        """Every version of a client that was deployed, newest first."""
        return self._rows(_DEPLOYMENTS, client=name)
