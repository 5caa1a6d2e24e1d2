"""The simulated broker: order lives, brackets, sessions, and fills that no bar could deny."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.brokers import FREE, CostModel, SimulatedBroker
from quantstrip.clock import DAY, HOUR, MINUTE
from quantstrip.errors import OrderRefused
from quantstrip.model import Bar, Fill, Instrument, Leg, Order, OrderSide, OrderType, TimeInForce
from quantstrip.ports import OrderUpdate
from quantstrip.trading import bracket_orders

Entry = tuple[int, str, str, int, dict[str, Any]]
"""Day, side, order type, quantity and further fields of an order to send."""

INSTRUMENTS = {name: Instrument(name) for name in ("S", "T")}


def bar(
    day: int, open_: float = 100.0, high: float = 110.0, low: float = 90.0, close: float = 105.0, symbol: str = "S"
) -> Bar:
    return Bar(symbol, "1d", day * DAY, (day + 1) * DAY, open_, high, low, close, 0.0)


class Desk:
    """Sends orders to a broker and keeps what comes back, as words."""

    def __init__(self, costs: CostModel = FREE) -> None:
        self.broker = SimulatedBroker(INSTRUMENTS, costs)
        self.fills: list[Fill] = []
        self.events: list[str] = []

    def send(
        self,
        side: str,
        kind: str = "MARKET",
        quantity: float = 10.0,
        *,
        name: str = "o",
        day: int = 0,
        symbol: str = "S",
        **fields: Any,
    ) -> Order:
        fields["time_in_force"] = TimeInForce(fields.get("time_in_force", "GTC"))
        order = Order(name, "x", symbol, OrderSide(side), quantity, OrderType(kind), (day + 1) * DAY, **fields)
        self.broker.submit(order)
        return order

    def bracket(
        self,
        side: str = "BUY",
        kind: str = "MARKET",
        quantity: float = 10.0,
        *,
        name: str = "o",
        day: int = 0,
        **fields: Any,
    ) -> Order:
        entry = self.send(side, kind, quantity, name=name, day=day, **fields)
        for child in bracket_orders(entry, quantity):
            self.broker.submit(child)
        return entry

    def feed(self, *bars: Bar) -> list[str]:
        new = []
        for event in self.broker.advance(bars[0].ts, bars):
            if isinstance(event, Fill):
                self.fills.append(event)
                new.append(f"{event.reference} {event.side} {event.quantity:g} @ {event.price:g}")
            elif isinstance(event, OrderUpdate):
                new.append(f"{event.reference} {event.state}")
        self.events += new
        return new


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestOrders:
    def test_a_market_order_fills_at_the_next_open(self, desk: Desk) -> None:
        desk.send("BUY")
        assert desk.feed(bar(1)) == ["o BUY 10 @ 100", "o FILLED"]
        assert desk.feed(bar(2)) == []

    def test_a_fill_carries_cost_time_and_a_key_that_repeats(self) -> None:
        desk = Desk(CostModel())
        desk.send("BUY", quantity=1000.0)
        desk.feed(bar(1))
        (fill,) = desk.fills
        assert fill.price == pytest.approx(100.02)
        assert (fill.commission, fill.ts, fill.exec_id, fill.currency) == (5.0, bar(1).ts, "o.1", "USD")

    def test_limits_pay_commission_but_no_slippage(self) -> None:
        desk = Desk(CostModel())
        desk.send("BUY", "LIMIT", limit_price=95.0)
        desk.feed(bar(1))
        assert desk.fills[0].price == 95.0
        assert desk.fills[0].commission == 0.05

    def test_an_order_that_waits_says_so_once(self, desk: Desk) -> None:
        desk.send("BUY", "LIMIT", limit_price=50.0)
        assert desk.feed(bar(1)) == ["o ACCEPTED"]
        assert desk.feed(bar(2)) == []
        assert desk.feed(bar(3, low=50.0)) == ["o BUY 10 @ 50", "o FILLED"]

    def test_sending_a_reference_again_changes_nothing(self, desk: Desk) -> None:
        desk.send("BUY")
        desk.send("BUY")
        assert desk.feed(bar(1)) == ["o BUY 10 @ 100", "o FILLED"]
        desk.send("BUY")
        assert desk.feed(bar(2)) == []

    def test_a_bar_that_had_begun_cannot_fill_it(self, desk: Desk) -> None:
        """Decided at the close of another market's bar, inside this one's."""
        desk.broker.submit(Order("o", "x", "S", OrderSide.BUY, 1.0, OrderType.MARKET, 2 * DAY - HOUR))
        assert desk.feed(bar(1)) == []
        assert desk.feed(bar(2)) == ["o BUY 1 @ 100", "o FILLED"]

    def test_an_order_waits_for_a_bar_of_its_own_symbol(self, desk: Desk) -> None:
        desk.send("BUY", symbol="T")
        assert desk.feed(bar(1)) == []
        assert desk.feed(bar(2), bar(2, symbol="T")) == ["o BUY 10 @ 100", "o FILLED"]

    def test_an_order_still_waiting_at_the_end_never_fills(self, desk: Desk) -> None:
        desk.send("BUY", "LIMIT", limit_price=50.0)
        desk.feed(bar(1))
        assert [update.reference for update in desk.broker.open_orders()] == ["o"]
        assert desk.broker.executions_since(0) == []

    def test_all_sells_come_before_all_buys(self, desk: Desk) -> None:
        desk.send("BUY", name="b1", symbol="S")
        desk.send("SELL", name="s1", symbol="T")
        desk.send("BUY", name="b2", symbol="T")
        desk.send("SELL", name="s2", symbol="S")
        desk.feed(bar(1), bar(1, symbol="T"))
        assert [fill.reference for fill in desk.fills] == ["s1", "s2", "b1", "b2"]

    def test_a_flip_is_one_fill(self, desk: Desk) -> None:
        desk.send("BUY", name="in")
        desk.feed(bar(1))
        desk.send("SELL", quantity=25.0, name="flip", day=1)
        assert desk.feed(bar(2)) == ["flip SELL 25 @ 100", "flip FILLED"]
        assert desk.broker.positions()[0].quantity == -15.0

    def test_cancelled_is_cancelled(self, desk: Desk) -> None:
        desk.send("BUY")
        desk.broker.cancel("o")
        desk.broker.cancel("unknown")
        assert desk.feed(bar(1)) == ["o CANCELLED"]
        assert desk.broker.positions() == []

    @pytest.mark.parametrize("quantity", [0.0, -1.0, math.nan, math.inf])
    def test_an_impossible_quantity_is_refused(self, desk: Desk, quantity: float) -> None:
        with pytest.raises(OrderRefused, match="needs a positive quantity"):
            desk.send("BUY", quantity=quantity)

    def test_an_unknown_symbol_is_refused(self, desk: Desk) -> None:
        with pytest.raises(OrderRefused, match="X is not traded here"):
            desk.send("BUY", symbol="X")


class TestTimeInForce:
    def test_bar_is_for_the_next_bar_only(self, desk: Desk) -> None:
        desk.send("BUY", "LIMIT", limit_price=50.0, time_in_force="BAR")
        assert desk.feed(bar(1)) == ["o EXPIRED"]
        assert desk.feed(bar(2, low=40.0)) == []

    def test_a_daily_bar_is_a_session(self, desk: Desk) -> None:
        desk.send("BUY", "LIMIT", limit_price=50.0, time_in_force="DAY")
        assert desk.feed(bar(1)) == ["o ACCEPTED"]
        assert desk.feed(bar(2, low=40.0)) == ["o EXPIRED"]

    def test_day_lasts_to_the_end_of_the_session_it_is_first_good_for(self, desk: Desk) -> None:
        def minute(index: int, low: float = 90.0) -> Bar:
            start = DAY + index * MINUTE
            return Bar("S", "1m", start, start + MINUTE, 100.0, 110.0, low, 105.0, 0.0)

        desk.send("BUY", "LIMIT", limit_price=50.0, time_in_force="DAY", name="hit")
        desk.send("BUY", "LIMIT", limit_price=30.0, time_in_force="DAY", name="missed")
        assert desk.feed(minute(0)) == ["hit ACCEPTED", "missed ACCEPTED"]
        assert desk.feed(minute(24 * 60 - 1, low=45.0)) == ["hit BUY 10 @ 50", "hit FILLED"]
        assert desk.feed(minute(24 * 60, low=20.0)) == ["missed EXPIRED"]

    def test_good_till_cancelled_waits(self, desk: Desk) -> None:
        desk.send("BUY", "LIMIT", limit_price=50.0)
        for day in range(1, 30):
            desk.feed(bar(day))
        assert desk.feed(bar(30, low=49.0)) == ["o BUY 10 @ 50", "o FILLED"]


class TestReduceOnly:
    def test_it_is_clipped_to_the_position(self, desk: Desk) -> None:
        desk.send("BUY", name="in")
        desk.feed(bar(1))
        desk.send("SELL", quantity=15.0, name="out", day=1, reduce_only=True)
        assert desk.feed(bar(2)) == ["out SELL 10 @ 100", "out PARTIALLY_FILLED", "out CANCELLED"]
        assert desk.broker.positions() == []

    def test_it_ends_where_there_is_no_position(self, desk: Desk) -> None:
        desk.send("SELL", name="out", reduce_only=True)
        assert desk.feed(bar(1)) == ["out CANCELLED"]

    def test_it_looks_at_its_own_leg(self, desk: Desk) -> None:
        desk.send("BUY", name="in", leg=Leg.LONG)
        desk.feed(bar(1))
        desk.send("SELL", name="other", day=1, reduce_only=True)
        desk.send("SELL", name="out", day=1, reduce_only=True, leg=Leg.LONG)
        assert desk.feed(bar(2)) == ["other CANCELLED", "out SELL 10 @ 100", "out FILLED"]


class TestBrackets:
    def test_they_are_live_from_the_entry_bar(self, desk: Desk) -> None:
        desk.bracket(stop_loss_pct=0.05, take_profit_pct=0.5)
        assert desk.feed(bar(1)) == [
            "o BUY 10 @ 100",
            "o FILLED",
            "o-S SELL 10 @ 95",
            "o-S FILLED",
            "o-T CANCELLED",
        ]

    def test_where_stop_and_target_are_both_touched_the_stop_is_taken(self, desk: Desk) -> None:
        desk.bracket(stop_loss=95.0, take_profit=105.0)
        assert "o-S SELL 10 @ 95" in desk.feed(bar(1))
        assert len(desk.fills) == 2

    def test_also_on_a_later_bar(self, desk: Desk) -> None:
        desk.bracket(stop_loss=80.0, take_profit=120.0)
        assert desk.feed(bar(1))[2:] == ["o-S ACCEPTED", "o-T ACCEPTED"]
        assert desk.feed(bar(2, high=130.0, low=70.0)) == ["o-S SELL 10 @ 80", "o-S FILLED", "o-T CANCELLED"]

    def test_a_target_fills_at_its_price_and_cancels_the_stop(self, desk: Desk) -> None:
        desk.bracket(stop_loss=80.0, take_profit=120.0)
        desk.feed(bar(1))
        assert desk.feed(bar(2, high=121.0)) == ["o-T SELL 10 @ 120", "o-T FILLED", "o-S CANCELLED"]

    def test_a_gap_through_the_stop_costs_the_gap(self, desk: Desk) -> None:
        desk.bracket(stop_loss=80.0)
        desk.feed(bar(1))
        assert desk.feed(bar(2, open_=70.0, high=75.0, low=60.0))[0] == "o-S SELL 10 @ 70"

    def test_percentages_count_from_the_fill_with_its_slippage(self) -> None:
        desk = Desk(CostModel(slippage_bps=100.0, commission_per_share=0.0))
        desk.bracket(take_profit_pct=0.05)
        desk.feed(bar(1, high=106.0))
        assert len(desk.fills) == 1
        desk.feed(bar(2, high=107.0))
        assert desk.fills[1].price == pytest.approx(101.0 * 1.05)

    def test_a_short_entry_is_protected_from_above(self, desk: Desk) -> None:
        desk.bracket("SELL", stop_loss_pct=0.05, take_profit_pct=0.05)
        assert desk.feed(bar(1))[2] == "o-S BUY 10 @ 105"

    def test_a_trailing_stop_starts_at_the_fill_and_follows(self, desk: Desk) -> None:
        desk.bracket(trailing_pct=0.1)
        assert desk.feed(bar(1, high=120.0, low=91.0))[2:] == ["o-R ACCEPTED"]
        assert desk.feed(bar(2, open_=118.0, high=119.0, low=108.0))[0] == "o-R SELL 10 @ 108"

    def test_a_trailing_stop_with_an_activation_waits_for_its_move(self, desk: Desk) -> None:
        """Armed at 110 by the bar that reaches it, and good from the next bar on: the way within a bar is unknown."""
        desk.bracket(trailing_pct=0.05, trailing_activation_pct=0.1)
        assert desk.feed(bar(1, high=109.0, low=80.0))[2:] == ["o-R ACCEPTED"]
        assert desk.feed(bar(2, high=120.0, low=70.0)) == []
        assert desk.feed(bar(3, open_=118.0, high=119.0, low=110.0))[0] == "o-R SELL 10 @ 114"

    def test_the_activation_of_a_short_entry_lies_below_its_fill(self, desk: Desk) -> None:
        desk.bracket("SELL", trailing_pct=0.05, trailing_activation_pct=0.1)
        desk.feed(bar(1, high=130.0, low=91.0))
        assert desk.feed(bar(2, high=140.0, low=80.0)) == []
        assert desk.feed(bar(3, open_=82.0, high=90.0, low=81.0))[0] == "o-R BUY 10 @ 84"

    def test_held_back_while_the_entry_waits(self, desk: Desk) -> None:
        desk.bracket(kind="LIMIT", limit_price=95.0, stop_loss=92.0)
        assert desk.feed(bar(1, low=96.0)) == ["o ACCEPTED"]
        assert desk.feed(bar(2, low=93.0)) == ["o BUY 10 @ 95", "o FILLED", "o-S ACCEPTED"]

    def test_after_an_entry_inside_the_bar_the_high_before_it_does_not_count(self, desk: Desk) -> None:
        """The bar opens at its high and falls to the entry: the target above the close was not reached after it."""
        desk.bracket(kind="LIMIT", limit_price=95.0, stop_loss=80.0, take_profit=104.0)
        assert desk.feed(bar(1, open_=109.0, high=110.0, low=94.0, close=96.0))[2:] == ["o-S ACCEPTED", "o-T ACCEPTED"]

    def test_after_an_entry_inside_the_bar_a_close_beyond_the_target_does_count(self, desk: Desk) -> None:
        desk.bracket(kind="LIMIT", limit_price=95.0, stop_loss=80.0, take_profit=104.0)
        assert "o-T SELL 10 @ 104" in desk.feed(bar(1, low=94.0))

    def test_after_an_entry_inside_the_bar_the_stop_is_taken_at_its_price(self, desk: Desk) -> None:
        """The bar opened below the stop before the entry was triggered above it: no gap was held through."""
        desk.bracket(kind="STOP", stop_price=105.0, stop_loss=102.0)
        assert desk.feed(bar(1))[2] == "o-S SELL 10 @ 102"

    def test_an_entry_that_ends_takes_its_bracket_along(self, desk: Desk) -> None:
        desk.bracket(kind="LIMIT", limit_price=50.0, stop_loss=40.0, take_profit=60.0, time_in_force="BAR")
        assert desk.feed(bar(1)) == ["o EXPIRED", "o-S CANCELLED", "o-T CANCELLED"]
        assert desk.broker.open_orders() == []

    def test_a_position_closed_by_hand_takes_its_bracket_along(self, desk: Desk) -> None:
        desk.bracket(stop_loss=50.0, take_profit=200.0)
        desk.feed(bar(1))
        desk.send("SELL", name="out", day=1, reduce_only=True)
        assert desk.feed(bar(2)) == ["out SELL 10 @ 100", "out FILLED", "o-S CANCELLED", "o-T CANCELLED"]

    def test_a_flip_leaves_no_old_bracket_behind(self, desk: Desk) -> None:
        desk.bracket(stop_loss=50.0)
        desk.feed(bar(1))
        desk.send("SELL", quantity=20.0, name="flip", day=1)
        desk.feed(bar(2))
        assert desk.broker.open_orders() == []
        assert desk.broker.positions()[0].quantity == -10.0

    def test_a_bracket_protects_what_is_left(self, desk: Desk) -> None:
        desk.bracket(stop_loss=80.0)
        desk.feed(bar(1))
        desk.send("SELL", quantity=4.0, name="part", day=1, reduce_only=True)
        desk.feed(bar(2))
        assert desk.feed(bar(3, low=70.0))[0] == "o-S SELL 6 @ 80"


prices = st.floats(50.0, 150.0).map(lambda price: round(price, 1))


@st.composite
def markets(draw: st.DrawFn) -> list[Bar]:
    """A dozen daily bars without any relation to one another: gaps everywhere."""
    bars = []
    for day in range(1, 13):
        low, middle, other, high = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
        open_, close = draw(st.permutations((middle, other)))
        bars.append(bar(day, open_, high, low, close))
    return bars


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An order of any type, with any bracket, sent on any day."""
    kind = draw(st.sampled_from([kind.value for kind in OrderType]))
    fields = {
        "limit_price": draw(prices) if "LIMIT" in kind else None,
        "stop_price": draw(prices) if kind in ("STOP", "STOP_LIMIT") else None,
        "trail_percent": 0.05 if kind == "TRAILING_STOP" else None,
        "decision_price": 100.0,
        "time_in_force": draw(st.sampled_from(["GTC", "DAY", "BAR"])),
        "stop_loss_pct": draw(st.none() | st.just(0.05)),
        "take_profit_pct": draw(st.none() | st.just(0.05)),
        "trailing_pct": draw(st.none() | st.just(0.1)),
    }
    return draw(st.integers(0, 8)), draw(st.sampled_from(["BUY", "SELL"])), kind, draw(st.integers(1, 20)), fields


@settings(max_examples=150, deadline=None)
@given(markets(), st.lists(entries(), min_size=1, max_size=6))
def test_whatever_is_sent_the_books_are_possible(bars: list[Bar], wanted: list[Entry]) -> None:
    """No fill outside its bar, none before its order, one at most for each order, and positions that add up."""
    desk = Desk()
    for day in range(13):
        if day:
            desk.feed(bars[day - 1])
        for index, (when, side, kind, quantity, fields) in enumerate(wanted):
            if when == day:
                desk.bracket(side, kind, float(quantity), name=f"o{index}", day=day, **fields)
    by_ts = {one.ts: one for one in bars}
    sent = {f"o{index}": (when + 1) * DAY for index, (when, *_rest) in enumerate(wanted)}
    for fill in desk.fills:
        inside = by_ts[fill.ts]
        assert fill.quantity > 0.0
        assert inside.low <= fill.price <= inside.high
        assert inside.ts_open >= sent[fill.reference.split("-")[0]]
    references = [fill.reference for fill in desk.fills]
    assert len(references) == len(set(references))
    held = sum(fill.side.sign * fill.quantity for fill in desk.fills)
    assert sum(position.quantity for position in desk.broker.positions()) == pytest.approx(held)
    for index in range(len(wanted)):
        exits = [name for name in references if name.startswith(f"o{index}-")]
        assert len(exits) <= 1, "stop, target and trailing stop of one entry cancel each other"
        assert not exits or f"o{index}" in references
    ended = {word.split()[0] for word in desk.events if word.split()[1] in ("FILLED", "CANCELLED", "EXPIRED")}
    assert ended.isdisjoint(update.reference for update in desk.broker.open_orders())
