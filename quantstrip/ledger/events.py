"""Strategy events: what a strategy intended, from PENDING to what came of it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, text, update

from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.names import broker_id_of, by_id_or_name, strategy_id_of
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import execution, orders, strategy, strategy_event
from quantstrip.model import EventStatus

_S = EventStatus
# A fill can outrun the cancellation on the wire, so FAILED may still become EXECUTED.
_BEFORE: dict[EventStatus, tuple[EventStatus, ...]] = {
    _S.PENDING: (),
    _S.EXECUTED: (_S.PENDING, _S.FAILED),
    _S.CONFIRMED: (_S.PENDING, _S.EXECUTED),
    _S.FAILED: (_S.PENDING,),
}
_ENDED = frozenset({"CANCELLED", "CANCELED", "APICANCELLED", "EXPIRED", "REJECTED", "INACTIVE"})
"""Words of brokers for an order that is over, in capitals."""

_INSERT = Insert(strategy_event)
_FILLED = Statement(lambda: select(execution.c.seq_id).where(execution.c.order_id == bindparam("order_id")).limit(1))
_ORDER = Statement(
    lambda: (
        select(
            orders.c.strategy_id,
            orders.c.broker_id,
            orders.c.symbol,
            orders.c.contract_id,
            orders.c.mode,
            orders.c.leg,
            orders.c.account,
            orders.c.strategy_run_id,
        )
        .where(orders.c.order_id == bindparam("order_id"))
        .order_by(orders.c.seq_id.desc())
        .limit(1)
    )
)
_LAST_OF_ORDER = Statement(
    lambda: (
        select(strategy_event)
        .where(strategy_event.c.order_id == bindparam("order_id"))
        .order_by(strategy_event.c.strategy_event_id.desc())
        .limit(1)
    )
)
_LAST_OF_STRATEGY = Statement(
    lambda: (
        select(strategy_event)
        .join(strategy, strategy.c.strategy_id == strategy_event.c.strategy_id)
        .where(
            or_(bindparam("id").is_(None), strategy_event.c.strategy_id == bindparam("id")),
            or_(bindparam("name").is_(None), strategy.c.name == bindparam("name")),
            or_(bindparam("symbol").is_(None), strategy_event.c.symbol == bindparam("symbol")),
            strategy_event.c.mode == bindparam("mode"),
        )
        .order_by(strategy_event.c.strategy_event_id.desc())
        .limit(1)
    )
)


def _moving(status: EventStatus) -> Statement:
    before = ", ".join(f"'{one}'" for one in _BEFORE[status])
    return Statement(
        lambda: text(
            f"UPDATE strategy_event SET status = '{status}', update_time = :now "  # noqa: S608 - our own words
            f"WHERE order_id = :order AND status IN ({before})"
        )
    )


_EXECUTED = Statement(
    lambda: (
        select(orders.c.order_id, orders.c.symbol)
        .join(orders, orders.c.order_id == strategy_event.c.order_id)
        .where(orders.c.strategy_run_id == bindparam("run"), strategy_event.c.status == str(_S.EXECUTED))
    )
)
_MOVE = {status: _moving(status) for status in (_S.EXECUTED, _S.CONFIRMED)}
_FAIL = Statement(
    lambda: (
        update(strategy_event)
        .where(
            strategy_event.c.order_id == bindparam("order"),
            strategy_event.c.status == str(_S.PENDING),
            ~exists().where(execution.c.order_id == bindparam("order")),
        )
        .values(status=str(_S.FAILED), update_time=bindparam("now"))
    )
)


def order_filled(tx: Transaction, order_id: int) -> None:
    """The first fill of an order: its intention is EXECUTED."""
    tx.run(_MOVE[_S.EXECUTED], {"order": order_id, "now": tx.now})


def order_ended(tx: Transaction, order_id: int, status: str, filled: float | None) -> None:
    """A final status without any fill: the intention FAILED."""
    word = status.upper().replace("_", "").replace(" ", "")
    if word in _ENDED and not filled:
        tx.run(_FAIL, {"order": order_id, "now": tx.now})


def executed_orders(tx: Transaction, run_id: int) -> dict[int, str]:
    """Orders of a strategy run whose intention is EXECUTED and not CONFIRMED yet, with their symbols."""
    return dict(tx.all(_EXECUTED, {"run": run_id}))


def confirm_orders(tx: Transaction, order_ids: Iterable[int]) -> None:
    """Positions agree with the broker's: the intentions behind these filled orders are CONFIRMED."""
    for order_id in order_ids:
        tx.run(_MOVE[_S.CONFIRMED], {"order": order_id, "now": tx.now})


def record_event(tx: Transaction, row: dict[str, Any]) -> int:
    """Insert a checked strategy event."""
    return int(tx.insert(_INSERT, row | {"create_time": tx.now, "update_time": tx.now}) or 0)


class StrategyEvents(Family):
    """Strategy events."""

    def insert_strategy_event(
        self,
        order_id: int | None = None,
        position: float | None = None,
        event_type: Any = None,
        group_label: str | None = None,
        status: str = "PENDING",
        metadata: dict[str, Any] | None = None,
        *,
        strategy_id: int | str | None = None,
        symbol: str | None = None,
        broker_id: int | str | None = None,
        contract_id: str | int | None = None,
        account: str | None = None,
        mode: str | None = None,
        leg: str | None = None,
        event_time: validate.Moment = None,
    ) -> int:
        """Record what a strategy intends; returns the row's id.

        Two forms: of an order, ``insert_strategy_event(order_id, position, event_type, ...)``, which takes strategy and
        symbol from the order; or of a signal, ``insert_strategy_event(strategy_id="my_strat", symbol="SPY",
        event_type=signal)``.

        Args:
            position: intended position after it, signed units.
            event_type: what is intended; any word, number or enum.

        Raises:
            InvalidRecord: neither an order nor strategy and symbol, or a value is impossible.
            UnknownRecord: the order is not in the ledger and no strategy and symbol are given.

        """
        row: dict[str, Any] = {
            "order_id": validate.optional_whole("order_id", order_id),
            "position": validate.optional("position", position),
            "event_type": validate.optional_words(event_type),
            "group_label": validate.optional_words(group_label),
            "status": str(_status(status)),
            "metadata": validate.to_json("metadata", metadata),
        }
        own = {
            "symbol": validate.optional_words(symbol),
            "contract_id": validate.optional_words(contract_id),
            "account": validate.optional_words(account),
            "mode": None if mode is None else str(validate.mode(mode)),
            "leg": None if leg is None else str(validate.leg(leg)),
        }
        moment = validate.moment("event_time", event_time, "")
        if order_id is None and (strategy_id is None or not symbol):
            raise InvalidRecord(
                f"a strategy event needs an order_id, or a strategy and a symbol; got strategy_id={strategy_id!r} "
                f"symbol={symbol!r}",
                hint='For example insert_strategy_event(strategy_id="my_strat", symbol="SPY", event_type="BUY").',
            )
        with self.store.write() as tx:
            order = tx.first(_ORDER, row) if order_id is not None else None
            if order is None and (strategy_id is None or not symbol):
                raise UnknownRecord(
                    f"no order has the id {order_id}", hint="Insert the order first, or give strategy_id and symbol."
                )
            base = order or {"contract_id": "", "account": "", "mode": str(self.context.mode), "leg": "NET"}
            row |= base | {name: value for name, value in own.items() if value is not None}
            if broker_id is not None:
                row["broker_id"] = broker_id_of(tx, broker_id)
            if strategy_id is not None:
                row["strategy_id"] = strategy_id_of(tx, strategy_id)
            row["event_time"] = moment or tx.now
            if row["status"] == _S.PENDING and order_id is not None and tx.one(_FILLED, row) is not None:
                row["status"] = str(_S.EXECUTED)  # the fill was quicker than the client's note of its intention
            return record_event(tx, row)

    def get_last_strategy_event(
        self, strategy_id: int | str, symbol: str | None = None, *, mode: str | None = None
    ) -> dict[str, Any] | None:
        """The newest intention of a strategy (on ``symbol``, in ``mode``), or None."""
        wanted = validate.mode(mode or self.context.mode)
        return self._row(_LAST_OF_STRATEGY, symbol=symbol, mode=str(wanted), **by_id_or_name(strategy_id))

    def get_last_strategy_event_by_order(self, order_id: int) -> dict[str, Any] | None:
        """The newest intention behind an order, or None."""
        return self._row(_LAST_OF_ORDER, order_id=order_id)

    def update_strategy_event_status(self, order_id: int, status: str = "CONFIRMED") -> None:
        """Move the intentions of an order on: PENDING -> EXECUTED -> CONFIRMED, or FAILED.

        Raises:
            UnknownRecord: the order has no strategy event.
            InvalidRecord: the change goes backwards; nothing was written.

        """
        wanted = _status(status)
        with self.store.write() as tx:
            last = tx.first(_LAST_OF_ORDER, {"order_id": validate.whole("order_id", order_id)})
            if last is None:
                raise UnknownRecord(
                    f"order {order_id} has no strategy event", hint="Insert one with insert_strategy_event."
                )
            if last["status"] == wanted:
                return
            if last["status"] not in _BEFORE[wanted]:
                raise InvalidRecord(
                    f"a strategy event cannot go from {last['status']} to {wanted}",
                    hint="The order is PENDING, EXECUTED, CONFIRMED; or PENDING, FAILED.",
                )
            move = _FAIL if wanted is _S.FAILED else _MOVE[wanted]
            tx.run(move, {"order": order_id, "now": tx.now})


def _status(value: Any) -> EventStatus:
    try:
        return EventStatus(str(value).upper())
    except ValueError:
        raise InvalidRecord(
            f"status must be one of {', '.join(EventStatus)}, got {value!r}", hint="Leave it out for PENDING."
        ) from None
