"""Runs that look at one direction alone: the other one's entries are refused and recorded, exits never."""

from dataclasses import replace

import pytest

from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.matching import FREE
from quantstrip.risk import OFF, RiskProfile

from .test_run import Scripted, days

SCRIPT: dict[int, tuple[str, float | None]] = {0: ("BUY", 10.0), 1: ("SELL", 25.0), 2: ("BUY", 40.0), 3: ("SELL", None)}


def _run(profile: RiskProfile, script: dict[int, tuple[str, float | None]] | None = None) -> BacktestResult:
    return run_backtest(
        Scripted(script=script or SCRIPT), days("ABC", [100, 101, 102, 103, 104, 105]), costs=FREE, risk=profile
    )


def _fills(result: BacktestResult) -> list[tuple[str, float]]:
    return [(str(fill.side), fill.quantity) for fill in result.fills]


def test_both_directions_flip() -> None:
    assert _fills(_run(OFF)) == [("BUY", 10.0), ("SELL", 25.0), ("BUY", 40.0), ("SELL", 25.0)]


def test_long_only_clips_a_sell_to_the_position_and_refuses_one_from_flat() -> None:
    profile = replace(OFF, allow_short=False)
    assert _fills(_run(profile)) == [("BUY", 10.0), ("SELL", 10.0), ("BUY", 40.0), ("SELL", 40.0)]
    refused = _run(profile, {0: ("SELL", 5.0)})
    assert (_fills(refused), [one.rule for one in refused.rejected]) == ([], ["allow_short"])


def test_short_only_refuses_a_buy_from_flat_and_clips_one_to_the_position() -> None:
    profile = replace(OFF, allow_long=False)
    result = _run(profile)
    assert _fills(result)[:2] == [("SELL", 25.0), ("BUY", 25.0)]
    assert [one.rule for one in result.rejected] == ["allow_long"]
    assert all(trade.side == "SHORT" for trade in result.trades)


@pytest.mark.parametrize("equity", [1.0, 100_000.0])
def test_a_buy_that_may_open_nothing_never_passes_by_the_short_cut(equity: float) -> None:
    result = run_backtest(
        Scripted(script={0: ("BUY", 10.0)}), days("ABC", [100, 101, 102]), cash=equity, costs=FREE,
        risk=replace(OFF, allow_long=False),
    )  # fmt: skip
    assert (len(result.fills), [one.rule for one in result.rejected]) == (0, ["allow_long"])
