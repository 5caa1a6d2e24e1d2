"""Keeps what an engine does: one durable transaction a call, and nothing twice.

A run that starts again from its first bar repeats every call; those whose rows are there cost a look into a set.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Integer, bindparam, select

from quantstrip.clock import Micros, from_text, to_text
from quantstrip.errors import QuantstripError, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.booking import position_of
from quantstrip.ledger.events import record_event
from quantstrip.ledger.executions import COMMISSION, record_commission, record_execution
from quantstrip.ledger.instruments import put_instrument, ready_calendars, trade_date_of
from quantstrip.ledger.ledger import Ledger
from quantstrip.ledger.names import ensure_broker, strategy_id_of
from quantstrip.ledger.orders import note_external_id, record_order, record_status
from quantstrip.ledger.store import Insert, Statement, Transaction
from quantstrip.ledger.strategy_runs import write_equity
from quantstrip.ledger.tables import execution, order_status, orders, rejected_signal, strategy_event
from quantstrip.model import Fill, Instrument, Order, Signal
from quantstrip.ports import OrderUpdate

FLUSH_SECONDS = 0.5
FLUSH_POINTS = 500

_of_run = bindparam("run", type_=Integer)
_ORDERS = Statement(
    select(orders.c.client_reference, orders.c.order_id, orders.c.external_order_id).where(
        orders.c.strategy_run_id == _of_run
    )
)
_STATUSES = Statement(
    select(order_status.c.order_id, order_status.c.status, order_status.c.filled_quantity, order_status.c.broker_time)
    .join(orders, orders.c.order_id == order_status.c.order_id)
    .where(orders.c.strategy_run_id == _of_run)
)
_FILLS = Statement(
    select(execution.c.exec_id)
    .join(orders, orders.c.order_id == execution.c.order_id)
    .where(orders.c.strategy_run_id == _of_run)
)
_REJECTED = Statement(
    select(rejected_signal.c.event_time, rejected_signal.c.sequence).where(rejected_signal.c.strategy_run_id == _of_run)
)
_INTENDED = Statement(
    select(strategy_event.c.position)
    .where(strategy_event.c.order_id == bindparam("order_id"))
    .order_by(strategy_event.c.strategy_event_id.desc())
    .limit(1)
)
_REJECT = Insert(rejected_signal, keyed=True)
_ORDER_NOTES = (
    "reason", "strength", "tag", "parent", "group", "reduce_only", "stop_loss", "take_profit", "stop_loss_pct",
    "take_profit_pct", "trailing_pct", "trail_percent",
)  # fmt: skip


class LedgerRecorder:
    """The ``Recorder`` of runs that are kept: replay, simulation, paper and live.

    Args:
        ledger: an open ledger.
        run: the row that ``Ledger.open_strategy_run`` returned.
        broker_name: registered when it is new.
        instruments: what the run may trade, by symbol or one after the other.

    """

    def __init__(
        self,
        ledger: Ledger,
        run: Mapping[str, Any],
        broker_name: str,
        instruments: Mapping[str, Instrument] | Iterable[Instrument] = (),
    ) -> None:
        self._store, self._context = ledger.store, ledger.context
        self._run_id = int(run["strategy_run_id"])
        self._common = {"mode": run["mode"], "account": run["account"], "strategy_run_id": self._run_id}
        self._strategies: dict[str, int] = {run["strategy"]: int(run["strategy_id"])}
        self._until: Micros = from_text(run["feed_time"]) if run["feed_time"] else 0
        self._sequence: Counter[Micros] = Counter()
        self._points: list[tuple[Micros, float]] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._failure: QuantstripError | None = None
        given = list(instruments.values() if isinstance(instruments, Mapping) else instruments)
        self._instruments: dict[str, Instrument] = {}
        ready_calendars(self._store, *(instrument.calendar for instrument in given))
        with self._store.write() as tx:
            self._broker_id = ensure_broker(tx, broker_name)
            for instrument in given:
                self._know(tx, instrument)
        self._load()

    def _load(self) -> None:
        this = {"run": self._run_id}
        with self._store.read() as tx:
            found = tx.all(_ORDERS, this)
            self._orders: dict[str, int] = {reference: order_id for reference, order_id, _ in found}
            self._external: dict[int, str] = {order_id: external for _, order_id, external in found if external}
            self._statuses = set(tx.all(_STATUSES, this))
            self._fills: set[str] = {exec_id for (exec_id,) in tx.all(_FILLS, this)}
            self._rejections = set(tx.all(_REJECTED, this))

    def order(self, order: Order, instrument: Instrument) -> None:
        """An order, before it is sent, and the intention behind it."""
        if order.reference in self._orders:
            return
        row: dict[str, Any] = self._common | {
            "order_id": None,
            "symbol": order.symbol,
            "contract_id": instrument.contract_id,
            "instrument_type": instrument.instrument_type,
            "side": str(order.side),
            "order_type": str(order.order_type),
            "total_quantity": validate.positive("quantity", order.quantity),
            "limit_price": order.limit_price,
            "stop_price": order.stop_price,
            "trail_amount": order.trail_amount,
            "parent_order_id": self._orders.get(order.parent),
            "external_order_id": None,
            "client_reference": order.reference,
            "metadata": validate.to_json("metadata", _notes(order)),
            "leg": str(order.leg),
            "currency": instrument.currency,
            "event_time": to_text(order.ts),
            "time_in_force": str(order.time_in_force),
            "decision_price": order.decision_price or None,
            "broker_id": self._broker_id,
        }
        with self._store.write() as tx:
            self._know(tx, instrument)
            row["strategy_id"] = self._strategy(tx, order.strategy)
            order_id, new = record_order(tx, self._context, self._store.now(), row)
            if new:
                self._intend(tx, order, row)
        self._orders[order.reference] = order_id

    def update(self, update: OrderUpdate) -> None:
        """A change of an order's state."""
        order_id = self._orders.get(update.reference)
        if order_id is None:
            raise UnknownRecord(
                f"the broker reports {update.state} for an order this run has not recorded: {update.reference}",
                hint="Record every order before it is sent.",
            )
        external = update.external_id or None
        known = (order_id, str(update.state), update.filled, to_text(update.ts))
        if known in self._statuses and self._external.get(order_id) == external:
            return
        row = {
            "order_id": order_id,
            "status": known[1],
            "filled_quantity": validate.finite("filled", update.filled),
            "remaining_quantity": validate.finite("remaining", update.remaining),
            "avg_fill_price": update.average_price or None,
            "external_order_id": external,
            "client_reference": update.reference,
            "reason_held": update.reason or None,
            "event_time": known[3],
            "broker_time": known[3],
        }
        with self._store.write() as tx:
            record_status(tx, row)
            if external is not None and self._external.get(order_id) != external:
                note_external_id(tx, order_id, external)
                self._external[order_id] = external
        self._statuses.add(known)

    def fill(self, fill: Fill, instrument: Instrument) -> None:
        """A fill: execution, booking and commission in one transaction. One of an unknown order is kept as well."""
        if fill.exec_id in self._fills:
            return
        row: dict[str, Any] = self._common | {
            "exec_id": validate.words("exec_id", fill.exec_id),
            "order_id": self._orders.get(fill.reference),
            "symbol": fill.symbol,
            "contract_id": instrument.contract_id,
            "instrument_type": instrument.instrument_type,
            "side": str(fill.side),
            "quantity": validate.positive("quantity", fill.quantity),
            "price": validate.finite("price", fill.price),
            "exec_time": to_text(fill.ts),
            "order_type": str(fill.order_type),
            "leg": str(fill.leg),
            "currency": instrument.currency,
            "trade_date": None,
            "broker_id": self._broker_id,
        }
        fee = {"exec_id": fill.exec_id, "fee_type": COMMISSION, "revision": 0, "currency": fill.currency}
        fee["amount"] = validate.finite("commission", fill.commission)
        with self._store.write() as tx:
            self._know(tx, instrument)
            row["strategy_id"] = self._strategy(tx, fill.strategy)
            record_execution(tx, self._context, self._store.now(), row)
            if fill.commission:
                record_commission(tx, self._store.now(), fee)
        self._fills.add(fill.exec_id)

    def rejected(self, signal: Signal, ts: Micros, rule: str, reason: str) -> None:
        """A signal that became no order. The n-th one of a moment is the same one when the run is repeated."""
        key = (to_text(ts), self._sequence[ts])
        self._sequence[ts] += 1
        if key in self._rejections:
            return
        notes = {"reason": signal.reason, "strength": signal.strength, "tag": signal.tag, "cancel": signal.cancel}
        row: dict[str, Any] = self._common | {
            "event_time": key[0],
            "sequence": key[1],
            "symbol": signal.symbol,
            "side": str(signal.side),
            "order_type": str(signal.order_type),
            "quantity": signal.quantity,
            "limit_price": signal.limit_price,
            "stop_price": signal.stop_price,
            "rule": rule,
            "reason": reason,
            "metadata": validate.to_json("metadata", notes),
        }
        with self._store.write() as tx:
            row["strategy_id"] = next(iter(self._strategies.values()))
            tx.insert(_REJECT, row | {"create_time": tx.now})
        self._rejections.add(key)

    def progress(self, ts: Micros, equity: float) -> None:
        """Equity at ``ts``. Written in batches, at the latest half a second later.

        What a crash loses of it, the repeated run writes.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if ts <= self._until:
            return
        self._until = ts
        with self._lock:
            self._points.append((ts, validate.finite("equity", equity)))
            full = len(self._points) >= FLUSH_POINTS
            if self._timer is None:
                # The feed may hold after this bar for hours; the last point must not wait for the next.
                self._timer = threading.Timer(FLUSH_SECONDS, self._flush_later)
                self._timer.daemon = True
                self._timer.start()
        if full:
            self.flush()

    def flush(self) -> None:
        """Write the equity points that are waiting."""
        with self._lock:
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            if not self._points:
                return
            with self._store.write(durable=False) as tx:
                write_equity(tx, self._run_id, self._points, self._session(tx, self._points[-1][0]))
            self._points = []

    def close(self) -> None:
        """Write what is waiting; to be called when the run ends."""
        self.flush()

    def _flush_later(self) -> None:
        try:
            self.flush()
        except QuantstripError as error:
            self._failure = error  # the points are still there; the next progress() raises it in the engine's thread

    def _session(self, tx: Transaction, ts: Micros) -> str | None:
        first = next(iter(self._instruments.values()), None)
        return None if first is None else trade_date_of(tx, self._store.now(), first.calendar, to_text(ts))

    def _know(self, tx: Transaction, instrument: Instrument) -> None:
        if self._instruments.get(instrument.symbol) != instrument:
            put_instrument(tx, instrument)
            self._instruments[instrument.symbol] = instrument

    def _strategy(self, tx: Transaction, name: str) -> int:
        if name not in self._strategies:
            self._strategies[name] = strategy_id_of(tx, name)
        return self._strategies[name]

    def _intend(self, tx: Transaction, order: Order, row: dict[str, Any]) -> None:
        parent = None if row["parent_order_id"] is None else tx.one(_INTENDED, {"order_id": row["parent_order_id"]})
        held = position_of(tx, row).quantity if parent is None or parent[0] is None else float(parent[0])
        intended = held + order.side.sign * order.quantity
        if order.reduce_only and held * intended < 0.0:
            intended = 0.0
        names = ("order_id", "symbol", "contract_id", "strategy_id", "broker_id", "leg", "metadata", "event_time")
        event = self._common | {name: row[name] for name in names}
        record_event(
            tx,
            event
            | {
                "position": intended,
                "event_type": str(order.side),
                "group_label": order.tag or None,
                "status": "PENDING",
            },
        )


def _notes(order: Order) -> dict[str, Any] | None:
    """What an order carries beyond its columns, without what is empty."""
    values = {name: getattr(order, name) for name in _ORDER_NOTES}
    return {name: value for name, value in values.items() if value not in (None, "", False)} or None
