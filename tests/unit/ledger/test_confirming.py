"""Intentions are CONFIRMED where our positions equal the broker's; where they do not, it is an alert."""

from collections.abc import Iterator, Sequence
from typing import Any

from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY, Micros
from quantstrip.engine import Engine
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Bar, Fill, Instrument, Order, OrderSide, OrderState, OrderType, Signal
from quantstrip.ports import BrokerEvent, BrokerPosition, OrderUpdate
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase

INSTRUMENTS = {name: Instrument(name, calendar="24/7") for name in ("S", "T")}


class Feed:
    """Days of both symbols at a price of 10."""

    name = "made"

    def slices(self) -> Iterator[tuple[Micros, Sequence[Bar]]]:
        for day in range(5):
            close = (day + 1) * DAY
            yield close, [Bar(symbol, "1d", day * DAY, close, 10.0, 10.0, 10.0, 10.0, 1.0) for symbol in INSTRUMENTS]

    def stop(self) -> None:
        """Nothing waits."""


class Once(StrategyBase):
    """Buys 100 of each symbol on the first day, and waits for a price that never comes."""

    def __init__(self) -> None:
        super().__init__("once", list(INSTRUMENTS))

    def on_bar(self, bar: Bar) -> list[Signal]:
        if bar.ts > DAY:
            return []
        return [Signal(bar.symbol, "BUY", quantity=100), Signal(bar.symbol, "BUY", quantity=1, order_type="LIMIT",
                                                                limit_price=1.0)]  # fmt: skip


class Losing(SimulatedBroker):
    """Says that it holds 40 T less than were traded."""

    def positions(self) -> Sequence[BrokerPosition]:
        return [one._replace(quantity=one.quantity - 40.0) if one.symbol == "T" else one for one in super().positions()]


class Lasting(SimulatedBroker):
    """A broker that outlives the process, with positions a test gives it."""

    name = "lasting"
    persistent = True

    def __init__(self, held: dict[str, float], executions: Sequence[Fill] = (), account: str = "U1") -> None:
        super().__init__(INSTRUMENTS, FREE, account)
        self._held, self._executions = held, executions

    def positions(self) -> Sequence[BrokerPosition]:
        mine = [BrokerPosition(self.account, symbol, quantity, 10.0) for symbol, quantity in self._held.items()]
        return [*mine, BrokerPosition("another", "S", 7.0, 10.0)]

    def executions_since(self, ts: Micros) -> Sequence[Fill]:
        return self._executions

    def open_orders(self) -> Sequence[OrderUpdate]:
        return ()

    def advance(self, now: Micros, bars: Sequence[Bar]) -> Sequence[BrokerEvent]:
        return ()


class Quiet(Once):
    """Says nothing."""

    def on_bar(self, bar: Bar) -> list[Signal]:
        return []


def record(ledger: Ledger, broker: SimulatedBroker) -> LedgerRecorder:
    run = ledger.open_strategy_run("key", "client", "once", "paper", broker.account, "code", {}, "made", 1e5)
    return LedgerRecorder(ledger, run, broker.name, INSTRUMENTS)


def trade(ledger: Ledger, broker: SimulatedBroker, strategy: StrategyBase) -> None:
    recorder = record(ledger, broker)
    engine = Engine(
        strategy, feed=Feed(), broker=broker, recorder=recorder, instruments=INSTRUMENTS, cash=1e5, risk=OFF,
        run_key="key",
    )  # fmt: skip
    engine.run()
    recorder.close()


def statuses(ledger: Ledger) -> dict[tuple[str, float], str]:
    rows = ledger.query(
        "SELECT e.symbol, o.total_quantity, e.status FROM strategy_event e JOIN orders o ON o.order_id = e.order_id"
    )[1]
    return {(symbol, quantity): status for symbol, quantity, status in rows}


def mismatches(ledger: Ledger) -> list[dict[str, Any]]:
    return [row for row in ledger.alerts() if row["kind"] == "position_mismatch"]


def test_what_filled_is_confirmed_and_what_waits_is_pending(ledger: Ledger) -> None:
    trade(ledger, SimulatedBroker(INSTRUMENTS, FREE), Once())
    assert statuses(ledger) == {
        ("S", 100.0): "CONFIRMED", ("S", 1.0): "PENDING", ("T", 100.0): "CONFIRMED", ("T", 1.0): "PENDING",
    }  # fmt: skip
    assert mismatches(ledger) == []


def test_a_symbol_that_differs_is_an_alert_and_the_others_are_confirmed(ledger: Ledger) -> None:
    trade(ledger, Losing(INSTRUMENTS, FREE), Once())
    assert statuses(ledger)["S", 100.0] == "CONFIRMED"
    assert statuses(ledger)["T", 100.0] == "EXECUTED"
    (alert,) = mismatches(ledger)
    assert alert["client"] == "client"
    assert "holds 100 T" in alert["body"]
    assert "broker holds 60" in alert["body"]


def test_once_positions_agree_again_a_repeated_run_confirms_what_was_left(ledger: Ledger) -> None:
    trade(ledger, Losing(INSTRUMENTS, FREE), Once())
    trade(ledger, SimulatedBroker(INSTRUMENTS, FREE), Once())
    assert statuses(ledger)["T", 100.0] == "CONFIRMED"


class TestTheStartUpPath:
    """An order filled while nobody listened; the broker outlives the process."""

    ORDER = Order("r", "once", "S", OrderSide.BUY, 100.0, OrderType.MARKET, DAY)
    FILL = Fill("x1", "r", "once", "S", OrderSide.BUY, 100.0, 10.0, DAY + 1)

    def left_open(self, ledger: Ledger) -> None:
        recorder = record(ledger, Lasting({}))
        recorder.order(self.ORDER, INSTRUMENTS["S"])
        recorder.update(OrderUpdate("r", OrderState.SUBMITTED, 0.0, 100.0, 0.0, DAY))

    def test_a_missed_fill_is_booked_and_confirmed_where_positions_agree(self, ledger: Ledger) -> None:
        self.left_open(ledger)
        trade(ledger, Lasting({"S": 100.0}, [self.FILL]), Quiet())
        assert statuses(ledger) == {("S", 100.0): "CONFIRMED"}
        assert mismatches(ledger) == []

    def test_a_position_nobody_ordered_is_an_alert_and_confirms_nothing(self, ledger: Ledger) -> None:
        self.left_open(ledger)
        trade(ledger, Lasting({"S": 250.0, "T": 5.0}, [self.FILL]), Quiet())
        assert statuses(ledger) == {("S", 100.0): "EXECUTED"}
        bodies = [row["body"] for row in mismatches(ledger)]
        assert any("holds 100 S" in body and "broker holds 250" in body for body in bodies)
        assert any("holds 0 T" in body and "broker holds 5" in body for body in bodies)

    def test_what_is_on_record_of_all_strategies_is_compared_not_of_this_one(self, ledger: Ledger) -> None:
        self.left_open(ledger)
        other = ledger.open_strategy_run("other", "second", "second", "paper", "U1", "code", {}, "made", 1e5)
        recorder = LedgerRecorder(ledger, other, "lasting", INSTRUMENTS)
        recorder.order(self.ORDER._replace(reference="o", strategy="second"), INSTRUMENTS["S"])
        recorder.fill(self.FILL._replace(exec_id="x0", reference="o", strategy="second"), INSTRUMENTS["S"])
        trade(ledger, Lasting({"S": 200.0}, [self.FILL]), Quiet())
        assert mismatches(ledger) == []

    def test_a_later_start_confirms_what_an_earlier_one_could_not(self, ledger: Ledger) -> None:
        self.left_open(ledger)
        trade(ledger, Lasting({"S": 250.0}, [self.FILL]), Quiet())
        trade(ledger, Lasting({"S": 100.0}), Quiet())
        assert statuses(ledger) == {("S", 100.0): "CONFIRMED"}
