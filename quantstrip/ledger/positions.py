"""Positions as clients and brokers tell them. Booking happens in ``booking``, from executions alone."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, func, or_, select

from quantstrip.errors import InvalidRecord
from quantstrip.ledger import validate
from quantstrip.ledger.family import Family
from quantstrip.ledger.names import broker_id_of, by_id_or_name, strategy_id_of
from quantstrip.ledger.orders import ORDER_OF
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.tables import position_event, position_external, strategy

if TYPE_CHECKING:
    import pandas as pd

_P, _X = position_event.c, position_external.c
_INSERT = Insert(position_event)
_SAME = Statement(lambda: select(_P.position_event_id).where(_P.exec_id == bindparam("exec_id")))


def _of_strategy() -> Select[Any]:
    return (
        select(position_event)
        .join(strategy, strategy.c.strategy_id == _P.strategy_id)
        .where(
            or_(bindparam("id").is_(None), _P.strategy_id == bindparam("id")),
            or_(bindparam("name").is_(None), strategy.c.name == bindparam("name")),
            _P.symbol == bindparam("symbol"),
            _P.mode == bindparam("mode"),
            or_(bindparam("account").is_(None), _P.account == bindparam("account")),
            or_(bindparam("leg").is_(None), _P.leg == bindparam("leg")),
        )
    )


_LAST_BOOKED = Statement(
    lambda: _of_strategy().where(_P.execution_seq.is_not(None)).order_by(_P.execution_seq.desc()).limit(1)
)
_LAST_OWN = Statement(
    lambda: _of_strategy().where(_P.execution_seq.is_(None)).order_by(_P.position_event_id.desc()).limit(1)
)
_EXTERNAL_INSERT = Insert(position_external)
_EXTERNAL = Statement(
    lambda: (
        select(position_external)
        .where(
            _X.position_external_id.in_(
                select(func.max(_X.position_external_id))
                .where(or_(bindparam("account").is_(None), _X.account == bindparam("account")))
                .group_by(_X.account, _X.contract_id)
            )
        )
        .order_by(_X.account, _X.contract_id)
    )
)


class Positions(Family):
    """Position events and the broker's own positions."""

    def insert_position_event(
        self,
        event_time: validate.Moment = None,
        strategy_id: int | str | None = None,
        broker_id: int | str | None = None,
        exec_id: str | None = None,
        order_id: int | None = None,
        symbol: str | None = None,
        position: float | None = None,
        avg_price: float | None = None,
        trade_quantity: float | None = None,
        trade_price: float | None = None,
        event_type: Any = None,
        group_label: str | None = None,
        metadata: dict[str, Any] | None = None,
        *,
        contract_id: str | int | None = None,
        mode: str | None = None,
        leg: str | None = None,
        account: str | None = None,
    ) -> int:
        """Note a position as the client sees it; returns the row's id.

        With the ``exec_id`` of an execution this never doubles what the platform books: after the booking it changes
        nothing, before it the booking takes this row over (its words stay, the figures become the booking's).

        Args:
            position: signed units held afterwards.
            trade_quantity: signed units of the trade.
            event_type: OPEN, CLOSE, FLIP, PARTIAL_CLOSE or any finer word.

        Raises:
            InvalidRecord: a value is impossible; nothing was written.

        """
        row: dict[str, Any] = {
            "exec_id": validate.optional_words(exec_id) or None,
            "order_id": validate.optional_whole("order_id", order_id),
            "symbol": validate.optional_words(symbol),
            "position": validate.finite("position", position),
            "avg_price": validate.optional("avg_price", avg_price),
            "trade_quantity": validate.optional("trade_quantity", trade_quantity),
            "trade_price": validate.optional("trade_price", trade_price),
            "event_type": validate.optional_words(event_type),
            "group_label": validate.optional_words(group_label),
            "metadata": validate.to_json("metadata", metadata),
        }
        own = {
            "contract_id": validate.optional_words(contract_id),
            "mode": None if mode is None else str(validate.mode(mode)),
            "leg": None if leg is None else str(validate.leg(leg)),
            "account": validate.optional_words(account),
        }
        moment = validate.moment("event_time", event_time, "")
        with self.store.write() as tx:
            booked = tx.one(_SAME, row) if row["exec_id"] is not None else None
            if booked is not None:
                return int(booked[0])
            order = tx.first(ORDER_OF, row) if row["order_id"] is not None else None
            row |= {"contract_id": "", "mode": str(self.context.mode), "leg": "NET", "account": "", "broker_id": None}
            if order is not None:
                row |= {name: order[name] for name in (*own, "broker_id", "strategy_run_id")}
                row["symbol"] = row["symbol"] or order["symbol"]
            row |= {name: value for name, value in own.items() if value is not None}
            if broker_id is not None:
                row["broker_id"] = broker_id_of(tx, broker_id)
            if not row["symbol"] or (strategy_id is None and order is None):
                raise InvalidRecord(
                    f"a position event needs a strategy and a symbol, got {strategy_id!r} and {symbol!r}",
                    hint="Give both, or the order_id of an order that is in the ledger.",
                )
            named = strategy_id if strategy_id is not None else order and order["strategy_id"]
            row |= {"strategy_id": strategy_id_of(tx, named or 0), "event_time": moment or tx.now}
            return int(tx.insert(_INSERT, row | {"create_time": tx.now, "update_time": tx.now}) or 0)

    def get_last_position_event(
        self,
        strategy_id: int | str,
        symbol: str,
        *,
        mode: str | None = None,
        account: str | None = None,
        leg: str | None = None,
    ) -> dict[str, Any] | None:
        """The newest position of a strategy in ``symbol``, or None: the last booking, or a client's own later word."""
        wanted: dict[str, Any] = {
            "symbol": symbol,
            "mode": str(validate.mode(mode or self.context.mode)),
            "account": account,
            "leg": leg,
        }
        wanted |= by_id_or_name(strategy_id)
        booked, own = self._row(_LAST_BOOKED, **wanted), self._row(_LAST_OWN, **wanted)
        if booked is None or own is None:
            return booked or own
        return own if own["position_event_id"] > booked["position_event_id"] else booked

    def insert_position_external(
        self,
        account: str,
        contract_id: str | int,
        position: float,
        avg_cost: float | None = None,
        info_1: Any = None,
        info_2: Any = None,
        info_3: Any = None,
        info_4: Any = None,
        info_5: Any = None,
    ) -> int:
        """Note what the broker says is held; returns the row's id. Earlier words of the broker stay."""
        infos = {
            f"info_{n}": info for n, info in enumerate((info_1, info_2, info_3, info_4, info_5), 1) if info is not None
        }
        row = {
            "account": validate.words("account", account),
            "contract_id": validate.words("contract_id", contract_id),
            "position": validate.finite("position", position),
            "avg_cost": validate.optional("avg_cost", avg_cost),
            "metadata": validate.to_json("metadata", infos or None),
        }
        with self.store.write() as tx:
            return int(tx.insert(_EXTERNAL_INSERT, row | {"create_time": tx.now, "update_time": tx.now}) or 0)

    def get_positions_external(self, account: str | None = None) -> "pd.DataFrame":
        """The broker's newest word on each contract of an account."""
        return self._frame(_EXTERNAL, account=account)
