"""Halts and what a person decides: kept, obeyed before the next bar, and repeated at the same bar after a restart."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY, ManualClock, Micros, from_text
from quantstrip.engine import Engine, RunSummary
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Bar, Instrument, Signal
from quantstrip.risk import OFF, RiskProfile
from quantstrip.strategy import StrategyBase

S = {"S": Instrument("S", calendar="24/7")}
DRAWDOWN = RiskProfile(
    "D", None, None, None, None, allow_margin=True, allow_short=True, max_daily_loss=None, max_drawdown=0.08,
    max_price_deviation=None, duplicate_seconds=None, trading_hours=False,
)  # fmt: skip
DAILY = RiskProfile(
    "L", None, None, None, None, allow_margin=True, allow_short=True, max_daily_loss=0.05, max_drawdown=None,
    max_price_deviation=None, duplicate_seconds=None, trading_hours=False,
)  # fmt: skip
NOON = from_text("2024-03-06 12:00:00")
Slices = list[tuple[Micros, list[Bar]]]
Between = dict[int, Callable[[Ledger], object]]
"""What a person does just before the bar of a day, once."""
Rows = Callable[..., list[dict[str, Any]]]


def market(*closes: float) -> Slices:
    """A bar a day, which opens and stays at its close."""
    return [
        ((n + 1) * DAY, [Bar("S", "1d", n * DAY, (n + 1) * DAY, close, close, close, close, 1.0)])
        for n, close in enumerate(closes)
    ]


class Feed:
    """Given bars; between two of them a person acts, and a second goes by on the wall clock."""

    name = "made"

    def __init__(self, slices: Slices, ledger: Ledger, clock: ManualClock, between: Between) -> None:
        self._slices, self._ledger, self._clock, self._between = slices, ledger, clock, between

    def slices(self) -> Iterator[tuple[Micros, Sequence[Bar]]]:
        for ts, bars in self._slices:
            self._clock.advance(1.0)
            act = self._between.pop(ts // DAY - 1, None)
            if act is not None:
                act(self._ledger)
            yield ts, bars

    def stop(self) -> None:
        """Nothing waits."""


class Scripted(StrategyBase):
    """Says what is written for a day."""

    def __init__(self, say: dict[int, Signal]) -> None:
        super().__init__("scripted", ["S"])
        self.say = say

    def on_bar(self, bar: Bar) -> list[Signal]:
        signal = self.say.get(bar.ts_open // DAY)
        return [] if signal is None else [signal]


def buy(quantity: float = 100.0, **more: Any) -> Signal:
    return Signal("S", "BUY", quantity=quantity, **more)


def sell(quantity: float = 100.0, **more: Any) -> Signal:
    return Signal("S", "SELL", quantity=quantity, **more)


def run(
    ledger: Ledger,
    clock: ManualClock,
    slices: Slices,
    say: dict[int, Signal],
    *,
    between: Between | None = None,
    risk: RiskProfile = OFF,
    key: str = "key",
) -> RunSummary:
    row = ledger.open_strategy_run(key, "client", "scripted", "replay", "", "code", {}, "made", 100_000.0)
    recorder = LedgerRecorder(ledger, row, "simulated", S)
    engine = Engine(
        Scripted(say), feed=Feed(slices, ledger, clock, between or {}), broker=SimulatedBroker(S, FREE),
        recorder=recorder, instruments=S, cash=100_000.0, risk=risk, run_key=key,
    )  # fmt: skip
    try:
        return engine.run()
    finally:
        recorder.close()


def fills(ledger: Ledger) -> list[tuple[Any, ...]]:
    return ledger.query("SELECT side, quantity, price, exec_time FROM execution ORDER BY exec_time, exec_id")[1]


def sides(ledger: Ledger) -> list[str]:
    return [row[0] for row in fills(ledger)]


class TestKillSwitch:
    def test_it_stops_the_next_entry_and_no_exit(self, ledger: Ledger, clock: ManualClock) -> None:
        between: Between = {2: lambda ledger: ledger.kill_entries("client", "the news")}
        run(ledger, clock, market(10, 10, 10, 10, 10), {0: buy(), 2: buy(), 3: sell()}, between=between)
        assert sides(ledger) == ["BUY", "SELL"]
        (refused,) = ledger.query("SELECT rule, reason FROM rejected_signal")[1]
        assert refused == ("kill_switch", "entries are switched off: the news")

    def test_a_flip_still_closes_the_position(self, ledger: Ledger, clock: ManualClock) -> None:
        between: Between = {2: lambda ledger: ledger.kill_entries("client")}
        run(ledger, clock, market(10, 10, 10, 10, 10), {0: buy(), 2: sell(150)}, between=between)
        assert [(row[0], row[1]) for row in fills(ledger)] == [("BUY", 100.0), ("SELL", 100.0)]

    def test_revived_entries_go_on(self, ledger: Ledger, clock: ManualClock) -> None:
        between: Between = {
            1: lambda ledger: ledger.kill_entries("client"),
            3: lambda ledger: ledger.revive_entries("client"),
        }
        run(ledger, clock, market(10, 10, 10, 10, 10, 10), {1: buy(1), 2: buy(2), 3: buy(3)}, between=between)
        assert [row[1] for row in fills(ledger)] == [3.0]

    def test_it_cancels_what_waits_to_open_and_leaves_exits_flips_and_market_orders(
        self, ledger: Ledger, clock: ManualClock, rows: Rows
    ) -> None:
        say = {
            0: buy(100, stop_loss=1.0),
            1: buy(10, order_type="LIMIT", limit_price=5.0),
            2: sell(130, order_type="LIMIT", limit_price=50.0),
            3: buy(7),
        }
        between: Between = {4: lambda ledger: ledger.kill_entries("client")}
        run(ledger, clock, market(10, 10, 10, 10, 10, 10, 4), say, between=between)
        assert [row[1] for row in fills(ledger)] == [100.0, 7.0]
        cancelled = rows(
            "SELECT o.total_quantity AS quantity FROM order_status s JOIN orders o ON o.order_id = s.order_id"
            " WHERE s.status = 'CANCELLED'"
        )
        assert [row["quantity"] for row in cancelled] == [10.0]

    def test_one_that_is_on_and_off_again_between_two_bars_withdraws_nothing(
        self, ledger: Ledger, clock: ManualClock
    ) -> None:
        def twice(ledger: Ledger) -> None:
            ledger.kill_entries("client")
            ledger.revive_entries("client")

        say = {0: buy(10, order_type="LIMIT", limit_price=5.0)}
        run(ledger, clock, market(10, 10, 10, 4), say, between={2: twice})
        assert sides(ledger) == ["BUY"]

    def test_it_outlives_the_run_until_it_is_revived(self, ledger: Ledger, clock: ManualClock) -> None:
        ledger.kill_entries("client", "holidays")
        run(ledger, clock, market(10, 10, 10), {0: buy()}, key="first")
        run(ledger, clock, market(10, 10, 10), {0: buy()}, key="other code")
        assert fills(ledger) == []
        assert [row["reason"] for row in ledger.kill_switches()] == ["holidays"]
        assert ledger.revive_entries("client")
        run(ledger, clock, market(10, 10, 10), {0: buy()}, key="third")
        assert sides(ledger) == ["BUY"]
        assert ledger.kill_switches() == []

    def test_a_run_that_has_handled_its_bars_does_not_unmake_them(self, ledger: Ledger, clock: ManualClock) -> None:
        bars, say = market(10, 10, 10, 10, 10), {0: buy(1), 3: buy(2)}
        run(ledger, clock, bars[:3], say)
        ledger.kill_entries("client")
        for _ in range(2):
            run(ledger, clock, bars, say)
        assert [row[1] for row in fills(ledger)] == [1.0]

    def test_switching_it_twice_changes_nothing(self, ledger: Ledger) -> None:
        assert ledger.kill_entries("client", "first")
        assert not ledger.kill_entries("client", "second")
        assert [row["reason"] for row in ledger.kill_switches("client")] == ["first"]
        assert ledger.revive_entries("client")
        assert not ledger.revive_entries("client")
        assert [row["action"] for row in ledger.risk_decisions("client")] == ["kill", "revive"]


FALL = market(100, 100, 80, 80, 80, 80, 80)
"""A position of 600 loses 12 % of the equity on the third day."""
SAY = {0: buy(600), 3: sell(600), 4: buy(5), 5: buy(6)}


class TestHalts:
    def test_a_halt_is_kept_with_its_moment_and_is_one_alert(self, ledger: Ledger, clock: ManualClock) -> None:
        for _ in range(2):
            run(ledger, clock, FALL, SAY, risk=DRAWDOWN)
        (halt,) = ledger.halts_in_force()
        assert (halt["client"], halt["rule"], halt["event_time"]) == (
            "client", "max_drawdown", "1970-01-04 00:00:00.000000",
        )  # fmt: skip
        (alert,) = ledger.alerts()
        assert (alert["kind"], alert["client"], alert["occurrences"]) == ("risk_halt", "client", 1)
        assert "quantstrip risk clear client" in alert["body"]

    def test_a_drawdown_lasts_over_restarts_and_exits_pass_it(self, ledger: Ledger, clock: ManualClock) -> None:
        run(ledger, clock, FALL[:4], SAY, risk=DRAWDOWN)
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN)
        assert sides(ledger) == ["BUY", "SELL"]

    def test_a_lifted_halt_lets_entries_pass_from_the_next_bar_on(self, ledger: Ledger, clock: ManualClock) -> None:
        lifted: list[Any] = []
        run(
            ledger, clock, FALL, SAY, risk=DRAWDOWN,
            between={5: lambda ledger: lifted.extend(ledger.clear_halts("client", reason="seen"))},
        )  # fmt: skip
        assert [halt["rule"] for halt in lifted] == ["max_drawdown"]
        assert [row[1] for row in fills(ledger)] == [600.0, 600.0, 6.0]
        assert ledger.halts_in_force() == []
        (taken,) = ledger.risk_decisions("client")
        assert (taken["reason"], taken["event_time"]) == ("seen", "1970-01-07 00:00:00.000000")

    def test_repeated_from_the_first_bar_the_run_is_cleared_at_the_same_bar(
        self, ledger: Ledger, clock: ManualClock, everything: Callable[[], dict[str, list[tuple[Any, ...]]]]
    ) -> None:
        between: Between = {5: lambda ledger: ledger.clear_halts("client")}
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN, between=between)
        before = everything()
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN)
        after = everything()
        changed = {name for name, rows in before.items() if rows != after[name]}
        assert changed <= {"strategy_run", "instrument"}  # when they were last looked at

    def test_losses_count_from_the_equity_at_which_it_was_lifted(self, ledger: Ledger, clock: ManualClock) -> None:
        between: Between = {3: lambda ledger: ledger.clear_halts("client")}
        bars = market(100, 100, 80, 80, 80, 66, 66)
        summary = run(ledger, clock, bars, {0: buy(600)}, risk=DRAWDOWN, between=between)
        assert [halt.ts // DAY for halt in summary.halts] == [6]
        halts = ledger.query("SELECT event_time, ended FROM risk_halt ORDER BY 1")[1]
        assert halts == [
            ("1970-01-04 00:00:00.000000", "1970-01-05 00:00:00.000000"), ("1970-01-07 00:00:00.000000", None),
        ]  # fmt: skip

    def test_a_daily_halt_ends_with_its_session(self, ledger: Ledger, clock: ManualClock) -> None:
        run(ledger, clock, FALL, SAY, risk=DAILY)
        assert ledger.query("SELECT rule, calendar, event_time, ended FROM risk_halt")[1] == [
            ("max_daily_loss", "24/7", "1970-01-04 00:00:00.000000", "1970-01-05 00:00:00.000000")
        ]
        assert ledger.halts_in_force() == []

    def test_lifted_while_the_client_is_stopped_it_is_gone_at_once_and_for_the_run_at_its_next_bar(
        self, ledger: Ledger, clock: ManualClock
    ) -> None:
        run(ledger, clock, FALL[:5], SAY, risk=DRAWDOWN)
        assert len(ledger.clear_halts("client", "max_drawdown")) == 1
        assert ledger.halts_in_force() == []
        assert ledger.clear_halts("client") == []
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN)
        assert [row[1] for row in fills(ledger)] == [600.0, 600.0, 6.0]

    def test_other_rules_halts_stay(self, ledger: Ledger, clock: ManualClock) -> None:
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN)
        assert ledger.clear_halts("client", "max_daily_loss") == []
        assert len(ledger.halts_in_force("client")) == 1

    def test_a_clear_belongs_to_the_run_that_was_halted(self, ledger: Ledger, clock: ManualClock) -> None:
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN)
        ledger.clear_halts("client")
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN, key="other code")
        assert len(ledger.halts_in_force()) == 1

    def test_what_cannot_be_lifted_is_refused(self, ledger: Ledger, clock: ManualClock) -> None:
        with pytest.raises(UnknownRecord, match="has run no strategy"):
            ledger.clear_halts("client")
        run(ledger, clock, FALL, SAY, risk=DRAWDOWN)
        with pytest.raises(InvalidRecord, match="max_daily_loss or max_drawdown"):
            ledger.clear_halts("client", "max_loss")


DAYS = 14
closes = st.lists(st.integers(60, 140), min_size=DAYS, max_size=DAYS)
said = st.dictionaries(
    st.integers(0, DAYS - 2),
    st.builds(
        lambda side, quantity, limit: Signal(
            "S", side, quantity=float(quantity), order_type="LIMIT" if limit else "MARKET", limit_price=limit
        ),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 600),
        st.none() | st.integers(60, 140),
    ),
)
decided = st.dictionaries(st.integers(0, DAYS - 1), st.sampled_from(["kill_entries", "revive_entries", "clear_halts"]))
profiles = st.sampled_from([DRAWDOWN, DAILY])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prices=closes, say=said, acts=decided, killed=st.lists(st.integers(1, DAYS), max_size=3), risk=profiles)
def test_whatever_is_decided_a_run_that_was_killed_comes_to_the_orders_of_one_that_never_was(
    empty_database: Path,
    prices: list[int],
    say: dict[int, Signal],
    acts: dict[int, str],
    killed: list[int],
    risk: RiskProfile,
) -> None:
    def trade(stops: list[int]) -> list[list[tuple[Any, ...]]]:
        clock = ManualClock(NOON)
        between: Between = {day: methodcaller(act, "client") for day, act in acts.items()}
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(Ledger(Path(shutil.copy(empty_database, folder)), clock=clock)) as ledger,
        ):
            for day in [*stops, DAYS]:
                run(ledger, clock, market(*map(float, prices))[:day], say, between=between, risk=risk)
            return [
                ledger.query(sql)[1]
                for sql in (
                    "SELECT client_reference, side, total_quantity FROM orders ORDER BY 1",
                    "SELECT exec_id, quantity, price, exec_time FROM execution ORDER BY 1",
                    "SELECT event_time, sequence, rule, reason FROM rejected_signal ORDER BY 1, 2",
                    "SELECT rule, calendar, event_time, ended, reason FROM risk_halt ORDER BY 3, 1",
                    "SELECT action, event_time FROM risk_control JOIN risk_control_taken USING (risk_control_id)"
                    " ORDER BY risk_control_id",
                    "SELECT event_time, equity FROM strategy_equity ORDER BY 1",
                )
            ]

    assert trade(sorted(killed)) == trade([])
