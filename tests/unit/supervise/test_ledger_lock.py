import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from quantstrip.supervise.ledger_lock import write_lock_holder

HOLD = """
import sqlite3, sys
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("BEGIN IMMEDIATE")
raw.execute("INSERT INTO t VALUES (1)")
print("held", flush=True)
sys.stdin.readline()
"""


def make(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("CREATE TABLE t (a)")
    return path


def test_the_writer_of_the_moment_is_named(tmp_path: Path) -> None:
    database = make(tmp_path / "a.db")
    with closing(sqlite3.connect(database)) as reader:
        reader.execute("SELECT count(*) FROM t").fetchall()
        assert write_lock_holder(database) == 0
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert write_lock_holder(database) == holder.pid
        assert write_lock_holder(make(tmp_path / "b.db")) == 0, "another database is another matter"
        holder.kill()
        holder.communicate()
        assert write_lock_holder(database) == 0


def test_asking_drops_no_lock_of_ones_own(tmp_path: Path) -> None:
    database = make(tmp_path / "a.db")
    with closing(sqlite3.connect(database, isolation_level=None)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("INSERT INTO t VALUES (1)")
        assert [write_lock_holder(database) for _ in range(2)] == [os.getpid()] * 2


def test_no_database_has_no_writer(tmp_path: Path) -> None:
    assert write_lock_holder(tmp_path / "none.db") == 0
