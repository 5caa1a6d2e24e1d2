"""Event scripts as bots: shown pseudo ticks instead of closed bars, in a test as on a replay."""

from pathlib import Path
from typing import Any

import pytest

from quantstrip import dialects
from quantstrip.backtest import BacktestResult, run_backtest
from quantstrip.bars import BarTable
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import DAY, ManualClock
from quantstrip.dialects.event import EventStrategy
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.errors import StrategyLoadError
from quantstrip.matching import FREE
from quantstrip.model import Fill, Instrument
from tests.replays import EndingReplay
from tests.unit.backtest.walks import walk
from tests.unit.dialects.scripts import bars, written

# One bar a day: 100 -> 104 -> 92 -> 96, in moves of two steps.
WAVES = bars([96.0] * 6, opens=[100.0] * 6, highs=dict.fromkeys(range(6), 104.0), lows=dict.fromkeys(range(6), 92.0))

GRID = """
# @param step float 0.01 Distance of the levels
# @strategy stopLossPct 0.2
def on_init(ctx):
    ctx.anchor = None

def on_bar(ctx, bar):
    if ctx.anchor is None:
        ctx.anchor = ctx.bars(5)[0].close
    level = round((bar.close / ctx.anchor - 1) / ctx.param("step"))
    if level < 0 and not ctx.position.has_long():
        ctx.open_long(amount=1000, reason="down")
    if level > 0 and ctx.position.has_long():
        ctx.close_position()
    if level > 1 and not ctx.position.has_short():
        ctx.open_short(amount=500, reason="up")
    if level < -1 and ctx.position.has_short():
        ctx.close_short()
"""


def bot(folder: Path, text: str, table: BarTable = WAVES, warmup: int = 0, **parameters: Any) -> BacktestResult:
    """A backtest of a script as a bot, without costs."""
    strategy, form = dialects.load(
        written(folder, text), symbols=["S"], parameters={"runtime": "bot", "tick_steps": 2, **parameters}
    )
    return run_backtest(
        strategy, table, instruments={"S": Instrument("S", lot_size=0.0)}, form=form, cash=10_000.0, risk=form.risk,
        costs=FREE, warmup=warmup,
    )  # fmt: skip


def prices(result: BacktestResult) -> list[tuple[int, str, float]]:
    """Day, side and price of each fill."""
    return [((fill.ts - 1) // DAY, str(fill.side), fill.price) for fill in result.fills]


def test_a_bot_is_shown_each_pseudo_tick_and_fills_at_the_next(tmp_path: Path) -> None:
    text = """
    def on_bar(ctx, bar):
        assert bar.open == bar.high == bar.low == bar.close
        if bar.close == 92.0 and ctx.position.is_flat():
            ctx.open_long(amount=920, price=bar.close)
        elif bar.close >= 104.0:
            ctx.close_long()
    """
    assert prices(bot(tmp_path, text)) == [
        (0, "BUY", 94.0), (1, "SELL", 98.0), (1, "BUY", 94.0), (2, "SELL", 98.0), (2, "BUY", 94.0), (3, "SELL", 98.0),
        (3, "BUY", 94.0), (4, "SELL", 98.0), (4, "BUY", 94.0), (5, "SELL", 98.0), (5, "BUY", 94.0),
    ]  # fmt: skip


def test_what_is_decided_at_the_close_fills_at_the_next_open_as_without_ticks(tmp_path: Path) -> None:
    text = (
        "def on_bar(ctx, bar):\n    if bar.timestamp.hour == 0 and ctx.position.is_flat():\n        ctx.open_long()\n"
    )
    assert prices(bot(tmp_path, text))[0] == (1, "BUY", 100.0)
    assert prices(bot(tmp_path, text, runtime="bar"))[0] == (1, "BUY", 100.0)


def test_its_bars_are_the_closed_ones_and_the_tick_at_hand(tmp_path: Path) -> None:
    text = """
    days = []

    def on_bar(ctx, bar):
        seen = ctx.bars(3)
        assert seen[-1] is bar and len(ctx.bars(1)) == 1
        days.append(bar)
        closed = (len(days) - 1) // 7
        assert len(seen) == min(3, closed + 1), (len(days), seen)
        for whole in seen[:-1]:
            assert (whole.open, whole.high, whole.low, whole.close, whole.volume) == (100.0, 104.0, 92.0, 96.0, 1.0)
            assert (whole.ts - whole.ts_open) == 86_400_000_000
        if len(days) == 42:
            ctx.open_long(amount=1)
            ctx.log("all seen")
    """
    assert bot(tmp_path, text).run["bars"] == 6
    strategy = dialects.load(tmp_path / "script.py", symbols=["S"], parameters={"runtime": "bot", "tick_steps": 2})[0]
    assert isinstance(strategy, EventStrategy)
    run_backtest(strategy, WAVES)
    assert [text for _, _, text in strategy.lines] == ["all seen"]


def test_bars_that_warm_up_are_among_its_closed_ones(tmp_path: Path) -> None:
    text = "def on_bar(ctx, bar):\n    if len(ctx.bars(9)) == 4:\n        ctx.open_long(amount=100)\n"
    result = bot(tmp_path, text, warmup=2)
    assert prices(result)[:2] == [(3, "BUY", 102.0), (3, "BUY", 104.0)]  # three closed bars, then its first tick


def test_stops_and_targets_are_looked_at_between_its_ticks(tmp_path: Path) -> None:
    text = """
    # @strategy stopLossPct 0.05
    def on_bar(ctx, bar):
        if bar.close == 104.0:
            ctx.open_long(amount=98)
    """
    assert prices(bot(tmp_path, text))[:2] == [(0, "BUY", 98.0), (0, "SELL", 92.0)]  # 93.1 lay between two ticks


def test_fills_bear_the_label_of_their_bar_and_sessions_stay_days(tmp_path: Path) -> None:
    result = bot(tmp_path, GRID, walk(30, 4))
    found = result.to_dict()
    labels = {each["time"] for each in found["fills"]}
    assert labels <= {walk(30, 4).label_text(row) for row in range(30)}
    assert found["run"]["timeframe"] == "1d"
    assert len(result.fills) > 10


@pytest.mark.parametrize("steps", [1, 4])
def test_a_replay_fills_what_the_backtest_fills(tmp_path: Path, steps: int) -> None:
    table = walk(40, 4)
    tested = bot(tmp_path, GRID, table, tick_steps=steps)
    assert len(tested.fills) > 10
    assert facts(played(tmp_path / "script.py", table, steps)) == facts(list(tested.fills))


def test_a_bot_may_tell_its_signals_alone(tmp_path: Path) -> None:
    result = bot(tmp_path, GRID, walk(30, 4), execution="signal")
    assert result.fills == []
    assert {each.rule for each in result.rejected} == {"signal_only"}


def test_the_runtime_is_chosen_with_the_run_and_belongs_to_its_identity(tmp_path: Path) -> None:
    one, other = bot(tmp_path, GRID), bot(tmp_path, GRID, runtime="bar")
    assert (one.run["parameters"]["runtime"], other.run["parameters"]["runtime"]) == ("bot", "bar")
    assert one.run["key"] != other.run["key"]
    assert one.run["data_hash"] == other.run["data_hash"]
    declared = {each.name: each for each in dialects.declared(tmp_path / "script.py")}
    assert (declared["runtime"].default, declared["runtime"].allowed.choices) == ("bar", ("bar", "bot"))
    assert (declared["tick_steps"].kind, declared["tick_steps"].default) == ("whole", 4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"runtime": "tick"}, "runtime is one of 'bar', 'bot'"),
        ({"tick_steps": 0}, "tick_steps is at least 1 and at most 100, got 0"),
        ({"tick_steps": 2.5}, "tick_steps is 2.5"),
    ],
)
def test_what_is_no_runtime_is_refused(tmp_path: Path, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(StrategyLoadError, match=message):
        bot(tmp_path, GRID, **parameters)


def test_in_the_script_it_is_refused_with_its_line_and_dataframes_have_none(tmp_path: Path) -> None:
    with pytest.raises(StrategyLoadError, match="line 1: runtime is given with the run, not in the script"):
        bot(tmp_path, "# @strategy runtime bot\n" + GRID)
    frame = written(tmp_path, "df = df.copy()\ndf['open_long'] = df.index == 2\n", "frame.py")
    assert "runtime" not in {each.name for each in dialects.declared(frame)}
    with pytest.raises(StrategyLoadError, match="takes no runtime"):
        dialects.load(frame, symbols=["S"], parameters={"runtime": "bot"})


def played(file: Path, table: BarTable, steps: int) -> list[Fill]:
    """The fills of a replay."""
    strategy, form = dialects.load(file, symbols=["S"], parameters={"runtime": "bot", "tick_steps": steps})
    instruments = {"S": Instrument("S", lot_size=0.0)}
    recorder = MemoryRecorder()
    Engine(
        strategy, feed=EndingReplay(table, strategy.tick_steps),
        broker=SimulatedBroker(instruments, FREE, netting=False), recorder=recorder, instruments=instruments,
        cash=10_000.0, risk=form.risk, clock=ManualClock(), run_key="replay",
    ).run()  # fmt: skip
    return recorder.fills


def facts(fills: list[Fill]) -> list[tuple[Any, ...]]:
    """What a fill is, without the names that carry the run's identity."""
    return [(fill.ts, fill.side, fill.leg, fill.quantity, fill.price) for fill in fills]
