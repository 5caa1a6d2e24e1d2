"""Mail to real servers: what is said about each way to fail, and that nothing is lost by any of them."""

import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from quantstrip.config import SettingsManager
from quantstrip.ledger import Ledger
from quantstrip.notify import EmailManager
from quantstrip.notify.notifier import Notifier
from tests.ports import free_port

from .conftest import TO, Add, Serve, Server, dripping, try_again, why_not

# What arrives


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_message_arrives_over_each_kind_of_connection(
    serve: Serve, add_account: Add, manager: EmailManager, security: str
) -> None:
    server = serve(security)
    add_account("home", server.port, security, from_name="Jürgen Händler")
    assert manager.send("Grüße €", "Zeile 1\nZeile 2 ✓", TO) == (True, f"sent to {TO}")
    ((recipients, mail),) = server.box.taken
    assert recipients == [TO]
    assert mail["Subject"] == "Grüße €"
    assert mail["From"].addresses[0].display_name == "Jürgen Händler"
    assert mail["From"].addresses[0].addr_spec == "home@example.com"
    assert mail["To"] == TO
    assert mail.get_content().replace("\r\n", "\n") == "Zeile 1\nZeile 2 ✓\n"
    assert mail["Message-ID"].endswith("@quantstrip.local>")
    assert socket.gethostname() not in mail["Message-ID"]


def test_several_recipients_an_html_body_its_plain_twin_and_a_report_file_arrive(
    server: Server, manager: EmailManager, tmp_path: Path
) -> None:
    report = tmp_path / "Übersicht.xlsx"
    report.write_bytes(bytes(range(256)) * 10)
    ok, words = manager.send(
        "Report", "<h1>PnL</h1><p>1 &lt; 2</p>", "a@example.com, Ann <b@example.com>", html=True, attachments=[report]
    )
    assert (ok, words) == (True, "sent to a@example.com, b@example.com")
    ((recipients, mail),) = server.box.taken
    assert recipients == ["a@example.com", "b@example.com"]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().split() == ["PnL", "1", "<", "2"]
    assert "<h1>PnL</h1>" in html.get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "Übersicht.xlsx"
    assert attached.get_content() == report.read_bytes()


def test_an_address_beyond_ascii_arrives_and_a_domain_in_another_script_is_written_as_dns_wants_it(
    serve: Serve, add_account: Add, manager: EmailManager
) -> None:
    modern, older = serve(), serve(enable_SMTPUTF8=False)
    add_account("modern", modern.port)
    add_account("older", older.port)
    assert manager.send("s", "b", "jürgen@example.com")[0]
    assert manager.send("s", "b", "jo@münchen.de", "older")[0]
    words = why_not(manager, "s", "b", "jürgen@example.com", "older")
    assert "takes no addresses beyond ASCII" in words
    assert [who for who, _ in modern.box.taken] == [["jürgen@example.com"]]
    assert [who for who, _ in older.box.taken] == [["jo@xn--mnchen-3ya.de"]]


def test_a_summary_of_a_signal_arrives_as_a_table_and_as_text(server: Server, manager: EmailManager) -> None:
    ok, _ = manager.send_summary({"symbol": "SPY", "position": 100, "note": "<b>flat</b>"}, "Signal", TO)
    assert ok
    (mail,) = server.box.mails
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().split("\r\n")[:2] == ["symbol    SPY", "position  100"]
    assert "&lt;b&gt;flat&lt;/b&gt;" in html.get_content()
    assert "<b>flat" not in html.get_content()


def test_the_named_account_sends_else_the_default_one(serve: Serve, add_account: Add, manager: EmailManager) -> None:
    home, work = serve(), serve()
    add_account("home", home.port)
    add_account("work", work.port)
    manager.send("one", "b", TO)
    manager.send("two", "b", TO, "work")
    assert ([m["Subject"] for m in home.box.mails], [m["Subject"] for m in work.box.mails]) == (["one"], ["two"])
    assert [row["name"] for row in manager.get_accounts()] == ["home", "work"]
    assert all("password" not in row for row in manager.get_accounts())


def test_an_account_is_tested_without_touching_the_outbox(
    server: Server, add_account: Add, manager: EmailManager, ledger: Ledger
) -> None:
    add_account("wrong", server.port, password="no")
    assert manager.test_account("home", TO) == (True, f"sent to {TO} with account home")
    ok, words = manager.test_account("wrong", TO)
    assert not ok
    assert words.startswith("authentication failed for account 'wrong'")
    assert manager.test_account("nobody", TO)[1].startswith("account not found: 'nobody'")
    assert len(server.box.taken) == 1
    assert ledger.messages() == []


# What is said when it cannot be sent


def test_without_any_account_and_with_a_wrong_name_the_caller_is_told_and_nothing_is_written(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger
) -> None:
    assert manager.send("s", "b", TO)[1].startswith("no accounts configured")
    add_account("home", free_port())
    words = why_not(manager, "s", "b", TO, "hmoe")
    assert words == "account not found: 'hmoe'\nThere are: home."
    assert ledger.messages() == []


def test_a_bad_password_is_named_kept_from_logs_and_the_message_goes_out_once_it_is_right(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    server = serve()
    add_account("home", server.port, password="wrong-password")
    words = why_not(manager, "s", "b", TO)
    assert words.startswith("authentication failed for account 'home' (user trader): 535")
    assert "It is kept as message 1 and is tried again." in words
    assert "wrong-password" not in words
    (alert,) = ledger.alerts()
    assert alert["kind"] == "notifier_failing"
    assert "wrong-password" not in str(alert)
    add_account("home", server.port)
    try_again(ledger, notifier)
    assert len(server.box.taken) == 1
    assert ledger.message_counts() == {"sent": 1}


def test_a_missing_password_is_said_before_any_server_is_asked(
    add_account: Add, manager: EmailManager, settings: SettingsManager
) -> None:
    add_account("home", free_port())
    settings.delete("/mail/home/password")
    words = why_not(manager, "s", "b", TO)
    assert words.startswith("authentication failed for account 'home': no password is set")


def test_a_server_that_is_down_is_named_and_the_message_is_sent_once_it_is_up(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    port = free_port()
    add_account("home", port)
    words = why_not(manager, "s", "b", TO)
    assert words.startswith(f"could not connect to 127.0.0.1:{port}: Connection refused")
    (waiting,) = ledger.messages("queued")
    server = serve(port=port)
    try_again(ledger, notifier)
    assert server.box.ids == [waiting["message_id"]]


def test_while_an_account_cannot_connect_its_other_mail_waits_without_a_try(
    add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier, settings: SettingsManager
) -> None:
    settings.set_by_path("notify.retry_seconds", 60.0, "float")
    settings.set_by_path("notify.longest_retry_seconds", 60.0, "float")
    add_account("home", free_port())
    for number in range(5):
        manager.send(f"{number}", "b", TO, wait=False)
    assert notifier.run_once() == 1
    assert [row["attempts"] for row in ledger.messages()] == [0, 0, 0, 0, 1]
    assert "fails at present: could not connect" in manager.send("one more", "b", TO, wait=False)[1]


def test_a_certificate_that_nobody_vouches_for_is_a_clear_error(
    serve: Serve, add_account: Add, manager: EmailManager, settings: SettingsManager, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    settings.set_by_path("notify.ca_file", str(other))
    for security in ("starttls", "tls"):
        server = serve(security)
        add_account("home", server.port, security)
        words = why_not(manager, "s", "b", TO)
        assert words.startswith(f"could not connect to 127.0.0.1:{server.port}: its certificate is not trusted")
        assert "notify.ca_file" in words
        assert server.box.attempts == 0


def test_a_certificate_for_another_name_is_refused_and_taken_only_where_the_account_says_so(
    serve: Serve, add_account: Add, manager: EmailManager
) -> None:
    server = serve()
    add_account("home", server.port, smtp_server="ip6-localhost")
    with socket.socket() as probe:  # the name must lead to this machine, or the test would show nothing
        probe.connect(("localhost", server.port))
    add_account("home", server.port, smtp_server="127.1")
    words = why_not(manager, "s", "b", TO)
    assert "its certificate is not trusted" in words
    add_account("home", server.port, smtp_server="127.1", verify_certificate=False)
    assert manager.send("s", "b", TO)[0]


def test_a_server_without_starttls_is_never_sent_anything_in_the_clear(
    serve: Serve, add_account: Add, manager: EmailManager
) -> None:
    server = serve("none")
    add_account("home", server.port, "starttls")
    words = why_not(manager, "s", "b", TO)
    assert "it offers no STARTTLS" in words
    assert server.box.attempts == 0


def test_mail_without_encryption_never_leaves_this_machine(add_account: Add, manager: EmailManager) -> None:
    add_account("home", 25, "none", smtp_server="mail.example.com")
    words = why_not(manager, "s", "b", TO)
    assert "without encryption mail goes to this machine only" in words


@pytest.mark.parametrize("greeting", ["554 no mail from you", "421 too busy"])
def test_a_server_that_refuses_at_the_door_is_quoted_and_asked_again(
    add_account: Add, manager: EmailManager, ledger: Ledger, greeting: str
) -> None:
    with dripping(f"{greeting}\r\n".encode(), b"", 0.1) as port:
        add_account("home", port)
        words = why_not(manager, "s", "b", TO)
    assert words.startswith(f"could not connect to 127.0.0.1:{port}: {greeting}")
    assert ledger.message_counts() == {"queued": 1}


def test_an_expired_certificate_is_refused(
    serve: Serve, add_account: Add, manager: EmailManager, authority: trustme.CA
) -> None:
    expired = authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    server = serve(certificate=expired)
    add_account("home", server.port)
    words = why_not(manager, "s", "b", TO)
    assert "its certificate is not trusted (certificate has expired)" in words


def test_a_silent_server_costs_no_more_than_its_timeout(add_account: Add, manager: EmailManager) -> None:
    with dripping(b"", b"", 0.1) as port:
        add_account("home", port)
        begun = time.monotonic()
        ok, words = manager.send("s", "b", TO)
        took = time.monotonic() - begun
    assert not ok
    assert words.startswith(f"could not connect to 127.0.0.1:{port}")
    assert 1.5 < took < 60


def test_a_server_that_answers_letter_by_letter_is_cut_off_in_time() -> None:
    from quantstrip.errors import ServerUnreachable
    from quantstrip.notify.accounts import Account
    from quantstrip.notify.smtp import SmtpChannel
    from quantstrip.ports import Message

    message = Message("s", "b", [TO], message_id="<1@test>", addressees=[TO])
    with dripping(b"220-", b"x", 0.2) as port:
        account = Account("slow", "127.0.0.1", port, "none", "me@example.com")
        begun = time.monotonic()
        with pytest.raises(ServerUnreachable, match="could not connect"):
            SmtpChannel(account, timeout_seconds=2.0, total_seconds=1.5).send(message)
        assert 1.0 < time.monotonic() - begun < 60
