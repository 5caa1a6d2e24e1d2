"""Brokers and strategies: their rows, and ids found by name."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, select, update

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import (
    broker,
    execution,
    orders,
    reconciliation,
    round_trip,
    strategy,
    strategy_event,
    strategy_run,
)

if TYPE_CHECKING:
    import pandas as pd

UNALLOCATED = "unallocated"
"""Strategy of executions that no known order explains."""

_STRATEGY_ID = Statement(lambda: select(strategy.c.strategy_id).where(strategy.c.name == bindparam("name")))
_STRATEGY_HAS = Statement(lambda: select(strategy.c.strategy_id).where(strategy.c.strategy_id == bindparam("id")))
_STRATEGY_NAME = Statement(lambda: select(strategy.c.name).where(strategy.c.strategy_id == bindparam("id")))
_STRATEGIES = Statement(lambda: select(strategy).order_by(strategy.c.strategy_id))
_STRATEGY_INSERT = Insert(strategy, keyed=True)
_STRATEGY_DELETE = Statement(lambda: delete(strategy).where(strategy.c.strategy_id == bindparam("id")))
_BOOKED = {
    "runs": Statement(lambda: select(strategy_run.c.strategy_id).where(strategy_run.c.strategy_id == bindparam("id"))),
    "orders": Statement(lambda: select(orders.c.strategy_id).where(orders.c.strategy_id == bindparam("id"))),
    "intentions": Statement(
        lambda: select(strategy_event.c.strategy_id).where(strategy_event.c.strategy_id == bindparam("id"))
    ),
    "an open position": Statement(
        lambda: select(round_trip.c.strategy_id).where(
            round_trip.c.strategy_id == bindparam("id"), round_trip.c.closed.is_(None)
        )
    ),
}
"""What ties a strategy to the name that its code has."""
_BROKER_ID = Statement(lambda: select(broker.c.broker_id).where(broker.c.name == bindparam("name")))
_BROKER_HAS = Statement(lambda: select(broker.c.broker_id).where(broker.c.broker_id == bindparam("id")))
_BROKER_NAME = Statement(lambda: select(broker.c.name).where(broker.c.broker_id == bindparam("id")))
_BROKER_BOOKED = {
    "orders": Statement(lambda: select(orders.c.broker_id).where(orders.c.broker_id == bindparam("id"))),
    "fills": Statement(lambda: select(execution.c.broker_id).where(execution.c.broker_id == bindparam("id"))),
    "an open position": Statement(
        lambda: select(round_trip.c.broker_id).where(
            round_trip.c.broker_id == bindparam("id"), round_trip.c.closed.is_(None)
        )
    ),
    "reconciliations": Statement(
        lambda: select(reconciliation.c.broker_id).where(reconciliation.c.broker_id == bindparam("id"))
    ),
}
"""What ties a broker to the name under which its adapter books."""
_BROKERS = Statement(lambda: select(broker).order_by(broker.c.broker_id))
_BROKER_INSERT = Insert(broker, keyed=True)
_BROKER_DELETE = Statement(lambda: delete(broker).where(broker.c.broker_id == bindparam("id")))


def strategy_id_of(tx: Transaction, given: int | str) -> int:
    """The id of a strategy; an unknown name is registered, an unknown number refused.

    Raises:
        UnknownRecord: no strategy has this number.
        InvalidRecord: the name is empty.

    """
    if isinstance(given, int) and not isinstance(given, bool):
        if tx.one(_STRATEGY_HAS, {"id": given}) is None:
            raise UnknownRecord(
                f"no strategy has the id {given}", hint="Give the strategy's name; it is registered on first use."
            )
        return given
    name = validate.words("strategy_id", given)
    found = tx.one(_STRATEGY_ID, {"name": name})
    if found is not None:
        return int(found[0])
    created = tx.insert(_STRATEGY_INSERT, {"name": name, "create_time": tx.now, "update_time": tx.now})
    return int(created or tx.one(_STRATEGY_ID, {"name": name})[0])


def broker_id_of(tx: Transaction, given: int | str | None) -> int | None:
    """The id of a broker by id or name; None stays None.

    Raises:
        UnknownRecord: no such broker; those that exist are listed.

    """
    if given is None:
        return None
    if isinstance(given, int) and not isinstance(given, bool):
        found = tx.one(_BROKER_HAS, {"id": given})
    else:
        found = tx.one(_BROKER_ID, {"name": str(given)})
    if found is None:
        known = ", ".join(row["name"] for row in tx.dicts(_BROKERS)) or "none yet"
        raise UnknownRecord(
            f"no broker {given!r} in the ledger; registered: {known}",
            hint=f"Register it first: insert_broker({given!r}, ...).",
        )
    return int(found[0])


def by_id_or_name(given: int | str | None) -> dict[str, int | str | None]:
    """Parameters ``id`` and ``name`` of a search that must not register what it does not find."""
    return {"id": given, "name": None} if given is None or isinstance(given, int) else {"id": None, "name": given}


def ensure_broker(tx: Transaction, name: str) -> int:
    """The id of the broker called ``name``, registered when it is new."""
    found = tx.one(_BROKER_ID, {"name": name})
    if found is not None:
        return int(found[0])
    row = {"name": name, "full_name": name, "create_time": tx.now, "update_time": tx.now}
    return int(tx.insert(_BROKER_INSERT, row) or tx.one(_BROKER_ID, {"name": name})[0])


class Names(Family):
    """Brokers and strategies."""

    def insert_broker(self, name: str, full_name: str | None = None) -> int:
        """Register a broker; returns its id. A name that is there already keeps its row."""
        name = validate.words("name", name)
        with self.store.write() as tx:
            row = {"name": name, "full_name": full_name, "create_time": tx.now, "update_time": tx.now}
            return int(tx.insert(_BROKER_INSERT, row) or tx.one(_BROKER_ID, {"name": name})[0])

    def update_broker(self, broker_id: int | str, name: str | None = None, full_name: str | None = None) -> None:
        """Change a broker's names; None keeps what is there.

        Raises:
            InvalidRecord: another name for one that has orders, fills, an open position or reconciliations: its adapter
                would go on under the old name, as a new broker without a position. Nothing was written.

        """
        changes = {"name": None if name is None else validate.words("name", name), "full_name": full_name}
        with self.store.write() as tx:
            found = broker_id_of(tx, broker_id)
            if changes["name"] is not None and found is not None:
                _check_name(tx, _KEPT_BROKER, found, str(changes["name"]))
            _change(tx, broker, broker.c.broker_id == found, changes)

    def delete_broker(self, broker_id: int | str) -> None:
        """Delete a broker that no order or execution names."""
        with self.store.write() as tx:
            tx.run(_BROKER_DELETE, {"id": broker_id_of(tx, broker_id)})

    def get_brokers(self) -> "pd.DataFrame":
        """All brokers."""
        return self._frame(_BROKERS)

    def get_broker_id(self, name: str) -> int | None:
        """The id of a broker, or None."""
        with self.store.read() as tx:
            found = tx.one(_BROKER_ID, {"name": name})
        return None if found is None else int(found[0])

    def insert_strategy(
        self, name: str, description: str | None = None, *, allocation: float | None = None, currency: str | None = None
    ) -> int:
        """Register a strategy; returns its id. A name that is there already keeps its row.

        Args:
            allocation: money given to the strategy, in ``currency``.

        """
        name = validate.words("name", name)
        row = {"name": name, "description": description, "allocation": validate.optional("allocation", allocation)}
        with self.store.write() as tx:
            row |= {"currency": currency, "create_time": tx.now, "update_time": tx.now}
            return int(tx.insert(_STRATEGY_INSERT, row) or tx.one(_STRATEGY_ID, {"name": name})[0])

    def update_strategy(
        self,
        strategy_id: int | str,
        name: str | None = None,
        description: str | None = None,
        *,
        allocation: float | None = None,
        currency: str | None = None,
    ) -> None:
        """Change a strategy's name or description; None keeps what is there.

        Raises:
            InvalidRecord: another name for one that has runs, orders or an open position: its code would go on under
                the old name, as a new strategy without a position. Nothing was written.

        """
        changes = {
            "name": None if name is None else validate.words("name", name),
            "description": description,
            "allocation": validate.optional("allocation", allocation),
            "currency": currency,
        }
        with self.store.write() as tx:
            found = _known_strategy(tx, strategy_id)
            if changes["name"] is not None:
                _check_name(tx, _KEPT_STRATEGY, found, str(changes["name"]))
            _change(tx, strategy, strategy.c.strategy_id == found, changes)

    def delete_strategy(self, strategy_id: int | str) -> None:
        """Delete a strategy that has no history."""
        with self.store.write() as tx:
            tx.run(_STRATEGY_DELETE, {"id": _known_strategy(tx, strategy_id)})

    def get_strategies(self) -> "pd.DataFrame":
        """All strategies."""
        return self._frame(_STRATEGIES)

    def get_strategy_id(self, name: str) -> int | None:
        """The id of a strategy, or None."""
        with self.store.read() as tx:
            found = tx.one(_STRATEGY_ID, {"name": name})
        return None if found is None else int(found[0])


def _known_strategy(tx: Transaction, given: int | str) -> int:
    # Changing or deleting a misspelt name must not register it.
    if isinstance(given, str) and tx.one(_STRATEGY_ID, {"name": given}) is None:
        known = ", ".join(row["name"] for row in tx.dicts(_STRATEGIES)) or "none yet"
        raise UnknownRecord(f"no strategy {given!r} in the ledger; registered: {known}", hint="Check the spelling.")
    return strategy_id_of(tx, given)


class _Kept(NamedTuple):
    """Whose name stays once it was booked under: what reads the name, what ties rows to it, and the words for it."""

    kind: str
    name: Statement
    booked: Mapping[str, Statement]
    books: str
    hint: str


_KEPT_STRATEGY = _Kept(
    "strategy", _STRATEGY_NAME, _BOOKED, "its code books",
    "Say it in the description. For a new name let the code have it, and transfer the position to that.",
)  # fmt: skip
_KEPT_BROKER = _Kept(
    "broker", _BROKER_NAME, _BROKER_BOOKED, "runs book", "Say it in the full name, which every report can show."
)


def _check_name(tx: Transaction, kept: _Kept, number: int, name: str) -> None:
    if (now := tx.one(kept.name, {"id": number})[0]) == name:
        return
    has = [what for what, statement in kept.booked.items() if tx.one(statement, {"id": number}) is not None]
    if has:
        raise InvalidRecord(
            f"{kept.kind} {now!r} keeps its name: it has {' and '.join(has)}, and {kept.books} under that name. "
            f"Called {name!r} here, the next fill would begin a second {kept.kind}, and the position would be split",
            hint=kept.hint,
        )


def _change(tx: Transaction, table: Any, condition: Any, changes: dict[str, Any]) -> None:
    kept = {name: value for name, value in changes.items() if value is not None}
    if not kept:
        raise InvalidRecord("nothing to change: every value is None", hint=f"Give one of {', '.join(changes)}.")
    tx.run(Statement(lambda: update(table).where(condition).values(**kept, update_time=tx.now)))
