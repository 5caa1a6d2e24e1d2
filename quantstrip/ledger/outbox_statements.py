"""The statements of ``outbox``."""

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from quantstrip.ledger.statements import Insert, Statement
from quantstrip.ledger.tables import client_run, outbox, outbox_attachment, outbox_recipient

_O, _R, _A = outbox.c, outbox_recipient.c, outbox_attachment.c
_THIS = _O.outbox_id == bindparam("id")
_OVER = or_(_O.status == "sent", _O.status == "captured", _O.status == "discarded", _O.status == "merged")
_OF_ACCOUNT = and_(
    func.coalesce(_O.channel, "mail") == "mail",
    or_(
        func.coalesce(_O.account, "") == bindparam("of_account"),
        func.coalesce(_O.account, "") == bindparam("or_default"),
    ),
)
_OLD = select(_O.outbox_id).where(_OVER, _O.update_time < bindparam("before"))

INSERT = Insert(outbox)
INSERT_RECIPIENT = Insert(outbox_recipient)
INSERT_ATTACHMENT = Insert(outbox_attachment)
BY_KEY = Statement(lambda: select(_O.outbox_id).where(_O.dedupe_key == bindparam("key")))
ONE = Statement(lambda: select(outbox).where(_THIS))
STATUS = Statement(lambda: select(_O.status).where(_THIS))
RECIPIENTS = Statement(
    lambda: select(_R.address, _R.status, _R.last_error).where(_R.outbox_id == bindparam("id")).order_by(_R.address)
)
ATTACHMENTS = Statement(
    lambda: (
        select(_A.filename, _A.content_type, _A.content)
        .where(_A.outbox_id == bindparam("id"))
        .order_by(_A.outbox_attachment_id)
    )
)
DUE = Statement(
    lambda: (
        select(_O.outbox_id)
        .where(
            or_(
                and_(_O.status == "queued", _O.next_attempt <= bindparam("now")),
                and_(_O.status == "sending", _O.lease_until < bindparam("now")),
            )
        )
        .order_by(_O.outbox_id)
        .limit(1)
    )
)
CLAIM = Statement(
    lambda: (
        update(outbox)
        .where(_THIS)
        .values(
            status="sending",
            attempts=_O.attempts + 1,
            claimed_by=bindparam("owner"),
            lease_until=bindparam("lease"),
            update_time=bindparam("now"),
        )
    )
)
SETTLE = Statement(
    lambda: (
        update(outbox)
        .where(_THIS, _O.claimed_by == bindparam("owner"), _O.status == "sending")
        .values(
            status=bindparam("became"),
            next_attempt=bindparam("next"),
            last_error=bindparam("error"),
            sent=bindparam("sent_at"),
            claimed_by=None,
            lease_until=None,
            update_time=bindparam("now"),
        )
    )
)
MARK = Statement(
    lambda: (
        update(outbox_recipient)
        .where(_R.outbox_id == bindparam("id"), _R.address == bindparam("who"))
        .values(status=bindparam("became"), last_error=bindparam("error"), update_time=bindparam("now"))
    )
)
POSTPONE = Statement(
    lambda: (
        update(outbox)
        .where(_O.status == "queued", _OF_ACCOUNT, _O.next_attempt < bindparam("until"))
        .values(next_attempt=bindparam("until"), last_error=bindparam("error"), update_time=bindparam("now"))
    )
)
CLAIMANTS = Statement(lambda: select(_O.claimed_by).where(_O.status == "sending").distinct())
RELEASE = Statement(
    lambda: (
        update(outbox)
        .where(_O.status == "sending", _O.claimed_by == bindparam("owner"))
        .values(
            status="queued",
            next_attempt=bindparam("now"),
            claimed_by=None,
            lease_until=None,
            update_time=bindparam("now"),
        )
    )
)
HURRY = Statement(
    lambda: (
        update(outbox).where(_O.status == "queued").values(next_attempt=bindparam("now"), update_time=bindparam("now"))
    )
)
PENDING_AGAIN = Statement(
    lambda: (
        update(outbox_recipient)
        .where(_R.outbox_id == bindparam("id"), _R.status != "sent")
        .values(status="pending", last_error=None, update_time=bindparam("now"))
    )
)
QUEUE_AGAIN = Statement(
    lambda: (
        update(outbox)
        .where(_THIS)
        .values(status="queued", attempts=0, next_attempt=bindparam("now"), update_time=bindparam("now"))
    )
)
WRITER = Statement(lambda: select(client_run.c.client).where(client_run.c.run_id == bindparam("id")))
HELD = Statement(lambda: select(outbox).where(_O.status == "held").order_by(_O.outbox_id))
HELD_SINCE = Statement(lambda: select(func.min(_O.create_time)).where(_O.status == "held"))
MERGED = Statement(
    lambda: (
        update(outbox)
        .where(_THIS, _O.status == "held")
        .values(status="merged", last_error=bindparam("where"), update_time=bindparam("now"))
    )
)
LET_GO = Statement(
    lambda: (
        update(outbox)
        .where(_THIS, _O.status == "held")
        .values(status="queued", next_attempt=bindparam("now"), update_time=bindparam("now"))
    )
)
DISCARD = Statement(
    lambda: update(outbox).where(_THIS).values(status="discarded", next_attempt=None, update_time=bindparam("now"))
)
LIST = Statement(
    lambda: (
        select(outbox)
        .where(or_(bindparam("any") == 1, _O.status == bindparam("status")))
        .order_by(_O.outbox_id.desc())
        .limit(bindparam("most"))
    )
)
COUNTS = Statement(lambda: select(_O.status, func.count()).group_by(_O.status))
TROUBLE = Statement(
    lambda: (
        select(_O.status, _O.last_error)
        .where(
            _OF_ACCOUNT,
            or_(_O.status == "sent", and_(_O.status == "queued", _O.last_error.is_not(None))),
        )
        .order_by(_O.update_time.desc(), _O.outbox_id.desc())
        .limit(1)
    )
)
SINCE = Statement(
    lambda: (
        select(func.count())
        .select_from(outbox)
        .where(_O.kind == bindparam("kind"), _O.create_time > bindparam("since"))
    )
)
PRUNE_RECIPIENTS = Statement(lambda: delete(outbox_recipient).where(_R.outbox_id.in_(_OLD)))
PRUNE_ATTACHMENTS = Statement(lambda: delete(outbox_attachment).where(_A.outbox_id.in_(_OLD)))
PRUNE = Statement(lambda: delete(outbox).where(_OVER, _O.update_time < bindparam("before")))
