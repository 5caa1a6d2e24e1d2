"""Strategy runs: one key, one run; replays never mix; screens show the current one."""

from collections.abc import Callable
from typing import Any

from quantstrip.clock import ManualClock, from_text
from quantstrip.ledger import Ledger

Rows = Callable[..., list[dict[str, Any]]]
TS = from_text("2013-03-01 21:00:00")
DAY = 86_400_000_000


def begin(ledger: Ledger, key: str, strategy: str = "trend", mode: str = "replay", account: str = "") -> dict[str, Any]:
    return ledger.open_strategy_run(key, "client", strategy, mode, account, "hash", {"fast": 10}, "sample", 100_000)


def test_the_same_key_is_the_same_run_with_its_first_start(ledger: Ledger, clock: ManualClock) -> None:
    first = begin(ledger, "0123456789")
    clock.advance(60)

    assert begin(ledger, "0123456789") == first
    assert first["started"] == "2024-03-06 17:00:00.000000"
    assert first["account"] == "replay-01234567"
    assert first["parameters"] == {"fast": 10}
    assert first["strategy"] == "trend"
    assert len(ledger.strategy_runs()) == 1


def test_a_new_run_takes_the_place_of_the_old_one_of_its_strategy_and_mode(ledger: Ledger) -> None:
    for key, strategy, mode in (
        ("k1", "a", "replay"),
        ("k2", "a", "replay"),
        ("k3", "a", "paper"),
        ("k4", "b", "replay"),
    ):
        begin(ledger, key, strategy, mode)
    assert [run["run_key"] for run in ledger.strategy_runs()] == ["k2", "k3", "k4"]

    begin(ledger, "k1", "a")

    assert [run["run_key"] for run in ledger.strategy_runs()] == ["k1", "k3", "k4"]
    assert [run["run_key"] for run in ledger.strategy_runs(current_only=False)] == ["k1", "k2", "k3", "k4"]
    assert [run["run_key"] for run in ledger.strategy_runs(mode="paper")] == ["k3"]
    assert ledger.strategy_run("k5") is None


def test_equity_points_are_kept_once(ledger: Ledger, rows: Rows) -> None:
    begin(ledger, "k1")
    ledger.record_equity("k1", [(TS, 100_000.0), (TS + DAY, 100_500.0)])
    ledger.record_equity("k1", [(TS, 1.0), (TS + 2 * DAY, 100_200.0)])

    assert [row["equity"] for row in rows("SELECT equity FROM v_equity ORDER BY event_time")] == [
        100_000.0, 100_500.0, 100_200.0,
    ]  # fmt: skip
    (run,) = ledger.strategy_runs()
    assert (run["feed_time"], run["last_equity"]) == ("2013-03-03 21:00:00.000000", 100_200.0)


def test_an_old_point_does_not_turn_the_run_back(ledger: Ledger) -> None:
    begin(ledger, "k1")
    ledger.record_equity("k1", [(TS + DAY, 100_500.0)])
    ledger.record_equity("k1", [(TS, 100_000.0)])

    (run,) = ledger.strategy_runs()
    assert run["last_equity"] == 100_500.0
