"""The database's version: creating it, bringing it up to date, refusing one that is not ours to touch.

``schema/migrations`` is the only definition. Alembic is imported only when there is something to migrate; an
up-to-date database costs one small read.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from quantstrip.clock import to_text
from quantstrip.errors import LedgerBusy, LedgerError, SchemaMismatch
from quantstrip.home import asset
from quantstrip.ledger.backup import backup
from quantstrip.ledger.store import Store
from quantstrip.ledger.views import drop_views, install_views, views_digest
from quantstrip.locks import wait_for_lock

HEAD = "0090"
"""The revision this program reads and writes; the newest file of ``schema/migrations/versions``."""


def ensure(store: Store) -> None:
    """Create the database when it is new; refuse one of another version.

    Safe when several processes start at once: one builds, the others wait for it.

    Raises:
        SchemaMismatch: the database is older or newer than the program, or no ledger at all. It stays untouched.

    """
    revision, views = stamp(store)
    if revision is None:
        migrate(store)
    elif revision < HEAD:
        raise SchemaMismatch(
            f"the ledger {store.path} has schema {revision}, this program needs {HEAD}",
            hint="Run `quantstrip db migrate`; it makes a backup first.",
        )
    elif views != views_digest():
        with _alone(store):
            _install(store)


def stamp(store: Store) -> tuple[str | None, int]:
    """Schema revision (None for a new database) and digest of the installed views.

    Raises:
        SchemaMismatch: the database is newer than the program, or belongs to another program.

    """
    if not store.path.exists() or store.path.stat().st_size == 0:
        return None, 0
    with store.translated(), closing(store.connect(read_only=True)) as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return None, 0
        found = (
            raw.execute("SELECT version_num FROM alembic_version").fetchone() if "alembic_version" in tables else None
        )
        views: int = raw.execute("PRAGMA user_version").fetchone()[0]
    if found is None or not {"orders", "strategy_event"} <= tables:
        raise SchemaMismatch(
            f"{store.path} is a database of another program: it has tables, but no ledger",
            hint="Move the file away, or choose another home with --home DIR.",
        )
    if found[0] > HEAD:
        raise SchemaMismatch(
            f"the ledger {store.path} has schema {found[0]}, newer than this program's {HEAD}; it was left untouched",
            hint="Update Quantstrip to the version that wrote it, or choose another home with --home DIR.",
        )
    return found[0], views


def migrate(store: Store) -> str:
    """Bring the database to this program's schema in one transaction, views included; returns the revision.

    An older database is copied into ``backups`` beside it first.

    Raises:
        SchemaMismatch: the database is newer than the program.
        LedgerBusy: another process is migrating and did not finish.

    """
    try:
        store.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"the folder {store.path.parent} cannot be made: {error.strerror}",
            hint="Choose another home with --home DIR.",
        ) from error
    with _alone(store):
        revision, views = stamp(store)
        if revision is not None and revision != HEAD:
            moment = to_text(store.now()).translate({ord(" "): "_", ord(":"): None})[:17]
            backup(store, store.path.parent / "backups" / f"{store.path.stem}-{revision}-{moment}.db")
        if revision != HEAD:
            with store.translated():
                _upgrade(store)
        if revision != HEAD or views != views_digest():
            _install(store)
    return HEAD


def _upgrade(store: Store) -> None:
    # Importing Alembic costs more than anything else at start, and only a migration needs it.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    config = Config()
    config.set_main_option("script_location", str(asset("schema") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    store.path.touch(mode=0o600)  # the files that SQLite keeps beside it get the same mode
    raw = store.connect()
    raw.isolation_level = None
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    try:
        # Begun here, so that Alembic does not commit after each revision: nobody may see a half-built schema.
        raw.execute("PRAGMA journal_mode = WAL")
        with engine.connect() as connection, connection.begin():
            raw.execute("BEGIN IMMEDIATE")
            drop_views(raw)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
        raw.close()


def _install(store: Store) -> None:
    with store.translated(), closing(store.connect()) as raw:
        raw.isolation_level = None
        raw.execute("BEGIN IMMEDIATE")
        try:
            install_views(raw)
            raw.execute("COMMIT")
        finally:
            if raw.in_transaction:
                raw.execute("ROLLBACK")


@contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Keep other processes from changing the schema meanwhile."""
    path = store.path.with_name(f"{store.path.name}.lock")
    try:
        handle = path.open("a+b")
    except OSError as error:
        raise LedgerError(
            f"the folder {path.parent} cannot be written: {error.strerror}", hint="Choose another home with --home DIR."
        ) from error
    with handle:
        if not wait_for_lock(handle.fileno(), 2 * store.busy_seconds):
            raise LedgerBusy(
                f"another process has been migrating {store.path} for {2 * store.busy_seconds:.0f} s",
                hint="End that process, then try again; an unfinished migration undoes itself.",
            )
        yield  # closing the file gives the lock back
