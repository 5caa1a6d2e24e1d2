"""Old records of jobs are forgotten after as many days as the settings say, once a day."""

import pytest

from quantstrip.clock import ManualClock, from_text
from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.supervise.warden import Housekeeping

DAY = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(from_text("2024-03-06 17:00:00"))


def job(ledger: Ledger, clock: ManualClock) -> None:
    """A run of a daily job that ended well."""
    found = ledger.begin_job("trend", "daily", clock.now())
    assert found is not None
    ledger.finish_job(found, "ok")


def test_job_runs_are_kept_for_ninety_days_and_forgotten_then(home: Home, ledger: Ledger, clock: ManualClock) -> None:
    housekeeping = Housekeeping(ledger, SettingsManager(home), clock)
    for _ in range(93):
        job(ledger, clock)
        housekeeping.run_if_due()
        clock.advance(DAY)

    assert len(ledger.job_runs(limit=1_000)) == 91  # the newest and those of the ninety days before it


def test_the_settings_say_how_long(home: Home, ledger: Ledger, clock: ManualClock) -> None:
    settings = SettingsManager(home)
    settings.set_by_path("ledger.job_retention_days", 5, "int")
    for _ in range(20):
        job(ledger, clock)
        clock.advance(DAY)
    Housekeeping(ledger, settings, clock).run_if_due()

    assert len(ledger.job_runs()) == 5


def test_it_is_done_at_the_start_and_then_once_a_day(home: Home, ledger: Ledger, clock: ManualClock) -> None:
    settings = SettingsManager(home)
    settings.set_by_path("ledger.job_retention_days", 1, "int")
    housekeeping = Housekeeping(ledger, settings, clock)
    housekeeping.run_if_due()
    for _ in range(2):
        job(ledger, clock)
        clock.advance(1)
    clock.advance(DAY - 3)
    housekeeping.run_if_due()
    assert len(ledger.job_runs()) == 2
    clock.advance(DAY)
    housekeeping.run_if_due()
    assert len(ledger.job_runs()) == 1
