"""Alerts: what a person should know, and whether they were told."""

from dataclasses import dataclass

from quantstrip.clock import Micros, from_text
from quantstrip.home import Home
from quantstrip.notify.options import options
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.settings import manager_of
from quantstrip.redaction import scrub


@dataclass(frozen=True, slots=True)
class AlertInfo:
    """An alert as listed; moments are wall clock.

    Attributes:
        client: "" where it concerns none.
        occurrences: how often it happened while nobody had seen it.
        created: when it happened first.
        newest: when it happened last.
        seen: a person has seen it.
        told: ``waiting`` for its window, ``taken up`` by the notifier, or ``muted``: shown only.

    """

    id: int
    kind: str
    client: str
    subject: str
    body: str
    occurrences: int
    created: Micros
    newest: Micros
    seen: bool
    told: str


def list_alerts(home: Home, limit: int = 50, *, unseen: bool = False) -> list[AlertInfo]:
    """The newest alerts first; what looks like a secret in them is hidden."""
    muted = options(manager_of(home)).muted
    return [
        AlertInfo(
            int(row["alert_id"]),
            str(row["kind"]),
            str(row["client"] or ""),
            scrub(str(row["subject"])),
            scrub(str(row["body"])),
            int(row["occurrences"]),
            from_text(row["create_time"]),
            from_text(row["update_time"]),
            bool(row["seen"]),
            "muted" if row["kind"] in muted else "taken up" if row["notified"] else "waiting",
        )
        for row in existing_ledger(home).alerts(limit, unseen_only=unseen)
    ]


def unseen_alerts(home: Home) -> int:
    """How many alerts nobody has seen."""
    return existing_ledger(home).unseen_alerts()


def mark_alerts_seen(home: Home, number: int | None = None) -> int:
    """Mark every alert, or one, as seen; returns how many were not. One that happens again counts anew."""
    return existing_ledger(home).mark_alerts_seen(number)
