"""The desk: what becomes of a signal, and why nothing became of it."""

import math
from typing import Any, Self

import pytest

from quantstrip.clock import DAY, MINUTE
from quantstrip.matching import bar_session_end
from quantstrip.model import Fill, Instrument, Leg, Order, OrderSide, OrderType, Signal
from quantstrip.risk import NATIVE, OFF, Guard, RiskProfile
from quantstrip.trading import Account, Desk, OrderBook
from quantstrip.trading.desk import Decision

INSTRUMENTS = {"S": Instrument("S"), "T": Instrument("T")}


class Trader:
    """A desk with books that a test fills by hand."""

    def __init__(self, profile: RiskProfile = NATIVE, cash: float = 100_000.0, **options: Any) -> None:
        self.account = Account(cash)
        self.account.prices.update(S=100.0, T=50.0)
        self.orders = OrderBook()
        self.guard = Guard(profile, cash, INSTRUMENTS, bar_session_end)
        self.desk = Desk("run", "x", self.account, self.orders, self.guard, INSTRUMENTS, **options)
        self.ts = DAY
        self.sequence = 0

    def hold(self, quantity: float, symbol: str = "S", leg: Leg = Leg.NET) -> Self:
        side = OrderSide.BUY if quantity > 0 else OrderSide.SELL
        price = self.account.prices[symbol]
        fill = Fill(f"f{self.sequence}", "r", "x", symbol, side, abs(quantity), price, self.ts, 0.0, "USD", leg)
        self.account.book(fill, INSTRUMENTS[symbol])
        return self

    def wait(self, side: str, quantity: float, kind: str = "MARKET", symbol: str = "S", **fields: Any) -> Self:
        self.orders.add(Order(f"w{len(self.orders)}", "x", symbol, OrderSide(side), quantity, OrderType(kind), self.ts,
                              decision_price=100.0, **fields))  # fmt: skip
        return self

    def decide(
        self,
        side: str = "BUY",
        quantity: float | None = None,
        symbol: str = "S",
        decided: float | None = None,
        **fields: Any,
    ) -> Decision:
        self.sequence += 1
        signal = Signal(symbol, side, quantity=quantity, **fields)
        return self.desk.decide(signal, self.ts, self.sequence, decided)

    def words(self, *arguments: Any, **fields: Any) -> tuple[list[str], str | None]:
        """The decision as ``side quantity`` words and the refusing rule."""
        orders, refusal = self.decide(*arguments, **fields)
        return [f"{one.side} {one.quantity:g}" for one in orders], refusal and refusal.rule


def test_an_entry_is_sized_and_carries_what_was_decided() -> None:
    (order,), refusal = Trader().decide(reason="cross", strength=0.8, tag="trend", time_in_force="DAY")
    assert refusal is None
    assert (order.side, order.quantity, order.order_type) == ("BUY", 20.0, "MARKET")
    assert (order.ts, order.decision_price, order.strategy) == (DAY, 100.0, "x")
    assert (order.reason, order.strength, order.tag, order.time_in_force) == ("cross", 0.8, "trend", "DAY")
    assert not order.reduce_only


def test_a_fixed_quantity_replaces_the_ratio_for_entries_only() -> None:
    assert Trader(quantity=7.0).words() == (["BUY 7"], None)
    assert Trader(quantity=7.0).hold(30.0).words("SELL") == (["SELL 30"], None)
    assert Trader(quantity=7.0).words(quantity=3) == (["BUY 3"], None)


def test_an_exit_reduces_only() -> None:
    (order,), _ = Trader().hold(30.0).decide("SELL")
    assert (order.quantity, order.reduce_only) == (30.0, True)


def test_brackets_come_with_the_entry() -> None:
    orders, _ = Trader().decide(stop_loss_pct=0.05, take_profit_pct=0.1)
    assert [(one.reference.partition("-")[2], one.quantity) for one in orders] == [("", 20.0), ("S", 20.0), ("T", 20.0)]


def test_a_bracket_of_a_flip_protects_the_new_side() -> None:
    orders, _ = Trader(OFF).hold(30.0).decide("SELL", 50.0, stop_loss_pct=0.05)
    assert [(str(one.side), one.quantity) for one in orders] == [("SELL", 50.0), ("BUY", 20.0)]


class TestExitsAreNeverBlocked:
    def exits(self, trader: Trader) -> bool:
        return trader.hold(30.0).words("SELL") == (["SELL 30"], None)

    def test_by_a_halt(self) -> None:
        trader = Trader()
        trader.guard.mark(DAY, [], 80_000.0, 100_000.0)
        assert trader.words() == ([], "max_drawdown")
        assert self.exits(trader)

    def test_by_the_kill_switch(self) -> None:
        trader = Trader()
        trader.guard.kill("by hand")
        assert trader.words() == ([], "kill_switch")
        assert self.exits(trader)

    def test_by_size_weight_or_cash(self) -> None:
        trader = Trader(cash=1_000.0)
        assert trader.words(quantity=30) == ([], "max_symbol_weight")
        assert self.exits(trader)

    def test_by_price_deviation(self) -> None:
        trader = Trader()
        assert trader.words(decided=90.0) == ([], "max_price_deviation")
        trader.hold(30.0)
        assert trader.words("SELL", decided=90.0) == (["SELL 30"], None)

    def test_by_the_duplicate_window(self) -> None:
        trader = Trader().hold(30.0)
        assert trader.words("SELL", 5) == (["SELL 5"], None)
        assert trader.words("SELL", 5) == (["SELL 5"], None)

    def test_but_they_must_be_valid(self) -> None:
        assert Trader().hold(30.0).words("SELL", math.nan) == ([], "validity")

    def test_and_within_trading_hours(self) -> None:
        trader = Trader(hours=lambda _instrument, _ts: False)
        assert trader.hold(30.0).words("SELL") == ([], "trading_hours")

    def test_and_clipped_to_the_position(self) -> None:
        (order,), refusal = Trader().hold(30.0).decide("SELL", 50, reason="out")
        assert (order.quantity, refusal) == (30.0, None)
        assert order.reason == "out (clipped from 50 to the position of 30)"


class TestFlips:
    def test_a_refused_opening_part_leaves_the_exit(self) -> None:
        trader = Trader(RiskProfile(allow_short=True)).hold(30.0)
        orders, refusal = trader.decide("SELL", 500.0)
        assert [(one.quantity, one.reduce_only) for one in orders] == [(30.0, True)]
        assert refusal is not None
        assert refusal.rule == "max_order_value"
        assert "clipped to the position" in orders[0].reason

    def test_an_allowed_one_is_one_order(self) -> None:
        orders, refusal = Trader(OFF).hold(30.0).decide("SELL", 50.0)
        assert [(one.quantity, one.reduce_only) for one in orders] == [(50.0, False)]
        assert refusal is None


class TestRefusals:
    def test_an_unknown_symbol_names_the_known_ones(self) -> None:
        _, refusal = Trader().decide(symbol="X")
        assert refusal == ("validity", "'X' is not an instrument of this run; there are: S, T")

    def test_zero_lots(self) -> None:
        _, refusal = Trader(cash=1_000.0).decide()
        assert refusal is not None
        assert refusal.rule == "sizing"
        assert "less than the lot" in refusal.reason

    def test_a_sell_without_a_position(self) -> None:
        _, refusal = Trader().decide("SELL")
        assert refusal is not None
        assert refusal.rule == "allow_short"

    def test_outside_trading_hours_where_the_engine_knows_them(self) -> None:
        asked: list[tuple[str, int]] = []

        def hours(instrument: Instrument, ts: int) -> bool:
            asked.append((instrument.symbol, ts))
            return False

        _, refusal = Trader(hours=hours).decide()
        assert refusal == ("trading_hours", "NYSE is closed at 1970-01-02 00:00:00.000000 UTC")
        assert asked == [("S", DAY)]
        assert Trader(OFF, hours=hours).words(quantity=1) == (["BUY 1"], None)


class TestWhatWaitsCounts:
    def test_a_waiting_entry_uses_up_the_symbols_weight(self) -> None:
        trader = Trader().wait("BUY", 150.0, "LIMIT", limit_price=100.0)
        assert trader.words(quantity=60) == ([], "max_symbol_weight")
        assert trader.words(quantity=49) == (["BUY 49"], None)

    def test_and_total_weight_and_cash(self) -> None:
        trader = Trader()
        for _ in range(4):
            trader.wait("BUY", 400.0, "LIMIT", symbol="T", limit_price=49.0)
        assert trader.words(quantity=30) == ([], "max_total_weight")
        assert trader.words(quantity=15) == (["BUY 15"], None)

    def test_protection_does_not(self) -> None:
        trader = Trader().hold(150.0).wait("SELL", 150.0, "STOP", stop_price=90.0, reduce_only=True)
        assert trader.words(quantity=50) == (["BUY 50"], None)

    def test_a_limit_order_is_worth_its_limit(self) -> None:
        trader = Trader()
        limit: dict[str, Any] = {"order_type": "LIMIT", "limit_price": 80.0}
        assert trader.words(quantity=250, **limit) == (["BUY 250"], None)
        assert trader.words(quantity=251, **limit) == ([], "max_order_value")

    def test_a_second_exit_takes_what_is_left(self) -> None:
        trader = Trader().hold(30.0).wait("SELL", 10.0, reduce_only=True)
        assert trader.words("SELL") == (["SELL 20"], None)
        assert trader.wait("SELL", 20.0, reduce_only=True).words("SELL") == ([], "sizing")

    def test_waiting_protection_does_not_stand_in_the_way_of_an_exit(self) -> None:
        trader = Trader().hold(30.0).wait("SELL", 30.0, "LIMIT", limit_price=120.0, reduce_only=True)
        assert trader.words("SELL") == (["SELL 30"], None)


def test_the_duplicate_window_counts_after_sizing_and_only_what_was_accepted() -> None:
    trader = Trader()
    assert trader.words(quantity=500) == ([], "max_order_value")
    assert trader.words(quantity=10.7) == (["BUY 10"], None)
    assert trader.words(quantity=10.2) == ([], "duplicate_seconds")
    trader.ts += MINUTE
    assert trader.words(quantity=10) == (["BUY 10"], None)


def test_references_depend_on_the_moment_and_the_place_in_it() -> None:
    one, other = Trader(), Trader()
    assert one.decide()[0][0].reference == other.decide()[0][0].reference
    assert one.decide(quantity=5)[0][0].reference != one.decide(quantity=6)[0][0].reference


@pytest.mark.parametrize("leg", [Leg.LONG, Leg.SHORT])
def test_legs_open_and_close_apart(leg: Leg) -> None:
    opens, closes = ("BUY", "SELL") if leg is Leg.LONG else ("SELL", "BUY")
    trader = Trader(OFF)
    assert trader.words(opens, 10, leg=leg) == ([f"{opens} 10"], None)
    assert trader.words(closes, 10, leg=leg) == ([], "sizing")
    trader.hold(10.0 if leg is Leg.LONG else -10.0, leg=leg)
    assert trader.words(closes, 15, leg=leg) == ([f"{closes} 10"], None)
