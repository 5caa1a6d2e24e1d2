"""The fill rules, each as a property of every possible bar and as an example."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quantstrip.errors import InvalidRecord
from quantstrip.matching import (
    FREE,
    CostModel,
    Memory,
    bar_session_end,
    entry_rest,
    exchange_session_end,
    limit_price,
    match,
    price_bracket,
    stop_limit_price,
    stop_price,
    trailing_level,
    trailing_price,
)
from quantstrip.model import Bar, Instrument, Order, OrderSide, OrderType

Candle = tuple[float, float, float, float]
"""open, high, low, close."""

prices = st.floats(1.0, 200.0).map(lambda price: round(price, 2))
sides = st.booleans()


@st.composite
def candles(draw: st.DrawFn) -> Candle:
    """open, high, low, close of a possible bar."""
    values = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
    low, high = values[0], values[3]
    open_, close = draw(st.permutations(values[1:3]))
    return open_, high, low, close


def bar(
    open_: float = 100.0, high: float = 110.0, low: float = 90.0, close: float = 105.0, volume: float = 1000.0
) -> Bar:
    return Bar("S", "1d", 0, 86_400_000_000, open_, high, low, close, volume)


def order(side: str = "BUY", kind: str = "MARKET", **fields: Any) -> Order:
    return Order("ref", "strategy", "S", OrderSide(side), 10.0, OrderType(kind), 0, **fields)


class TestLimit:
    @given(sides, prices, candles())
    def test_fills_exactly_when_touched_and_never_worse_than_the_limit(
        self, buying: bool, limit: float, candle: Candle
    ) -> None:
        open_, high, low, _ = candle
        price = limit_price(buying, limit, open_, high, low)
        assert (price == price) is (low <= limit if buying else high >= limit)
        if price == price:
            assert price <= limit if buying else price >= limit

    @given(sides, prices, candles())
    def test_is_never_better_than_the_bar_allows(self, buying: bool, limit: float, candle: Candle) -> None:
        open_, high, low, _ = candle
        price = limit_price(buying, limit, open_, high, low)
        assume(price == price)
        assert low <= price <= high
        assert price in (limit, open_)

    def test_fills_at_the_limit_inside_the_bar(self) -> None:
        assert limit_price(True, 95.0, 100.0, 110.0, 90.0) == 95.0
        assert limit_price(False, 105.0, 100.0, 110.0, 90.0) == 105.0

    def test_fills_at_the_open_where_the_bar_gaps_through(self) -> None:
        assert limit_price(True, 105.0, 100.0, 110.0, 90.0) == 100.0
        assert limit_price(False, 95.0, 100.0, 110.0, 90.0) == 100.0

    def test_a_touch_is_enough(self) -> None:
        assert limit_price(True, 90.0, 100.0, 110.0, 90.0) == 90.0
        assert math.isnan(limit_price(True, 89.99, 100.0, 110.0, 90.0))


class TestStop:
    @given(sides, prices, candles())
    def test_triggers_exactly_when_touched_and_never_better_than_the_stop(
        self, buying: bool, stop: float, candle: Candle
    ) -> None:
        open_, high, low, _ = candle
        price = stop_price(buying, stop, open_, high, low)
        assert (price == price) is (high >= stop if buying else low <= stop)
        if price == price:
            assert price >= stop if buying else price <= stop
            assert low <= price <= high

    def test_fills_at_the_stop_inside_the_bar(self) -> None:
        assert stop_price(False, 95.0, 100.0, 110.0, 90.0) == 95.0
        assert stop_price(True, 105.0, 100.0, 110.0, 90.0) == 105.0

    def test_fills_at_the_open_where_the_bar_gaps_through(self) -> None:
        assert stop_price(False, 105.0, 100.0, 110.0, 90.0) == 100.0
        assert stop_price(True, 95.0, 100.0, 110.0, 90.0) == 100.0


class TestStopLimit:
    @given(sides, prices, prices, st.booleans(), candles())
    def test_fills_only_as_a_limit_would_and_only_when_triggered(
        self, buying: bool, stop: float, limit: float, triggered: bool, candle: Candle
    ) -> None:
        open_, high, low, _ = candle
        price, after = stop_limit_price(buying, stop, limit, triggered, open_, high, low)
        touched = high >= stop if buying else low <= stop
        assert after is (triggered or touched)
        if price == price:
            assert after
            assert price == limit_price(buying, limit, open_, high, low)

    @given(sides, prices, prices, candles())
    def test_in_its_trigger_bar_it_fills_only_when_the_open_was_beyond_the_stop(
        self, buying: bool, stop: float, limit: float, candle: Candle
    ) -> None:
        open_, high, low, _ = candle
        price, _ = stop_limit_price(buying, stop, limit, False, open_, high, low)
        beyond = open_ >= stop if buying else open_ <= stop
        assert (price == price) is (beyond and not math.isnan(limit_price(buying, limit, open_, high, low)))

    def test_waits_for_the_next_bar_after_a_trigger_inside_one(self) -> None:
        price, triggered = stop_limit_price(True, 105.0, 106.0, False, 100.0, 110.0, 90.0)
        assert (math.isnan(price), triggered) == (True, True)
        assert stop_limit_price(True, 105.0, 106.0, True, 107.0, 110.0, 104.0) == (106.0, True)


class TestTrailing:
    @given(sides, prices, st.floats(0.5, 20.0), candles())
    def test_is_a_stop_at_the_level_of_the_old_peak(
        self, buying: bool, peak: float, amount: float, candle: Candle
    ) -> None:
        open_, high, low, _ = candle
        price, after = trailing_price(buying, peak, amount, 0.0, open_, high, low)
        expected = stop_price(buying, trailing_level(buying, peak, amount, 0.0), open_, high, low)
        assert str(price) == str(expected)
        if price == price:
            assert after == peak
        else:
            assert after == (min(peak, low) if buying else max(peak, high))

    @given(st.lists(candles(), min_size=1, max_size=20), st.floats(0.5, 20.0))
    def test_the_level_never_moves_back(self, bars: list[Candle], amount: float) -> None:
        peak, level = 100.0, 100.0 - amount
        for open_, high, low, _ in bars:
            price, peak = trailing_price(False, peak, amount, 0.0, open_, high, low)
            if price == price:
                break
            assert trailing_level(False, peak, amount, 0.0) >= level
            level = trailing_level(False, peak, amount, 0.0)

    def test_the_bar_that_makes_the_peak_does_not_trigger_from_it(self) -> None:
        """From the old peak of 100 the stop is 95; from the new one of 120 it would be 114."""
        price, peak = trailing_price(False, 100.0, 0.0, 0.05, 100.0, 120.0, 96.0)
        assert math.isnan(price)
        assert peak == 120.0
        assert trailing_price(False, peak, 0.0, 0.05, 118.0, 119.0, 113.0) == (114.0, 120.0)

    def test_covering_trails_the_lowest_price(self) -> None:
        assert trailing_level(True, 100.0, 0.0, 0.05) == 105.0
        price, peak = trailing_price(True, 100.0, 5.0, 0.0, 100.0, 104.0, 80.0)
        assert math.isnan(price)
        assert peak == 80.0


class TestMatch:
    @given(sides, candles())
    def test_a_market_order_fills_at_the_open(self, buying: bool, candle: Candle) -> None:
        result = match(order("BUY" if buying else "SELL"), Memory(), bar(*candle))
        assert (result.price, result.slips) == (candle[0], True)

    def test_a_bar_without_volume_fills(self) -> None:
        assert match(order(), Memory(), bar(volume=0.0)).price == 100.0

    @pytest.mark.parametrize(
        ("kind", "fields", "slips"),
        [
            ("LIMIT", {"limit_price": 95.0}, False),
            ("STOP", {"stop_price": 105.0}, True),
            ("STOP_LIMIT", {"stop_price": 100.0, "limit_price": 101.0}, False),
            ("TRAILING_STOP", {"trail_percent": 0.05}, True),
        ],
    )
    def test_stops_slip_and_limits_do_not(self, kind: str, fields: dict[str, Any], slips: bool) -> None:
        result = match(order("BUY", kind, **fields), Memory(peak=100.0), bar())
        assert result.price == result.price
        assert result.slips is slips

    def test_a_trigger_is_remembered(self) -> None:
        waiting = order("BUY", "STOP_LIMIT", stop_price=105.0, limit_price=106.0)
        first = match(waiting, Memory(), bar())
        assert math.isnan(first.price)
        assert match(waiting, first.memory, bar(open_=100.0, high=101.0, low=99.0)).price == 100.0

    @pytest.mark.parametrize(
        ("kind", "needs"),
        [
            ("LIMIT", "limit_price"),
            ("STOP", "stop_price"),
            ("STOP_LIMIT", "stop_price and limit_price"),
            ("TRAILING_STOP", "trail_amount or trail_percent"),
        ],
    )
    def test_an_order_without_its_price_is_refused(self, kind: str, needs: str) -> None:
        with pytest.raises(InvalidRecord, match=f"a {kind} order needs {needs}"):
            match(order("BUY", kind), Memory(peak=100.0), bar())


class TestBrackets:
    @given(sides, prices, st.floats(0.01, 0.5), st.floats(0.01, 0.5))
    def test_percentages_count_from_the_fill_price(self, long: bool, fill: float, down: float, up: float) -> None:
        side = "SELL" if long else "BUY"
        stop = price_bracket(order(side, "STOP", stop_loss_pct=down), fill)
        target = price_bracket(order(side, "LIMIT", take_profit_pct=up), fill)
        assert stop.stop_price == pytest.approx(fill * (1 - down) if long else fill * (1 + down))
        assert target.limit_price == pytest.approx(fill * (1 + up) if long else fill * (1 - up))

    def test_given_prices_stand(self) -> None:
        assert price_bracket(order("SELL", "STOP", stop_price=90.0), 100.0).stop_price == 90.0
        assert price_bracket(order("SELL", "LIMIT", limit_price=120.0), 100.0).limit_price == 120.0

    def test_after_an_entry_at_the_open_the_whole_bar_counts(self) -> None:
        assert entry_rest(bar(), 100.0, OrderSide.BUY) == bar()

    @given(sides, prices, candles())
    def test_after_an_entry_inside_the_bar_only_what_is_sure_helps(
        self, long: bool, price: float, candle: Candle
    ) -> None:
        open_, high, low, close = candle
        assume(low <= price <= high and price != open_)
        rest = entry_rest(bar(*candle), price, OrderSide.BUY if long else OrderSide.SELL)
        assert rest.open == price
        assert (rest.low if long else rest.high) == (low if long else high)
        assert (rest.high if long else rest.low) == (max(price, close) if long else min(price, close))


class TestCosts:
    @given(sides, prices)
    def test_slippage_always_hurts(self, buying: bool, price: float) -> None:
        slipped = CostModel().slipped(price, buying)
        assert slipped > price if buying else slipped < price
        assert abs(slipped / price - 1.0) == pytest.approx(0.0002)

    def test_the_native_commission_is_half_a_cent_a_share(self) -> None:
        assert CostModel().commission(1000.0, 50.0) == 5.0

    def test_a_rate_counts_the_value_with_its_multiplier(self) -> None:
        assert CostModel(0.0, 0.0, 0.001).commission(2.0, 4000.0, multiplier=50.0) == 400.0

    def test_commission_is_rounded_to_the_minor_unit_and_has_a_floor(self) -> None:
        assert CostModel().commission(7.0, 50.0) == 0.04
        assert CostModel(0.0, 0.0, 0.001).commission(1.0, 1.0, digits=8) == 0.001
        assert CostModel(minimum_commission=1.0).commission(1.0, 50.0) == 1.0

    def test_free_is_free(self) -> None:
        assert (FREE.slipped(100.0, True), FREE.commission(100.0, 100.0)) == (100.0, 0.0)

    @pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
    def test_impossible_costs_are_refused(self, value: float) -> None:
        with pytest.raises(InvalidRecord, match="slippage_bps must be a number of at least 0"):
            CostModel(slippage_bps=value)


class TestSessions:
    def test_a_daily_bar_is_its_own_session(self) -> None:
        assert bar_session_end(bar()) == bar().ts

    def test_shorter_bars_share_their_utc_day(self) -> None:
        day = 86_400_000_000
        minute = Bar("S", "1m", 3 * day + 5, 3 * day + 60_000_005, 1.0, 1.0, 1.0, 1.0, 0.0)
        assert bar_session_end(minute) == 4 * day

    def test_an_exchange_ends_its_session_at_its_own_close(self) -> None:
        ends = exchange_session_end({"S": Instrument("S", calendar="NYSE")})
        noon = Bar.at("S", datetime(2024, 7, 3, 16, 31, tzinfo=UTC), 1.0, 1.0, 1.0, 1.0, timeframe="1m")
        assert ends(noon) == int(datetime(2024, 7, 3, 17, tzinfo=UTC).timestamp()) * 1_000_000  # half-day
        assert ends(bar()) == bar().ts
