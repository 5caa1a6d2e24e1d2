"""The desk counts in money: multipliers, what has filled already, legs and symbols of their own."""

from typing import Any

import pytest

from quantstrip.clock import DAY
from quantstrip.matching import bar_session_end
from quantstrip.model import Fill, Instrument, Leg, Order, OrderSide, OrderState, OrderType, Signal
from quantstrip.ports import OrderUpdate
from quantstrip.risk import NATIVE, OFF, Guard, RiskProfile
from quantstrip.trading import Account, Desk, OrderBook

INSTRUMENTS = {"S": Instrument("S"), "T": Instrument("T"), "F": Instrument("F", multiplier=50.0)}
CASH = 100_000.0


class Trader:
    """A desk with books that a test fills by hand; every symbol costs 100."""

    def __init__(self, profile: RiskProfile = NATIVE) -> None:
        self.account = Account(CASH)
        self.account.prices.update(dict.fromkeys(INSTRUMENTS, 100.0))
        self.orders = OrderBook()
        self.guard = Guard(profile, CASH, INSTRUMENTS, bar_session_end)
        self.desk = Desk("run", "x", self.account, self.orders, self.guard, INSTRUMENTS)
        self.sequence = 0

    def fill(self, side: str, quantity: float, symbol: str = "S", leg: Leg = Leg.NET) -> None:
        self.sequence += 1
        fill = Fill(f"f{self.sequence}", "r", "x", symbol, OrderSide(side), quantity, 100.0, DAY, leg=leg)
        self.account.book(fill, INSTRUMENTS[symbol])

    def wait(self, side: str, quantity: float, kind: str = "MARKET", symbol: str = "S", **fields: Any) -> str:
        """An order that waits at the broker; its reference."""
        reference = f"w{len(self.orders)}"
        order = Order(reference, "x", symbol, OrderSide(side), quantity, OrderType(kind), DAY, decision_price=100.0,
                      **fields)  # fmt: skip
        self.orders.add(order, OrderState.SUBMITTED)
        return reference

    def ask(self, side: str = "BUY", quantity: float | None = None, symbol: str = "S", **fields: Any) -> str:
        """``side quantity`` of the order decided on, or the rule that refused."""
        self.sequence += 1
        signal = Signal(symbol, side, quantity=quantity, **fields)
        orders, refusal = self.desk.decide(signal, DAY + self.sequence, self.sequence)
        if refusal is not None:
            return refusal.rule
        return f"{orders[0].side} {orders[0].quantity:g}"


def test_an_order_of_a_future_is_worth_its_multiplier() -> None:
    assert Trader().ask("BUY", 4, "F") == "BUY 4"  # 4 x 100 x 50 is the limit of 20,000
    assert Trader().ask("BUY", 5, "F") == "max_order_value"


def test_a_waiting_order_of_a_future_uses_up_weight_with_its_multiplier() -> None:
    trader = Trader()
    trader.wait("BUY", 3, "LIMIT", "F", limit_price=100.0)
    assert trader.ask("BUY", 2, "F") == "max_symbol_weight"
    assert trader.ask("BUY", 1, "F") == "BUY 1"


def test_a_waiting_stop_order_is_worth_its_stop() -> None:
    trader = Trader()
    trader.wait("BUY", 100, "STOP", stop_price=150.0)
    assert trader.ask("BUY", 51) == "max_symbol_weight"
    assert trader.ask("BUY", 50) == "BUY 50"


def test_of_a_partly_filled_order_only_the_rest_waits() -> None:
    trader = Trader()
    reference = trader.wait("BUY", 150, "LIMIT", limit_price=100.0)
    trader.fill("BUY", 100)
    trader.orders.apply(OrderUpdate(reference, OrderState.PARTIALLY_FILLED, 100.0, 50.0, 100.0, DAY))
    assert trader.ask("BUY", 50) == "BUY 50"
    assert trader.ask("BUY", 51) == "max_symbol_weight"


def test_a_waiting_short_sale_uses_up_no_cash() -> None:
    trader = Trader(RiskProfile(allow_short=True, max_total_weight=None))
    trader.wait("SELL", 800, "LIMIT", "T", limit_price=100.0)
    assert trader.ask("BUY", 150) == "BUY 150"


@pytest.mark.parametrize("held", ["BUY", "SELL"])
def test_positions_count_their_gross_value_whatever_their_side(held: str) -> None:
    trader = Trader(RiskProfile(allow_short=True))
    trader.fill(held, 150)
    assert trader.ask(held, 51) == "max_symbol_weight"
    assert trader.ask(held, 50) == f"{held} 50"


def test_of_an_exit_that_is_filling_only_the_rest_is_being_closed() -> None:
    trader = Trader()
    trader.fill("BUY", 30)
    reference = trader.wait("SELL", 20, reduce_only=True)
    trader.fill("SELL", 15)
    trader.orders.apply(OrderUpdate(reference, OrderState.PARTIALLY_FILLED, 15.0, 5.0, 100.0, DAY))
    assert trader.ask("SELL") == "SELL 10"


def test_an_exit_of_another_symbol_leg_or_side_closes_nothing_here() -> None:
    for waiting in ({"symbol": "T"}, {"leg": Leg.LONG}):
        trader = Trader()
        trader.fill("BUY", 30)
        trader.wait("SELL", 30, reduce_only=True, **waiting)
        assert trader.ask("SELL") == "SELL 30"
    trader = Trader()
    trader.fill("BUY", 30)
    trader.wait("BUY", 30)
    assert trader.ask("SELL") == "SELL 30"


def test_the_duplicate_window_remembers_the_part_of_a_flip_that_opens() -> None:
    trader = Trader(RiskProfile(allow_short=True))
    trader.fill("BUY", 10)
    assert trader.ask("SELL", 25) == "SELL 25"
    trader.fill("SELL", 25)
    assert trader.ask("SELL", 15) == "duplicate_seconds"
    assert trader.ask("SELL", 25) == "SELL 25"


def test_a_flip_opens_whole_lots_of_what_is_left_after_closing() -> None:
    trader = Trader(OFF)
    trader.fill("BUY", 10)
    assert trader.ask("SELL", 15.7) == "SELL 15"


def test_a_flip_counts_what_is_being_closed_already() -> None:
    trader = Trader(OFF)
    trader.fill("BUY", 10)
    trader.wait("SELL", 4, reduce_only=True)
    assert trader.ask("SELL", 25) == "SELL 25"  # 6 that are left to close, 19 that open


def test_a_fill_does_not_replace_the_last_known_price() -> None:
    """The price of a symbol is its last close; a fill with its slippage is none."""
    account = Account(CASH)
    account.prices["S"] = 105.0
    account.book(Fill("f", "r", "x", "S", OrderSide.BUY, 10.0, 100.0, DAY), INSTRUMENTS["S"])
    assert account.prices["S"] == 105.0
    assert account.equity() == CASH + 50.0


def test_a_fill_is_the_price_of_a_symbol_that_has_none() -> None:
    account = Account(CASH)
    account.book(Fill("f", "r", "x", "S", OrderSide.BUY, 10.0, 100.0, DAY), INSTRUMENTS["S"])
    assert account.equity() == CASH


SHORTS = RiskProfile("SHORTS", max_order_value=None, max_total_weight=None, min_cash_ratio=None, allow_margin=True,
                     allow_short=True, max_symbol_weight=0.2, duplicate_seconds=None, trading_hours=False)  # fmt: skip
"""A symbol may be worth 20,000: 200 units."""


class TestWaitingFlips:
    """Held: 100 long. What closes them is no entry; what goes beyond is."""

    def trader(self) -> Trader:
        trader = Trader(SHORTS)
        trader.fill("BUY", 100)
        return trader

    def test_a_waiting_flip_uses_up_weight_with_its_opening_part_alone(self) -> None:
        trader = self.trader()
        trader.wait("SELL", 150)
        assert [(order.quantity, opening) for order, opening in trader.desk.entries()] == [(150.0, 50.0)]
        assert trader.ask("BUY", 50) == "BUY 50"  # 100 held, 50 short to come, 50 more
        assert trader.ask("BUY", 51) == "max_symbol_weight"

    def test_two_flips_close_the_position_once(self) -> None:
        trader = self.trader()
        trader.wait("SELL", 130, "LIMIT", limit_price=100.0)
        trader.wait("SELL", 120, "LIMIT", limit_price=100.0)
        assert [opening for _, opening in trader.desk.entries()] == [30.0, 120.0]

    def test_an_exit_on_its_way_leaves_the_next_order_nothing_to_close(self) -> None:
        trader = self.trader()
        trader.wait("SELL", 100, reduce_only=True)
        trader.wait("SELL", 40)
        assert [opening for _, opening in trader.desk.entries()] == [40.0]

    def test_a_stop_that_may_never_fill_does_not_count_as_an_exit(self) -> None:
        trader = self.trader()
        trader.wait("SELL", 100, "STOP", stop_price=90.0, reduce_only=True)
        trader.wait("SELL", 140)
        assert [opening for _, opening in trader.desk.entries()] == [40.0]

    def test_a_part_that_has_filled_is_the_positions_and_waits_no_more(self) -> None:
        trader = self.trader()
        reference = trader.wait("SELL", 150)
        trader.fill("SELL", 120)
        trader.orders.apply(OrderUpdate(reference, OrderState.PARTIALLY_FILLED, 120.0, 30.0, 100.0, DAY))
        assert [opening for _, opening in trader.desk.entries()] == [30.0]


class TestAPriceThatNobodyKnows:
    """A signal's timestamp lies before the bars that are kept: the engine gives NaN as the decision's price."""

    def decide(self, profile: RiskProfile, side: str = "BUY") -> Any:
        trader = Trader(profile)
        if side == "SELL":
            trader.fill("BUY", 10)
        return trader.desk.decide(Signal("S", side, quantity=10), DAY, 1, float("nan"))

    def test_an_entry_is_refused_and_the_reason_says_what_to_do(self) -> None:
        orders, refusal = self.decide(NATIVE)
        assert orders == []
        assert refusal.rule == "max_price_deviation"
        assert "leave timestamp out, or decide on a newer bar" in refusal.reason

    def test_an_exit_passes(self) -> None:
        orders, refusal = self.decide(NATIVE, "SELL")
        assert refusal is None
        assert [(order.quantity, order.decision_price) for order in orders] == [(10.0, 100.0)]

    def test_without_the_rule_the_order_carries_the_last_price(self) -> None:
        orders, refusal = self.decide(OFF)
        assert refusal is None
        assert [order.decision_price for order in orders] == [100.0]


class TestExitsOnTheirWay:
    """Held: 200, all that a symbol may be worth. An exit at the market fills no later than an entry decided now."""

    @pytest.mark.parametrize("leg", [Leg.NET, Leg.LONG])
    def test_what_they_close_makes_room_for_the_entry_that_turns_around(self, leg: Leg) -> None:
        trader = Trader(SHORTS)
        trader.fill("BUY", 200, leg=leg)
        assert trader.ask("SELL", 150, leg="SHORT") == "max_symbol_weight"
        trader.wait("SELL", 200, reduce_only=True, leg=leg)
        assert trader.ask("SELL", 200, leg="SHORT") == "SELL 200"
        assert trader.ask("SELL", 201, leg="SHORT") == "max_symbol_weight"

    def test_a_part_makes_as_much_room_and_what_exceeds_the_position_none(self) -> None:
        trader = Trader(SHORTS)
        trader.fill("SELL", 200)
        trader.wait("BUY", 50, reduce_only=True)
        assert trader.ask("SELL", 50) == "SELL 50"
        assert trader.ask("SELL", 51) == "max_symbol_weight"
        trader.wait("BUY", 500, reduce_only=True)
        assert trader.ask("SELL", 200) == "SELL 200"
        assert trader.ask("SELL", 201) == "max_symbol_weight"

    def test_exits_that_may_never_fill_make_none(self) -> None:
        trader = Trader(SHORTS)
        trader.fill("BUY", 200)
        trader.wait("SELL", 200, "STOP", stop_price=90.0, reduce_only=True)
        assert trader.ask("BUY", 1) == "max_symbol_weight"
