"""Partial fills, borrowed shares, funding: what a run may be asked beside the plain rules, worked out by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.backtest import BacktestResult, Options, run_backtest
from quantstrip.bars import BarTable
from quantstrip.clock import HOUR, from_text
from quantstrip.errors import ConfigError
from quantstrip.matching import FREE, CostModel
from quantstrip.model import Bar, Instrument, Signal
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase

from .test_run import MONDAY, Scripted, days

Script = dict[int, list[Signal]]


class Says(StrategyBase):
    """Gives on each bar the signals its script has for it."""

    timeframe = "1d"

    def __init__(self, script: Script) -> None:
        super().__init__(name="says", symbols=["ABC"])
        self.script = script
        self.count = -1

    def on_bar(self, bar: Bar) -> list[Signal]:
        self.count += 1
        return self.script.get(self.count, [])


def run(script: Script, bars: BarTable, **more: Any) -> BacktestResult:
    asked: dict[str, Any] = {"costs": FREE, "risk": OFF} | more
    return run_backtest(Says(script), bars, **asked)


def volumes(values: list[float], prices: list[float] | None = None) -> BarTable:
    return replace(days("ABC", prices or [100.0 + n for n in range(len(values))]), volume=np.array(values))


def fills(result: BacktestResult) -> list[tuple[str, str, float, float]]:
    return [(row["time"][-2:], row["side"], row["quantity"], row["price"]) for row in result.to_dict()["fills"]]


TENTH = Options(max_volume_share=0.1)


def test_an_order_fills_its_share_of_each_bar_at_each_open_until_it_is_whole() -> None:
    bars = volumes([1000, 100, 0, 255, 1000, 1000])
    result = run({0: [Signal("ABC", "BUY", quantity=50)]}, bars, options=TENTH)
    assert fills(result) == [("02", "BUY", 10, 101.0), ("04", "BUY", 25, 103.0), ("05", "BUY", 15, 104.0)]


def test_commission_is_of_each_fill() -> None:
    costs = CostModel(0.0, 0.0, 0.001)
    result = run({0: [Signal("ABC", "BUY", quantity=20)]}, volumes([1000, 100, 100]), options=TENTH, costs=costs)
    assert [fill.commission for fill in result.fills] == [1.01, 1.02]


def test_orders_of_a_bar_share_it_sells_first() -> None:
    script = {
        0: [Signal("ABC", "BUY", quantity=30)],
        3: [Signal("ABC", "SELL", quantity=8), Signal("ABC", "BUY", quantity=9)],
    }
    result = run(script, volumes([300, 300, 300, 300, 100, 300]), options=TENTH)
    assert fills(result)[1:] == [("05", "SELL", 8, 104.0), ("05", "BUY", 2, 104.0), ("06", "BUY", 7, 105.0)]


def test_a_stop_that_was_touched_sells_its_rest_at_the_market() -> None:
    prices = [100.0, 100.0, 100.0, 90.0, 99.0, 99.0]
    script = {0: [Signal("ABC", "BUY", quantity=30)],
              1: [Signal("ABC", "SELL", order_type="STOP", stop_price=95.0, quantity=30)]}  # fmt: skip
    result = run(script, volumes([300, 300, 300, 100, 100, 300], prices), options=TENTH)
    assert fills(result)[1:] == [("04", "SELL", 10, 90.0), ("05", "SELL", 10, 99.0), ("06", "SELL", 10, 99.0)]


def test_a_limit_waits_for_its_price_with_its_rest() -> None:
    prices = [100.0, 95.0, 120.0, 96.0]
    script = {0: [Signal("ABC", "BUY", order_type="LIMIT", limit_price=97.0, quantity=15)]}
    result = run(script, volumes([100] * 4, prices), options=TENTH)
    assert fills(result) == [("02", "BUY", 10, 95.0), ("04", "BUY", 5, 96.0)]


def test_the_protection_of_an_entry_begins_with_its_first_part_and_ends_the_rest() -> None:
    prices = [100.0, 100.0, 80.0, 80.0, 80.0]
    script = {0: [Signal("ABC", "BUY", quantity=25, stop_loss_pct=0.05)]}
    result = run(script, volumes([100] * 5, prices), options=TENTH)
    # The rest of the entry would be bought on day 3, but the stop comes first, sells what is held, and ends it.
    assert fills(result) == [("02", "BUY", 10, 100.0), ("03", "SELL", 10, 80.0)]
    assert result.open_trades == []


def test_an_order_for_one_bar_loses_its_rest_and_a_cancelled_one_keeps_what_it_has() -> None:
    one_bar = run({0: [Signal("ABC", "BUY", quantity=15, time_in_force="BAR")]}, volumes([100] * 4), options=TENTH)
    assert fills(one_bar) == [("02", "BUY", 10, 101.0)]
    cancelled = run(
        {0: [Signal("ABC", "BUY", quantity=30)], 1: [Signal("ABC", "BUY", cancel="ABC")]},
        volumes([100] * 5),
        options=TENTH,
    )
    assert fills(cancelled) == [("02", "BUY", 10, 101.0)]


@given(
    volume=st.lists(st.integers(0, 500), min_size=4, max_size=12),
    script=st.dictionaries(
        st.integers(0, 10), st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 80)), max_size=5
    ),
    share=st.sampled_from([0.01, 0.1, 0.33, 1.0]),
)
def test_no_bar_ever_fills_more_than_its_share_and_no_order_more_than_it_is_for(
    volume: list[int], script: dict[int, tuple[str, int]], share: float
) -> None:
    bars = volumes([float(each) for each in volume], [100.0] * len(volume))
    asked: Script = {at: [Signal("ABC", side, quantity=size)] for at, (side, size) in script.items()}
    result = run(asked, bars, options=Options(max_volume_share=share))
    by_bar: dict[int, float] = {}
    by_order: dict[str, float] = {}
    for fill in result.fills:
        by_bar[fill.ts] = by_bar.get(fill.ts, 0.0) + fill.quantity
        by_order[fill.reference] = by_order.get(fill.reference, 0.0) + fill.quantity
    held = dict(zip(bars.ts.tolist(), volume, strict=True))
    assert all(quantity <= share * held[ts] + 1e-9 for ts, quantity in by_bar.items())
    assert all(quantity <= max(size for _, size in script.values()) for quantity in by_order.values())
    assert result.equity.value[-1] == pytest.approx(
        100_000.0 + sum(-f.side.sign * f.quantity * f.price for f in result.fills)
        + sum(f.side.sign * f.quantity for f in result.fills) * float(bars.close[-1])
    )  # fmt: skip


near = st.integers(94, 108).map(float)
protection = st.fixed_dictionaries(
    {}, optional={"stop_loss_pct": st.sampled_from([0.01, 0.03]), "take_profit_pct": st.sampled_from([0.01, 0.04]),
                  "trailing_pct": st.just(0.02)},
)  # fmt: skip
kinds: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"order_type": st.just("LIMIT"), "limit_price": near}),
    st.fixed_dictionaries({"order_type": st.just("STOP"), "stop_price": near}),
    st.fixed_dictionaries({"order_type": st.just("STOP_LIMIT"), "stop_price": near, "limit_price": near}),
    st.fixed_dictionaries({"order_type": st.just("TRAILING_STOP"), "trail_percent": st.just(0.02)}),
)
signals = st.builds(
    lambda side, size, kind, guard, force: Signal("ABC", side, quantity=size, time_in_force=force, **kind, **guard),
    st.sampled_from(["BUY", "SELL"]), st.integers(1, 30), kinds, protection, st.sampled_from(["GTC", "DAY", "BAR"]),
)  # fmt: skip


@given(
    script=st.dictionaries(st.integers(0, 8), st.lists(signals, min_size=1, max_size=2), max_size=5),
    prices=st.lists(st.integers(95, 106).map(float), min_size=10, max_size=10),
)
def test_with_volume_to_spare_every_kind_of_order_fills_as_in_a_plain_run(script: Script, prices: list[float]) -> None:
    bars = volumes([1e9] * 10, prices)
    plain, shared = run(script, bars), run(script, bars, options=Options(max_volume_share=1.0))
    assert fills(shared) == fills(plain)
    assert shared.equity.value.tolist() == plain.equity.value.tolist()


@given(
    script=st.dictionaries(st.integers(0, 8), st.lists(signals, min_size=1, max_size=2), max_size=5),
    prices=st.lists(st.integers(95, 106).map(float), min_size=10, max_size=10),
    volume=st.lists(st.sampled_from([0.0, 30.0, 100.0, 400.0]), min_size=10, max_size=10),
)
def test_whatever_is_ordered_no_bar_fills_more_than_its_share_and_the_books_agree(
    script: Script, prices: list[float], volume: list[float]
) -> None:
    result = run(script, volumes(volume, prices), options=TENTH)
    filled = {str(row["time"]): 0.0 for row in result.to_dict()["fills"]}
    for row in result.to_dict()["fills"]:
        filled[row["time"]] += row["quantity"]
    assert all(quantity <= 0.1 * volume[int(time[-2:]) - 1] + 1e-9 for time, quantity in filled.items())
    held = sum(fill.side.sign * fill.quantity for fill in result.fills)
    cash = sum(-fill.side.sign * fill.quantity * fill.price for fill in result.fills)
    assert result.equity.value[-1] == pytest.approx(100_000.0 + cash + held * (prices[-1] + 1.0))
    assert sum(trip.position.quantity for trip in result.open_trades) == pytest.approx(held)


def test_a_short_position_pays_for_every_night_weekends_too() -> None:
    friday = from_text("2024-01-05")
    bars = days("ABC", [100.0, 100.0, 100.0, 100.0, 100.0], first=friday - 86_400_000_000)
    result = run({0: [Signal("ABC", "SELL", quantity=365)], 2: [Signal("ABC", "BUY", quantity=365)]}, bars,
                 options=Options(borrow_rate=0.10))  # fmt: skip
    # Sold at Friday's open at midnight, held over two midnights at closes of 101: 365 x 101 x 10 % / 365 a night.
    assert [(one.kind, one.amount) for one in result.charges] == [("borrow", -10.1), ("borrow", -10.1)]
    assert result.to_dict()["charges"][0] == {"time": "2024-01-06", "symbol": "ABC", "kind": "borrow", "amount": -10.1}
    assert result.equity_final == pytest.approx(100_000.0 - 20.2)
    long = run({0: [Signal("ABC", "BUY", quantity=365)]}, bars, options=Options(borrow_rate=0.10))
    assert long.charges == []


def test_longs_pay_shorts_at_each_funding_interval() -> None:
    begin = MONDAY + np.arange(6) * 4 * HOUR
    flat = np.full(6, 100.0)
    bars = BarTable.from_arrays("ABC", "4h", begin, flat, flat, flat, flat, flat)
    instruments = {"ABC": Instrument("ABC", calendar="24/7")}
    options = Options(funding_rate=0.001, funding_hours=8.0)
    paid = run({0: [Signal("ABC", "BUY", quantity=10)]}, bars, options=options, instruments=instruments)
    # Bought at 04:00; funding at 08:00 and 16:00, 10 x 100 x 0.1 %.
    assert [(row["time"][11:16], row["amount"]) for row in paid.to_dict()["charges"]] == [
        ("08:00", -1.0),
        ("16:00", -1.0),
    ]
    received = run({0: [Signal("ABC", "SELL", quantity=10)]}, bars, options=options, instruments=instruments)
    assert [one.amount for one in received.charges] == [1.0, 1.0]
    assert received.equity_final == 100_002.0


def test_the_curve_of_a_run_with_carry_is_the_plain_one_less_what_was_charged() -> None:
    prices = [100.0, 103.0, 99.0, 101.0, 104.0, 98.0, 100.0, 102.0]
    script: Script = {0: [Signal("ABC", "SELL", quantity=100)], 4: [Signal("ABC", "BUY", quantity=100)]}
    bars = days("ABC", prices)
    plain, carried = run(script, bars), run(script, bars, options=Options(borrow_rate=0.5))
    owed = np.zeros(len(prices))
    for one in carried.charges:
        owed[np.searchsorted(bars.ts, one.ts) :] += one.amount
    assert carried.charges
    np.testing.assert_allclose(carried.equity.value, plain.equity.value + owed, rtol=0, atol=1e-9)
    assert [trade.pnl for trade in carried.trades] == [trade.pnl for trade in plain.trades]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_volume_share": 0.0}, "max_volume_share is a share"),
        ({"max_volume_share": 1.5}, "max_volume_share is a share"),
        ({"borrow_rate": -0.1}, "borrow_rate is a fraction"),
        ({"funding_rate": 2.0}, "funding_rate is a fraction"),
        ({"funding_hours": 7.0}, "funding_hours must divide a day"),
        ({"funding_hours": 0.0}, "funding_hours must divide a day"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Options(**wrong)


def test_every_option_is_part_of_the_runs_key() -> None:
    bars = days("ABC", [100.0] * 4)
    chosen = [Options(), Options(strict=True), TENTH, Options(borrow_rate=0.1), Options(funding_rate=0.1)]
    assert len({run_backtest(Scripted(), bars, options=each).run["key"] for each in chosen}) == 5


def test_a_form_that_fills_within_the_bar_has_no_share_unless_it_is_run_strict() -> None:
    strategy = Says({0: [Signal("ABC", "BUY", quantity=20)]})
    strategy.same_bar = True
    bars = volumes([100] * 4)
    with pytest.raises(ConfigError, match="such a fill is whole"):
        run_backtest(strategy, bars, options=TENTH, risk=OFF)
    result = run_backtest(strategy, bars, options=replace(TENTH, strict=True), risk=OFF)
    assert [fill.quantity for fill in result.fills] == [10.0, 10.0]
