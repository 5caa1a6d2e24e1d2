"""The migrations are the only definition; a database of another version is left untouched."""

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from quantstrip.errors import LedgerError, SchemaMismatch
from quantstrip.home import Home, asset
from quantstrip.ledger import Ledger
from quantstrip.ledger.schema import HEAD
from quantstrip.ledger.tables import metadata
from quantstrip.ledger.views import views_digest

Open = Callable[..., Ledger]


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(asset("schema") / "migrations"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def shape(path: Path) -> dict[str, object]:
    """Columns, keys, indexes and foreign keys of every table, as SQLite sees them."""
    with closing(sqlite3.connect(path)) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found: dict[str, object] = {}
        for table in tables:
            indexes = {}
            for row in raw.execute(f"PRAGMA index_list({table})").fetchall():
                columns = [(c[2], c[3]) for c in raw.execute(f"PRAGMA index_xinfo({row[1]})")]
                sql = raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", (row[1],)).fetchone()
                indexes[row[1]] = (row[2], row[4], columns, sql and sql[0])
            columns = raw.execute(f"PRAGMA table_xinfo({table})").fetchall()
            keys = sorted(row[2:5] for row in raw.execute(f"PRAGMA foreign_key_list({table})"))
            found[table] = (columns, indexes, keys)
        return found


def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def set_revision(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        raw.commit()
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_code_and_migrations_agree(open_at: Open, tmp_path: Path) -> None:
    ledger = open_at()
    engine = create_engine(f"sqlite:///{tmp_path / 'code.db'}")
    metadata.create_all(engine)
    engine.dispose()

    migrated = shape(ledger.path)

    del migrated["alembic_version"]
    assert migrated == shape(tmp_path / "code.db")


def test_the_program_knows_the_newest_migration() -> None:
    assert scripts().get_current_head() == HEAD
    assert [script.revision for script in scripts().walk_revisions()] == sorted(
        (path.name[:4] for path in (asset("schema") / "migrations" / "versions").glob("*.py")), reverse=True
    )


def test_a_new_database_is_durable_and_notes_its_versions(open_at: Open) -> None:
    ledger = open_at()

    with ledger.get_connection() as connection:
        pragma = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "user_version")
        }
    assert pragma == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000,
        "user_version": views_digest(),
    }  # fmt: skip
    assert [row[0] for row in ledger.query("SELECT version FROM version ORDER BY version")[1]][-1] == HEAD
    assert ledger.schema_version() == HEAD
    assert ledger.integrity_check() == []


def test_a_new_database_is_for_its_owner_alone(open_at: Open) -> None:
    ledger = open_at()
    ledger.insert_broker("IBKR")
    modes = {path.name: path.stat().st_mode & 0o777 for path in ledger.path.parent.glob(f"{ledger.path.name}*")}
    assert modes.keys() >= {ledger.path.name, f"{ledger.path.name}-wal"}
    assert modes[ledger.path.name] == modes[f"{ledger.path.name}-wal"] == 0o600


def test_a_newer_database_is_refused_and_untouched(open_at: Open, home: Home) -> None:
    open_at().close()
    set_revision(home.database, "9999")
    before = fingerprint(home.database)

    for use in (Ledger.ensure, Ledger.migrate, Ledger.schema_version):
        with pytest.raises(SchemaMismatch, match="newer") as refused:
            use(Ledger(home))
        assert "Update Quantstrip" in refused.value.hint

    assert fingerprint(home.database) == before


def test_an_older_database_is_refused_until_it_is_migrated_and_backed_up_then(home: Home) -> None:
    home.data.mkdir(exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(asset("schema") / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(f"sqlite:///{home.database}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
    engine.dispose()
    before = fingerprint(home.database)

    with pytest.raises(SchemaMismatch, match="0002") as refused:
        Ledger(home).ensure()

    assert "quantstrip db migrate" in refused.value.hint
    assert fingerprint(home.database) == before
    ledger = Ledger(home)
    assert ledger.migrate() == HEAD
    ledger.ensure()
    (copy,) = home.backups.glob("quantstrip-0002-*.db")
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0002",)
    assert ledger.query("SELECT COUNT(*) FROM v_orders")[1] == [(0,)]


def test_a_migration_that_fails_leaves_the_database_as_it_was(home: Home) -> None:
    home.data.mkdir(exist_ok=True)
    with closing(sqlite3.connect(home.database)) as raw:
        raw.execute("CREATE TABLE orders (id INTEGER)")
        raw.execute("CREATE TABLE strategy_event (id INTEGER)")
        raw.execute("CREATE TABLE alembic_version (version_num TEXT)")
        raw.execute("INSERT INTO alembic_version VALUES ('0001')")
        raw.commit()

    with pytest.raises(Exception, match="already exists"):
        Ledger(home).migrate()

    with closing(sqlite3.connect(home.database)) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables == {"orders", "strategy_event", "alembic_version"}


def test_another_programs_database_is_refused_and_untouched(home: Home) -> None:
    with closing(sqlite3.connect(home.database)) as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
        raw.commit()
    before = fingerprint(home.database)

    with pytest.raises(SchemaMismatch, match="another program"):
        Ledger(home).ensure()

    assert fingerprint(home.database) == before


def test_a_file_that_is_no_database_is_refused_and_untouched(home: Home) -> None:
    home.database.write_bytes(b"not a database at all" * 100)
    before = fingerprint(home.database)

    with pytest.raises(LedgerError, match="no SQLite database"):
        Ledger(home).ensure()

    assert fingerprint(home.database) == before


def test_views_that_changed_are_installed_at_the_next_start(open_at: Open) -> None:
    ledger = open_at()
    with ledger.get_connection() as connection:
        connection.execute("DROP VIEW v_orders")
        connection.execute("CREATE VIEW v_of_an_older_version AS SELECT 1 AS one")
        connection.execute("CREATE VIEW my_own AS SELECT 1 AS one")
        connection.execute("PRAGMA user_version = 1")

    ledger.ensure()

    views = {name for (name,) in ledger.query("SELECT name FROM sqlite_master WHERE type = 'view'")[1]}
    assert {"v_orders", "my_own"} <= views
    assert "v_of_an_older_version" not in views


def test_processes_that_start_at_once_make_one_database(home: Home) -> None:
    program = (
        "import sys\n"
        "from quantstrip.home import find_home\n"
        "from quantstrip.ledger import open_ledger\n"
        "ledger = open_ledger(find_home(sys.argv[1]))\n"
        "print(ledger.schema_version(), ledger.insert_broker(f'B{sys.argv[2]}'))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(home.root), str(number)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for number in range(4)
    ]
    answers = [process.communicate(timeout=120) for process in processes]

    assert [error for _, error in answers] == [b""] * 4
    assert {out.split()[0].decode() for out, _ in answers} == {HEAD}
    assert sorted(int(out.split()[1]) for out, _ in answers) == [1, 2, 3, 4]


def test_opening_a_current_ledger_brings_in_neither_alembic_nor_pandas(open_at: Open, home: Home) -> None:
    open_at()
    program = (
        "import os, sys\n"
        "from quantstrip.ledger import db_handler\n"
        "run = db_handler.start_client_run('c', os.getpid(), 'h', 'live')\n"
        "db_handler.heartbeat(run)\n"
        "print([name for name in ('alembic', 'pandas', 'sqlalchemy.orm', 'numpy') if name in sys.modules])\n"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "QUANTSTRIP_HOME": str(home.root)}, check=True,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert answer.stdout.strip() == "[]"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")

    with pytest.raises(LedgerError, match="cannot be") as refused:
        Ledger(tmp_path / "data" / "quantstrip.db").ensure()

    assert "--home" in refused.value.hint
