"""Client runs, job runs, clients and deployments."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from quantstrip.clock import DAY, ManualClock
from quantstrip.ledger import Ledger

Rows = Callable[..., list[dict[str, Any]]]


def test_a_run_has_a_heartbeat_and_an_end(ledger: Ledger, clock: ManualClock) -> None:
    run = ledger.start_client_run("trend", 4242, "hash", "paper", "Trend")
    clock.advance(2)
    ledger.heartbeat(run, "2024-03-06 18:00:00.000000")
    assert [row["run_id"] for row in ledger.open_client_runs()] == [run]
    clock.advance(1)
    ledger.end_client_run(run, "crashed", 3, "Traceback ...")

    row = ledger.last_client_run("trend")
    assert row is not None
    assert (row["pid"], row["code_hash"], row["mode"], row["display_name"]) == (4242, "hash", "paper", "Trend")
    assert row["started"] == "2024-03-06 17:00:00.000000"
    assert row["heartbeat"] == "2024-03-06 17:00:02.000000"
    assert row["next_job_time"] == "2024-03-06 18:00:00.000000"
    assert (row["ended"], row["outcome"], row["exit_code"]) == ("2024-03-06 17:00:03.000000", "crashed", 3)
    assert row["trace"] == "Traceback ..."
    assert ledger.open_client_runs() == []


def test_the_first_word_on_how_a_run_ended_stays(ledger: Ledger) -> None:
    run = ledger.start_client_run("trend", 4242, "hash", "live")
    ledger.end_client_run(run, "load_error", 78, "SyntaxError")
    ledger.end_client_run(run, "killed")

    row = ledger.last_client_run("trend")
    assert row is not None
    assert (row["outcome"], row["trace"]) == ("load_error", "SyntaxError")


def test_runs_are_listed_newest_first(ledger: Ledger) -> None:
    runs = [ledger.start_client_run(name, 1, "h", "live") for name in ("a", "b", "a")]

    assert [row["run_id"] for row in ledger.client_runs()] == runs[::-1]
    assert [row["run_id"] for row in ledger.client_runs("a", limit=1)] == [runs[2]]
    assert ledger.last_client_run("c") is None


def test_what_this_process_records_carries_its_run_and_mode(ledger: Ledger, rows: Rows) -> None:
    ledger.start_client_run("other", os.getpid() + 1, "h0", "live")
    ledger.start_client_run("trend", os.getpid(), "h1", "paper")
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 1)
    ledger.insert_execution("1", order, side="BUY", quantity=1, price=10, trade_date="2024-03-06")

    assert ledger.mode == "paper"
    assert rows("SELECT client, code_hash, mode FROM v_executions") == [
        {"client": "trend", "code_hash": "h1", "mode": "paper"}
    ]


def test_a_job_runs_at_most_once(ledger: Ledger, clock: ManualClock) -> None:
    run = ledger.start_client_run("trend", 1, "h", "live")
    due = clock.now()
    first = ledger.begin_job("trend", "rebalance", due, run)

    assert first is not None
    assert ledger.begin_job("trend", "rebalance", due, run) is None
    assert ledger.begin_job("trend", "rebalance", due + 1, run) is not None
    assert ledger.begin_job("other", "rebalance", due, run) is not None
    ledger.finish_job(first, "failed", "ValueError")
    ledger.finish_job(first, "ok")
    done = next(row for row in ledger.job_runs("trend") if row["job_run_id"] == first)
    assert (done["outcome"], done["trace"]) == ("failed", "ValueError")
    assert ledger.last_job_due("trend", "rebalance") == due + 1
    assert ledger.last_job_due("trend", "nothing") is None


def test_a_missed_job_is_noted_once_and_not_over_one_that_ran(ledger: Ledger, clock: ManualClock) -> None:
    job = ledger.begin_job("trend", "daily", clock.now())
    assert job is not None
    ledger.finish_job(job, "ok")
    for _ in range(2):
        ledger.record_missed_job("trend", "daily", clock.now(), None)
        ledger.record_missed_job("trend", "daily", clock.now() + DAY, None)

    assert [row["outcome"] for row in ledger.job_runs()] == ["missed", "ok"]
    assert ledger.begin_job("trend", "daily", clock.now() + DAY) is None


def test_unfinished_jobs_of_a_dead_process_are_interrupted(ledger: Ledger, clock: ManualClock) -> None:
    for number in range(3):
        ledger.begin_job("trend", "daily", clock.now() + number)
    ledger.begin_job("other", "daily", clock.now())
    ledger.record_missed_job("trend", "weekly", clock.now())

    assert ledger.interrupt_open_jobs("trend") == 3
    assert ledger.interrupt_open_jobs("trend") == 0
    assert sorted(str(row["outcome"]) for row in ledger.job_runs()) == [
        "None", "interrupted", "interrupted", "interrupted", "missed",
    ]  # fmt: skip


def test_old_job_runs_are_forgotten_but_never_the_newest_of_a_job(ledger: Ledger, clock: ManualClock) -> None:
    def job(name: str) -> None:
        found = ledger.begin_job("trend", name, clock.now())
        assert found is not None
        ledger.finish_job(found, "ok")

    old = ledger.start_client_run("trend", 1, "h", "live")
    ledger.end_client_run(old, "stopped")
    job("often")
    job("seldom")
    clock.advance(31 * 86400)
    ledger.start_client_run("trend", 1, "h", "live")
    job("often")

    assert ledger.prune(30) == 2
    assert sorted(row["job"] for row in ledger.job_runs()) == ["often", "seldom"]
    assert len(ledger.client_runs()) == 1


def test_a_run_that_made_an_order_is_never_forgotten(ledger: Ledger, clock: ManualClock) -> None:
    run = ledger.start_client_run("trend", os.getpid(), "h", "live")
    ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 1)
    ledger.end_client_run(run, "stopped")
    clock.advance(366 * 86400)
    ledger.start_client_run("trend", 1, "h", "live")

    assert ledger.prune(30) == 0


def test_a_client_keeps_what_is_not_changed(ledger: Ledger, clock: ManualClock) -> None:
    ledger.set_client("trend", code_hash="h1", desired_state="running", source="clients/trend.py")
    clock.advance(1)
    ledger.set_client("trend", differs=True, status_note="edited")

    row = ledger.get_client("trend")
    assert row is not None
    assert (row["code_hash"], row["desired_state"], row["differs"], row["status_note"]) == (
        "h1",
        "running",
        1,
        "edited",
    )
    assert row["update_time"] > row["create_time"]
    ledger.set_client("alpha")
    assert [row["name"] for row in ledger.clients()] == ["alpha", "trend"]
    ledger.remove_client("trend")
    assert ledger.get_client("trend") is None


@pytest.mark.parametrize("files", [["trend.py", "Utils/dates.py"], {"trend.py": "sha"}])
def test_deployments_are_kept_newest_first(ledger: Ledger, files: Any) -> None:
    ledger.add_deployment("trend", "h1", files, "first")
    ledger.add_deployment("trend", "h2", files)
    ledger.remove_client("trend")

    assert [row["code_hash"] for row in ledger.deployments("trend")] == ["h2", "h1"]
    assert ledger.deployments("trend")[0]["files"] == files
    assert ledger.deployments("other") == []


def test_alerts_of_one_key_are_counted_not_repeated(ledger: Ledger, clock: ManualClock) -> None:
    for body in ("one", "two"):
        ledger.alert("client_crashed", "trend crashed", body, client="trend", rate_key="crash:trend")
    ledger.alert("client_crashed", "other crashed", "x", rate_key="crash:other")
    ledger.alert("note", "no key", "x")
    ledger.alert("note", "no key", "x")

    assert ledger.unseen_alerts() == 4
    first = next(row for row in ledger.alerts() if row["client"] == "trend")
    assert (first["occurrences"], first["body"]) == (2, "two")
    assert ledger.mark_alerts_seen() == 4
    assert ledger.alerts(unseen_only=True) == []
    ledger.alert("client_crashed", "trend crashed", "again", rate_key="crash:trend")
    clock.advance(3601)
    ledger.alert("client_crashed", "trend crashed", "an hour later", rate_key="crash:trend")
    assert [row["body"] for row in ledger.alerts(10, unseen_only=True)] == ["an hour later", "again"]
