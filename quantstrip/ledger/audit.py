"""The writer's side of the audit chain: notes each change of a life-cycle row, and links it in the same transaction.

Temporary triggers on the writing connection tell what changed; what they note is linked just before COMMIT, from the
rows as they are then. The chain's own newest link says whether the audit is on, so that a switch holds for every
process from its next transaction. Raw SQL from anywhere else has no triggers and leaves no link: verifying finds it.
"""

import getpass
import sqlite3
import sys
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip.errors import LedgerError, SecretError
from quantstrip.ledger.audit_links import Change, Operation, Tip, about_chain, append, append_rows, is_on, tip_of
from quantstrip.ledger.audit_rows import CHANGED, FORMS, NOTE, row_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quantstrip.ledger.audit_keys import AuditKeys
    from quantstrip.ledger.family import Context

_FEW = 8
_WHO = "SELECT client, code_hash FROM client_run WHERE run_id = ?"


class Chain:
    """The audit chain as one process's writer carries it on. Used by whoever has the turn to write.

    Args:
        keys: gives the keys of the ledger's home; None where the home is not known.
        context: whose run the process's rows belong to.

    """

    def __init__(self, keys: "Callable[[], AuditKeys | None]", context: "Context | None" = None) -> None:
        self._keys, self._context = keys, context
        self._found: AuditKeys | None = None
        # Of each row that was written, how it was before (None: not there) and how it is (None: to be read again).
        self._notes: dict[tuple[str, int], tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]] = {}
        # The connection that has triggers; they come and go with the transaction that makes or drops them.
        self._watched: sqlite3.Connection | None = None
        self._watching: sqlite3.Connection | None = None
        # Client run, and the sequence of the link that introduced it: what is committed, and what is not yet.
        self._writer: tuple[int | None, int] | None = None
        self._told: tuple[int | None, int] | None = None
        self.head: Tip | None = None

    def begun(self, raw: sqlite3.Connection, *, unchanged: bool) -> None:
        """A writing transaction has begun; ``unchanged`` where the newest link is the one that was committed here."""
        self._notes.clear()
        self._told, self._watching = self._writer, self._watched
        if unchanged:
            return
        try:
            self.head = tip_of(raw)
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            self.head = None  # an older schema: nothing but its migration writes to it
        self._watch(raw)

    def seal(self, raw: sqlite3.Connection, now: str) -> None:
        """Link what the transaction has changed; to be called just before it commits.

        Args:
            raw: the writing connection.
            now: the transaction's time, as ledger text.

        Raises:
            SecretError: the key is not here.

        """
        if not self._notes or self.head is None:
            return
        changes = self._changes(raw)
        if changes:
            key, writer = self.keys.get(self.head.key_id), self._introduce(raw, now)
            self.head = append_rows(raw, key, self.head, writer, changes, now)

    def _changes(self, raw: sqlite3.Connection) -> list[Change]:
        """What became of each row that a trigger told of, and forget that it did."""
        changes, undone = [], self._undone(raw)
        for (table, row_key), (before, row) in self._notes.items():
            form = FORMS[table]
            if row is None or (table, row_key) in undone:
                row = raw.execute(form.one, (row_key,)).fetchone()
                if row is None:
                    continue  # the statement that wrote it was undone
            after = row_hash(form, row)
            if before is None:
                changes.append(Change(table, row_key, after, None))
            elif (prior := row_hash(form, before)) != after:
                changes.append(Change(table, row_key, after, prior))
        self._notes.clear()
        return changes

    def _undone(self, raw: sqlite3.Connection) -> Container[tuple[str, int]]:
        """Of the rows that triggers told to be new those that may not be there: the statement may have failed later.

        One that is there is as it was told. Few are looked for with one statement; of many, each is read again.
        """
        notes = self._notes
        if len(notes) > _FEW:
            return notes
        there = raw.execute(_look_for(tuple([table for table, _ in notes])), [key for _, key in notes]).fetchone()
        return () if None not in there else [note for note, one in zip(notes, there, strict=True) if one is None]

    def committed(self) -> None:
        """What was sealed is kept."""
        self._writer, self._watched = self._told, self._watching

    @property
    def keys(self) -> "AuditKeys":
        """The keys of the ledger's home.

        Raises:
            SecretError: the ledger was opened by its file alone, outside of any home.

        """
        if self._found is None:
            self._found = self._keys()
        if self._found is None:
            raise SecretError(
                "this ledger is audited, and its key is in no home that is known here; nothing was written",
                hint="Open it through its home: open_ledger(Home(...)).",
            )
        return self._found

    def begin(self, raw: sqlite3.Connection, now: str, reason: str) -> None:
        """Turn the audit on, inside a writing transaction; nothing where it is on already."""
        if is_on(self.head):
            return
        key_id, key = self.keys.newest()
        there = {form.table: _count(raw, form.table, form.key) for form in FORMS.values()}
        detail = {"reason": reason, "there": there}
        self.head = append(raw, key, self.head, about_chain(Operation.BEGIN, detail, key_id, now))
        self._watch(raw)

    def finish(self, raw: sqlite3.Connection, now: str, reason: str) -> None:
        """Turn the audit off; nothing where it is off already."""
        if is_on(self.head):
            self._control(raw, now, Operation.END, {"reason": reason, **_person()})
            self._watch(raw)

    def act(self, raw: sqlite3.Connection, now: str, detail: "Mapping[str, Any]") -> None:
        """Link what a person changed outside of the audited tables; nothing while the audit is off."""
        if is_on(self.head):
            self._control(raw, now, Operation.ACT, {**detail, **_person()})

    def rotate(self, raw: sqlite3.Connection, now: str) -> str:
        """Carry the chain on with a new key, which the old one vouches for; the new key's id."""
        if self.head is None:
            raise LedgerError("there is no audit chain yet", hint="It begins with the setting ledger.audit.")
        self.keys.get(self.head.key_id)  # before anything is made
        key_id, key = self.keys.add()
        old = self.head.key_id
        was_on = is_on(self.head)
        self._control(raw, now, Operation.ROTATE, {"key": key_id, **_person()})
        self.head = append(raw, key, self.head, about_chain(Operation.KEY, {"after": old}, key_id, now))
        if not was_on:
            self._control(raw, now, Operation.END, {"reason": "it was off before the key was rotated"})
        return key_id

    def restart(self, raw: sqlite3.Connection, now: str) -> str:
        """Begin anew with a new key, the old one being lost; the new key's id. What was linked cannot be checked."""
        if self.head is None:
            raise LedgerError("there is no audit chain yet", hint="It begins with the setting ledger.audit.")
        if self.keys.holds(self.head.key_id):
            raise LedgerError(
                f"the key of the audit chain is here, in {self.keys.file}", hint="Run: quantstrip audit rotate"
            )
        used = [key_id for (key_id,) in raw.execute("SELECT DISTINCT key_id FROM audit_link ORDER BY 1")]
        lost = [key_id for key_id in used if not self.keys.holds(key_id)]
        key_id, key = self.keys.add()
        there = {form.table: _count(raw, form.table, form.key) for form in FORMS.values()}
        detail = {"reason": "the key was lost", "lost": lost, "there": there, **_person()}
        self.head = append(raw, key, self.head, about_chain(Operation.BEGIN, detail, key_id, now))
        self._watch(raw)
        return key_id

    def _control(self, raw: sqlite3.Connection, now: str, operation: Operation, detail: dict[str, Any]) -> None:
        if self.head is None:
            raise AssertionError("a chain begins with its first link")
        link = about_chain(operation, detail, self.head.key_id, now)
        self.head = append(raw, self.keys.get(self.head.key_id), self.head, link)

    def _watch(self, raw: sqlite3.Connection) -> None:
        """Have triggers on the writing connection while the audit is on, and none while it is off."""
        on, watching = is_on(self.head), self._watching is raw
        if on and not watching:
            raw.create_function(NOTE, -1, self._inserted)
            raw.create_function(CHANGED, -1, self._changed)
            for form in FORMS.values():
                for name, definition in form.triggers():
                    raw.execute(f"DROP TRIGGER IF EXISTS temp.{name}")
                    raw.execute(definition)
            self._watching = raw
        elif watching and not on:
            for form in FORMS.values():
                for name, _ in form.triggers():
                    raw.execute(f"DROP TRIGGER IF EXISTS temp.{name}")
            self._watching = None

    def _inserted(self, table: str, row_key: int, *row: Any) -> None:
        """Called by a trigger with a row that is new, as the table holds it: its columns are converted by then."""
        self._notes[table, row_key] = None, row

    def _changed(self, table: str, row_key: int, *before: Any) -> None:
        """Called by a trigger with a row as it was: the first time counts, and what it has become is read later."""
        noted = self._notes.get((table, row_key))
        self._notes[table, row_key] = (before if noted is None else noted[0]), None

    def _introduce(self, raw: sqlite3.Connection, now: str) -> int:
        """The sequence of the link that says who writes; a new one when it is somebody else than before."""
        if self.head is None:
            raise AssertionError("a chain begins with its first link")
        run_id = None if self._context is None else self._context.client_run_id
        if self._told is not None and self._told[0] == run_id and self._told[1] <= self.head.sequence:
            return self._told[1]
        found = None if run_id is None else raw.execute(_WHO, (run_id,)).fetchone()
        detail: dict[str, Any] = _person()
        if found is not None:
            detail |= {"client": found[0], "run": run_id, "code_hash": found[1]}
        self._control(raw, now, Operation.WRITER, detail)
        self._told = (run_id, self.head.sequence)
        return self.head.sequence


@lru_cache(maxsize=64)
def _look_for(tables: tuple[str, ...]) -> str:
    """SQL that says of one key in each of these tables whether it is there (1) or not (NULL)."""
    looks = (f"(SELECT 1 FROM {table} WHERE {FORMS[table].key} = ?)" for table in tables)  # noqa: S608 - our own names
    return f"SELECT {', '.join(looks)}"


def link_act(raw: sqlite3.Connection, keys: "Callable[[], AuditKeys]", now: str, detail: "Mapping[str, Any]") -> None:
    """Link what a person changed by a connection of its own, inside its transaction; nothing while the audit is off.

    Args:
        raw: a connection whose writing transaction has begun.
        keys: gives the keys of the ledger's home, where they are needed.
        now: the transaction's time, as ledger text.
        detail: what was done, by whom.

    Raises:
        SecretError: the key is not here.

    """
    tip = tip_of(raw)
    if tip is not None and is_on(tip):
        link = about_chain(Operation.ACT, {**detail, **_person()}, tip.key_id, now)
        append(raw, keys().get(tip.key_id), tip, link)


def _person() -> dict[str, str]:
    """Who uses this process, and its program."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    return {"user": user, "program": Path(sys.argv[0]).name or "python"}


def _count(raw: sqlite3.Connection, table: str, key: str) -> list[int]:
    """How many rows a table has, and its last key (0 for none)."""
    return list(raw.execute(f"SELECT count(*), coalesce(max({key}), 0) FROM {table}").fetchone())  # noqa: S608 - ours
