"""What a simulated fill costs, and that protection never reduces what is not there."""

from typing import TYPE_CHECKING, Any

import pytest

from quantstrip.brokers import FREE, CostModel, SimulatedBroker
from quantstrip.clock import DAY
from quantstrip.model import Bar, Fill, Instrument, Order, OrderSide, OrderType
from quantstrip.ports import OrderUpdate
from quantstrip.trading import bracket_orders

if TYPE_CHECKING:
    from quantstrip.ports import BrokerEvent

RATE = CostModel(slippage_bps=100.0, commission_per_share=0.0, commission_rate=0.01)
"""One per cent of slippage and one of commission."""


def bar(
    day: int = 1, open_: float = 100.0, high: float = 110.0, low: float = 90.0, close: float = 105.0, symbol: str = "S"
) -> Bar:
    return Bar(symbol, "1d", day * DAY, (day + 1) * DAY, open_, high, low, close, 0.0)


def order(side: str, quantity: float, name: str = "o", kind: str = "MARKET", day: int = 0, **fields: Any) -> Order:
    return Order(name, "x", "S", OrderSide(side), quantity, OrderType(kind), (day + 1) * DAY, **fields)


def send(broker: SimulatedBroker, entry: Order) -> None:
    """Send an order and its protection."""
    for one in (entry, *bracket_orders(entry, entry.quantity)):
        broker.submit(one)


def fills(events: "list[BrokerEvent] | tuple[BrokerEvent, ...]") -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


def words(broker: SimulatedBroker, one: Bar) -> list[str]:
    """What a bar did, as ``reference side quantity @ price`` of fills and ``reference state`` of the rest."""
    return [
        f"{event.reference} {event.side} {event.quantity:g} @ {event.price:g}"
        if isinstance(event, Fill)
        else f"{event.reference} {event.state}"
        for event in broker.advance(one.ts, [one])
        if isinstance(event, Fill | OrderUpdate)
    ]


def filled(instrument: Instrument, costs: CostModel, quantity: float = 10.0) -> Fill:
    broker = SimulatedBroker({"S": instrument}, costs)
    broker.submit(order("BUY", quantity))
    (fill,) = fills(list(broker.advance(bar().ts, [bar()])))
    return fill


def test_commission_is_paid_on_the_price_after_slippage() -> None:
    assert filled(Instrument("S"), RATE).commission == 10.1  # 10 x 101 x 1 %


def test_commission_counts_the_multiplier_of_the_instrument() -> None:
    assert filled(Instrument("S", multiplier=50.0), RATE).commission == 505.0


@pytest.mark.parametrize(("currency", "paid"), [("USD", 0.04), ("JPY", 0.0)])
def test_commission_is_rounded_to_the_minor_unit_of_the_instruments_currency(currency: str, paid: float) -> None:
    fill = filled(Instrument("S", currency=currency), CostModel(), 7.0)
    assert (fill.commission, fill.currency) == (paid, currency)


def test_a_clipped_exit_pays_for_what_it_traded() -> None:
    broker = SimulatedBroker({"S": Instrument("S")}, CostModel(0.0, 1.0))
    broker.submit(order("BUY", 10.0, "in"))
    broker.advance(bar(1).ts, [bar(1)])
    broker.submit(order("SELL", 15.0, "out", day=1, reduce_only=True))
    (fill,) = fills(list(broker.advance(bar(2).ts, [bar(2)])))
    assert (fill.quantity, fill.commission) == (10.0, 10.0)


def test_slippage_of_an_entry_at_the_open_hides_nothing_of_the_bar_from_its_target() -> None:
    """Bought at 101 for an open of 100, the high of 110 still came after the entry."""
    broker = SimulatedBroker({"S": Instrument("S")}, CostModel(100.0, 0.0))
    send(broker, order("BUY", 10.0, take_profit=108.0))
    assert words(broker, bar(close=102.0))[2:] == ["o-T SELL 10 @ 108", "o-T FILLED"]


def test_executions_since_a_moment_include_that_moment() -> None:
    broker = SimulatedBroker({"S": Instrument("S")}, FREE)
    broker.submit(order("BUY", 1.0))
    broker.advance(bar().ts, [bar()])
    assert [fill.reference for fill in broker.executions_since(bar().ts)] == ["o"]
    assert broker.executions_since(bar().ts + 1) == []


class TestOppositeEntriesOfOneBar:
    """Both have protection; sells fill before buys, so that the second entry meets the first one's position."""

    def test_protection_with_nothing_to_reduce_is_cancelled_and_never_fills(self) -> None:
        broker = SimulatedBroker({"S": Instrument("S")}, FREE)
        send(broker, order("SELL", 10.0, "short", stop_loss_pct=0.5))
        send(broker, order("BUY", 5.0, "long", stop_loss_pct=0.05))
        assert words(broker, bar()) == [
            "short SELL 10 @ 100", "short FILLED", "short-S ACCEPTED", "long BUY 5 @ 100", "long FILLED",
            "long-S CANCELLED",
        ]  # fmt: skip
        assert [position.quantity for position in broker.positions()] == [-5.0]

    def test_entries_that_cancel_out_leave_no_protection_behind(self) -> None:
        broker = SimulatedBroker({"S": Instrument("S")}, FREE)
        send(broker, order("SELL", 5.0, "short", stop_loss_pct=0.5))
        send(broker, order("BUY", 5.0, "long", stop_loss_pct=0.05))
        done = words(broker, bar())
        assert [word for word in done if "@" in word] == ["short SELL 5 @ 100", "long BUY 5 @ 100"]
        assert {"short-S CANCELLED", "long-S CANCELLED"} <= set(done)
        assert (broker.positions(), broker.open_orders()) == ([], [])
