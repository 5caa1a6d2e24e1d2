"""A writer that dies in the middle, and copies made beside writers."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from quantstrip.errors import LedgerError
from quantstrip.ledger import Ledger

Open = Callable[..., Ledger]
WRITER = Path(__file__).with_name("writer.py")


def start_writer(ledger: Ledger, name: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(WRITER), "fills", str(ledger.path), name, "1000000"], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("lines", [1, 7, 40])
def test_what_a_killed_writer_was_told_is_kept_is_kept(open_at: Open, lines: int) -> None:
    ledger = open_at()
    writer = start_writer(ledger, "doomed")
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(lines)]
    os.kill(writer.pid, signal.SIGKILL)
    told += writer.stdout.read().split()
    writer.stdout.close()
    assert writer.wait(30) == -signal.SIGKILL

    again = Ledger(ledger.path)
    kept = [exec_id for (exec_id,) in again.query("SELECT exec_id FROM execution ORDER BY seq_id")[1]]

    assert again.integrity_check() == []
    assert kept[: len(told)] == told
    assert len(kept) <= len(told) + 1  # the one that was committed but not yet printed
    for table in ("commission", "position_event"):
        assert again.query(f"SELECT COUNT(*) FROM {table}")[1] == [(len(kept),)]
    assert again.query("SELECT position FROM v_positions")[1] == [(float(len(kept)),)]
    again.close()


def test_a_backup_beside_a_writer_is_whole(open_at: Open, tmp_path: Path) -> None:
    ledger = open_at()
    writer = start_writer(ledger, "busy")
    assert writer.stdout is not None
    told = [writer.stdout.readline().strip() for _ in range(5)]
    try:
        target = ledger.backup(tmp_path / "copies" / "first.db")
        more = writer.stdout.readline().strip()
    finally:
        writer.kill()
        writer.stdout.read()
        writer.stdout.close()
        writer.wait(30)

    assert more
    copy = Ledger(target)
    copy.ensure()
    kept = {exec_id for (exec_id,) in copy.query("SELECT exec_id FROM v_executions")[1]}
    assert set(told) <= kept
    assert copy.integrity_check() == []
    assert copy.query("SELECT position FROM v_positions")[1] == [(float(len(kept)),)]
    copy.close()
    assert [path.name for path in target.parent.iterdir() if path.suffix not in (".db-wal", ".db-shm")] == ["first.db"]
    assert target.stat().st_mode & 0o077 == 0


def test_a_backup_never_overwrites_the_ledger(open_at: Open) -> None:
    ledger = open_at()

    with pytest.raises(LedgerError, match="is the ledger itself"):
        ledger.backup(ledger.path)

    assert ledger.integrity_check() == []


def test_a_damaged_ledger_is_not_copied_over_a_good_backup(open_at: Open, tmp_path: Path) -> None:
    ledger = open_at()
    for number in range(200):
        ledger.insert_strategy(f"strategy number {number}", "x" * 200)
    good = ledger.backup(tmp_path / "good.db")
    before = good.read_bytes()
    ledger.close()
    with closing(sqlite3.connect(ledger.path)) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_strategy_1'").fetchone()[
            0
        ]
    with ledger.path.open("r+b") as file:
        file.seek((root - 1) * 4096 + 8)
        file.write(b"\xff" * 512)

    assert ledger.integrity_check() != []
    with pytest.raises(LedgerError, match="damaged"):
        ledger.backup(good)

    assert good.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_full_disk_is_named_and_nothing_is_written(open_at: Open) -> None:
    ledger = open_at()
    ledger.insert_broker("IBKR")
    with ledger.transaction() as transaction:
        pages = transaction.raw.execute("PRAGMA page_count").fetchone()[0]
        transaction.raw.execute(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(LedgerError, match="full") as refused:
        ledger.insert_strategy("trend", "x" * 100_000)

    assert "Free some space" in refused.value.hint
    assert ledger.get_strategy_id("trend") is None
    assert ledger.get_broker_id("IBKR") == 1
