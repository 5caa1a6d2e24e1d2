"""The loop: what happens in which order, what is recorded, what a strategy's mistake looks like."""

import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY, MINUTE, ManualClock, Micros, to_datetime
from quantstrip.engine import MemoryRecorder, RunSummary
from quantstrip.errors import DataError, OrderRefused, StrategyFault
from quantstrip.model import Bar, Order, OrderSide, OrderState, Signal, Tick
from quantstrip.ports import BrokerEvent, Columns
from quantstrip.risk import NATIVE, RiskProfile
from tests.unit.engine.conftest import Lab, ListFeed, Say, Scripted, Slices


def once(*signals: Signal) -> Say:
    """Say ``signals`` at the first bar, nothing later."""
    waiting = list(signals)

    def say(_strategy: Scripted, _bar: Bar) -> list[Signal]:
        said, waiting[:] = list(waiting), []
        return said

    return say


def on(days: dict[int, Signal]) -> Say:
    """Say the signals of a day at its first bar."""
    return lambda strategy, bar: days.pop(len(strategy._bars[bar.symbol]) - 1, None)


def test_a_signal_of_one_bar_fills_at_the_open_of_the_next(lab: Lab) -> None:
    strategy, summary = lab.run(once(Signal("S", quantity=10)), lab.slices(100, 105, 110))
    assert strategy.heard == [
        "init", "start", "bar S 100", "order SUBMITTED",
        "trade S BUY 10 @ 100", "order FILLED", "bar S 105", "bar S 110", "stop",
    ]  # fmt: skip
    assert (summary.slices, summary.bars, summary.orders, summary.fills, summary.rejections) == (3, 3, 1, 1, 0)
    assert summary.equity.tolist() == [100_000.0, 100_050.0, 100_100.0]
    assert summary.ts.tolist() == [DAY, 2 * DAY, 3 * DAY]
    assert summary.last_ts == 3 * DAY


def test_on_trade_sees_the_history_before_the_fill_bar(lab: Lab) -> None:
    seen = []

    class Looker(Scripted):
        def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:
            seen.append(self._bars[symbol][-1].close)

    lab.engine(Looker(once(Signal("S", quantity=1))), lab.slices(100, 105)).run()
    assert seen == [100.0]


def test_all_fills_come_before_any_bar_sells_first_then_bars_by_symbol(lab: Lab) -> None:
    def say(strategy: Scripted, bar: Bar) -> list[Signal] | None:
        day = len(strategy._bars[bar.symbol])
        if bar.symbol == "S" and day == 1:
            return [Signal("T", quantity=1)]
        if bar.symbol == "S" and day == 2:
            return [Signal("S", quantity=1), Signal("U", quantity=1), Signal("T", "SELL")]
        return None

    strategy, _ = lab.run(say, lab.slices(100, 100, 100, symbols=("S", "T", "U")), ("S", "T", "U"))
    assert strategy.heard[strategy.heard.index("trade T SELL 1 @ 100") :] == [
        "trade T SELL 1 @ 100", "order FILLED", "trade S BUY 1 @ 100", "order FILLED", "trade U BUY 1 @ 100",
        "order FILLED", "bar S 100", "bar T 100", "bar U 100", "stop",
    ]  # fmt: skip


def test_a_flip_is_one_fill_and_one_call(lab: Lab) -> None:
    strategy, _ = lab.run(
        on({0: Signal("S", quantity=10), 1: Signal("S", "SELL", quantity=25)}), lab.slices(100, 100, 100)
    )
    assert [word for word in strategy.heard if word.startswith("trade")] == [
        "trade S BUY 10 @ 100", "trade S SELL 25 @ 100",
    ]  # fmt: skip


def test_an_order_is_recorded_before_it_is_sent(lab: Lab) -> None:
    class Watching(SimulatedBroker):
        def submit(self, order: Order) -> None:
            known.append(order.reference in lab.recorder.orders)
            super().submit(order)

    known: list[bool] = []
    lab.run(
        once(Signal("S", quantity=1, stop_loss_pct=0.1)), lab.slices(100, 100), broker=Watching(lab.instruments, FREE)
    )
    assert known == [True, True]


def test_a_single_signal_need_not_be_a_list(lab: Lab) -> None:
    _, summary = lab.run(lambda strategy, _bar: Signal("S", quantity=1), lab.slices(100, 100))
    assert summary.orders == 2


def test_every_refusal_is_recorded_with_its_rule(lab: Lab) -> None:
    _, summary = lab.run(
        once(Signal("S", quantity=float("nan")), Signal("S", "SELL"), Signal("X"), Signal("S", cancel="T")),
        lab.slices(100, 100),
        risk=NATIVE,
    )
    assert [(one.rule, one.ts) for one in lab.recorder.rejections] == [
        ("validity", DAY), ("allow_short", DAY), ("validity", DAY), ("cancel", DAY),
    ]  # fmt: skip
    assert summary.rejections == 4
    assert all(one.reason for one in lab.recorder.rejections)


def test_a_brokers_refusal_is_recorded_and_ends_the_order(lab: Lab) -> None:
    class Stubborn(SimulatedBroker):
        def submit(self, order: Order) -> None:
            raise OrderRefused("not today")

    strategy, _ = lab.run(
        once(Signal("S", quantity=1, stop_loss_pct=0.1)), lab.slices(100, 100), broker=Stubborn(lab.instruments)
    )
    assert strategy.heard[3:5] == ["order REJECTED", "order CANCELLED"]
    assert [(one.rule, one.reason) for one in lab.recorder.rejections] == [("broker", "not today")]
    assert lab.recorder.open_orders() == []


def test_waiting_orders_are_cancelled_by_symbol_or_reference(lab: Lab) -> None:
    limit: dict[str, Any] = {"order_type": "LIMIT", "limit_price": 50.0, "quantity": 1}

    def say(strategy: Scripted, bar: Bar) -> list[Signal] | None:
        day = len(strategy._bars["S"])
        if day == 1 and bar.symbol == "S":
            return [Signal("S", **limit), Signal("T", **limit)]
        if day == 2 and bar.symbol == "S":
            return [Signal("S", cancel="S")]
        if day == 3 and bar.symbol == "S":
            return [Signal("T", cancel=next(iter(strategy.engine.orders)).order.reference)]
        return None

    strategy = Scripted(say, ("S", "T"))
    strategy.engine = lab.engine(strategy, lab.slices(100, 100, 100, 100, symbols=("S", "T")))
    strategy.engine.run()
    states = {
        order.symbol: lab.recorder.updates(reference)[-1] for reference, order in lab.recorder.orders.items()
    }  # fmt: skip
    assert {symbol: (update.state, update.ts) for symbol, update in states.items()} == {
        "S": (OrderState.CANCELLED, 2 * DAY),
        "T": (OrderState.CANCELLED, 3 * DAY),
    }


def test_halts_count_at_the_close_that_breaks_the_limit(lab: Lab) -> None:
    """Bought for the whole account, the close of 80 is a drawdown: an entry decided on that close is refused."""
    profile = RiskProfile("DD", None, None, None, None, True, True, None, 0.08, None, None, False)
    _, summary = lab.run(
        on({0: Signal("S", quantity=1000), 2: Signal("T", quantity=1), 3: Signal("S", "SELL")}),
        lab.slices(100, 100, 80, 120, 120, symbols=("S", "T")),
        ("S", "T"),
        risk=profile,
    )
    assert [(one.rule, one.ts) for one in lab.recorder.rejections] == [("max_drawdown", 3 * DAY)]
    assert [halt.rule for halt in summary.halts] == ["max_drawdown"]
    assert [str(fill.side) for fill in lab.recorder.fills] == ["BUY", "SELL"]


def test_sizing_uses_the_equity_and_the_close_of_the_deciding_bar(lab: Lab) -> None:
    lab.run(on({0: Signal("S"), 1: Signal("T")}), lab.slices(100, 200, 200, symbols=("S", "T")), ("S", "T"))
    quantities = {order.symbol: order.quantity for order in lab.recorder.orders.values()}
    assert quantities == {"S": 20.0, "T": float(int(0.02 * (100_000 + 20 * 100) / 200))}


def test_an_open_position_at_the_end_is_marked_and_waiting_orders_never_fill(lab: Lab) -> None:
    _, summary = lab.run(
        on({0: Signal("S", quantity=10), 2: Signal("S", "SELL")}), lab.slices(100, 100, 150)
    )  # fmt: skip
    assert summary.account.position("S").quantity == 10.0
    assert summary.equity[-1] == 100_500.0
    assert len(lab.recorder.open_orders()) == 1


def test_a_manual_clock_follows_the_feed(lab: Lab) -> None:
    clock, seen = ManualClock(), []
    lab.run(lambda _strategy, _bar: seen.append(clock.now()), lab.slices(1, 2, 3), clock=clock)
    assert clock.now() == 3 * DAY
    assert seen == [DAY, 2 * DAY, 3 * DAY]


def test_a_held_back_signal_is_checked_against_the_price_it_was_decided_on(lab: Lab) -> None:
    def say(strategy: Scripted, bar: Bar) -> list[Signal] | None:
        if len(strategy._bars["S"]) == 3:
            return [Signal("S", quantity=1, timestamp=to_datetime(DAY))]
        return None

    lab.run(say, lab.slices(100, 100, 102), risk=NATIVE)
    (refusal,) = lab.recorder.rejections
    assert refusal.rule == "max_price_deviation"
    assert "from 100 to 102" in refusal.reason


def test_a_signal_older_than_the_bars_that_are_kept_is_refused_with_a_reason(lab: Lab) -> None:
    def say(strategy: Scripted, bar: Bar) -> list[Signal] | None:
        if bar.close == 101:
            return [Signal("S", quantity=1, timestamp=to_datetime(DAY))]
        return None

    lab.run(say, lab.slices(*[100.0] * 501, 101.0), risk=NATIVE)
    (refusal,) = lab.recorder.rejections
    assert refusal.rule == "max_price_deviation"
    assert "lies before the bars that are kept" in refusal.reason
    assert not lab.recorder.orders


class TestIdentity:
    def test_references_repeat_from_run_to_run_and_differ_within_one(self, lab: Lab) -> None:
        keys = []
        for _ in range(2):
            lab.run(lambda _strategy, bar: [Signal("S", quantity=1), Signal("S", quantity=2)], lab.slices(1, 2, 3))
            keys.append(list(lab.recorder.orders))
        assert keys[0] == keys[1]
        assert len(set(keys[0])) == 6

    def test_a_refused_signal_keeps_its_place_in_the_sequence(self, lab: Lab) -> None:
        lab.run(once(Signal("X"), Signal("S", quantity=1)), lab.slices(100, 100))
        after_refusal = list(lab.recorder.orders)
        lab.run(once(Signal("S", quantity=1), Signal("S", quantity=1)), lab.slices(100, 100))
        assert after_refusal == list(lab.recorder.orders)[1:]


class TestFaults:
    def test_an_exception_names_hook_symbol_and_bar(self, lab: Lab) -> None:
        def say(strategy: Scripted, bar: Bar) -> None:
            if bar.close == 101:
                raise KeyError("missing")

        strategy = Scripted(say)
        with pytest.raises(StrategyFault) as caught:
            lab.engine(strategy, lab.slices(100, 101, 102)).run()
        assert "scripted.on_bar for S at 1970-01-03 00:00:00.000000 UTC raised KeyError: 'missing'" in str(caught.value)
        assert "line" in caught.value.hint
        assert strategy.heard[-1] == "stop"

    @pytest.mark.parametrize("hook", ["on_init", "on_start", "on_trade", "on_order", "on_stop"])
    def test_in_any_hook(self, lab: Lab, hook: str) -> None:
        class Broken(Scripted):
            pass

        setattr(Broken, hook, lambda *_arguments: 1 / 0)
        with pytest.raises(StrategyFault, match=rf"scripted\.{hook}.*raised ZeroDivisionError"):
            lab.engine(Broken(once(Signal("S", quantity=1))), lab.slices(100, 100)).run()

    @pytest.mark.parametrize("hook", ["on_init", "on_start", "on_bar", "on_trade", "on_order", "on_stop"])
    def test_a_strategy_that_ends_the_program_is_one_that_failed(self, lab: Lab, hook: str) -> None:
        class Leaving(Scripted):
            pass

        setattr(Leaving, hook, lambda *_arguments: sys.exit(0))
        with pytest.raises(StrategyFault, match=rf"scripted\.{hook}.*raised SystemExit: 0"):
            lab.engine(Leaving(once(Signal("S", quantity=1))), lab.slices(100, 100)).run()

    @pytest.mark.parametrize("answer", ["BUY", ["BUY"], 5, [None]])
    def test_an_answer_that_is_no_signal(self, lab: Lab, answer: Any) -> None:
        with pytest.raises(StrategyFault, match="expected a list of Signal") as refused:
            lab.run(lambda _strategy, _bar: answer, lab.slices(100, 100))
        assert "on_bar begins at" in str(refused.value.hint)

    def test_a_brokers_failure_is_not_blamed_on_the_strategy(self, lab: Lab) -> None:
        class Failing(SimulatedBroker):
            def advance(self, now: Micros, bars: Sequence[Bar]) -> Sequence[BrokerEvent]:
                raise RuntimeError("wire cut")

        with pytest.raises(RuntimeError, match="wire cut"):
            lab.run(None, lab.slices(1, 2), broker=Failing(lab.instruments))


class TestFeeds:
    def columns(self, feed: Slices, symbol: str) -> Columns:
        bars = [bar for _, bars in feed for bar in bars if bar.symbol == symbol]
        ts_open, ts, *prices = (np.array(column) for column in list(zip(*bars, strict=True))[2:9])
        open_, high, low, close, volume = prices
        return Columns(ts_open.astype(np.int64), ts.astype(np.int64), open_, high, low, close, volume, "1d", "")

    def crossing(self, strategy: Scripted, bar: Bar) -> list[Signal]:
        indicators = strategy.indicators_for(bar.symbol)
        above = indicators.ema(3)[-1] > indicators.sma(8)[-1]
        return [Signal(bar.symbol, "BUY" if above else "SELL", quantity=1)]

    def test_columns_change_nothing_but_speed(self, lab: Lab) -> None:
        closes = [round(100 + 10 * np.sin(day / 3) + day % 7, 2) for day in range(120)]
        made = lab.slices(*closes, symbols=("S", "T"))

        class ColumnFeed(ListFeed):
            def columns(inner) -> dict[str, Columns]:  # noqa: N805
                return {symbol: self.columns(made, symbol) for symbol in ("S", "T")}

        results = []
        for feed in (ListFeed(made), ColumnFeed(made)):
            strategy, summary = lab.run(self.crossing, feed, ("S", "T"), progress_every=16)
            results.append((lab.recorder.fills, strategy._bars["S"], summary.equity.tolist()))
        assert results[0] == results[1]
        assert len(results[0][0]) > 100

    def test_columns_of_other_bars_are_refused(self, lab: Lab) -> None:
        made = lab.slices(1, 2, 3)

        class Lying(ListFeed):
            def columns(inner) -> dict[str, Columns]:  # noqa: N805
                return {"S": self.columns(lab.slices(1, 2, 4), "S")}

        with pytest.raises(DataError, match="is not row 2 of the columns"):
            lab.run(None, Lying(made))

    def test_bars_of_an_unknown_symbol_are_refused(self, lab: Lab) -> None:
        with pytest.raises(DataError, match="bars of X, which is no instrument of this run"):
            lab.run(None, lab.slices(1, 2, symbols=("X",)))

    def test_progress_is_reported_as_often_as_asked(self, lab: Lab) -> None:
        class Noting(MemoryRecorder):
            def progress(self, ts: Micros, equity: float) -> None:
                noted.append((ts // DAY, equity))

        for every, expected in ((1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (100, [5])):
            noted: list[tuple[int, float]] = []
            lab.run(None, lab.slices(1, 2, 3, 4, 5), recorder=Noting(), progress_every=every)
            assert [day for day, _ in noted] == expected

    def test_stop_ends_a_feed_that_blocks(self, lab: Lab) -> None:
        class Endless(ListFeed):
            def slices(self) -> Iterator[tuple[Micros, Sequence[Bar]]]:
                yield from lab.slices(1, 2)
                waiting.set()
                assert self._stop.wait(30)

        waiting, stop = threading.Event(), threading.Event()
        results: list[RunSummary] = []
        strategy = Scripted()
        engine = lab.engine(strategy, Endless([]))
        thread = threading.Thread(target=lambda: results.append(engine.run(stop)))
        thread.start()
        assert waiting.wait(30)
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
        assert results[0].stopped
        assert strategy.heard[-1] == "stop"

    def test_a_tick_can_be_traded_on(self, lab: Lab) -> None:
        class Ticker(Scripted):
            def on_tick(self, tick: Tick) -> list[Signal] | None:
                if tick.price < 0:
                    raise ValueError("a price below zero")
                return [Signal(tick.symbol, quantity=1)] if tick.price > 100 else None

        engine = lab.engine(Ticker(), [])
        engine.tick(Tick("S", DAY, 100.0))
        engine.tick(Tick("S", DAY + MINUTE, 100.5))
        (order,) = lab.recorder.orders.values()
        assert (order.decision_price, order.ts) == (100.5, DAY + MINUTE)
        with pytest.raises(StrategyFault, match="on_tick for S"):
            engine.tick(Tick("S", DAY, -1.0))


def test_a_daily_order_decided_inside_another_markets_bar_waits_for_its_own_next_bar(lab: Lab) -> None:
    """S closes at noon, T at midnight: a T order decided at noon cannot have T's open of that morning."""
    noon = DAY // 2
    made = [
        (DAY, [Bar("T", "1d", 0, DAY, 10.0, 11.0, 9.0, 10.0, 1.0)]),
        (DAY + noon, [Bar("S", "1d", noon, DAY + noon, 100.0, 101.0, 99.0, 100.0, 1.0)]),
        (2 * DAY, [Bar("T", "1d", DAY, 2 * DAY, 10.0, 11.0, 9.0, 10.0, 1.0)]),
        (3 * DAY, [Bar("T", "1d", 2 * DAY, 3 * DAY, 12.0, 13.0, 9.0, 10.0, 1.0)]),
    ]
    lab.run(lambda _strategy, bar: Signal("T", quantity=1) if bar.symbol == "S" else None, made, ("S", "T"))
    assert [(fill.ts, fill.price) for fill in lab.recorder.fills] == [(3 * DAY, 12.0)]
