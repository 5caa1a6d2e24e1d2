"""Messages that may wait for others: those of one window, to the same people, become one."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from quantstrip.clock import SECOND, Micros, from_text
from quantstrip.errors import InvalidRecord
from quantstrip.ledger.outbox import NewMessage
from quantstrip.notify.identity import message_id
from quantstrip.notify.options import Options

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

Row = Mapping[str, Any]


def send_batches(ledger: "Ledger", options: Options, now: Micros) -> int:
    """Queue what was held for the window's length; returns how many messages left the hold.

    One that found no company goes as it is, and so do several whose files are too large together. Others become
    one text with all files: each part under its subject, in the order in which they were written.
    """
    since = ledger.held_since()
    if since is None or since + options.batch_seconds * SECOND > now:
        return 0
    left = 0
    for rows in _groups(ledger.held_messages()):
        if from_text(rows[0]["create_time"]) + options.batch_seconds * SECOND > now:
            continue
        size = sum(len(each.content) for row in rows for each in row["attachments"])
        if len(rows) == 1 or size > options.attachment_megabytes * 1e6:
            for row in rows:
                ledger.let_go_message(row["outbox_id"])
        else:
            with suppress(InvalidRecord):  # another notifier has sent one of them meanwhile
                ledger.merge_messages([row["outbox_id"] for row in rows], _together(rows))
        left += len(rows)
    return left


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault((row["account"], row["channel"], row["client"], tuple(row["pending"])), []).append(row)
    return list(found.values())


def _together(rows: Sequence[Row]) -> NewMessage:
    first = rows[0]
    parts = [f"{row['subject']}\n{'-' * min(len(row['subject']), 72)}\n{row['body'].strip()}\n" for row in rows]
    return NewMessage(
        message_id(),
        first["pending"],
        f"{len(rows)} messages: {first['subject']}"[:200],
        "\n\n".join(parts),
        account=first["account"] or "",
        channel=first["channel"] or "mail",
        kind="batch",
        client=first["client"] or "",
        attachments=[attachment for row in rows for attachment in row["attachments"]],
    )
