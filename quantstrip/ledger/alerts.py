"""Alerts: what a person should know, once, not a thousand times."""

from typing import Any

from sqlalchemy import bindparam, func, or_, select, update

from quantstrip.clock import HOUR, to_text
from quantstrip.ledger.family import Family
from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import alert

QUIET = HOUR
"""An alert of the same rate key within this time adds to the count of the first."""

_INSERT = Insert(alert)
_RECENT = Statement(
    lambda: (
        select(alert.c.alert_id)
        .where(
            alert.c.rate_key == bindparam("rate_key"),
            alert.c.seen == 0,
            alert.c.create_time > bindparam("since"),
        )
        .order_by(alert.c.alert_id.desc())
        .limit(1)
    )
)
_REPEAT = Statement(
    lambda: (
        update(alert)
        .where(alert.c.alert_id == bindparam("id"))
        .values(occurrences=alert.c.occurrences + 1, update_time=bindparam("now"), body=bindparam("latest"))
    )
)
_LIST = Statement(
    lambda: (
        select(alert)
        .where(alert.c.seen <= bindparam("largest_seen"))
        .order_by(alert.c.update_time.desc(), alert.c.alert_id.desc())
        .limit(bindparam("most"))
    )
)
_SEEN = Statement(
    lambda: (
        update(alert)
        .where(alert.c.seen == 0, or_(bindparam("id").is_(None), alert.c.alert_id == bindparam("id")))
        .values(seen=1, update_time=alert.c.update_time)
    )
)
_TO_TELL = Statement(lambda: select(alert).where(alert.c.notified.is_(None)).order_by(alert.c.alert_id))
_TOLD = Statement(
    lambda: (
        update(alert)
        .where(alert.c.notified.is_(None), alert.c.alert_id <= bindparam("newest"))
        .values(notified=bindparam("moment"), update_time=alert.c.update_time)
    )
)
_UNSEEN = Statement(lambda: select(func.count()).select_from(alert).where(alert.c.seen == 0))


def raise_alert(
    tx: Transaction, now: int, kind: str, subject: str, body: str, *, client: str = "", rate_key: str = ""
) -> int:
    """Record an alert inside a transaction; one of the same rate key that nobody has seen is counted up instead."""
    if rate_key:
        recent = tx.one(_RECENT, {"rate_key": rate_key, "since": to_text(now - QUIET)})
        if recent is not None:
            tx.run(_REPEAT, {"id": recent[0], "now": tx.now, "latest": body})
            return int(recent[0])
    row = {"kind": kind, "subject": subject, "body": body, "client": client, "rate_key": rate_key}
    return int(
        tx.insert(_INSERT, row | {"occurrences": 1, "seen": 0, "create_time": tx.now, "update_time": tx.now}) or 0
    )


class Alerts(Family):
    """Alerts."""

    def alert(self, kind: str, subject: str, body: str, client: str = "", rate_key: str = "") -> int:
        """Tell the user something; returns the alert's id.

        Args:
            kind: family of the alert (``client_crashed``, ``job_failed``, ``order_unknown`` ...).
            rate_key: alerts of one key within an hour become one row with a count, as long as nobody has seen it.

        """
        with self.store.write() as tx:
            return raise_alert(tx, self.store.now(), kind, subject, body, client=client, rate_key=rate_key)

    def alerts(self, limit: int = 50, *, unseen_only: bool = False) -> list[dict[str, Any]]:
        """The newest alerts first."""
        return self._rows(_LIST, largest_seen=0 if unseen_only else 1, most=limit)

    def unseen_alerts(self) -> int:
        """How many alerts nobody has seen."""
        with self.store.read() as tx:
            return int(tx.one(_UNSEEN)[0])

    def mark_alerts_seen(self, alert_id: int | None = None) -> int:
        """Mark every alert, or one, as seen; returns how many were not."""
        with self.store.write() as tx:
            return tx.run(_SEEN, {"id": alert_id}).rowcount

    def alerts_to_tell(self) -> list[dict[str, Any]]:
        """Alerts that no message has passed on yet, oldest first."""
        return self._rows(_TO_TELL)

    def mark_alerts_told(self, newest: int) -> int:
        """Mark every alert up to the id ``newest`` as passed on; returns how many were not."""
        with self.store.write() as tx:
            return tx.run(_TOLD, {"newest": newest, "moment": tx.now}).rowcount
