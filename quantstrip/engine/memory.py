"""Recorders that remember in memory: backtests and tests."""

from collections.abc import Sequence
from typing import NamedTuple

from quantstrip.clock import Micros
from quantstrip.model import FINAL, Fill, Instrument, Order, OrderState, Signal
from quantstrip.ports import OpenOrder, OrderUpdate


class Rejection(NamedTuple):
    """A signal that became no order, or only a part of one: when, by which rule, and why."""

    signal: Signal
    ts: Micros
    rule: str
    reason: str


class FillRecorder:
    """Keeps what a result is made of, each key once: fills and refusals. Orders and their states are forgotten."""

    def __init__(self) -> None:
        self._rejections: dict[Rejection, None] = {}
        self._fills: dict[str, Fill] = {}

    @property
    def fills(self) -> list[Fill]:
        """Every fill, oldest first."""
        return list(self._fills.values())

    @property
    def rejections(self) -> list[Rejection]:
        """Every signal that became no order, oldest first."""
        return list(self._rejections)

    def order(self, order: Order, instrument: Instrument) -> None:
        """Not kept."""

    def update(self, update: OrderUpdate) -> None:
        """Not kept."""

    def fill(self, fill: Fill, instrument: Instrument) -> None:  # noqa: ARG002 - part of the port
        """Keep a fill, once by its exec_id."""
        self._fills.setdefault(fill.exec_id, fill)

    def rejected(self, signal: Signal, ts: Micros, rule: str, reason: str) -> None:
        """Keep a refusal, once."""
        self._rejections.setdefault(Rejection(signal, ts, rule, reason))

    def progress(self, ts: Micros, equity: float) -> None:
        """Nothing to keep: the run's summary has the curve."""

    def open_orders(self) -> Sequence[OpenOrder]:
        """None: it remembers no order."""
        return ()


class MemoryRecorder(FillRecorder):
    """Keeps everything in the order in which it happened, each key once.

    Attributes:
        orders: by reference.

    """

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, Order] = {}
        self._updates: dict[str, list[OrderUpdate]] = {}

    def order(self, order: Order, instrument: Instrument) -> None:  # noqa: ARG002 - part of the port
        """Keep an order, once by its reference."""
        self.orders.setdefault(order.reference, order)

    def update(self, update: OrderUpdate) -> None:
        """Keep a change of state, once."""
        known = self._updates.get(update.reference)
        if known is None:
            self._updates[update.reference] = [update]
        elif update not in known:
            known.append(update)

    def updates(self, reference: str | None = None) -> list[OrderUpdate]:
        """Changes of state of one order, or of all, order by order; oldest first."""
        if reference is not None:
            return list(self._updates.get(reference, ()))
        return [update for updates in self._updates.values() for update in updates]

    def open_orders(self) -> Sequence[OpenOrder]:
        """Orders whose last state is not final."""
        found = []
        for reference, order in self.orders.items():
            updates = self._updates.get(reference)
            state, filled, average = OrderState.CREATED, 0.0, 0.0
            if updates:
                _, state, filled, _, average, *_ = updates[-1]
            if state not in FINAL:
                found.append(OpenOrder(order, state, filled, average))
        return found
