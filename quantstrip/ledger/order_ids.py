"""Order ids: strictly increasing, unique across processes, at most nine digits."""

from sqlalchemy import ClauseElement, case
from sqlalchemy.dialects.sqlite import insert

from quantstrip.clock import SECOND, from_text
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import order_id_state

_START = from_text("2020-01-01 00:00:00")
LARGEST = 999_999_999
"""Brokers' gateways keep order ids in 32 bits; nine digits last until 2051."""


def _next() -> ClauseElement:
    row = insert(order_id_state).values(id=1, last_id=0, created_at="")
    last, seconds = order_id_state.c.last_id, row.excluded.last_id
    following = case((last >= seconds, last + 1), else_=seconds)
    return row.on_conflict_do_update(index_elements=["id"], set_={"last_id": following}).returning(last)


_NEXT = Statement(_next)


def next_order_id(tx: Transaction, now: int) -> int:
    """The next id, inside a transaction."""
    seconds = max(0, (now - _START) // SECOND)
    ((found,),) = tx.all(_NEXT, {"id": 1, "last_id": seconds, "created_at": tx.now})
    if found > LARGEST:
        raise OverflowError(f"order ids have at most 9 digits; the next one would be {found}")
    return int(found)


class OrderIds(Family):
    """Order ids."""

    def next_order_id(self) -> int:
        """An id no other call, thread or process has had: seconds since 2020-01-01, or the last one plus one.

        Raises:
            OverflowError: the id would have more than nine digits; nothing is changed.

        """
        with self.store.write() as tx:
            return next_order_id(tx, self.store.now())
