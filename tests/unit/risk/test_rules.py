"""The eleven rules of the native table: default, limit, and a reason when one refuses."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.clock import DAY, SECOND
from quantstrip.errors import ConfigError
from quantstrip.matching import bar_session_end
from quantstrip.model import Bar, Instrument, Leg, OrderSide
from quantstrip.risk import CASH_ONLY, NATIVE, OFF, PROFILES, Book, Guard, Intent, RiskProfile, check, within_limits
from quantstrip.risk.rules import RULES, Refusal

AAPL = Instrument("AAPL")
CASH = 100_000.0


def guard(profile: RiskProfile = NATIVE) -> Guard:
    return Guard(profile, CASH, {"AAPL": AAPL}, bar_session_end)


def intent(
    value: float = 2_000.0,
    side: str = "BUY",
    quantity: float = 20.0,
    decided: float = 100.0,
    last: float = 100.0,
    ts: int = 0,
    leg: Leg = Leg.NET,
) -> Intent:
    return Intent(AAPL, OrderSide(side), leg, quantity, value, decided, last, ts)


def book(symbol_value: float = 0.0, gross_value: float = 0.0, cash: float = CASH, equity: float = CASH) -> Book:
    return Book(equity, cash, symbol_value, gross_value)


def refusal(
    intent_: Intent | None = None,
    book_: Book | None = None,
    *,
    profile: RiskProfile = NATIVE,
    guard_: Guard | None = None,
) -> Refusal | None:
    return check(profile, intent_ or intent(), book_ or book(), guard_ or guard(profile))


def refused_by(intent_: Intent | None = None, *, profile: RiskProfile = NATIVE, guard_: Guard | None = None) -> str:
    """The rule that refuses; one must."""
    found = refusal(intent_, profile=profile, guard_=guard_)
    assert found is not None
    return found.rule


def test_the_native_defaults_are_the_table_of_the_guide() -> None:
    assert (
        RiskProfile(
            name="NATIVE",
            max_order_value=20_000.0,
            max_symbol_weight=0.20,
            max_total_weight=0.80,
            min_cash_ratio=0.10,
            allow_margin=False,
            allow_short=False,
            max_daily_loss=0.03,
            max_drawdown=0.08,
            max_price_deviation=0.01,
            duplicate_seconds=60.0,
            trading_hours=True,
        )
        == NATIVE
    )


def test_an_ordinary_order_passes() -> None:
    assert refusal() is None


@pytest.mark.parametrize(
    ("rule", "passes", "fails", "reason"),
    [
        (
            "max_order_value",
            (intent(20_000.0), book()),
            (intent(20_000.01), book()),
            "the order is worth 20,000.01, one order may be worth 20,000.00",
        ),
        (
            "max_symbol_weight",
            (intent(5_000.0), book(symbol_value=15_000.0)),
            (intent(5_001.0), book(symbol_value=15_000.0)),
            "AAPL would be worth 20,001.00, 20.0% of equity; one symbol may take 20%",
        ),
        (
            "max_total_weight",
            (intent(5_000.0), book(gross_value=75_000.0)),
            (intent(5_100.0), book(gross_value=75_000.0)),
            "all positions would be worth 80,100.00, 80.1% of equity; together they may take 80%",
        ),
        (
            "min_cash_ratio",
            (intent(5_000.0), book(cash=15_000.0)),
            (intent(5_100.0), book(cash=15_000.0)),
            "cash would fall to 9,900.00, 9.9% of equity; at least 10% must stay",
        ),
        (
            "max_price_deviation",
            (intent(last=101.0), book()),
            (intent(last=101.1), book()),
            "the price moved 1.10% since the decision, from 100 to 101.1; 1.00% is the limit",
        ),
        (
            "allow_short",
            (intent(), book()),
            (intent(side="SELL"), book()),
            "there is no position in AAPL left to sell, and short selling is not allowed",
        ),
    ],
)
def test_a_rule_refuses_beyond_its_limit_and_says_why(
    rule: str, passes: tuple[Intent, Book], fails: tuple[Intent, Book], reason: str
) -> None:
    assert refusal(*passes) is None
    assert refusal(*fails) == (rule, reason)


def test_a_short_sale_brings_cash_so_the_cash_rule_lets_it() -> None:
    profile = RiskProfile(allow_short=True)
    assert refusal(intent(side="SELL"), book(cash=1_000.0), profile=profile) is None


class TestMargin:
    def test_without_margin_gross_value_stays_within_equity(self) -> None:
        assert refusal(intent(CASH), profile=CASH_ONLY) is None
        assert refusal(intent(CASH + 1), profile=CASH_ONLY) == (
            "allow_margin",
            "positions would be worth 100,001.00 on an equity of 100,000.00; "
            "without margin 1 times equity is the limit",
        )

    def test_leverage_is_chosen(self) -> None:
        twice = RiskProfile(**{**_fields(CASH_ONLY), "leverage": 2.0})
        assert refusal(intent(2 * CASH), profile=twice) is None
        assert refused_by(intent(2 * CASH + 1), profile=twice) == "allow_margin"

    def test_with_margin_it_does_not_ask(self) -> None:
        assert refusal(intent(50 * CASH), profile=OFF) is None


def _fields(profile: RiskProfile) -> dict[str, Any]:
    return {name: getattr(profile, name) for name in profile.__slots__}


class TestDuplicates:
    def test_the_same_opening_order_within_less_than_a_minute_is_refused(self) -> None:
        guard_ = guard()
        guard_.accept("AAPL", OrderSide.BUY, Leg.NET, 20.0, 0)
        assert refusal(intent(ts=59 * SECOND), guard_=guard_) == (
            "duplicate_seconds",
            "the same order (BUY 20 AAPL) was accepted 59 s ago; repeats are refused for 60 s",
        )
        assert refused_by(intent(ts=60 * SECOND - 1), guard_=guard_) == "duplicate_seconds"

    def test_after_exactly_a_minute_it_passes(self) -> None:
        guard_ = guard()
        guard_.accept("AAPL", OrderSide.BUY, Leg.NET, 20.0, 0)
        assert refusal(intent(ts=60 * SECOND), guard_=guard_) is None

    @pytest.mark.parametrize(
        "other", [intent(quantity=21.0), intent(side="SELL"), intent(leg=Leg.LONG)], ids=["quantity", "side", "leg"]
    )
    def test_another_order_is_no_duplicate(self, other: Intent) -> None:
        profile = RiskProfile(allow_short=True)
        guard_ = guard(profile)
        guard_.accept("AAPL", OrderSide.BUY, Leg.NET, 20.0, 0)
        assert refusal(other, profile=profile, guard_=guard_) is None

    def test_memory_of_accepted_orders_does_not_grow_without_end(self) -> None:
        guard_ = guard()
        for second in range(5_000):
            guard_.accept("AAPL", OrderSide.BUY, Leg.NET, float(second), second * SECOND)
        assert len(guard_._accepted) < 400
        assert guard_.since_accepted("AAPL", OrderSide.BUY, Leg.NET, 4_999.0, 5_000 * SECOND) == SECOND


class Market:
    """Marks a guard with one equity a daily bar."""

    def __init__(self, profile: RiskProfile = NATIVE) -> None:
        self.guard = guard(profile)
        self.profile = profile
        self.day = 0
        self.equity = CASH

    def close(self, equity: float) -> str | None:
        bar = Bar("AAPL", "1d", self.day * DAY, (self.day + 1) * DAY, 1.0, 1.0, 1.0, 1.0, 0.0)
        before, self.equity = self.equity, equity
        self.guard.mark(bar.ts, [bar], equity, before)
        self.day += 1
        found = refusal(profile=self.profile, guard_=self.guard)
        return found and found.rule


class TestHalts:
    def test_a_daily_loss_beyond_three_percent_halts_entries(self) -> None:
        market = Market()
        assert market.close(97_000.0) is None
        assert market.close(94_000.0) == "max_daily_loss"
        (halt,) = market.guard.halts()
        assert (halt.rule, halt.calendar) == ("max_daily_loss", "NYSE")
        assert "equity fell 3.09% in this session, from 97,000.00 to 94,000.00" in halt.reason

    def test_the_daily_halt_ends_with_its_session(self) -> None:
        market = Market()
        assert market.close(96_000.0) == "max_daily_loss"
        assert market.close(96_000.0) is None
        assert market.guard.halts() == []

    def test_a_recovery_within_the_session_does_not_lift_it(self) -> None:
        market = Market()
        bar = Bar("AAPL", "1m", 0, 60 * SECOND, 1.0, 1.0, 1.0, 1.0, 0.0)
        market.guard.mark(bar.ts, [bar], 96_000.0, CASH)
        later = bar._replace(ts=120 * SECOND)
        market.guard.mark(later.ts, [later], 99_999.0, 96_000.0)
        assert refused_by(guard_=market.guard) == "max_daily_loss"

    def test_a_person_can_lift_it_earlier_and_losses_count_from_there(self) -> None:
        market = Market()
        market.close(96_000.0)
        market.guard.clear("max_daily_loss")
        assert refusal(guard_=market.guard) is None
        bar = Bar("AAPL", "1d", 0, market.day * DAY, 1.0, 1.0, 1.0, 1.0, 0.0)
        market.guard.mark(bar.ts, [bar], 94_000.0, 96_000.0)
        assert refusal(guard_=market.guard) is None
        market.guard.mark(bar.ts, [bar], 93_000.0, 94_000.0)
        assert refused_by(guard_=market.guard) == "max_daily_loss"

    def test_a_drawdown_beyond_eight_percent_halts_until_it_is_cleared(self) -> None:
        market = Market(RiskProfile(max_daily_loss=None))
        assert market.close(110_000.0) is None
        assert market.close(101_200.0) is None
        assert market.close(101_199.0) == "max_drawdown"
        assert market.close(200_000.0) == "max_drawdown"
        assert "from its peak of 110,000.00 to 101,199.00" in market.guard.halts()[0].reason
        market.guard.clear()
        assert market.close(199_000.0) is None
        assert market.guard.peak == 200_000.0

    def test_clearing_begins_a_new_peak(self) -> None:
        market = Market(RiskProfile(max_daily_loss=None))
        market.close(90_000.0)
        market.guard.clear("max_drawdown")
        assert market.close(85_000.0) is None
        assert market.close(82_000.0) == "max_drawdown"

    def test_daily_halts_follow_the_instruments_own_exchange(self) -> None:
        instruments = {"AAPL": AAPL, "BTC": Instrument("BTC", calendar="24/7")}
        ends = {"AAPL": 10, "BTC": 1_000}
        guard_ = Guard(NATIVE, CASH, instruments, lambda bar: bar.ts - bar.ts % ends[bar.symbol] + ends[bar.symbol])

        def bar(symbol: str, ts: int) -> Bar:
            return Bar(symbol, "1m", ts - 1, ts, 1.0, 1.0, 1.0, 1.0, 0.0)

        guard_.mark(5, [bar("AAPL", 5), bar("BTC", 5)], CASH, CASH)
        guard_.mark(6, [bar("AAPL", 6), bar("BTC", 6)], 96_000.0, CASH)
        assert guard_.daily_halt("NYSE") is not None
        assert guard_.daily_halt("24/7") is not None
        guard_.mark(15, [bar("AAPL", 15), bar("BTC", 15)], 96_000.0, 96_000.0)
        assert guard_.daily_halt("NYSE") is None
        assert guard_.daily_halt("24/7") is not None

    def test_quiet_bars_need_no_mark(self) -> None:
        """What the engine relies on: nothing can halt while equity stays in [low, peak]."""
        guard_ = guard(RiskProfile(max_daily_loss=None))
        assert guard_.low == CASH * 0.92
        assert guard_.peak == CASH

    def test_the_kill_switch_stops_entries_until_it_is_released(self) -> None:
        guard_ = guard(OFF)
        guard_.kill("lunch")
        assert refusal(profile=OFF, guard_=guard_) == ("kill_switch", "entries are switched off: lunch")
        guard_.revive()
        assert refusal(profile=OFF, guard_=guard_) is None


class TestProfiles:
    def test_off_refuses_nothing(self) -> None:
        assert refusal(intent(1e9, "SELL", last=500.0), book(1e9, 1e9, -1e9), profile=OFF) is None

    def test_cash_only_asks_for_cash_alone(self) -> None:
        assert refusal(intent(90_000.0, "SELL", last=500.0), profile=CASH_ONLY) is None

    def test_each_is_known_by_name(self) -> None:
        assert {"NATIVE": NATIVE, "CASH_ONLY": CASH_ONLY, "OFF": OFF} == PROFILES

    def test_a_run_prints_every_rule(self) -> None:
        text = NATIVE.describe()
        assert text.startswith("NATIVE: max_order_value=20000, max_symbol_weight=0.2,")
        for name, _ in RULES:
            assert f"{name}=" in text
        assert "trading_hours=yes" in text
        assert "max_drawdown=off" in OFF.describe()

    @pytest.mark.parametrize("value", [-0.1, math.nan, math.inf])
    def test_an_impossible_limit_is_refused(self, value: float) -> None:
        with pytest.raises(ConfigError, match=r"max_drawdown must be a number of at least 0.*\n.*fractions"):
            RiskProfile(max_drawdown=value)


money = st.floats(0.0, 250_000.0)


@settings(max_examples=300)
@given(
    value=money,
    side=st.sampled_from(["BUY", "SELL"]),
    last=st.sampled_from([99.0, 100.0, 100.5, 102.0]),
    symbol_value=money,
    gross=money,
    cash=st.floats(-50_000.0, 150_000.0),
    profile=st.sampled_from([NATIVE, CASH_ONLY, OFF, RiskProfile(allow_short=True, leverage=2.0)]),
    accepted=st.none() | st.integers(0, 120),
    halted=st.sampled_from(["", "max_daily_loss", "max_drawdown"]),
)
def test_what_passes_at_one_look_passes_every_rule(
    value: float,
    side: str,
    last: float,
    symbol_value: float,
    gross: float,
    cash: float,
    profile: RiskProfile,
    accepted: int | None,
    halted: str,
) -> None:
    guard_ = guard(profile)
    if halted:
        bar = Bar("AAPL", "1d", 0, DAY, 1.0, 1.0, 1.0, 1.0, 0.0)
        guard_.mark(DAY, [bar], 0.95 * CASH if halted == "max_daily_loss" else 0.5 * CASH, CASH)
    if accepted is not None:
        guard_.accept("AAPL", OrderSide.BUY, Leg.NET, 20.0, 0)
    one = intent(value, side, last=last, ts=(accepted or 0) * SECOND)
    account = book(symbol_value, gross, cash)
    found = check(profile, one, account, guard_)
    reasons = [name for name, rule in RULES if rule(profile, one, account, guard_) is not None]
    assert (found and found.rule) == (reasons[0] if reasons else None)
    passes = within_limits(guard_, one.side, one.value, one.ts, account.equity, account.cash, symbol_value, gross)
    assert not (passes and one.last_price == one.decision_price and reasons)
