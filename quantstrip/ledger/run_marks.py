"""The prices at which a run values what it holds: one a symbol and session, the last one in it.

They belong to the equity recorded at the same moment, so that positions marked with them come to what it says.
"""

from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import text

from quantstrip.clock import Micros, to_text
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction

Marks = Mapping[str, float]
"""Price by symbol of what is held, in price units of the instrument."""
Valuation = Callable[[], Marks]
"""Tells the marks of this moment; asked in the engine's thread, once for each equity point that is kept."""

_PUT = Statement(
    lambda: text(
        "INSERT INTO run_mark (strategy_run_id, symbol, trade_date, event_time, price) "
        "VALUES (:strategy_run_id, :symbol, :trade_date, :event_time, :price) "
        "ON CONFLICT (strategy_run_id, symbol, trade_date) "
        "DO UPDATE SET event_time = excluded.event_time, price = excluded.price "
        "WHERE excluded.event_time > run_mark.event_time"
    )
)


def nothing_held() -> Marks:
    """The marks of a run that tells none."""
    return {}


def write_marks(tx: Transaction, run_id: int, sessions: Iterable[tuple[str, Micros, Marks]]) -> None:
    """Write the marks of the last moment of each session (its date, the moment, the prices)."""
    for session, moment, marks in sessions:
        for symbol, price in marks.items():
            row = {"strategy_run_id": run_id, "symbol": symbol, "trade_date": session, "price": price}
            tx.run(_PUT, row | {"event_time": to_text(moment)})
