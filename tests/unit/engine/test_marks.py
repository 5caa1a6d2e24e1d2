"""Calm stretches: what the loop skips while only the price moves changes not one bit of the result."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.brokers import CostModel, SimulatedBroker
from quantstrip.clock import MINUTE, Micros
from quantstrip.engine import FillRecorder
from quantstrip.model import Bar, Control, Halt, Signal
from quantstrip.ports import Columns, Feed
from quantstrip.risk import NATIVE, OFF, RiskProfile
from tests.unit.engine.conftest import Lab, ListFeed, Scripted

Plan = dict[int, list[tuple[str, int]]]
"""Side and quantity of the signals to send at a bar, by the bar's number."""

TIGHT = RiskProfile("TIGHT", None, None, None, None, True, True, 0.004, 0.01, None, None, False)


def minutes(moves: list[float], per_day: int = 40) -> list[Bar]:
    """One-minute bars of a market that moves by ``moves`` per cent, ``per_day`` bars a day."""
    bars, close = [], 100.0
    for index, move in enumerate(moves):
        open_, close = close, round(close * (1 + move / 100), 2)
        begin = (index // per_day) * 1440 * MINUTE + (index % per_day) * MINUTE
        bars.append(
            Bar("S", "1m", begin, begin + MINUTE, open_, max(open_, close) + 0.1, min(open_, close) - 0.1, close, 5.0)
        )
    return bars


def feeds(lab: Lab, bars: list[Bar]) -> tuple[Feed, Feed]:
    """The same bars twice: bar by bar, and with the columns given beforehand."""
    made = [(bar.ts, [bar]) for bar in bars]
    ts_open, ts, *prices = (np.array(column) for column in list(zip(*bars, strict=True))[2:9])
    open_, high, low, close, volume = (price.astype(np.float64) for price in prices)
    columns = Columns(ts_open.astype(np.int64), ts.astype(np.int64), open_, high, low, close, volume, "1m", "")

    class Known(ListFeed):
        def columns(self) -> dict[str, Columns]:
            return {"S": columns}

    return ListFeed(made), Known(made)


def result(lab: Lab, feed: Feed, plan: Plan, profile: RiskProfile, every: int) -> tuple[Any, ...]:
    """Everything a run leaves behind; ``plan`` says which bars send which signals."""
    seen: list[tuple[Bar, Micros]] = []

    def say(strategy: Scripted, bar: Bar) -> list[Signal]:
        seen.append((bar, engine._clock.now()))
        return [Signal("S", side, quantity=quantity) for side, quantity in plan.get(len(seen) - 1, ())]

    strategy = Scripted(say)
    engine = lab.engine(
        strategy, feed, broker=SimulatedBroker(lab.instruments, CostModel()), cash=10_000.0, risk=profile,
        progress_every=every,
    )  # fmt: skip
    summary = engine.run()
    return (
        seen, lab.recorder.fills, lab.recorder.rejections, lab.recorder.updates(), strategy.heard,
        summary.ts.tolist(), summary.equity.tobytes(), summary.halts, engine.guard.peak, summary.account.prices,
        summary.slices, summary.bars,
    )  # fmt: skip


orders = st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 80))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    step=st.sampled_from([0.02, 0.2, 1.0]),
    plan=st.dictionaries(st.integers(0, 120), st.lists(orders, min_size=1, max_size=2), min_size=2, max_size=10),
    profile=st.sampled_from([OFF, NATIVE, TIGHT]),
    every=st.sampled_from([1, 7, 1000]),
)
def test_known_columns_give_the_very_same_run(
    lab: Lab, seed: int, step: float, plan: Plan, profile: RiskProfile, every: int
) -> None:
    moves = np.random.default_rng(seed).normal(0.0, step, 120).tolist()
    streamed, known = feeds(lab, minutes(moves))
    assert result(lab, known, plan, profile, every) == result(lab, streamed, plan, profile, 1)


@pytest.mark.parametrize("profile", [OFF, TIGHT], ids=lambda profile: str(profile.name))
@pytest.mark.parametrize("step", [0.01, 0.1])
@pytest.mark.parametrize("seed", range(4))
def test_blocks_of_bars_told_from_their_extremes_hide_no_peak_halt_or_session(
    lab: Lab, seed: int, step: float, profile: RiskProfile
) -> None:
    draw = np.random.default_rng(seed)
    moves = draw.normal(0.0, step, 900).tolist()
    plan = {
        int(at): [("BUY" if number % 2 else "SELL", 60)]
        for number, at in enumerate(np.sort(draw.choice(900, size=9, replace=False)))
    }
    streamed, known = feeds(lab, minutes(moves, per_day=400))
    assert result(lab, known, plan, profile, 1000) == result(lab, streamed, plan, profile, 1)


def test_a_halt_lifted_before_the_bar_of_a_fill_is_noted_at_that_bar(lab: Lab) -> None:
    told: list[tuple[Micros, list[Halt]]] = []

    class Watched(FillRecorder):
        kept = True

        def controls(self, ts: Micros) -> Sequence[Control]:
            return [Control("clear")] if ts == bars[5].ts else ()

        def halts(self, ts: Micros, in_force: Sequence[Halt]) -> None:
            told.append((ts, list(in_force)))

    bars = minutes([0.0, 0.0, 0.0, -3.0, 0.0, 0.0, 0.0, 0.0])
    said = {0: [Signal("S", quantity=80)], 4: [Signal("S", "SELL")]}  # the exit fills in the bar after the clearing
    lab.run(Saying(said), feeds(lab, bars)[1], recorder=Watched(), cash=10_000.0, risk=TIGHT, progress_every=1000)
    assert [(ts, len(halts)) for ts, halts in told] == [(bars[3].ts, 2), (bars[5].ts, 0)]


def test_a_session_that_begins_with_a_fill_counts_losses_from_the_equity_before_it(lab: Lab) -> None:
    bars = minutes([0.0] * 6, per_day=2)
    dear = SimulatedBroker(lab.instruments, CostModel(0.0, 1.0))
    said = {1: [Signal("S", quantity=80)]}  # the day's last bar
    _, summary = lab.run(
        Saying(said), feeds(lab, bars[:4])[1], broker=dear, cash=10_000.0, risk=TIGHT, progress_every=1000
    )  # fmt: skip
    assert [halt.reason.split(" at ")[0].split("from ")[1] for halt in summary.halts if halt.calendar] == [
        "10,000.00 to 9,920.00"
    ]


@pytest.mark.parametrize("quantity", [80, -80])
def test_a_quiet_position_is_marked_at_every_close(lab: Lab, quantity: int) -> None:
    moves = [0.0, *np.linspace(-1, 1, 120).tolist()]
    plan = {0: [("BUY" if quantity > 0 else "SELL", abs(quantity))]}
    *_, equity, _halts, _peak, _prices, slices, _bars = result(lab, feeds(lab, minutes(moves))[1], plan, OFF, 50)
    curve = np.frombuffer(equity)
    assert slices == len(curve) == 121
    closes = np.array([bar.close for bar in minutes(moves)])
    changes = np.diff(curve[1:])
    assert changes == pytest.approx(quantity * np.diff(closes[1:]), abs=1e-8)


class Saying:
    """Answers the bars by their number."""

    def __init__(self, said: dict[int, list[Signal]]) -> None:
        self.said = said
        self.bar = -1

    def __call__(self, _strategy: Scripted, _bar: Bar) -> list[Signal] | None:
        self.bar += 1
        return self.said.get(self.bar)


def test_two_legs_of_one_symbol_are_marked_together(lab: Lab) -> None:
    said = {
        3: [Signal("S", quantity=10, leg="LONG"), Signal("S", "SELL", quantity=7, leg="SHORT")],
        30: [Signal("S", "SELL", leg="LONG")],
    }
    bars = minutes(np.random.default_rng(1).normal(0.0, 0.2, 60).tolist())
    curves = []
    for feed in feeds(lab, bars):
        _, summary = lab.run(Saying(said), feed, progress_every=16)
        curves.append(summary.equity.tolist())
    assert curves[0] == curves[1]
    both, one = np.array(curves[1][4:31]), np.array(curves[1][31:])
    closes = np.array([bar.close for bar in bars])
    assert np.diff(both) == pytest.approx(3.0 * np.diff(closes[4:31]), abs=1e-8)
    assert np.diff(one) == pytest.approx(-7.0 * np.diff(closes[31:]), abs=1e-8)


def test_a_backtests_recorder_keeps_the_result_alone_and_the_strategy_still_hears_of_its_orders(lab: Lab) -> None:
    recorder = FillRecorder()
    strategy, _ = lab.run(
        lambda _strategy, bar: [Signal("S", quantity=1), Signal("X")], lab.slices(100, 101, 102), recorder=recorder
    )  # fmt: skip
    assert len(recorder.fills) == 2
    assert [word for word in strategy.heard if word.startswith("order")] == [
        "order SUBMITTED", "order FILLED", "order SUBMITTED", "order FILLED", "order SUBMITTED",
    ]  # fmt: skip
    assert [one.rule for one in recorder.rejections] == ["validity"] * 3
    assert recorder.open_orders() == ()


def test_a_curve_of_several_pieces_is_drawn_to_the_same_bits(lab: Lab) -> None:
    draw = np.random.default_rng(7)
    plan = {
        int(at): [("BUY" if number % 2 else "SELL", 60)]
        for number, at in enumerate(np.sort(draw.choice(17_000, size=90, replace=False)))
    }
    streamed, known = feeds(lab, minutes(draw.normal(0.0, 0.01, 17_000).tolist(), per_day=400))
    assert result(lab, known, plan, OFF, 4096)[5:8] == result(lab, streamed, plan, OFF, 4096)[5:8]
