"""The outbox as a person looks through it: boxes of messages."""

from quantstrip.errors import MessageInvalid
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations.notifications import MessageInfo, list_messages

_MANY = 1000
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


def inbox(home: Home, box: str = "all", limit: int = 50) -> list[MessageInfo]:
    """The newest messages of a box first.

    Raises:
        MessageInvalid: there is no such box.

    """
    if box not in BOXES:
        raise MessageInvalid(f"there is no box {box!r}", hint=f"There are: {', '.join(BOXES)}.")
    most = _MANY if box == "failed" else limit
    found = [each for status in BOXES[box] or ("",) for each in list_messages(home, status, most)]
    if box == "failed":
        found = [each for each in found if each.status == "dead" or each.last_error]
    return sorted(found, key=lambda each: -each.id)[:limit]


def box_counts(home: Home) -> dict[str, int]:
    """How many messages there are in each box."""
    by_status = open_ledger(home).message_counts()
    found = {box: sum(by_status.get(each, 0) for each in statuses) for box, statuses in BOXES.items()}
    return found | {"all": sum(by_status.values()), "failed": len(inbox(home, "failed", _MANY))}
