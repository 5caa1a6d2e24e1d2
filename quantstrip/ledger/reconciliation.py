"""The ledger's side of a reconciliation: what it takes over, what it confirms, what it keeps of the comparison.

What it has to compare is in ``in_force``.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from quantstrip.clock import to_text
from quantstrip.ledger import validate
from quantstrip.ledger.alerts import raise_alert
from quantstrip.ledger.events import confirm_orders
from quantstrip.ledger.executions import record_commission
from quantstrip.ledger.family import Family
from quantstrip.ledger.in_force import accounts_of, contract_symbols, fills_of, positions_of
from quantstrip.ledger.instruments import put_instrument, ready_calendars
from quantstrip.ledger.late import record_in_time
from quantstrip.ledger.names import UNALLOCATED, ensure_broker
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import reconciliation, reconciliation_difference
from quantstrip.model import Instrument
from quantstrip.model.statement import Fee, LedgerFill, StatementFill, StatementPosition
from quantstrip.model.statement import Statement as BrokerStatement

_RUN, _DIFFERENCE = Insert(reconciliation), Insert(reconciliation_difference)
_NEWEST = Statement(lambda: text("SELECT * FROM v_reconciliations ORDER BY reconciliation_id DESC LIMIT :most"))
_FOUND = Statement(
    lambda: text("SELECT * FROM v_reconciliation_differences WHERE reconciliation_id = :id ORDER BY difference_id")
)
_HAS_INSTRUMENT = Statement(
    lambda: text("SELECT 1 FROM instrument WHERE symbol = :symbol AND contract_id IN (:contract_id, '') LIMIT 1")
)
_ORDER = Statement(
    lambda: text(
        "SELECT DISTINCT o.order_id, s.name, o.symbol FROM orders o JOIN strategy s ON s.strategy_id = o.strategy_id "
        "WHERE o.mode = :mode AND o.account IN ('', :account) AND (o.client_reference = NULLIF(:reference, '') "
        "OR o.external_order_id = NULLIF(:external, ''))"
    )
)
_BROKERS = Statement(
    lambda: text(
        "SELECT DISTINCT b.name FROM position_day d JOIN broker b ON b.broker_id = d.broker_id "
        "WHERE d.mode = :mode AND d.account = :account"
    )
)
_AS_CASH = Statement(
    lambda: text("SELECT 1 FROM execution WHERE symbol = :symbol AND instrument_type = 'CASH' LIMIT 1")
)
_CONTRACTS = Statement(
    lambda: text(
        "SELECT DISTINCT contract_id FROM position_day WHERE mode = :mode AND account = :account AND symbol = :symbol"
    )
)
# Orders that are over and whose intention waits for its confirmation.
_OVER = """
    SELECT DISTINCT o.order_id FROM orders o JOIN strategy_event v ON v.order_id = o.order_id
    WHERE v.status = 'EXECUTED' AND o.mode = :mode AND (
        COALESCE((SELECT SUM(x.quantity) FROM execution x WHERE x.order_id = o.order_id AND x.corrects IS NULL
            AND NOT EXISTS (SELECT 1 FROM execution y WHERE y.corrects = x.exec_id)), 0.0) >= o.total_quantity - 1e-9
        OR EXISTS (
            SELECT 1 FROM order_status t WHERE t.order_id = o.order_id
            AND UPPER(t.status) IN ('FILLED', 'CANCELLED', 'CANCELED', 'APICANCELLED', 'EXPIRED', 'INACTIVE')
        )
    )
"""
_OVER_BY_ORDER = Statement(lambda: text(_OVER + " AND o.order_id = :order_id"))
_OVER_BY_SYMBOL = Statement(lambda: text(_OVER + " AND o.account IN ('', :account) AND o.symbol = :symbol"))
_FILLS_OF_ORDER = Statement(
    lambda: text(
        "SELECT x.exec_id FROM execution x WHERE x.order_id = :order_id AND x.corrects IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM execution y WHERE y.corrects = x.exec_id)"
    )
)


class TakenOver(NamedTuple):
    """What became of a missed fill: whose it is, and whether it had to be put before later ones."""

    strategy: str
    order_id: int | None
    late: bool


class Reconciliations(Family):
    """Comparing with a broker's statement."""

    def accounts_known(self, mode: str) -> list[str]:
        """Accounts that the ledger has orders, fills or a broker's positions of, or that a person named before."""
        with self.store.read() as tx:
            return accounts_of(tx, mode)

    def statement_fills(self, statement: BrokerStatement, mode: str) -> list[LedgerFill]:
        """Fills that count, of the accounts and the time of a statement, and those that it names besides."""
        with self.store.read() as tx:
            return fills_of(tx, statement, mode)

    def statement_positions(self, statement: BrokerStatement, mode: str) -> list[StatementPosition]:
        """Units that were held in a statement's accounts after its last session, or are now where it has none."""
        with self.store.read() as tx:
            return positions_of(tx, statement, mode)

    def contract_symbols(self) -> dict[str, str]:
        """Symbol of each contract id that the ledger knows."""
        with self.store.read() as tx:
            return contract_symbols(tx)

    def currencies_traded(self, symbols: Collection[str]) -> set[str]:
        """Those of ``symbols`` that were traded as currencies."""
        with self.store.read() as tx:
            return {symbol for symbol in symbols if tx.one(_AS_CASH, {"symbol": symbol}) is not None}

    def take_over_fill(self, fill: StatementFill, mode: str, broker: str) -> TakenOver | None:
        """Book a missed fill with its fees where it belongs in time; None where its exec_id is there already.

        It goes to the order that its reference, or the broker's id of the order, names; without one to the strategy
        ``unallocated``, with an alert.

        Args:
            broker: name of the broker of a fill that belongs to no order; registered when it is new.

        Raises:
            InvalidRecord: a value is impossible; nothing was written.

        """
        ready_calendars(self.store)
        with self.store.write() as tx:
            now = self.store.now()
            order_id, strategy, symbol = _order_of(tx, fill, mode)
            row = _row(fill, mode) | {"order_id": order_id}
            if order_id is None or symbol != fill.symbol:
                row["contract_id"] = _contract_id(tx, fill, mode)
            if order_id is None:
                row["broker_id"] = ensure_broker(tx, broker)
            _register(tx, fill, row["contract_id"])
            booked = record_in_time(tx, self.context, now, row)
            if not booked.new:
                return None
            self.take_over_fees(fill.exec_id, fill.fees or ())
        return TakenOver(strategy, order_id, booked.late)

    def take_over_fees(self, exec_id: str, fees: Sequence[Fee]) -> None:
        """Book the fees of a fill of which the ledger has none."""
        with self.store.write() as tx:
            for fee in fees:
                row = {
                    "exec_id": exec_id,
                    "amount": validate.finite("amount", fee.amount),
                    "currency": validate.words("currency", fee.currency),
                    "fee_type": validate.words("fee_type", fee.fee_type),
                    "realized_pnl": None,
                    "metadata": None,
                    "revision": 0,
                }
                record_commission(tx, self.store.now(), row)

    def broker_of(self, mode: str, account: str) -> str:
        """The one broker that trades in an account, empty where none or several do."""
        with self.store.read() as tx:
            names = [name for (name,) in tx.all(_BROKERS, {"mode": mode, "account": account})]
        return names[0] if len(names) == 1 else ""

    def confirm_matched(self, mode: str, matched: Collection[LedgerFill]) -> list[int]:
        """Intentions of orders that are over, and of which every fill matches, are CONFIRMED; their order ids."""
        agreed = {one.exec_id for one in matched}
        with self.store.write() as tx:
            chosen = []
            for order_id in sorted({one.order_id for one in matched if one.order_id is not None}):
                fills = {exec_id for (exec_id,) in tx.all(_FILLS_OF_ORDER, {"order_id": order_id})}
                if fills <= agreed and tx.one(_OVER_BY_ORDER, {"mode": mode, "order_id": order_id}) is not None:
                    chosen.append(order_id)
            confirm_orders(tx, chosen)
        return chosen

    def confirm_positions(self, mode: str, held: Collection[tuple[str, str]]) -> list[int]:
        """Intentions of orders that are over, in the (account, symbol) that agree, are CONFIRMED; their order ids."""
        with self.store.write() as tx:
            chosen = []
            for account, symbol in sorted(held):
                key = {"mode": mode, "account": account, "symbol": symbol}
                chosen += [order_id for (order_id,) in tx.all(_OVER_BY_SYMBOL, key)]
            confirm_orders(tx, chosen)
        return chosen

    def record_reconciliation(self, run: Mapping[str, Any], differences: Sequence[Mapping[str, Any]]) -> int:
        """Keep a comparison and what it found, for ``v_reconciliations`` and ``v_reconciliation_differences``."""
        with self.store.write() as tx:
            number = int(tx.insert(_RUN, {**run, "create_time": tx.now}) or 0)
            for one in differences:
                tx.insert(_DIFFERENCE, {**one, "reconciliation_id": number})
        return number

    def alert_mismatch(self, subject: str, body: str, key: str) -> int:
        """Tell a person that ledger and broker do not agree; once an hour for each ``key``."""
        with self.store.write() as tx:
            return raise_alert(
                tx, self.store.now(), "position_mismatch", subject, body, rate_key=f"position_mismatch:{key}"
            )

    def reconciliations(self, limit: int = 50) -> list[dict[str, Any]]:
        """The newest comparisons first."""
        return self._rows(_NEWEST, most=limit)

    def reconciliation_differences(self, reconciliation_id: int) -> list[dict[str, Any]]:
        """What a comparison found."""
        return self._rows(_FOUND, id=reconciliation_id)


def _order_of(tx: Transaction, fill: StatementFill, mode: str) -> tuple[int | None, str, str]:
    """Order, strategy and symbol that a fill's reference names; ``unallocated`` where it names none, or several."""
    key = {"mode": mode, "account": fill.account, "reference": fill.reference, "external": fill.external_order_id}
    found = tx.all(_ORDER, key)
    if len({order_id for order_id, _, _ in found}) != 1:
        return None, UNALLOCATED, fill.symbol
    legs = [row for row in found if row[2] == fill.symbol] or found
    return int(legs[0][0]), str(legs[0][1]), str(legs[0][2])


def _contract_id(tx: Transaction, fill: StatementFill, mode: str) -> str:
    """The contract as the ledger writes it: clients that know symbols only have positions without a contract id."""
    key = {"mode": mode, "account": fill.account, "symbol": fill.symbol}
    known = {contract_id for (contract_id,) in tx.all(_CONTRACTS, key)}
    return "" if known == {""} else fill.contract_id


def _register(tx: Transaction, fill: StatementFill, contract_id: str | None) -> None:
    """Register a contract with a multiplier, which the ledger has never seen, before its fill is booked with 1."""
    contract = fill.contract_id if contract_id is None else contract_id
    if fill.multiplier in (None, 1.0) or tx.one(_HAS_INSTRUMENT, {"symbol": fill.symbol, "contract_id": contract}):
        return
    put_instrument(
        tx,
        Instrument(
            fill.symbol,
            instrument_type=fill.instrument_type or "",
            currency=fill.currency or "USD",
            multiplier=validate.positive("multiplier", fill.multiplier),
            contract_id=contract,
        ),
    )


def _row(fill: StatementFill, mode: str) -> dict[str, Any]:
    """An execution's row; what belongs to the order is left to it."""
    return {
        "exec_id": validate.words("exec_id", fill.exec_id),
        "symbol": validate.words("symbol", fill.symbol),
        "instrument_type": fill.instrument_type,
        "contract_id": None,
        "side": str(validate.side(fill.side)),
        "quantity": validate.positive("quantity", fill.quantity),
        "price": validate.finite("price", fill.price),
        "exec_time": to_text(fill.ts),
        "exchange": fill.exchange,
        "liquidity_flag": None,
        "order_type": None,
        "cum_qty": None,
        "avg_price": None,
        "is_liquidation": None,
        "external_order_id": fill.external_order_id or None,
        "external_exec_id": None,
        "metadata": validate.to_json("metadata", {"note": "taken over from the broker's statement"}),
        "mode": mode,
        "leg": None,
        "account": fill.account,
        "currency": fill.currency,
        "trade_date": validate.day("trade_date", fill.trade_date or None),
        "strategy_id": None,
        "broker_id": None,
    }
