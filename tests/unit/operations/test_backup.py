"""Scheduled backups: which stay, that they are whole; restoring one, and what that refuses."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.config import SettingsManager
from quantstrip.errors import LedgerBusy, LedgerError, SchemaMismatch, ServiceRunning
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.schema import HEAD
from quantstrip.operations import backup
from quantstrip.operations.backup import Keep, kept
from quantstrip.supervise.record import service_lock

START = datetime(2026, 1, 1, 3, tzinfo=UTC)
MOMENTS = st.lists(st.integers(0, 60 * 24 * 800).map(lambda minutes: START + timedelta(minutes=minutes)), max_size=60)
KEEPS = st.builds(Keep, st.integers(0, 9), st.integers(0, 6), st.integers(0, 14))


def fill(ledger: Ledger, exec_id: str) -> None:
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 10)
    ledger.insert_execution(exec_id, order, side="BUY", quantity=10, price=100.0, exec_time="2026-03-06 15:00:00")


def fills(home: Home) -> list[str]:
    with closing(sqlite3.connect(home.database)) as raw:
        return [row[0] for row in raw.execute("SELECT exec_id FROM execution ORDER BY 1")]


class TestWhatStays:
    def test_with_one_a_day_the_last_of_each_day_week_and_month_stay(self) -> None:
        days = [START + timedelta(days=n) for n in range(120)]
        stay = sorted(kept(days, Keep(daily=3, weekly=2, monthly=3)))
        assert [f"{day:%m-%d}" for day in stay] == ["02-28", "03-31", "04-26", "04-28", "04-29", "04-30"]

    @given(MOMENTS, KEEPS)
    def test_the_newest_stays_nothing_is_made_up_and_no_more_than_asked_for_stay(
        self, moments: list[datetime], keep: Keep
    ) -> None:
        stay = kept(moments, keep)
        assert stay <= set(moments)
        assert not moments or max(moments) in stay
        assert len(stay) <= max(1, keep.daily + keep.weekly + keep.monthly)

    @given(MOMENTS, KEEPS)
    def test_to_remove_twice_removes_no_more_than_once(self, moments: list[datetime], keep: Keep) -> None:
        once = kept(moments, keep)
        assert kept(once, keep) == once

    @given(MOMENTS, KEEPS)
    def test_every_one_of_the_last_days_that_has_one_keeps_its_newest(
        self, moments: list[datetime], keep: Keep
    ) -> None:
        stay = kept(moments, keep)
        for day in sorted({when.date() for when in moments}, reverse=True)[: keep.daily]:
            assert max(when for when in moments if when.date() == day) in stay

    def test_only_scheduled_ones_are_ever_removed(self, made_home: Home) -> None:
        SettingsManager(made_home).set_by_path("backup.keep_daily", 1, "int")
        SettingsManager(made_home).set_by_path("backup.keep_weekly", 0, "int")
        SettingsManager(made_home).set_by_path("backup.keep_monthly", 0, "int")
        mine = [made_home.backups / name for name in ("quantstrip-20200101-030000-000000.db", "before-upgrade.db")]
        old = made_home.backups / "quantstrip-auto-20200101-030000.db"
        for path in (*mine, old):
            path.write_bytes(b"")
        made = backup.scheduled_backup(made_home)
        assert made.removed == (old,)
        assert all(path.exists() for path in (*mine, made.file))


class TestAScheduledBackup:
    def test_is_whole_checked_private_and_in_the_folder_of_the_settings(self, made_home: Home, ledger: Ledger) -> None:
        SettingsManager(made_home).set_by_path("backup.folder", "elsewhere")
        fill(ledger, "one")
        made = backup.scheduled_backup(made_home)
        assert made.file.parent == made_home.root / "elsewhere"
        assert made.verified.rows["execution"] == 1
        assert (made.verified.revision, made.verified.books_checked, made.verified.problems) == (HEAD, True, ())
        assert made.file.stat().st_mode & 0o077 == 0
        assert [path.name for path in made.file.parent.iterdir()] == [made.file.name]

    def test_holds_no_secret(self, made_home: Home, ledger: Ledger) -> None:
        SettingsManager(made_home).set_by_path("/mail/home/password", "correct horse battery", "secret")
        ledger.set_email_account("home", smtp_server="127.0.0.1", smtp_port=587, password_path="/mail/home/password")
        content = backup.scheduled_backup(made_home).file.read_bytes()
        assert b"/mail/home/password" in content, "the account itself is in it"
        assert b"correct horse" not in content
        assert made_home.settings_file.read_text().split('secret = "')[1].split('"')[0].encode() not in content

    def test_of_books_that_disagree_is_told_and_removes_no_older_one(self, made_home: Home, ledger: Ledger) -> None:
        SettingsManager(made_home).set_by_path("backup.keep_daily", 1, "int")
        fill(ledger, "one")
        old = made_home.backups / "quantstrip-auto-20200101-030000.db"
        old.write_bytes(b"")
        with ledger.get_connection() as raw:
            raw.execute("UPDATE position_day SET realized_pnl = 1000.0")
        with pytest.raises(LedgerError, match="is not sound: the books disagree: position_day"):
            backup.scheduled_backup(made_home)
        assert old.exists()

    def test_clears_away_what_a_killed_one_left_half_written(self, made_home: Home) -> None:
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        left = made_home.backups / f".quantstrip-auto-20260101-030000.db.{dead.pid}.part"
        alive = made_home.backups / f".quantstrip-auto-20260101-030000.db.{os.getpid()}.part"
        left.write_bytes(b"half")
        alive.write_bytes(b"half")
        backup.scheduled_backup(made_home)
        assert (left.exists(), alive.exists()) == (False, True)


class TestRestoring:
    def test_brings_back_the_rows_of_then_and_keeps_the_ledger_of_now_aside(
        self, made_home: Home, ledger: Ledger
    ) -> None:
        fill(ledger, "before")
        made = backup.scheduled_backup(made_home)
        fill(ledger, "after")
        ledger.close()
        done = backup.restore(made_home, Path(made.file.name))
        assert fills(made_home) == ["before"]
        assert done.aside is not None
        with closing(sqlite3.connect(done.aside)) as raw:
            assert [row[0] for row in raw.execute("SELECT exec_id FROM execution ORDER BY 1")] == ["after", "before"]
        assert list(made_home.data.glob("*-journal")) == []
        assert backup.verify(made_home).problems == ()
        fill(open_ledger(made_home), "later")
        assert fills(made_home) == ["before", "later"]

    def test_works_where_no_ledger_is_left(self, made_home: Home, ledger: Ledger) -> None:
        fill(ledger, "one")
        made = backup.scheduled_backup(made_home)
        ledger.close()
        made_home.database.unlink()
        assert backup.restore(made_home, made.file).aside is None
        assert fills(made_home) == ["one"]

    def test_replaces_a_damaged_ledger_and_keeps_what_is_left_of_it_with_its_log(
        self, made_home: Home, ledger: Ledger
    ) -> None:
        fill(ledger, "one")
        made = backup.scheduled_backup(made_home)
        ledger.close()
        made_home.database.write_bytes(b"not a database at all" * 500)
        log = made_home.database.with_name(f"{made_home.database.name}-wal")
        log.write_bytes(b"a log of it")
        done = backup.restore(made_home, made.file)
        assert fills(made_home) == ["one"]
        assert done.aside is not None
        assert done.aside.read_bytes().startswith(b"not a database")
        assert Path(f"{done.aside}-wal").read_bytes() == b"a log of it"
        assert backup.verify(made_home).problems == ()

    def test_is_refused_while_a_service_runs(self, made_home: Home, ledger: Ledger) -> None:
        made = backup.scheduled_backup(made_home)
        fill(ledger, "after")
        ledger.close()
        with service_lock(made_home), pytest.raises(ServiceRunning):
            backup.restore(made_home, made.file)
        assert fills(made_home) == ["after"]

    def test_is_refused_while_another_program_has_the_ledger_open_however_idle(
        self, made_home: Home, ledger: Ledger
    ) -> None:
        made = backup.scheduled_backup(made_home)
        fill(ledger, "after")
        ledger.close()
        program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM orders').fetchall()"
        idle = subprocess.Popen(
            [sys.executable, "-c", f"{program}; print('open', flush=True); sys.stdin.read()", made_home.database],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            assert idle.stdout is not None
            assert idle.stdout.readline() == b"open\n"
            with pytest.raises(LedgerBusy, match="open; nothing was changed"):
                backup.restore(made_home, made.file)
        finally:
            idle.communicate(b"")
        assert fills(made_home) == ["after"]
        assert list(made_home.data.glob("*before-restore*")) == []

    def test_refuses_a_backup_of_a_newer_program_and_changes_nothing(self, made_home: Home, ledger: Ledger) -> None:
        made = backup.scheduled_backup(made_home)
        fill(ledger, "after")
        ledger.close()
        with closing(sqlite3.connect(made.file)) as raw:
            raw.execute("UPDATE alembic_version SET version_num = '9999'")
            raw.commit()
        with pytest.raises(SchemaMismatch, match="has schema 9999, newer than this program's"):
            backup.restore(made_home, made.file)
        assert fills(made_home) == ["after"]

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "it is a database of another program, or empty"),
            (b"nothing of the kind" * 100, "file is not a database"),
        ],
    )
    def test_refuses_what_is_no_ledger(self, made_home: Home, ledger: Ledger, content: bytes, words: str) -> None:
        fill(ledger, "one")
        ledger.close()
        bad = made_home.backups / "bad.db"
        bad.write_bytes(content)
        with pytest.raises(LedgerError, match=words):
            backup.restore(made_home, bad)
        assert fills(made_home) == ["one"]

    def test_refuses_a_backup_whose_end_is_missing(self, made_home: Home, ledger: Ledger) -> None:
        fill(ledger, "one")
        made = backup.scheduled_backup(made_home)
        ledger.close()
        made.file.write_bytes(made.file.read_bytes()[: -3 * 4096])
        with pytest.raises(LedgerError, match="cannot be restored"):
            backup.restore(made_home, made.file)
        assert fills(made_home) == ["one"]

    def test_refuses_a_file_that_is_not_there_and_the_ledger_itself(self, made_home: Home, ledger: Ledger) -> None:
        ledger.close()
        with pytest.raises(LedgerError, match="there is no file"):
            backup.restore(made_home, Path("nowhere.db"))
        with pytest.raises(LedgerError, match="is the ledger itself"):
            backup.restore(made_home, made_home.database)

    def test_a_disk_that_takes_no_more_leaves_the_ledger_and_no_half_file(
        self, made_home: Home, ledger: Ledger
    ) -> None:
        made = backup.scheduled_backup(made_home)
        fill(ledger, "after")
        ledger.close()
        program = (
            "import resource, sys\nfrom pathlib import Path\nfrom quantstrip.ledger.restore import restore\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))\n"
            "restore(Path(sys.argv[1]), Path(sys.argv[2]), 'now')\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program, str(made_home.database), str(made.file)], capture_output=True, text=True
        )
        assert ran.returncode == 1
        assert "cannot be written" in ran.stderr
        assert fills(made_home) == ["after"]
        assert [path.name for path in made_home.data.iterdir() if "part" in path.name or "before" in path.name] == []
