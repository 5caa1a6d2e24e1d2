"""The clients that ship, each as the process that users run: the backup and the marks."""

import signal
from pathlib import Path

from quantstrip.bars import sample_folder
from quantstrip.home import asset
from quantstrip.operations import backup

from .conftest import Station

LONG = 90.0
"""Seconds: these clients load numpy and calendars, and the machine may be busy."""


def deploy(station: Station, name: str) -> None:
    station.deploy(name, (asset("clients") / f"{name}.py").read_text(encoding="utf-8"))


def buy(station: Station, exec_id: str, day: str = "2012-06-04") -> None:
    ledger = station.ledger
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 10)
    ledger.insert_execution(exec_id, order, side="BUY", quantity=10, price=500.0, exec_time=f"{day} 15:00:00")


def test_the_backup_makes_its_first_copy_at_once_and_none_more_after_a_kill(station: Station) -> None:
    buy(station, "one")
    deploy(station, "db_backup")
    first = station.start("db_backup")
    (copy,) = station.wait_for(lambda: backup.scheduled_backups(station.home), "a backup", LONG)
    station.wait_for(lambda: station.outcomes("db_backup") == ["ok"], "its record", LONG)
    assert backup.verify(station.home, copy).rows["execution"] == 1
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    second = station.start("db_backup")
    station.wait_for(
        lambda: station.last_run("db_backup")["pid"] == second.pid and station.last_run("db_backup")["next_job_time"],
        "the plan",
        LONG,
    )
    assert str(station.last_run("db_backup")["next_job_time"])[11:16] == "03:00"
    assert backup.scheduled_backups(station.home) == [copy]


def test_a_backup_beside_a_writer_is_whole_and_its_books_agree(station: Station) -> None:
    deploy(station, "db_backup")
    station.start("db_backup")
    written = 0
    while not backup.scheduled_backups(station.home):
        buy(station, f"x{written}")
        written += 1
    (copy,) = backup.scheduled_backups(station.home)
    found = backup.verify(station.home, copy)
    assert found.problems == ()
    assert 0 < found.rows["execution"] <= written


def test_a_backup_that_cannot_be_written_is_a_failed_job_that_says_why(station: Station) -> None:
    Path(station.home.root / "taken").write_text("a file, no folder")
    station.settings.set_by_path("backup.folder", "taken")
    deploy(station, "db_backup")
    station.start("db_backup")
    station.wait_for(lambda: station.outcomes("db_backup") == ["failed"], "the failure", LONG)
    (alert,) = station.wait_for(
        lambda: [a for a in station.ledger.alerts() if a["kind"] == "job_error"], "the alert", LONG
    )
    assert "taken" in alert["body"]
    assert "cannot be written" in alert["body"]


def test_the_marks_are_written_at_once_and_again_after_the_next_close(station: Station) -> None:
    (station.home.bars / "AAPL.csv").write_bytes((sample_folder() / "AAPL.csv").read_bytes())
    buy(station, "one")
    deploy(station, "mtm_prices")
    station.start("mtm_prices")
    station.wait_for(lambda: "ok" in station.outcomes("mtm_prices"), "the first pass", LONG)
    assert station.ledger.query("SELECT mark_source, mark_date FROM v_positions")[1] == [("mtm", "2013-03-01")]

    def plan() -> bool:  # five minutes after a close in New York, at 16:00 or 13:00
        return str(station.last_run("mtm_prices")["next_job_time"])[11:16] in ("20:05", "21:05", "17:05", "18:05")

    station.wait_for(plan, "the plan", LONG)
    assert [alert["kind"] for alert in station.ledger.alerts()] == []


def test_what_has_no_price_is_told(station: Station) -> None:
    order = station.ledger.insert_order(None, "trend", None, "U1", "NOPRICE", "BUY", "MKT", 10)
    station.ledger.insert_execution("one", order, side="BUY", quantity=10, price=5.0, exec_time="2012-06-04 15:00:00")
    deploy(station, "mtm_prices")
    station.start("mtm_prices")
    (alert,) = station.wait_for(
        lambda: [a for a in station.ledger.alerts() if a["kind"] == "price_missing"], "an alert"
    )
    assert "NOPRICE is held and has no close since its last fill" in alert["body"]
    assert alert["client"] == "mtm_prices"
