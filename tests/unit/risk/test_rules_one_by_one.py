"""Each rule asked by itself: ``check`` lets most orders pass at one look and would hide a rule that is wrong."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.clock import DAY, SECOND
from quantstrip.matching import bar_session_end
from quantstrip.model import Bar, Instrument, Leg, OrderSide
from quantstrip.risk import NATIVE, Book, Guard, Intent, RiskProfile, check
from quantstrip.risk import rules as room

AAPL = Instrument("AAPL")
CASH = 100_000.0
SWITCHES = {"allow_margin", "allow_short", "allow_long", "trading_hours"}


def guard(profile: RiskProfile = NATIVE) -> Guard:
    return Guard(profile, CASH, {"AAPL": AAPL}, bar_session_end)


def intent(value: float = 2_000.0, side: str = "BUY", last: float = 100.0, ts: int = 0) -> Intent:
    return Intent(AAPL, OrderSide(side), Leg.NET, 20.0, value, 100.0, last, ts)


def book(symbol: float = 0.0, gross: float = 0.0, cash: float = CASH, equity: float = CASH) -> Book:
    return Book(equity, cash, symbol, gross)


def test_each_rule_of_the_native_table_lets_exactly_its_limit_pass() -> None:
    profile = RiskProfile(leverage=0.5)
    assert room.max_order_value(profile, intent(20_000.0), book(), guard()) is None
    assert room.max_symbol_weight(profile, intent(5_000.0), book(symbol=15_000.0), guard()) is None
    assert room.max_total_weight(profile, intent(5_000.0), book(gross=75_000.0), guard()) is None
    assert room.min_cash_ratio(profile, intent(5_000.0), book(cash=15_000.0), guard()) is None
    assert room.allow_margin(profile, intent(5_000.0), book(gross=45_000.0), guard()) is None
    assert room.max_price_deviation(profile, intent(last=101.0), book(), guard()) is None
    assert room.max_price_deviation(profile, intent(last=99.0), book(), guard()) is None


def test_each_rule_of_the_native_table_refuses_beyond_it() -> None:
    profile = RiskProfile(leverage=0.5)
    assert room.max_order_value(profile, intent(20_000.01), book(), guard())
    assert room.max_symbol_weight(profile, intent(5_000.01), book(symbol=15_000.0), guard())
    assert room.max_total_weight(profile, intent(5_000.01), book(gross=75_000.0), guard())
    assert room.min_cash_ratio(profile, intent(5_000.01), book(cash=15_000.0), guard())
    assert room.allow_margin(profile, intent(5_000.01), book(gross=45_000.0), guard())
    assert room.max_price_deviation(profile, intent(last=101.01), book(), guard())
    assert room.max_price_deviation(profile, intent(last=98.99), book(), guard())
    assert room.allow_short(profile, intent(side="SELL"), book(), guard())


def test_cash_is_asked_of_buys_alone() -> None:
    short = RiskProfile(allow_short=True)
    assert room.min_cash_ratio(short, intent(side="SELL"), book(cash=0.0), guard()) is None
    assert room.min_cash_ratio(short, intent(side="BUY"), book(cash=0.0), guard()) is not None


def test_a_repeat_is_refused_for_less_than_a_minute_also_where_the_price_has_moved() -> None:
    """A moved price takes the way through every rule."""
    guard_ = guard()
    guard_.accept("AAPL", OrderSide.BUY, Leg.NET, 20.0, 0)
    late = check(NATIVE, intent(last=100.5, ts=60 * SECOND), book(), guard_)
    early = check(NATIVE, intent(last=100.5, ts=60 * SECOND - 1), book(), guard_)
    assert late is None
    assert early is not None
    assert early.rule == "duplicate_seconds"


def test_a_repeat_exactly_at_the_end_of_the_window_is_no_repeat() -> None:
    guard_ = guard()
    guard_.accept("AAPL", OrderSide.BUY, Leg.NET, 20.0, 0)
    assert room.duplicate_seconds(NATIVE, intent(ts=60 * SECOND), book(), guard_) is None


@pytest.mark.parametrize("equity", [0.0, -1_000.0])
def test_an_account_without_equity_opens_nothing_and_the_reason_can_be_read(equity: float) -> None:
    refusal = check(NATIVE, intent(), book(equity=equity, cash=equity), guard())
    assert refusal is not None
    assert refusal.reason == "AAPL would be worth 2,000.00, more than all of equity; one symbol may take 20%"


def test_a_loss_of_exactly_the_limit_halts_nothing() -> None:
    def after(equity: float, profile: RiskProfile) -> list[str]:
        guard_ = guard(profile)
        guard_.mark(DAY, [Bar("AAPL", "1d", 0, DAY, 1.0, 1.0, 1.0, 1.0, 0.0)], equity, CASH)
        return [halt.rule for halt in guard_.halts()]

    daily, drawdown = RiskProfile(max_drawdown=None), RiskProfile(max_daily_loss=None)
    assert (after(97_000.0, daily), after(96_999.99, daily)) == ([], ["max_daily_loss"])
    assert (after(92_000.0, drawdown), after(91_999.99, drawdown)) == ([], ["max_drawdown"])


@settings(max_examples=200)
@given(
    name=st.sampled_from([field.name for field in fields(RiskProfile)[1:]]),
    values=st.lists(st.floats(0.0, 1e9) | st.integers(0, 10**9).map(lambda n: n / 100), min_size=2, max_size=2),
)
def test_profiles_that_differ_in_any_limit_are_described_differently(name: str, values: list[float]) -> None:
    """The description is part of a run's identity: two runs under one key would take each other's fills for theirs."""
    given_limits: list[float | bool] = [value > 1.0 for value in values] if name in SWITCHES else [*values]
    limits: list[dict[str, Any]] = [{name: limit} for limit in given_limits]
    one, other = (RiskProfile(**limit) for limit in limits)
    assert (one.describe() == other.describe()) is (one == other)


def test_limits_that_differ_beyond_six_digits_are_described_differently() -> None:
    texts = {RiskProfile(max_order_value=value).describe() for value in (1_234_567.0, 1_234_568.0, 0.2, 0.2000001)}
    assert len(texts) == 4
    assert "max_order_value=20000, max_symbol_weight=0.2," in NATIVE.describe()


def test_the_reason_of_a_refusal_is_that_of_the_first_rule_of_the_table() -> None:
    everything = intent(200_000.0, "SELL", last=150.0)
    order = [name for name, rule in room.RULES if rule(NATIVE, everything, book(cash=0.0), guard())]
    refusal = check(NATIVE, everything, book(cash=0.0), guard())
    assert refusal is not None
    assert order[0] == refusal.rule == "allow_short"
    assert order == [
        "allow_short", "max_order_value", "max_symbol_weight", "max_total_weight", "allow_margin",
        "max_price_deviation",
    ]  # fmt: skip
