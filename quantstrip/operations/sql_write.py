"""Writing with SQL of a person: looked at first, then done, and never to what is the ledger's history."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from quantstrip.clock import system_clock
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger.audit_trail import act_detail
from quantstrip.ledger.writing import STATIC, Changes, Writing, writing
from quantstrip.log import logger
from quantstrip.operations import sql
from quantstrip.operations.ledger import existing_ledger

SECONDS: Final = 5.0
"""Nobody else can write while a statement runs."""
__all__ = ["SECONDS", "WRITABLE", "Changes", "Preview", "commit", "preview", "would_write"]
WRITABLE: Final = tuple(STATIC)
_READING: Final = ("select", "with", "values", "explain", "pragma")


@dataclass(frozen=True, slots=True)
class Preview:
    """What statements would change, or did.

    Attributes:
        changes: table by table.
        digest: of the rows that would be changed, as they are now and as they would be.
        done: it is written.

    """

    text: str
    values: Mapping[str, Any]
    changes: tuple[Changes, ...]
    digest: str
    seconds: float
    done: bool = False

    @property
    def words(self) -> str:
        """The changes in a sentence."""
        return "; ".join(
            f"{each.table}: " + ", ".join(f"{count:,} {what}" for what, count in _counts(each).items())
            for each in self.changes
        )


def would_write(text: str) -> bool:
    """True where a statement does not begin as one that reads."""
    words = (sql.first_word(text[begin:end]) for begin, end in sql.statements(text))
    return any(word and word not in _READING for word in words) or _writes_later(text)


def preview(home: Home, text: str, values: Mapping[str, Any] | None = None, *, seconds: float = SECONDS) -> Preview:
    """Run the statements, note what they change, and take all of it back.

    Raises:
        LedgerError: they are wrong, take too long, change nothing, or would write what may not be written from here.

    """
    return _done(home, text, dict(values or {}), None, "", seconds)


def commit(home: Home, shown: Preview, *, by: str) -> Preview:
    """Run what was looked at, and keep it; one transaction, with a link of the audit that says who wrote what.

    Raises:
        LedgerError: as ``preview``; or the rows are no longer those that were shown, and nothing was written.

    """
    return _done(home, shown.text, shown.values, shown, by, SECONDS)


def _done(home: Home, text: str, values: Mapping[str, Any], shown: Preview | None, by: str, seconds: float) -> Preview:
    began = system_clock.monotonic()
    sql.check(text)
    parts = [text[begin:end] for begin, end in sql.statements(text)]
    if not parts:
        raise LedgerError("there is no SQL", hint="Write an UPDATE, INSERT or DELETE.")

    def agreed(made: Writing) -> bool:
        return shown is not None and made.digest == shown.digest

    def act(made: Writing) -> dict[str, Any]:
        given = f" with {dict(values)}" if values else ""
        return act_detail("sql", f"{text.strip()}{given}", by, {each.table: _counts(each) for each in made.changes})

    with writing(existing_ledger(home).store, seconds, commit=agreed, act=act) as made:
        for part in parts:
            made.run(part, values)
        if not made.changes:
            raise LedgerError("this changes no row", hint="Look at the rows first: SELECT with the same WHERE.")
        made.check()
    if shown is not None and made.digest != shown.digest:
        raise LedgerError(
            "the rows, or what would become of them, are no longer those that were shown; nothing was written",
            hint="Somebody changed something meanwhile, or the statement gives other values each time, such as "
            "random() or the time: write those out. Look at the change once more.",
        )
    found = Preview(
        text, values, tuple(made.changes), made.digest, system_clock.monotonic() - began, done=shown is not None
    )
    if found.done:
        logger.info("SQL by {} wrote {}: {}", by or "somebody", found.words, " ".join(text.split()))
    return found


def _counts(change: Changes) -> dict[str, int]:
    """How many rows were added, changed and deleted, without those that are none."""
    counts = {"added": change.inserted, "changed": change.updated, "deleted": change.deleted}
    return {what: count for what, count in counts.items() if count}


def _writes_later(text: str) -> bool:
    """A WITH may lead to a write."""
    return any(
        sql.first_word(text[begin:end]) == "with" and sql.writes_after_with(text[begin:end])
        for begin, end in sql.statements(text)
    )
