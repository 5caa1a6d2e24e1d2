"""The outbox as a person looks through it: boxes of messages."""

from quantstrip.errors import MessageInvalid
from quantstrip.home import Home
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.notifications import MessageInfo, message_info

RESENDABLE = ("queued", "dead", "discarded")
"""Statuses of messages that can be sent again, at once."""
DISCARDABLE = ("queued", "held", "dead", "captured")
"""Statuses of messages that can be taken back."""
BOXES = {
    "all": (),
    "waiting": ("queued", "held", "sending"),
    "failed": ("dead", "queued"),
    "sent": ("sent", "merged"),
    "put aside": ("discarded", "captured"),
}
"""Boxes of the inbox: statuses of the messages in them. Of those that wait, ``failed`` has the ones with an error."""


_COLUMNS = (
    "outbox_id, status, create_time, sent, next_attempt, attempts, subject, recipients, channel, account, client, kind,"
    " last_error"
)
# Bodies and attachments are not read: a page that updates by itself asks every two seconds.


def inbox(home: Home, box: str = "all", limit: int = 50) -> list[MessageInfo]:
    """The newest messages of a box first.

    Raises:
        MessageInvalid: there is no such box.
        LedgerError: there is no ledger.

    """
    if box not in BOXES:
        raise MessageInvalid(f"there is no box {box!r}", hint=f"There are: {', '.join(BOXES)}.")
    statuses = BOXES[box]
    within = f"status IN ({', '.join('?' * len(statuses))})" if statuses else "1 = 1"
    where = "failed = 1" if box == "failed" else within
    values = (*(() if box == "failed" else statuses), limit)
    with existing_ledger(home).reading() as read:
        rows = read.dicts(
            f"SELECT {_COLUMNS} FROM v_messages WHERE {where} ORDER BY outbox_id DESC LIMIT ?",  # noqa: S608 - own words
            values,
        )
    return [message_info(row) for row in rows]


def box_counts(home: Home) -> dict[str, int]:
    """How many messages there are in each box.

    Raises:
        LedgerError: there is no ledger.

    """
    with existing_ledger(home).reading() as read:
        rows = read.query("SELECT status, COUNT(*) FROM v_messages GROUP BY status")[1]
        failed = read.query("SELECT COALESCE(SUM(failed), 0) FROM v_messages")[1][0][0]
    by_status = {str(status): int(count) for status, count in rows}
    found = {box: sum(by_status.get(each, 0) for each in statuses) for box, statuses in BOXES.items()}
    return found | {"all": sum(by_status.values()), "failed": int(failed)}
