"""Sending a stored report: its text in the mail, the page and, where asked for, other forms attached."""

import re
from collections.abc import Sequence

from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations.reports import stored, stored_reports

ENDINGS = {"text": "txt"}


def send(
    home: Home, report_id: int, to: str | None = None, *, account: str | None = None, forms: Sequence[str] = ("html",)
) -> str:
    """Send a stored report and note its recipients and its status; returns what is to be said about it.

    The message is in the outbox before anything is sent: what cannot be sent now is tried again. So the status SENT
    says that it was given to the outbox, which knows what became of it.

    Args:
        to: addresses with commas between; None for the report's own recipients, else those of the settings.
        forms: what to attach, of ``reports.FORMS``.

    Raises:
        ReportError: there is no such report or form, or the message was refused.

    """
    from quantstrip.notify import EmailManager

    row = next((each for each in stored_reports(home) if each.report_id == report_id), None)
    if row is None:
        raise ReportError(f"no stored report has the id {report_id}", hint="`quantstrip report list` shows them.")
    name = re.sub(r"[^\w-]+", "-", f"{row.name}-{row.date or report_id}").strip("-").lower()
    files = [(f"{name}.{ENDINGS.get(form, form)}", stored(home, report_id, form)) for form in forms]
    sent, answer = EmailManager(home).send(
        f"{row.name}, {row.date}" if row.date else row.name,
        stored(home, report_id, "text").decode(),
        to or row.recipients or None,
        account,
        attachments=files,
    )
    if not sent:
        raise ReportError(
            f"report {report_id} was not sent: {answer}", hint="`quantstrip notify list` shows the outbox."
        )
    open_ledger(home).update_report(report_id, status="SENT", recipients=to or row.recipients)
    return answer
