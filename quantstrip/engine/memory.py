"""Recorders that remember in memory: backtests and tests."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from quantstrip.clock import Micros
from quantstrip.model import FINAL, Control, Fill, Halt, Instrument, Order, OrderState, Signal
from quantstrip.ports import OpenOrder, OrderUpdate, PositionDifference


class Rejection(NamedTuple):
    """A signal that became no order, or only a part of one: when, by which rule, and why."""

    signal: Signal
    ts: Micros
    rule: str
    reason: str


class FillRecorder:
    """Keeps what a result is made of, each key once: fills and refusals. Orders and their states are forgotten.

    Refusals have no key but their order: the n-th one of its kind is the same one when the run is repeated.
    """

    kept = False
    follows_orders = False

    def __init__(self) -> None:
        self._rejections: list[Rejection] = []
        self._kept: dict[Rejection, int] = {}
        self._heard: dict[Rejection, int] = {}  # in this run
        self._last: Micros = 0
        self._fills: list[Fill] = []
        self._latest: Micros = -1
        """Time of the latest fill: one that is later still cannot be kept already."""
        self._known: set[str] = set()
        """Keys of the first fills: as many as had to be looked up."""

    @property
    def fills(self) -> list[Fill]:
        """Every fill, oldest first."""
        return list(self._fills)

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
        ts = fill.ts
        if ts > self._latest:
            self._latest = ts
        else:
            self._known.update(one.exec_id for one in self._fills[len(self._known) :])
            if fill.exec_id in self._known:
                return
        self._fills.append(fill)

    def rejected(self, signal: Signal, ts: Micros, rule: str, reason: str) -> None:
        """Keep a refusal, once; two that are alike at one moment are two."""
        if ts < self._last:  # the run is repeated from its first bar
            self._heard.clear()
        self._last = ts
        one = Rejection(signal, ts, rule, reason)
        number = self._heard[one] = self._heard.get(one, 0) + 1
        if number > self._kept.get(one, 0):
            self._kept[one] = number
            self._rejections.append(one)

    def controls(self, ts: Micros) -> Sequence[Control]:  # noqa: ARG002 - part of the port
        """None: nobody steps into a backtest."""
        return ()

    def halts(self, ts: Micros, in_force: Sequence[Halt]) -> None:
        """Not kept: the run's summary has those in force at the end."""

    def compared(
        self, ts: Micros, agreed: Collection[str], differences: Sequence[PositionDifference], *, whole: bool = False
    ) -> None:
        """Not kept."""

    def positions(self) -> Mapping[str, float]:
        """Units by symbol, from the fills it has kept."""
        held: dict[str, float] = {}
        for fill in self._fills:
            held[fill.symbol] = held.get(fill.symbol, 0.0) + fill.side.sign * fill.quantity
        return held

    def progress(self, ts: Micros, equity: float) -> None:
        """Nothing to keep: the run's summary has the curve."""

    def open_orders(self) -> Sequence[OpenOrder]:
        """None: it remembers no order. Asked at the start of a run, which begins to count its refusals anew."""
        self._heard.clear()
        return ()


class MemoryRecorder(FillRecorder):
    """Keeps everything in the order in which it happened, each key once.

    Attributes:
        orders: by reference.

    """

    follows_orders = True

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
        """Orders whose last state is not final, with the fills that are booked."""
        super().open_orders()
        booked: dict[str, list[str]] = {}
        for fill in self._fills:
            booked.setdefault(fill.reference, []).append(fill.exec_id)
        found = []
        for reference, order in self.orders.items():
            updates = self._updates.get(reference)
            state, filled, average = OrderState.CREATED, 0.0, 0.0
            if updates:
                _, state, filled, _, average, *_ = updates[-1]
            if state not in FINAL:
                found.append(OpenOrder(order, state, filled, average, tuple(booked.get(reference, ()))))
        return found
