"""What a process knows of the ledger from its last fills, for as long as nobody has written otherwise.

Fills of one order follow each other, and each would look up the same order, instrument, position and round trip. Two
numbers say whether what was read or written last still holds: ``PRAGMA data_version`` changes with every commit of
another connection, ``total_changes`` with every row that this one writes. Whoever writes rows that leave the knowledge
true says so (``keep``); what anybody else writes, now or later, makes it void without having to know of it.
"""

import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantstrip.ledger.instruments import Terms
    from quantstrip.model import Position

_MOST = 1000


class Known:
    """Rows as the last fills left them. Used by whoever has the turn to write, inside its transaction.

    Attributes:
        orders: what an order says of its fills, by its id and the symbol that was asked for.
        filled: orders without an intention that a fill would move on.
        terms: of an instrument, by symbol, contract and instrument type.
        holdings: what is held, and its open round trip (None: not looked up), by position.
        currencies: the first of those in which something is held, None for nothing, by position but for its currency.

    """

    __slots__ = ("_changes", "_version", "currencies", "filled", "holdings", "orders", "terms")

    def __init__(self) -> None:
        self._version = self._changes = -1
        self.orders: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.filled: set[int] = set()
        self.terms: dict[tuple[Any, ...], Terms] = {}
        self.currencies: dict[tuple[Any, ...], str | None] = {}
        self.holdings: dict[tuple[Any, ...], tuple[Position, int | None]] = {}

    def begun(self, raw: sqlite3.Connection) -> bool:
        """A writing transaction has begun; True where nobody else has written since the last one."""
        version = raw.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return True
        self._version, self._changes = version, -1
        return False

    def holds(self, raw: sqlite3.Connection) -> bool:
        """True while every row is as it was when ``keep`` was called last."""
        return raw.total_changes == self._changes

    def look(self, raw: sqlite3.Connection) -> None:
        """To be called before reading an attribute: forgets all of them where rows were written otherwise."""
        if raw.total_changes != self._changes or len(self.holdings) + len(self.orders) > _MOST:
            for kept in (self.orders, self.filled, self.terms, self.currencies, self.holdings):
                kept.clear()
            self._changes = raw.total_changes

    def keep(self, raw: sqlite3.Connection) -> None:
        """The rows written until now leave true what is known."""
        self._changes = raw.total_changes

    def forget(self) -> None:
        """A transaction was undone, or the connection is another one."""
        self._version = self._changes = -1
