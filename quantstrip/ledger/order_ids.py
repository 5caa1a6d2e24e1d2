"""Order ids: strictly increasing, unique across processes, at most nine digits."""

from sqlalchemy import case
from sqlalchemy.dialects.sqlite import insert

from quantstrip.clock import SECOND, from_text
from quantstrip.ledger.family import Family
from quantstrip.ledger.store import Statement, Transaction
from quantstrip.ledger.tables import order_id_state

_START = from_text("2020-01-01 00:00:00")
LARGEST = 999_999_999
"""Brokers' gateways keep order ids in 32 bits; nine digits last until 2051."""

_insert = insert(order_id_state)
_seconds = _insert.excluded.last_id
_NEXT = Statement(
    _insert.values(id=1, last_id=0, created_at="")
    .on_conflict_do_update(
        index_elements=["id"],
        set_={
            "last_id": case(
                (order_id_state.c.last_id >= _seconds, order_id_state.c.last_id + 1),
                else_=_seconds,
            )
        },
    )
    .returning(order_id_state.c.last_id)
)


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
