"""Sizing, references, order states and books."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.clock import DAY
from quantstrip.errors import InvalidRecord
from quantstrip.model import Fill, Instrument, Leg, Order, OrderSide, OrderState, OrderType, Signal
from quantstrip.ports import OrderUpdate
from quantstrip.risk import NATIVE, OFF
from quantstrip.trading import (
    Account,
    OrderBook,
    bracket_orders,
    floor_to_lot,
    order_reference,
    run_identity,
    size,
)
from quantstrip.trading.orders import TrackedOrder
from quantstrip.trading.sizing import Size
from quantstrip.trading.validity import problem

SHARE = Instrument("S")
FUTURE = Instrument("F", multiplier=50.0)
COIN = Instrument("C", lot_size=0.001, currency="USDT")


def sized(
    side: str = "BUY",
    quantity: float | None = None,
    *,
    held: float = 0.0,
    closing: float = 0.0,
    short: bool = False,
    leg: str = "NET",
    instrument: Instrument = SHARE,
    price: float = 100.0,
) -> Size:
    signal = Signal(instrument.symbol, side, quantity=quantity, leg=leg)
    return size(signal, held, closing, 100_000.0, price, instrument, allow_short=short)


class TestSizing:
    def test_an_entry_gets_two_percent_of_equity_down_to_the_lot(self) -> None:
        assert sized(price=99.0)[:2] == (0.0, 20.0)
        assert sized(price=101.0)[:2] == (0.0, 19.0)
        coins = sized(price=30_000.0, instrument=COIN)
        assert coins.reducing == 0.0
        assert coins.opening == pytest.approx(0.066)
        assert sized(price=3.0, instrument=FUTURE)[:2] == (0.0, 13.0)

    def test_less_than_a_lot_is_nothing_and_says_why(self) -> None:
        result = sized(price=2_500.0)
        assert result[:2] == (0.0, 0.0)
        assert "2.00% of an equity of 100,000.00 buys 0.8 S at 2500, less than the lot of 1" in result.note
        assert "a quantity of 0.4 is less than the lot of 1 of S" in sized(quantity=0.4).note
        assert "less than the lot" in sized("SELL", 0.4, held=10.0).note

    def test_no_equity_buys_nothing(self) -> None:
        assert size(Signal("S"), 0.0, 0.0, -5.0, 100.0, SHARE).opening == 0.0

    def test_an_exit_gets_the_whole_position_even_off_the_lot(self) -> None:
        assert sized("SELL", held=10.5) == (10.5, 0.0, "")
        assert sized("BUY", held=-7.0) == (7.0, 0.0, "")

    def test_a_given_quantity_is_taken_down_to_the_lot(self) -> None:
        assert sized(quantity=10.7)[:2] == (0.0, 10.0)
        assert sized("SELL", 4.9, held=10.0)[:2] == (4.0, 0.0)

    def test_a_sell_beyond_the_position_flips_where_shorts_are_allowed(self) -> None:
        assert sized("SELL", 25.0, held=10.0, short=True) == (10.0, 15.0, "")

    def test_and_is_clipped_where_they_are_not(self) -> None:
        assert sized("SELL", 25.0, held=10.0) == (10.0, 0.0, "clipped from 25 to the position of 10")

    def test_a_buy_beyond_a_short_flips(self) -> None:
        assert sized("BUY", 25.0, held=-10.0) == (10.0, 15.0, "")

    def test_adding_to_a_position_is_opening(self) -> None:
        assert sized("BUY", 5.0, held=10.0) == (0.0, 5.0, "")
        assert sized("SELL", 5.0, held=-10.0, short=True) == (0.0, 5.0, "")

    def test_what_is_being_closed_is_not_closed_again(self) -> None:
        assert sized("SELL", held=10.0, closing=4.0)[:2] == (6.0, 0.0)
        assert "is being closed already" in sized("SELL", held=10.0, closing=10.0).note
        assert "is being closed already" in sized("SELL", 5.0, held=10.0, closing=10.0).note
        assert sized("SELL", 5.0, held=10.0, closing=10.0, short=True)[:2] == (0.0, 5.0)

    @pytest.mark.parametrize(("side", "leg", "held"), [("SELL", "LONG", 10.0), ("BUY", "SHORT", -10.0)])
    def test_a_leg_is_never_flipped(self, side: str, leg: str, held: float) -> None:
        assert sized(side, 25.0, held=held, leg=leg, short=True)[:2] == (10.0, 0.0)
        assert "no " + leg in sized(side, 25.0, leg=leg, short=True).note

    @given(
        st.sampled_from(["BUY", "SELL"]),
        st.none() | st.floats(0.01, 1e4),
        st.integers(-1000, 1000).map(float),
        st.booleans(),
    )
    def test_reducing_never_exceeds_the_position_and_opening_never_comes_before_it(
        self, side: str, quantity: float | None, held: float, short: bool
    ) -> None:
        result = sized(side, quantity, held=held, short=short)
        against = held < 0 if side == "BUY" else held > 0
        assert 0.0 <= result.reducing <= (abs(held) if against else 0.0)
        assert result.opening == 0.0 or not against or result.reducing == abs(held)
        assert result.opening % 1.0 == 0.0
        if quantity is not None:
            assert result.reducing + result.opening <= quantity + 1e-8

    @given(st.integers(0, 10**6), st.sampled_from([1.0, 0.1, 0.001, 5.0, 1e-8]))
    def test_whole_lots_survive_float_noise(self, lots: int, lot: float) -> None:
        assert floor_to_lot(lots * lot, lot) == pytest.approx(lots * lot)

    def test_without_a_lot_any_quantity_goes(self) -> None:
        assert floor_to_lot(1.2345, 0.0) == 1.2345


def complaint(signal: Signal, price: float) -> str:
    """What is wrong with the signal; something must be."""
    found = problem(signal, price)
    assert found is not None
    return found


class TestValidity:
    @pytest.mark.parametrize("quantity", [0.0, -5.0, math.nan, math.inf])
    def test_a_quantity_must_be_positive(self, quantity: float) -> None:
        assert "quantity must be a positive number of units" in complaint(Signal("S", quantity=quantity), 100.0)

    @pytest.mark.parametrize("price", [math.nan, 0.0, -1.0])
    def test_a_price_must_be_known(self, price: float) -> None:
        assert "no price of S is known yet; wait for its first bar" in complaint(Signal("S"), price)

    @pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
    @pytest.mark.parametrize(
        ("kind", "field"),
        [("LIMIT", "limit_price"), ("STOP", "stop_price"), ("TRAILING_STOP", "trail_amount"), ("MARKET", "stop_loss")],
    )
    def test_prices_must_be_positive(self, kind: str, field: str, value: Any) -> None:
        assert f"{field} must be a positive price" in complaint(Signal("S", order_type=kind, **{field: value}), 100.0)

    @pytest.mark.parametrize("field", ["stop_loss_pct", "trailing_pct"])
    @pytest.mark.parametrize("value", [0.0, 3.0, -0.1, math.nan])
    def test_percentages_are_fractions(self, field: str, value: Any) -> None:
        assert "between 0 and 1" in complaint(Signal("S", **{field: value}), 100.0)

    @pytest.mark.parametrize(
        ("kind", "needs"),
        [("LIMIT", "limit_price"), ("STOP", "stop_price"), ("STOP_LIMIT", "limit_price and stop_price")],
    )
    def test_each_type_names_the_price_it_needs(self, kind: str, needs: str) -> None:
        assert problem(Signal("S", order_type=kind), 100.0) == f"a {kind} order needs {needs}, got none"

    def test_a_trailing_stop_needs_one_distance(self) -> None:
        trailing = Signal("S", order_type="TRAILING_STOP")
        assert "either trail_amount or trail_percent" in complaint(trailing, 100.0)
        assert "only one" in complaint(trailing._replace(trail_amount=1.0, trail_percent=0.1), 100.0)
        assert problem(trailing._replace(trail_amount=1.0), 100.0) is None

    def test_a_price_that_would_be_ignored_is_refused(self) -> None:
        assert problem(Signal("S", limit_price=5.0), 100.0) == (
            "a MARKET order takes no limit_price; use order_type LIMIT, STOP_LIMIT, or leave it out"
        )
        assert "takes no stop_price" in complaint(
            Signal("S", order_type="LIMIT", limit_price=1.0, stop_price=1.0), 100.0
        )

    def test_a_bracket_lies_around_the_entry(self) -> None:
        assert "stop_loss of 101 must lie below the entry at about 100" in complaint(
            Signal("S", stop_loss=101.0), 100.0
        )
        assert "take_profit of 99 must lie above" in complaint(Signal("S", take_profit=99.0), 100.0)
        assert "stop_loss of 99 must lie above" in complaint(Signal("S", "SELL", stop_loss=99.0), 100.0)
        limit = Signal("S", order_type="LIMIT", limit_price=90.0, stop_loss=95.0)
        assert "below the entry at about 90" in complaint(limit, 100.0)
        assert problem(limit._replace(stop_loss=85.0, take_profit=95.0), 100.0) is None
        assert "not both" in complaint(Signal("S", stop_loss=90.0, stop_loss_pct=0.1), 100.0)


class TestReferences:
    def test_the_same_words_give_the_same_reference(self) -> None:
        assert order_reference("run", "s", Leg.NET, 5, 0) == order_reference("run", "s", Leg.NET, 5, 0)
        assert order_reference("run", "s", Leg.NET, 5, 0) == "58f07d54be8d960d1cd46703"

    @given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(list(Leg)),
                              st.integers(0, 3), st.integers(0, 3)), min_size=2, unique=True))  # fmt: skip
    def test_other_words_give_another(self, words: list[tuple[str, str, Leg, int, int]]) -> None:
        assert len({order_reference(*each) for each in words}) == len(words)

    BASE = ("client", "replay", "code", {"fast": 10}, "feed", ["S", "T"], 1e5, NATIVE)

    def test_a_run_is_what_decides_its_fills(self) -> None:
        same = run_identity("client", "replay", "code", {"fast": 10}, "feed", ["T", "S"], 100_000, NATIVE)
        assert same == run_identity(*self.BASE)
        assert len(same) == 32

    @pytest.mark.parametrize(
        ("index", "value"),
        [(0, "other"), (1, "paper"), (2, "c2"), (3, {"fast": 11}), (4, "f2"), (5, ["S"]), (6, 2e5), (7, OFF)],
    )
    def test_any_other_fact_is_another_run(self, index: int, value: object) -> None:
        changed: list[Any] = [*self.BASE]
        changed[index] = value
        assert run_identity(*changed) != run_identity(*self.BASE)

    def test_warm_up_and_costs_belong_to_it(self) -> None:
        assert run_identity(*self.BASE, warmup=5) != run_identity(*self.BASE)
        assert run_identity(*self.BASE, costs="free") != run_identity(*self.BASE)


def entry(**fields: Any) -> Order:
    return Order("r", "x", "S", OrderSide.BUY, 10.0, OrderType.MARKET, DAY, **fields)


class TestBracketOrders:
    def test_each_asked_for_protection_becomes_an_order(self) -> None:
        stop, target, trail = bracket_orders(
            entry(stop_loss_pct=0.05, take_profit=120.0, trailing_pct=0.1, leg=Leg.LONG), 10.0
        )
        assert [order.reference for order in (stop, target, trail)] == ["r-S", "r-T", "r-R"]
        assert (stop.order_type, stop.stop_loss_pct, stop.stop_price) == ("STOP", 0.05, None)
        assert (target.order_type, target.limit_price) == ("LIMIT", 120.0)
        assert (trail.order_type, trail.trail_percent) == ("TRAILING_STOP", 0.1)
        for order in (stop, target, trail):
            assert (order.side, order.parent, order.group, order.reduce_only) == ("SELL", "r", "r", True)
            assert (order.leg, order.quantity, order.ts) == (Leg.LONG, 10.0, DAY)

    def test_none_asked_none_made(self) -> None:
        assert bracket_orders(entry(), 10.0) == []


def update(state: str, filled: float = 0.0, reference: str = "r") -> OrderUpdate:
    return OrderUpdate(reference, OrderState(state), filled, 10.0 - filled, 100.0 if filled else 0.0, DAY)


def applied(book: OrderBook, news: OrderUpdate) -> TrackedOrder:
    """The order that the news changed; there must be one."""
    tracked = book.apply(news)
    assert tracked is not None
    return tracked


class TestOrderBook:
    def test_it_follows_an_order_to_its_end(self) -> None:
        book = OrderBook()
        book.add(entry())
        assert applied(book, update("SUBMITTED")).state is OrderState.SUBMITTED
        assert applied(book, update("PARTIALLY_FILLED", 4.0)).remaining == 6.0
        assert applied(book, update("PARTIALLY_FILLED", 7.0)).filled == 7.0
        assert applied(book, update("FILLED", 10.0)).remaining == 0.0
        assert len(book) == 0

    def test_a_repeated_word_is_no_news(self) -> None:
        book = OrderBook()
        book.add(entry())
        assert book.apply(update("SUBMITTED")) is not None
        assert book.apply(update("SUBMITTED")) is None

    def test_an_impossible_change_is_refused(self) -> None:
        book = OrderBook()
        book.add(entry(), OrderState.PARTIALLY_FILLED)
        with pytest.raises(InvalidRecord, match="cannot go from PARTIALLY_FILLED to REJECTED"):
            book.apply(update("REJECTED"))

    def test_unknown_orders_are_left_alone(self) -> None:
        assert OrderBook().apply(update("FILLED", 10.0, "other")) is None

    def test_orders_are_found_by_symbol_or_reference(self) -> None:
        book = OrderBook()
        book.add(entry())
        book.add(entry()._replace(reference="q", symbol="T"))
        assert [one.order.reference for one in book.matching("S")] == ["r"]
        assert [one.order.reference for one in book.matching("q")] == ["q"]
        assert book.matching("U") == []


def fill(
    side: str = "BUY",
    quantity: float = 10.0,
    price: float = 100.0,
    commission: float = 0.0,
    symbol: str = "S",
    leg: Leg = Leg.NET,
    name: str = "e",
) -> Fill:
    return Fill(name, "r", "x", symbol, OrderSide(side), quantity, price, DAY, commission, "USD", leg)


class TestAccount:
    def test_cash_positions_and_equity(self) -> None:
        account = Account(10_000.0)
        account.book(fill(commission=1.0), SHARE)
        assert account.cash == 8_999.0
        assert account.position("S").quantity == 10.0
        account.prices["S"] = 110.0
        assert account.equity() == 10_099.0
        account.book(fill("SELL", price=110.0, commission=1.0), SHARE)
        assert (account.cash, account.equity(), account.held) == (10_098.0, 10_098.0, [])
        assert (account.realized_pnl, account.commission) == (100.0, 2.0)

    def test_a_short_position_is_worth_less_when_the_price_rises(self) -> None:
        account = Account(10_000.0)
        account.book(fill("SELL"), SHARE)
        account.prices["S"] = 105.0
        assert account.cash == 11_000.0
        assert account.values() == (9_950.0, 1_050.0, 0.0)

    def test_multipliers_count(self) -> None:
        account = Account(0.0)
        account.book(fill(quantity=2.0, symbol="F"), FUTURE)
        account.prices["F"] = 101.0
        assert account.equity() == 100.0

    def test_legs_are_apart(self) -> None:
        account = Account(0.0)
        account.book(fill(leg=Leg.LONG), SHARE)
        account.book(fill("SELL", 4.0, leg=Leg.SHORT, name="f"), SHARE)
        assert account.position("S", Leg.LONG).quantity == 10.0
        assert account.position("S", Leg.SHORT).quantity == -4.0
        assert account.position("S").is_flat
        assert account.values("S")[1:] == (1_400.0, 1_400.0)
        assert set(account.positions()) == {("S", Leg.LONG), ("S", Leg.SHORT)}

    def test_an_impossible_fill_books_nothing(self) -> None:
        account = Account(100.0)
        with pytest.raises(InvalidRecord):
            account.book(fill(quantity=math.nan), SHARE)
        assert (account.cash, account.held) == (100.0, [])

    @given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 50), st.integers(1, 10**6)), min_size=1))
    def test_cash_is_the_sum_of_rounded_amounts_and_equity_that_of_cash_and_positions(
        self, trades: list[tuple[str, int, int]]
    ) -> None:
        account = Account(1_000.0)
        cents = 100_000
        for side, quantity, ticks in trades:
            booking = account.book(fill(side, float(quantity), ticks / 1000, 0.01), SHARE)
            cents += round(booking.amount * 100) - 1
        account.prices["S"] = 7.0
        assert round(account.cash * 100) == cents
        assert account.equity() == pytest.approx(account.cash + 7.0 * account.position("S").quantity)
        position = account.position("S")
        assert account.cash == pytest.approx(
            1_000.0 + account.realized_pnl - position.cost - account.commission, abs=0.005
        )
