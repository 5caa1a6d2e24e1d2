"""A report in the published structure, written by a client itself, is sent like one of the platform's."""

import pytest

from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import report_mail, reports


@pytest.fixture
def ledger(home: Home) -> Ledger:
    """With an account, which no test here lets send: each message stays queued, as inside a client."""
    opened = open_ledger(home)
    opened.set_email_account(
        "main", smtp_server="127.0.0.1", smtp_port=9, from_address="me@example.com", is_default=True
    )
    return opened


def written(ledger: Ledger, recipients: str = "") -> int:
    number = ledger.insert_report("Evening", "2012-12-31", "DRAFT", "own", recipients)
    section = ledger.insert_report_section(number, "Orders", "text")
    ledger.insert_report_item(section, "AAPL sold & <b>booked</b>")
    ledger.insert_report_item(section, "IBM kept")
    return number


def test_it_goes_to_its_own_recipients_as_text_with_the_page_attached(home: Home, ledger: Ledger) -> None:
    number = written(ledger, "you@example.com, other@example.com")
    with ledger.transaction():
        report_mail.send(home, number)

    ((subject, body),) = ledger.query("SELECT subject, body FROM outbox")[1]
    assert subject == "Evening, 2012-12-31"
    assert body.index("AAPL sold & <b>booked</b>") < body.index("IBM kept")
    assert ledger.query("SELECT address FROM outbox_recipient ORDER BY address")[1] == [
        ("other@example.com",), ("you@example.com",),
    ]  # fmt: skip
    ((name, page),) = ledger.query("SELECT filename, content FROM outbox_attachment")[1]
    assert name == "evening-2012-12-31.html"
    assert b"AAPL sold &amp; &lt;b&gt;booked&lt;/b&gt;" in page
    (row,) = [each for each in reports.stored_reports(home) if each.report_id == number]
    assert (row.status, row.recipients) == ("SENT", "you@example.com, other@example.com")


def test_a_form_that_it_cannot_have_sends_nothing(home: Home, ledger: Ledger) -> None:
    number = written(ledger, "you@example.com")

    with pytest.raises(ReportError, match="cannot be made as 'xlsx'"):
        report_mail.send(home, number, forms=["html", "xlsx"])

    assert ledger.query("SELECT * FROM outbox")[1] == []
    assert [each.status for each in reports.stored_reports(home) if each.report_id == number] == ["DRAFT"]
