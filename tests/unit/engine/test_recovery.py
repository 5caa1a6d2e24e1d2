"""Nothing lost, nothing doubled: repeated runs, crashes at any moment, brokers that remember."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY, Micros
from quantstrip.engine import MemoryRecorder, Rejection, RunSummary
from quantstrip.engine.recovery import recover
from quantstrip.errors import BrokerUnreachable
from quantstrip.model import Bar, Fill, Instrument, Order, OrderSide, OrderState, OrderType, Signal
from quantstrip.ports import BrokerEvent, BrokerPosition, OpenOrder, OrderUpdate
from quantstrip.trading import Account
from tests.unit.engine.conftest import Lab, Say, Scripted

CLOSES = [100, 102, 99, 104, 98, 106, 97, 108, 96, 110, 95, 112]


class PowerCut(BaseException):
    """What ``kill -9`` looks like from inside: nothing gets to run afterwards."""


class CutOff(MemoryRecorder):
    """A recorder whose process dies after a number of writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left = 0

    def _write(self) -> None:
        if self.writes_left == 0:
            raise PowerCut
        self.writes_left -= 1

    def order(self, order: Order, instrument: Instrument) -> None:
        self._write()
        super().order(order, instrument)

    def update(self, update: OrderUpdate) -> None:
        self._write()
        super().update(update)

    def fill(self, fill: Fill, instrument: Instrument) -> None:
        self._write()
        super().fill(fill, instrument)


def reversal(strategy: Scripted, bar: Bar) -> list[Signal]:
    """Always in the market, with brackets, sized by equity: any lost or doubled fill changes everything after it."""
    day = len(strategy._bars["S"])
    side = "BUY" if day % 2 else "SELL"
    return [Signal("S", side, quantity=10 + day, stop_loss_pct=0.05, take_profit_pct=0.05)]


def state(recorder: MemoryRecorder) -> tuple[dict[str, Order], list[Fill], list[OrderUpdate], list[Rejection]]:
    return recorder.orders, recorder.fills, recorder.updates(), recorder.rejections


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 60), max_size=10))
def test_after_crashes_at_any_moment_a_repeated_run_ends_with_the_same_records(lab: Lab, cuts: list[int]) -> None:
    lab.run(reversal, lab.slices(*CLOSES))
    expected = state(lab.recorder)
    recorder = CutOff()
    for cut in cuts:
        recorder.writes_left = cut
        try:
            lab.run(reversal, lab.slices(*CLOSES), recorder=recorder)
        except PowerCut:
            continue
    recorder.writes_left = -1
    _, summary = lab.run(reversal, lab.slices(*CLOSES), recorder=recorder)
    assert state(recorder) == expected
    assert summary.fills == len(expected[1]) > 10


class RememberingBroker(SimulatedBroker):
    """A broker whose orders outlive our process, as a real one's do."""

    name = "remembering"
    persistent = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.asked: list[str] = []

    def open_orders(self) -> Sequence[OrderUpdate]:
        self.asked.append("open")
        return super().open_orders()

    def executions_since(self, ts: Micros) -> Sequence[Fill]:
        self.asked.append(f"executions since {ts // DAY}")
        return super().executions_since(ts)


def order(reference: str = "r", quantity: float = 10.0, day: int = 1) -> Order:
    return Order(reference, "scripted", "S", OrderSide.BUY, quantity, OrderType.MARKET, day * DAY)


@pytest.fixture
def broker(lab: Lab) -> RememberingBroker:
    return RememberingBroker(lab.instruments, FREE)


class TestStartUp:
    def start(
        self, lab: Lab, broker: SimulatedBroker, *orders: Order, say: Say | None = None, account: Account | None = None
    ) -> tuple[Scripted, RunSummary]:
        """Start an engine whose recorder knows ``orders`` as sent and not over."""
        recorder = MemoryRecorder()
        for one in orders:
            recorder.order(one, lab.instruments["S"])
            recorder.update(OrderUpdate(one.reference, OrderState.SUBMITTED, 0.0, one.quantity, 0.0, one.ts))
        return lab.run(say, lab.slices(100, 101), broker=broker, recorder=recorder, account=account)

    def test_a_fill_that_nobody_heard_of_is_booked_before_the_strategy_runs(
        self, lab: Lab, broker: RememberingBroker
    ) -> None:
        broker.submit(order())
        broker.advance(2 * DAY, [lab.bar(1, 100.0)])
        strategy, summary = self.start(lab, broker, order())
        assert broker.asked == ["open", "executions since 1"]
        assert strategy.heard[:4] == ["init", "start", "trade S BUY 10 @ 100", "bar S 100"]
        assert summary.account.position("S").quantity == 10.0
        assert [update.state for update in lab.recorder.updates("r")] == ["SUBMITTED", "FILLED"]
        assert lab.recorder.open_orders() == []

    def test_an_order_that_still_waits_is_followed_on(self, lab: Lab, broker: RememberingBroker) -> None:
        limit = order()._replace(order_type=OrderType.LIMIT, limit_price=50.0)
        broker.submit(limit)
        self.start(lab, broker, limit)
        assert [update.state for update in lab.recorder.updates("r")] == ["SUBMITTED", "ACCEPTED"]

    def test_an_order_that_never_arrived_is_ended_and_not_sent_again(self, lab: Lab, broker: RememberingBroker) -> None:
        _, summary = self.start(lab, broker, order())
        last = lab.recorder.updates("r")[-1]
        assert last.state is OrderState.CANCELLED
        assert "never arrived" in last.reason
        assert summary.fills == 0

    def test_a_broker_that_does_not_answer_stops_the_start(self, lab: Lab) -> None:
        class Silent(RememberingBroker):
            def executions_since(self, _ts: Micros) -> Sequence[Fill]:
                raise BrokerUnreachable("no answer")

        started: list[Scripted] = []
        with pytest.raises(BrokerUnreachable):
            self.start(lab, Silent(lab.instruments, FREE), order(), say=lambda strategy, _bar: started.append(strategy))
        assert started == []

    def test_a_broker_that_begins_empty_is_not_asked(self, lab: Lab) -> None:
        _, summary = self.start(lab, SimulatedBroker(lab.instruments, FREE), order())
        assert lab.recorder.open_orders()[0].order.reference == "r"
        assert summary.fills == 0

    def test_books_are_gone_on_with(self, lab: Lab, broker: RememberingBroker) -> None:
        account = Account(50_000.0)
        account.book(Fill("old", "q", "scripted", "S", OrderSide.BUY, 10.0, 100.0, DAY), lab.instruments["S"])
        _, summary = self.start(lab, broker, account=account)
        assert summary.equity.tolist() == [50_000.0, 50_010.0]

    def test_a_fill_of_somebody_elses_order_is_shown_and_not_booked(self, lab: Lab, broker: RememberingBroker) -> None:
        broker.submit(order("manual", day=0))
        _, summary = self.start(lab, broker)
        assert [fill.reference for fill in summary.foreign] == ["manual"]
        assert summary.account.position("S").is_flat
        assert lab.recorder.fills == []

    def test_the_same_fill_reported_twice_is_booked_once(self, lab: Lab) -> None:
        class Stuttering(SimulatedBroker):
            def advance(self, now: Micros, bars: Sequence[Bar]) -> Sequence[BrokerEvent]:
                events = list(super().advance(now, bars))
                return events + [event for event in events if isinstance(event, Fill)]

        _, summary = lab.run(
            lambda _strategy, bar: Signal("S", quantity=1) if bar.close == 100 else None,
            lab.slices(100, 101, 102),
            broker=Stuttering(lab.instruments, FREE),
        )
        assert summary.fills == 1
        assert summary.account.position("S").quantity == 1.0


class TestRecover:
    """``recover`` against a broker that only answers."""

    class Answering(SimulatedBroker):
        name = "answering"
        persistent = True

        def __init__(self, waiting: Sequence[OrderUpdate] = (), fills: Sequence[Fill] = ()) -> None:
            super().__init__({}, account="A")
            self.waiting, self.fills = waiting, fills

        def open_orders(self) -> Sequence[OrderUpdate]:
            return self.waiting

        def executions_since(self, ts: Micros) -> Sequence[Fill]:
            return [fill for fill in self.fills if fill.ts >= ts]

        def positions(self) -> Sequence[BrokerPosition]:
            return [BrokerPosition("A", "S", 0.0, 0.0)]

    def fill(self, name: str, quantity: float, reference: str = "r") -> Fill:
        return Fill(name, reference, "scripted", "S", OrderSide.BUY, quantity, 100.0, 2 * DAY)

    def test_only_fills_not_booked_yet_come_back(self) -> None:
        pending = OpenOrder(order(), OrderState.PARTIALLY_FILLED, 4.0, 100.0, ("e1",))
        broker = self.Answering(fills=[self.fill("e1", 4.0), self.fill("e2", 6.0), self.fill("x", 1.0, "foreign")])
        fills, updates = recover(broker, [pending], 5 * DAY)
        assert [fill.exec_id for fill in fills] == ["e2"]
        assert [(update.state, update.filled) for update in updates] == [(OrderState.FILLED, 10.0)]

    def test_an_order_that_ended_half_filled_is_cancelled_for_the_rest(self) -> None:
        fills, updates = recover(
            self.Answering(fills=[self.fill("e1", 4.0)]), [OpenOrder(order(), OrderState.SUBMITTED)], 0
        )
        assert len(fills) == 1
        assert [(one.state, one.filled, one.remaining) for one in updates] == [(OrderState.CANCELLED, 4.0, 6.0)]

    def test_an_order_the_broker_still_works_on_takes_its_word(self) -> None:
        waiting = OrderUpdate("r", OrderState.PARTIALLY_FILLED, 4.0, 6.0, 100.0, 2 * DAY)
        fills, updates = recover(
            self.Answering([waiting], [self.fill("e1", 4.0)]), [OpenOrder(order(), OrderState.SUBMITTED)], 0
        )
        assert [fill.exec_id for fill in fills] == ["e1"]
        assert updates == [waiting]

    def test_nothing_pending_nothing_asked(self) -> None:
        assert recover(self.Answering(fills=[self.fill("e1", 4.0)]), [], 0) == ([], [])

    def test_an_order_the_broker_had_accepted_is_not_said_to_have_never_arrived(self) -> None:
        fills, (update,) = recover(self.Answering(), [OpenOrder(order(), OrderState.ACCEPTED)], 5 * DAY)
        assert fills == []
        assert update.state is OrderState.CANCELLED
        assert "ended at the broker" in update.reason

    def test_an_answer_without_executions_that_are_booked_is_incomplete_and_stops_the_start(self) -> None:
        pending = OpenOrder(order(), OrderState.PARTIALLY_FILLED, 4.0, 100.0, ("e1",))
        for fills in ([], [self.fill("e2", 6.0)]):
            with pytest.raises(BrokerUnreachable, match="e1"):
                recover(self.Answering(fills=fills), [pending], 5 * DAY)

    def test_an_order_that_is_still_open_needs_no_old_executions(self) -> None:
        waiting = OrderUpdate("r", OrderState.PARTIALLY_FILLED, 4.0, 6.0, 100.0, 2 * DAY)
        pending = OpenOrder(order(), OrderState.PARTIALLY_FILLED, 4.0, 100.0, ("e1",))
        assert recover(self.Answering([waiting]), [pending], 5 * DAY) == ([], [waiting])
