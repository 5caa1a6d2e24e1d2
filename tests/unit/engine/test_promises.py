"""Nothing is sent twice, booked twice or half recorded, across restarts and a broker's repeats."""

from collections.abc import Sequence
from typing import Any

import pytest

from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY, Micros
from quantstrip.engine import MemoryRecorder
from quantstrip.errors import InvalidRecord
from quantstrip.model import Bar, Fill, Order, OrderSide, OrderState, OrderType, Signal
from quantstrip.ports import BrokerEvent, OpenOrder, OrderUpdate
from quantstrip.trading import Account
from tests.unit.engine.conftest import Lab, Scripted

HALF = Fill("e1", "r", "scripted", "S", OrderSide.BUY, 4.0, 100.0, DAY)
REST = Fill("e2", "r", "scripted", "S", OrderSide.BUY, 6.0, 100.0, 2 * DAY)


def order(reference: str = "r") -> Order:
    return Order(reference, "scripted", "S", OrderSide.BUY, 10.0, OrderType.LIMIT, DAY, limit_price=100.0)


class Working(SimulatedBroker):
    """A broker that outlives the engine: it works on an order of 10, of which 4 filled, and says given events once."""

    persistent = True

    def __init__(self, events: Sequence[BrokerEvent] = ()) -> None:
        super().__init__({}, FREE)
        self.say = list(events)

    def open_orders(self) -> Sequence[OrderUpdate]:
        return [OrderUpdate("r", OrderState.PARTIALLY_FILLED, 4.0, 6.0, 100.0, DAY)]

    def executions_since(self, ts: Micros) -> Sequence[Fill]:
        return [HALF]

    def advance(self, now: Micros, bars: Sequence[Bar]) -> Sequence[BrokerEvent]:
        said, self.say = self.say, []
        return said


class Remembering(MemoryRecorder):
    """A recorder of an earlier process: the order is known with its first execution."""

    def open_orders(self) -> Sequence[OpenOrder]:
        return [OpenOrder(order(), OrderState.PARTIALLY_FILLED, 4.0, 100.0, ("e1",))]


def after_a_restart(lab: Lab, events: Sequence[BrokerEvent] = (), say: Any = None) -> tuple[Scripted, Account]:
    """Strategy and books of an engine that goes on with the books of the process before it."""
    account = Account(100_000.0)
    account.book(HALF, lab.instruments["S"])
    strategy, summary = lab.run(
        say, lab.slices(100, 100), broker=Working(events), recorder=Remembering(), account=account
    )
    return strategy, summary.account


def test_an_execution_booked_before_the_restart_is_not_booked_again_when_the_broker_repeats_it(lab: Lab) -> None:
    strategy, account = after_a_restart(lab, [HALF, REST, HALF])
    assert account.position("S").quantity == 10.0
    assert [word for word in strategy.heard if word.startswith("trade")] == ["trade S BUY 6 @ 100"]
    assert [fill.exec_id for fill in lab.recorder.fills] == ["e2"]


def test_after_a_restart_only_the_rest_of_an_order_is_still_waiting(lab: Lab) -> None:
    waiting: list[float] = []

    def say(strategy: Scripted, _bar: Bar) -> None:
        waiting.extend(tracked.remaining for tracked in strategy.engine.orders)

    strategy = Scripted(say)
    strategy.engine = lab.engine(strategy, lab.slices(100), broker=Working(), recorder=Remembering())
    strategy.engine.run()
    assert waiting == [6.0]


def test_a_repeated_state_after_a_restart_is_not_told_again(lab: Lab) -> None:
    known = OrderUpdate("r", OrderState.PARTIALLY_FILLED, 4.0, 6.0, 100.0, DAY)
    strategy, _ = after_a_restart(lab, [known])
    assert [word for word in strategy.heard if word.startswith("order")] == []


def test_all_orders_of_a_signal_are_recorded_before_the_first_is_sent(lab: Lab) -> None:
    """A crash between entry and stop would leave a stop that nobody knows of, or none."""
    recorded: list[int] = []

    class Watching(SimulatedBroker):
        def submit(self, order: Order) -> None:
            recorded.append(len(lab.recorder.orders))
            super().submit(order)

    said = [Signal("S", quantity=1, stop_loss_pct=0.1, take_profit_pct=0.1)]
    lab.run(lambda *_: said.pop() if said else None, lab.slices(100, 100), broker=Watching(lab.instruments, FREE))
    assert recorded == [3, 3, 3]


def test_a_reference_depends_on_its_own_bar_alone_not_on_how_much_was_said_before(lab: Lab) -> None:
    """A live run that begins later says the same reference for the same decision."""

    def references(extra: int) -> list[str]:
        def say(strategy: Scripted, _bar: Bar) -> list[Signal]:
            day = len(strategy._bars["S"])
            return [Signal("S", quantity=1)] * extra if day == 1 else [Signal("S", quantity=7)] if day == 3 else []

        lab.run(say, lab.slices(100, 100, 100, 100))
        return [reference for reference, one in lab.recorder.orders.items() if one.quantity == 7.0]

    assert references(0) == references(1) == references(5)


@pytest.mark.parametrize(("quantity", "price"), [(0.0, 100.0), (-1.0, 100.0), (1.0, float("nan"))])
def test_an_impossible_fill_is_refused_and_neither_booked_nor_recorded(lab: Lab, quantity: float, price: float) -> None:
    impossible = HALF._replace(exec_id="bad", quantity=quantity, price=price)
    with pytest.raises(InvalidRecord, match="a fill needs"):
        after_a_restart(lab, [impossible])
    assert lab.recorder.fills == []
