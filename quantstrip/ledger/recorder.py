"""Keeps what an engine does: one durable transaction a call, and nothing twice.

A run that starts again from its first bar repeats every call; those whose rows are there cost a look into a set.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from quantstrip.clock import Micros, to_text
from quantstrip.errors import UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.alerts import raise_alert
from quantstrip.ledger.booking import position_of
from quantstrip.ledger.confirming import Confirming
from quantstrip.ledger.equity import EquityBuffer
from quantstrip.ledger.events import record_event
from quantstrip.ledger.executions import COMMISSION, record_commission, record_execution
from quantstrip.ledger.instruments import put_instrument, ready_calendars
from quantstrip.ledger.ledger import Ledger
from quantstrip.ledger.names import ensure_broker, strategy_id_of
from quantstrip.ledger.orders import note_external_id, record_order, record_status
from quantstrip.ledger.resume import known_of, notes_of, open_orders_of
from quantstrip.ledger.run_marks import Valuation
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.steering import Steering
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import rejected_signal, strategy_event
from quantstrip.log import logger
from quantstrip.model import FINAL, Control, Fill, Halt, Instrument, Order, Signal
from quantstrip.ports import SIGNAL_ONLY, OpenOrder, OrderUpdate, PositionDifference

_INTENDED = Statement(
    lambda: (
        select(strategy_event.c.position)
        .where(strategy_event.c.order_id == bindparam("order_id"))
        .order_by(strategy_event.c.strategy_event_id.desc())
        .limit(1)
    )
)
_REJECT = Insert(rejected_signal, keyed=True)


class LedgerRecorder:
    """The ``Recorder`` of runs that are kept: replay, simulation, paper and live.

    Args:
        ledger: an open ledger.
        run: the row that ``Ledger.open_strategy_run`` returned.
        broker_name: registered when it is new.
        instruments: what the run may trade, by symbol or one after the other.

    """

    kept = True
    follows_orders = True

    def __init__(
        self,
        ledger: Ledger,
        run: Mapping[str, Any],
        broker_name: str,
        instruments: Mapping[str, Instrument] | Iterable[Instrument] = (),
    ) -> None:
        self._store, self._context = ledger.store, ledger.context
        self._run_id = int(run["strategy_run_id"])
        self._client = str(run["client"])
        self._common = {"mode": run["mode"], "account": run["account"], "strategy_run_id": self._run_id}
        self._strategies: dict[str, int] = {run["strategy"]: int(run["strategy_id"])}
        self._sequence: Counter[Micros] = Counter()
        self._instruments: dict[str, Instrument] = {}
        given = list(instruments.values() if isinstance(instruments, Mapping) else instruments)
        ready_calendars(self._store, *(instrument.calendar for instrument in given))
        with self._store.write() as tx:
            self._broker_id = ensure_broker(tx, broker_name)
            for instrument in given:
                self._know(tx, instrument)
            self._known = known_of(tx, self._run_id)
        calendar = given[0].calendar if given else ""
        over = {order_id for order_id, status, *_ in self._known.statuses if status in FINAL}
        self._steering = Steering(self._store, run)
        self._confirming = Confirming(self._store, run, self._broker_id, over)
        self._equity = EquityBuffer(self._store, self._run_id, run["feed_time"], calendar)

    def order(self, order: Order, instrument: Instrument) -> None:
        """An order, before it is sent, and the intention behind it."""
        if order.reference in self._known.orders:
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
            "parent_order_id": self._known.orders.get(order.parent),
            "external_order_id": None,
            "client_reference": order.reference,
            "metadata": validate.to_json("metadata", notes_of(order)),
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
        self._known.orders[order.reference] = order_id

    def update(self, update: OrderUpdate) -> None:
        """A change of an order's state."""
        order_id = self._known.orders.get(update.reference)
        if order_id is None:
            raise UnknownRecord(
                f"the broker reports {update.state} for an order this run has not recorded: {update.reference}",
                hint="Record every order before it is sent.",
            )
        external = update.external_id or None
        if update.state in FINAL:
            self._confirming.ended(order_id)
        known = (order_id, str(update.state), update.filled, to_text(update.ts))
        if known in self._known.statuses and self._known.external.get(order_id) == external:
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
            if external is not None and self._known.external.get(order_id) != external:
                note_external_id(tx, order_id, external)
                self._known.external[order_id] = external
        self._known.statuses.add(known)

    def fill(self, fill: Fill, instrument: Instrument) -> None:
        """A fill: execution, booking and commission in one transaction. One of an unknown order is kept as well."""
        order_id, new = self._known.orders.get(fill.reference), fill.exec_id not in self._known.fills
        self._confirming.filled(order_id, fill.symbol, new=new)
        if not new:
            return
        row: dict[str, Any] = self._common | {
            "exec_id": validate.words("exec_id", fill.exec_id),
            "order_id": order_id,
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
        self._known.fills.add(fill.exec_id)
        logger.info(
            "{} {:g} {} at {:g}, commission {:.2f} {}, {}",
            fill.side, fill.quantity, fill.symbol, fill.price, fill.commission, fill.currency, row["exec_time"][:19],
        )  # fmt: skip

    def rejected(self, signal: Signal, ts: Micros, rule: str, reason: str) -> None:
        """A signal that became no order. The n-th one of a moment is the same one when the run is repeated."""
        key = (to_text(ts), self._sequence[ts])
        self._sequence[ts] += 1
        if key in self._known.rejections:
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
            if rule == SIGNAL_ONLY:  # in one transaction: told once, however often the run is repeated
                subject = f"{next(iter(self._strategies))}: {signal.reason} {signal.symbol}"
                raise_alert(tx, self._store.now(), "signal", subject, f"{reason}, decided {key[0][:19]} UTC",
                            client=self._client)  # fmt: skip
        self._known.rejections.add(key)
        if rule == SIGNAL_ONLY:
            logger.info("signal of a run that orders nothing: {} {}, {}", signal.reason, signal.symbol, reason)
            return
        logger.warning("{} {} rejected by {}: {}, {}", signal.side, signal.symbol, rule, reason, key[0][:19])

    def controls(self, ts: Micros) -> Sequence[Control]:
        """A person's decisions that take effect before the bars that close at ``ts``."""
        return self._steering.controls(ts)

    def halts(self, ts: Micros, in_force: Sequence[Halt]) -> None:
        """The halts in force after ``ts``: a new one is kept and is an alert, one that is over is marked so."""
        self._steering.halts(ts, in_force)

    def compared(
        self, ts: Micros, agreed: Collection[str], differences: Sequence[PositionDifference], *, whole: bool = False
    ) -> None:
        """Our positions against the broker's: agreement confirms intentions, a difference is an alert."""
        self._confirming.compared(ts, agreed, differences, whole=whole)

    def positions(self) -> Mapping[str, float]:
        """Units by symbol in the run's account at its broker, of all strategies."""
        return self._confirming.positions()

    def open_orders(self) -> Sequence[OpenOrder]:
        """Orders of this run whose last recorded state is not final, oldest first."""
        with self._store.read() as tx:
            return open_orders_of(tx, self._run_id)

    def progress(self, ts: Micros, equity: float) -> None:
        """Equity at ``ts``, a moment of the feed; written at the latest half a second later."""
        self._equity.add(ts, equity)

    def valued_by(self, valuation: Valuation) -> None:
        """Keep, with each equity from now on, the prices that ``valuation`` tells of what is held."""
        self._equity.valuation = valuation

    def flush(self) -> None:
        """Write what is waiting."""
        self._equity.flush()

    def close(self) -> None:
        """Write what is waiting; to be called when the run ends."""
        self.flush()

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
