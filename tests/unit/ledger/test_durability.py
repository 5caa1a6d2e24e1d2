"""What survives a power cut: every word of a trade's life; heartbeats only say that a process is alive."""

import pytest

from quantstrip.clock import ManualClock
from quantstrip.ledger import Ledger
from tests.unit.ledger.test_published_calls import LIFE, by_place


def watch(ledger: Ledger) -> list[str]:
    """Every statement of the ledger's writer from now on."""
    seen: list[str] = []
    with ledger.store.write() as transaction:
        transaction.raw.set_trace_callback(seen.append)
    return seen


def test_every_published_call_that_writes_is_committed_durably_after_a_heartbeat(ledger: Ledger) -> None:
    run = ledger.start_client_run("trend", 1, "h", "live")
    seen = watch(ledger)
    for call in LIFE:
        ledger.heartbeat(run)
        seen.clear()
        by_place(ledger, call)
        assert seen[:2] == ["PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"], call
        assert seen[-1] == "COMMIT", call


def test_a_heartbeat_waits_for_no_disk(ledger: Ledger) -> None:
    run = ledger.start_client_run("trend", 1, "h", "live")
    seen = watch(ledger)
    seen.clear()
    ledger.heartbeat(run)
    assert seen[:2] == ["PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE"]


def test_the_levels_are_what_sqlite_says_they_are(ledger: Ledger) -> None:
    for durable, level in ((True, 2), (False, 1), (True, 2)):
        with ledger.store.write(durable=durable) as transaction:
            assert transaction.raw.execute("PRAGMA synchronous").fetchone() == (level,)
    with ledger.get_connection() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize("days", [1, 30])
def test_a_job_that_never_ended_is_kept_however_old_it_is(ledger: Ledger, clock: ManualClock, days: int) -> None:
    """What was interrupted is still to be told."""
    ledger.begin_job("trend", "rebalance", clock.now())
    clock.advance(1)
    ended = ledger.begin_job("trend", "rebalance", clock.now())
    assert ended is not None
    ledger.finish_job(ended, "ok")
    clock.advance(days * 86400 + 1)
    newest = ledger.begin_job("trend", "rebalance", clock.now())

    assert ledger.prune(days) == 1
    assert [row["outcome"] for row in ledger.job_runs()] == [None, None]
    assert newest in [row["job_run_id"] for row in ledger.job_runs()]
