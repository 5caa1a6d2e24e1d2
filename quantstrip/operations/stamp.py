"""Tells whether anything was recorded that figures are made of: pages ask often, and mostly nothing was."""

from typing import Any, Final

from quantstrip.ledger.query import Reading

_HISTORY: Final = (
    "SELECT (SELECT MAX(position_event_id) FROM position_event), (SELECT MAX(commission_id) FROM commission), "
    "(SELECT MAX(update_time) FROM strategy_run), (SELECT COUNT(*) FROM strategy_run), "
    "(SELECT update_time FROM reporting)"  # SQL of a person that changes prices sets it too
)
_STATIC: Final = ("broker", "strategy", "instrument")
"""Small tables that SQL may change in any way, without a word of when: they are compared row by row."""
_PRICES: Final = "SELECT COUNT(*), SUM(close) FROM mtm_price"
"""Prices are many: a sum is all there is time for. The client library adds and replaces single ones, which it shows."""


def stamp_of(read: Reading) -> tuple[Any, ...]:
    """What the ledger holds now: another value when anything was recorded, or changed with SQL, that a figure needs."""
    history = read.query(_HISTORY)[1][0]
    static = [tuple(read.query(f"SELECT * FROM {table}")[1]) for table in _STATIC]  # noqa: S608 - our own names
    return (*history, *static, *read.query(_PRICES)[1][0])
