"""Symbols as the ledger knows them: a person's "spy" is the SPY that is traded, not a second instrument."""

from sqlalchemy import bindparam, func, select, union

from quantstrip.errors import InvalidRecord
from quantstrip.ledger import validate
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import instrument, position_day

_ALIKE = Statement(
    lambda: union(
        *(
            select(table.c.symbol).where(func.upper(table.c.symbol) == func.upper(bindparam("symbol")))
            for table in (instrument, position_day)
        )
    ).order_by("symbol")
)


def known_symbol(tx: Transaction, given: str) -> str:
    """The known symbol that ``given`` is, whatever the case of its letters; ``given`` itself where it is new.

    Raises:
        InvalidRecord: it is empty, or several are known that differ in case alone, none of them exactly so.

    """
    symbol = validate.words("symbol", given)
    alike = [row[0] for row in tx.all(_ALIKE, {"symbol": symbol})]
    if not alike or symbol in alike:
        return symbol
    if len(alike) > 1:
        raise InvalidRecord(
            f"{symbol} may be any of {', '.join(alike)}, which differ in case alone", hint="Write it as one of them."
        )
    return str(alike[0])
