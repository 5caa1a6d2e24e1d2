"""What counts in the ledger, in the form of a broker's statement: fills after all corrections, and what they leave."""
# ruff: noqa: S608 - the SQL is put together from the constants of this module alone

from collections import defaultdict
from typing import Any

from sqlalchemy import text

from quantstrip.clock import from_text, to_text
from quantstrip.ledger.corrections import REPLACED
from quantstrip.ledger.journal import MANUAL, OWN_ID, TRANSFER
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction
from quantstrip.model import OrderSide
from quantstrip.model.statement import Fee, LedgerFill, StatementFill, StatementPosition
from quantstrip.model.statement import Statement as BrokerStatement

_COUNTS = """
    FROM execution e JOIN strategy s ON s.strategy_id = e.strategy_id
    WHERE e.mode = :mode AND e.corrects IS NULL
        AND NOT EXISTS (SELECT 1 FROM execution y WHERE y.corrects = e.exec_id)
"""
_FILL = f"""
    SELECT e.exec_id, e.external_exec_id, e.account, e.symbol, e.side, e.quantity, e.price, e.exec_time, e.trade_date,
        e.contract_id, e.instrument_type, e.currency, e.order_id, e.order_type, e.replaces, s.name AS strategy
    {_COUNTS}
"""
_IN_TIME = "e.trade_date >= :first AND e.trade_date <= :last AND e.exec_time >= :since"
_FILLS = Statement(lambda: text(f"{_FILL} AND {_IN_TIME} ORDER BY e.seq_id"))
_ONE_FILL = Statement(lambda: text(f"{_FILL} AND e.exec_id = :exec_id"))
_FEES = Statement(
    lambda: text(
        "SELECT c.exec_id, c.fee_type, c.currency, SUM(c.amount) FROM commission c "
        f"WHERE c.exec_id IN (SELECT e.exec_id {_COUNTS} AND {_IN_TIME}) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
)
_FEES_OF_ONE = Statement(
    lambda: text(
        "SELECT exec_id, fee_type, currency, SUM(amount) FROM commission WHERE exec_id = :exec_id GROUP BY 1, 2, 3"
    )
)
_HELD = Statement(
    lambda: text(
        "SELECT account, symbol, contract_id, SUM(quantity) FROM position_day "
        "WHERE mode = :mode AND trade_date <= :last GROUP BY 1, 2, 3"
    )
)
_ACCOUNTS = Statement(
    lambda: text(
        "SELECT account FROM position_day WHERE mode = :mode AND account <> '' UNION "
        "SELECT account FROM orders WHERE mode = :mode AND account <> '' UNION "
        "SELECT account FROM position_external WHERE :mode = 'live' AND account <> '' UNION "
        "SELECT accounts FROM reconciliation WHERE mode = :mode ORDER BY 1"
    )
)
_SYMBOLS = Statement(
    lambda: text(
        "SELECT contract_id, symbol FROM instrument WHERE contract_id <> '' UNION "
        "SELECT contract_id, symbol FROM position_day WHERE contract_id <> '' ORDER BY 1, 2"
    )
)
_FIRST, _LAST = "0000-00-00", "9999-99-99"


def fills_of(tx: Transaction, statement: BrokerStatement, mode: str) -> list[LedgerFill]:
    """Fills of the accounts and the time of a statement, and those that it names besides, in the order of booking."""
    span = {
        "mode": mode,
        "first": statement.first_date or _FIRST,
        "last": statement.last_date or _LAST,
        "since": to_text(statement.since) if statement.since else "",
    }
    accounts = {"", *statement.accounts}
    fees: dict[str, list[Fee]] = defaultdict(list)
    for exec_id, fee_type, currency, amount in tx.all(_FEES, span):
        fees[exec_id].append(Fee(fee_type, currency, amount))
    wanted = {fill.exec_id for fill in statement.fills or ()}
    found = [_fill(row, fees, wanted) for row in tx.dicts(_FILLS, span) if row["account"] in accounts]
    known = {one.fill.exec_id for one in found}
    for exec_id in sorted(wanted - known):  # on another day, or in another account: a difference, not a missing fill
        row = _row_of(tx, exec_id, mode)
        if row is not None:
            fees = {row["exec_id"]: [Fee(*fee[1:]) for fee in tx.all(_FEES_OF_ONE, row)]}
            found.append(_fill(row, fees, wanted))
    return found


def _row_of(tx: Transaction, exec_id: str, mode: str) -> dict[str, Any] | None:
    """The row that counts for an exec_id: its own, or the one that took its place."""
    for _ in range(10):
        row = tx.first(_ONE_FILL, {"mode": mode, "exec_id": exec_id})
        if row is not None:
            return row
        exec_id += REPLACED
    return None


def _fill(row: dict[str, Any], fees: dict[str, list[Fee]], wanted: set[str]) -> LedgerFill:
    exec_id, external = str(row["exec_id"]), row["external_exec_id"]
    origin = exec_id
    while origin.endswith(REPLACED):
        origin = origin.removesuffix(REPLACED)
    known = external if origin not in wanted and external in wanted else origin
    fill = StatementFill(
        known, row["account"], row["symbol"], OrderSide(row["side"]), row["quantity"], row["price"],
        from_text(row["exec_time"]), row["trade_date"], row["contract_id"], row["instrument_type"], row["currency"],
        tuple(fees.get(exec_id, ())),
    )  # fmt: skip
    by_hand = row["order_type"] == MANUAL and origin.startswith(OWN_ID)
    return LedgerFill(fill, row["strategy"], exec_id, row["order_id"], by_hand, row["order_type"] == TRANSFER)


def positions_of(tx: Transaction, statement: BrokerStatement, mode: str) -> list[StatementPosition]:
    """Units held in a statement's accounts after its last session, or now where it has no bound.

    What a client wrote without an account counts to the only account of a statement that has one.
    """
    held = []
    for account, symbol, contract_id, quantity in tx.all(_HELD, {"mode": mode, "last": statement.last_date or _LAST}):
        where = statement.accounts[0] if account == "" and len(statement.accounts) == 1 else account
        if where in statement.accounts:
            held.append(StatementPosition(where, symbol, contract_id, round(quantity, 9)))
    return held


def accounts_of(tx: Transaction, mode: str) -> list[str]:
    """Accounts that the ledger has orders, fills or a broker's positions of, or that a person named before."""
    found = {name for (names,) in tx.all(_ACCOUNTS, {"mode": mode}) for name in str(names).split(",") if name}
    return sorted(found)


def contract_symbols(tx: Transaction) -> dict[str, str]:
    """Symbol of each contract id that the ledger knows."""
    return dict(tx.all(_SYMBOLS))
