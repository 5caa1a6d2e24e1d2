"""Indicator lines in a run: they end with the bar at hand, whenever they were taken and however the bars come."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.model import Bar
from tests.unit.engine.conftest import Lab, Scripted
from tests.unit.engine.test_marks import feeds, minutes


@pytest.mark.parametrize("known", [False, True])
@given(
    moves=st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=60),
    late=st.integers(0, 40),
    every=st.sampled_from([1, 7, 4096]),
    window=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_a_line_is_the_array_at_every_bar(known: bool, moves: list[float], late: int, every: int, window: bool) -> None:
    lab, bars = Lab(), minutes(moves)
    seen: list[tuple[float, float, float]] = []

    def say(strategy: Scripted, bar: Bar) -> None:
        found = strategy.indicators_for("S")
        if window:
            assert strategy._bars["S"][-1] is bar or strategy._bars["S"][-1] == bar
        if len(seen) == late:
            strategy.taken = found.line("sma", 1)  # type: ignore[attr-defined]
        second = getattr(strategy, "taken", None)
        seen.append((bar.close, strategy.early[-1], bar.close if second is None else second[-1]))  # type: ignore[attr-defined]

    class Reading(Scripted):
        def on_init(self) -> None:
            self.early = self.indicators_for("S").line("sma", 1)

    lab.engine(Reading(say), feeds(lab, bars)[known], progress_every=every).run()
    assert seen == [(bar.close, bar.close, bar.close) for bar in bars]
