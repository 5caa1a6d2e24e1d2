"""What becomes of a strategy's signals: the desk decides, orders are recorded and sent, refusals recorded."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from quantstrip.clock import Micros, from_datetime
from quantstrip.engine.faults import plain
from quantstrip.engine.intake import Intake
from quantstrip.engine.summary import RunSummary
from quantstrip.errors import OrderRefused
from quantstrip.model import Bar, Instrument, Order, OrderState, Signal
from quantstrip.ports import Broker, Recorder, new_update
from quantstrip.strategy import StrategyBase
from quantstrip.trading import Desk, OrderBook


class Dispatch:
    """The way of one run's signals to the broker.

    Args:
        strategy: whose signals they are.
        desk: sizes and judges them.
        broker: where orders go.
        orders: the run's orders; those that were sent are added.
        recorder: keeps an order before it is sent.
        intake: tells of their states.
        summary: counts orders and refusals.
        instruments: by symbol.

    Attributes:
        moment: time of the last signals, -1 before the first.

    """

    def __init__(
        self,
        strategy: StrategyBase,
        desk: Desk,
        broker: Broker,
        orders: OrderBook,
        recorder: Recorder,
        intake: Intake,
        summary: RunSummary,
        instruments: Mapping[str, Instrument],
    ) -> None:
        self._strategy = strategy
        self._desk = desk
        self._broker = broker
        self._orders = orders
        self._recorder = recorder
        self._follows_orders = recorder.follows_orders
        self._intake = intake
        self._summary = summary
        self._instruments = instruments
        self._sequence = 0
        """Signals of this moment."""
        self.moment: Micros = -1

    def decide(self, signals: Sequence[Any], symbol: str, ts: Micros) -> None:
        """Turn what a hook returned, at the bar of ``symbol`` that closed at ``ts``, into orders or refusals."""
        if type(signals) is not list and (isinstance(signals, Signal) or not isinstance(signals, tuple)):
            signals = (signals,)
        for signal in signals:
            self.order(signal if type(signal) is Signal else plain(self._strategy, signal, symbol, ts), ts)

    def order(self, signal: Signal, ts: Micros, price: float | None = None) -> Order | None:
        """Order what a signal wants, decided on ``price`` (None: the last one); returns the order that was sent."""
        self._sequence = sequence = self._sequence + 1 if ts == self.moment else 1
        self.moment = ts
        if signal.cancel is not None:
            self._cancel(signal, ts)
            return None
        if price is None and signal.timestamp is not None:
            price = self._price_at(signal)
        orders, refusal = self._desk.decide(signal, ts, sequence, price)
        if refusal is not None:
            self.refuse(signal, ts, *refusal)
        if orders and self._follows_orders:
            instrument = self._instruments[signal.symbol]
            for each in orders:  # all of a signal before the first is sent: a crash in between leaves nothing unknown
                self._recorder.order(each, instrument)
        sent = None
        for each in orders:
            if self._send(each, signal, ts):
                sent = sent or each
        return sent

    def refuse(self, signal: Signal, ts: Micros, rule: str, reason: str) -> None:
        """Record that a signal became no order, or only a part of one."""
        self._summary.rejections += 1
        self._recorder.rejected(signal, ts, rule, reason)

    def _send(self, order: Order, signal: Signal, ts: Micros) -> bool:
        """Submit an order and tell whoever follows it; True when the broker has it."""
        orders, state, reason = self._orders, _SUBMITTED, ""
        self._summary.orders += 1
        parent = order.parent
        if parent and parent not in orders.open:
            state, reason = _CANCELLED, "the entry was refused"
        else:
            try:
                self._broker.submit(order)
            except OrderRefused as refused:
                state, reason = _REJECTED, str(refused)
                self.refuse(signal, ts, "broker", reason)
            else:
                orders.add(order, state)
        if self._intake.follows:
            news = new_update((order.reference, state, 0.0, order.quantity, 0.0, ts, reason, ""))
            self._intake.tell_order(news, order.symbol)
        return state is _SUBMITTED

    def _cancel(self, signal: Signal, ts: Micros) -> None:
        waiting = self._orders.matching(signal.cancel or "")
        if not waiting:
            self.refuse(signal, ts, "cancel", f"no order waits for {signal.cancel!r}; give a reference or a symbol")
        for tracked in waiting:
            self._broker.cancel(tracked.order.reference)

    def _price_at(self, signal: Signal) -> float:
        """Close of the last bar known at the signal's own timestamp, NaN where that is not in the window."""
        moment = from_datetime(signal.timestamp) if signal.timestamp is not None else 0
        window: list[Bar] = self._strategy._bars.get(signal.symbol, [])
        return next((float(bar.close) for bar in reversed(window) if bar.ts <= moment), nan)


_SUBMITTED, _REJECTED, _CANCELLED = OrderState.SUBMITTED, OrderState.REJECTED, OrderState.CANCELLED
