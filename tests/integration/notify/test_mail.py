"""Mail to real servers: what is said about each way to fail, and that nothing is lost by any of them."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from quantstrip.config import SettingsManager
from quantstrip.errors import LoginRefused
from quantstrip.ledger import Ledger
from quantstrip.model import Mode
from quantstrip.notify import EmailManager
from quantstrip.notify.notifier import Notifier

from .conftest import PASSWORD, Mailbox, Server, free_port

Serve = Callable[..., Server]
Add = Callable[..., None]
TO = "you@example.com"


@pytest.fixture
def notifier(ledger: Ledger, settings: SettingsManager) -> Notifier:
    return Notifier(ledger, settings, settings.home)


def states(ledger: Ledger, outbox_id: int) -> dict[str, str]:
    found = ledger.message(outbox_id)
    assert found is not None
    return {address: status for address, status, _ in found["recipients_state"]}


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
    serve: Serve, add_account: Add, manager: EmailManager, tmp_path: Path
) -> None:
    server = serve()
    add_account("home", server.port)
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
    ok, words = manager.send("s", "b", "jürgen@example.com", "older")
    assert not ok
    assert "takes no addresses beyond ASCII" in words
    assert [who for who, _ in modern.box.taken] == [["jürgen@example.com"]]
    assert [who for who, _ in older.box.taken] == [["jo@xn--mnchen-3ya.de"]]


def test_a_summary_of_a_signal_arrives_as_a_table_and_as_text(
    serve: Serve, add_account: Add, manager: EmailManager
) -> None:
    server = serve()
    add_account("home", server.port)
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
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger
) -> None:
    server = serve()
    add_account("home", server.port)
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
    ok, words = manager.send("s", "b", TO, "hmoe")
    assert not ok
    assert words == "account not found: 'hmoe'\nThere are: home."
    assert ledger.messages() == []


def test_a_bad_password_is_named_kept_from_logs_and_the_message_goes_out_once_it_is_right(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    server = serve()
    add_account("home", server.port, password="wrong-password")
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert words.startswith("authentication failed for account 'home' (user trader): 535")
    assert "It is kept as message 1 and is tried again." in words
    assert "wrong-password" not in words
    (alert,) = ledger.alerts()
    assert alert["kind"] == "notifier_failing"
    assert "wrong-password" not in str(alert)
    add_account("home", server.port)
    ledger.hurry_messages()
    notifier.run_once()
    assert len(server.box.taken) == 1
    assert ledger.message_counts() == {"sent": 1}


def test_a_missing_password_is_said_before_any_server_is_asked(
    add_account: Add, manager: EmailManager, settings: SettingsManager
) -> None:
    add_account("home", free_port())
    settings.delete("/mail/home/password")
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert words.startswith("authentication failed for account 'home': no password is set")


def test_a_server_that_is_down_is_named_and_the_message_is_sent_once_it_is_up(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    port = free_port()
    add_account("home", port)
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert words.startswith(f"could not connect to 127.0.0.1:{port}: Connection refused")
    (waiting,) = ledger.messages("queued")
    server = serve(port=port)
    ledger.hurry_messages()
    notifier.run_once()
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
        ok, words = manager.send("s", "b", TO)
        assert not ok
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
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert "its certificate is not trusted" in words
    add_account("home", server.port, smtp_server="127.1", verify_certificate=False)
    assert manager.send("s", "b", TO)[0]


def test_a_server_without_starttls_is_never_sent_anything_in_the_clear(
    serve: Serve, add_account: Add, manager: EmailManager
) -> None:
    server = serve("none")
    add_account("home", server.port, "starttls")
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert "it offers no STARTTLS" in words
    assert server.box.attempts == 0


def test_mail_without_encryption_never_leaves_this_machine(add_account: Add, manager: EmailManager) -> None:
    add_account("home", 25, "none", smtp_server="mail.example.com")
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert "without encryption mail goes to this machine only" in words


@contextmanager
def dripping(first: bytes, then: bytes, every_seconds: float) -> Iterator[int]:
    """A server that says ``first``, and then ``then`` again and again, never ending its line."""
    over = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(10)

        def serve_one() -> None:
            channel, _ = listener.accept()
            with closing(channel):
                channel.sendall(first)
                while not over.wait(every_seconds):
                    try:
                        channel.sendall(then)
                    except OSError:
                        return

        thread = threading.Thread(target=serve_one, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        over.set()
        thread.join(5)


@pytest.mark.parametrize("greeting", ["554 no mail from you", "421 too busy"])
def test_a_server_that_refuses_at_the_door_is_quoted_and_asked_again(
    add_account: Add, manager: EmailManager, ledger: Ledger, greeting: str
) -> None:
    with dripping(f"{greeting}\r\n".encode(), b"", 0.1) as port:
        add_account("home", port)
        ok, words = manager.send("s", "b", TO)
    assert not ok
    assert words.startswith(f"could not connect to 127.0.0.1:{port}: {greeting}")
    assert ledger.message_counts() == {"queued": 1}


def test_an_expired_certificate_is_refused(
    serve: Serve, add_account: Add, manager: EmailManager, authority: trustme.CA
) -> None:
    expired = authority.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    server = serve(certificate=expired)
    add_account("home", server.port)
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert "its certificate is not trusted (certificate has expired)" in words


def test_a_silent_server_costs_no_more_than_its_timeout(add_account: Add, manager: EmailManager) -> None:
    with dripping(b"", b"", 0.1) as port:
        add_account("home", port)
        begun = time.monotonic()
        ok, words = manager.send("s", "b", TO)
        took = time.monotonic() - begun
    assert not ok
    assert words.startswith(f"could not connect to 127.0.0.1:{port}")
    assert 1.5 < took < 8


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
        assert 1.0 < time.monotonic() - begun < 8


# Recipients


def test_one_of_several_that_is_refused_is_told_and_the_others_get_it_once(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    box = Mailbox(rcpt=lambda who: "550 no such user" if who.startswith("b@") else "250 OK")
    server = serve(box=box)
    add_account("home", server.port)
    ok, words = manager.send("s", "b", "a@example.com, b@example.com, c@example.com")
    assert not ok
    assert "b@example.com: 550 no such user" in words
    assert [who for who, _ in box.taken] == [["a@example.com", "c@example.com"]]
    assert states(ledger, 1) == {"a@example.com": "sent", "b@example.com": "refused", "c@example.com": "sent"}
    (dead,) = ledger.messages("dead")
    ledger.hurry_messages()
    notifier.run_once()
    assert len(box.taken) == 1
    box.rcpt = lambda _: "250 OK"
    ledger.resend_message(dead["outbox_id"])
    notifier.run_once()
    assert [who for who, _ in box.taken] == [["a@example.com", "c@example.com"], ["b@example.com"]]
    assert box.ids == [dead["message_id"]] * 2
    assert ledger.message_counts() == {"sent": 1}


def test_one_that_is_put_off_gets_it_later_and_the_others_not_again(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    box = Mailbox(rcpt=lambda who: "450 try later" if who.startswith("b@") else "250 OK")
    server = serve(box=box)
    add_account("home", server.port)
    ok, words = manager.send("s", "b", "a@example.com, b@example.com")
    assert not ok
    assert "450 try later" in words
    box.rcpt = lambda _: "250 OK"
    ledger.hurry_messages()
    notifier.run_once()
    assert [who for who, _ in box.taken] == [["a@example.com"], ["b@example.com"]]
    assert len(set(box.ids)) == 1


def test_a_server_that_hangs_up_among_the_recipients_has_given_it_to_nobody(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    box = Mailbox(rcpt=lambda who: "421 going down" if who.startswith("b@") else "250 OK")
    server = serve(box=box)
    add_account("home", server.port)
    assert not manager.send("s", "b", "a@example.com, b@example.com, c@example.com")[0]
    assert set(states(ledger, 1).values()) == {"pending"}
    box.rcpt = lambda _: "250 OK"
    ledger.hurry_messages()
    notifier.run_once()
    assert [who for who, _ in box.taken] == [["a@example.com", "b@example.com", "c@example.com"]]


@pytest.mark.parametrize(("answer", "status"), [("554 looks like spam", "dead"), ("451 local error", "queued")])
def test_a_message_that_is_refused_for_good_is_dead_and_otherwise_tried_again(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, answer: str, status: str
) -> None:
    server = serve(box=Mailbox(data=answer))
    add_account("home", server.port)
    ok, words = manager.send("s", "b", TO)
    assert not ok
    assert f"did not take the message: {answer}" in words
    assert ledger.message_counts() == {status: 1}


def test_a_message_that_always_fails_is_given_up_after_its_attempts_and_a_person_is_told(
    add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier, settings: SettingsManager
) -> None:
    settings.set_by_path("notify.attempts", 3, "int")
    add_account("home", free_port())
    manager.send("s", "b", TO, wait=False)
    for _ in range(5):
        ledger.hurry_messages()
        notifier.run_once()
    (dead,) = ledger.messages("dead")
    assert dead["attempts"] == 3
    assert "could not connect" in dead["last_error"]
    (alert,) = ledger.alerts()
    assert alert["subject"] == "a message was given up (mail)"
    assert "quantstrip notify show 1" in alert["body"]


# Where a message is queued instead


def test_inside_a_transaction_a_message_waits_for_its_commit(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    server = serve()
    add_account("home", server.port)

    def undone() -> None:
        with ledger.transaction():
            assert manager.send("never", "b", TO) == (True, "queued as message 1")
            raise LoginRefused("something else went wrong")

    with pytest.raises(LoginRefused):
        undone()
    with ledger.transaction():
        manager.send("kept", "b", TO)
        notifier_saw = len(server.box.taken)
    notifier.run_once()
    assert notifier_saw == 0
    assert [mail["Subject"] for mail in server.box.mails] == ["kept"]


def test_in_a_client_it_is_queued_at_once_whatever_the_network_does(
    add_account: Add, manager: EmailManager, ledger: Ledger, settings: SettingsManager
) -> None:
    settings.set_by_path("clients.trend.notify", ["own@example.com"], "list")
    with dripping(b"", b"", 0.1) as port:
        add_account("home", port)
        ledger.start_client_run("trend", os.getpid(), "hash", Mode.LIVE)
        begun = time.monotonic()
        assert manager.send("s", "b") == (True, "queued as message 1")
        assert time.monotonic() - begun < 0.5
        with socket.socket():  # gives the silent server's thread somebody to talk to
            socket.create_connection(("127.0.0.1", port)).close()
    (row,) = ledger.messages()
    assert (row["recipients"], row["client"]) == ("own@example.com", "trend")
    ledger.context.client_run_id = None


def test_a_simulation_captures_mail_and_needs_no_account(
    manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
    ledger.start_client_run("trend", os.getpid(), "hash", Mode.SIMULATION)
    assert manager.send("s", "b", TO) == (True, "captured as message 1: a simulation sends no mail")
    notifier.run_once()
    assert ledger.message_counts() == {"captured": 1}
    ledger.context.client_run_id, ledger.context.mode = None, Mode.LIVE


def test_messages_that_may_wait_for_others_become_one_with_all_their_files(
    serve: Serve, add_account: Add, manager: EmailManager, ledger: Ledger, notifier: Notifier, settings: SettingsManager
) -> None:
    server = serve()
    add_account("home", server.port)
    settings.set_by_path("notify.batch_seconds", 60.0, "float")
    for number in range(3):
        file = (f"{number}.csv", b"x" * number)
        assert manager.send(f"Fill {number}", f"Body {number}", TO, attachments=[file], batch=True) == (
            True, f"held as message {number + 1}",
        )  # fmt: skip
    manager.send("Alone", "Body", "other@example.com", batch=True)
    notifier.run_once()
    assert server.box.taken == []
    settings.set_by_path("notify.batch_seconds", 0.0, "float")
    notifier.run_once()
    (alone, together) = sorted(server.box.mails, key=lambda mail: str(mail["Subject"]), reverse=True)
    assert (alone["Subject"], together["Subject"]) == ("Alone", "3 messages: Fill 0")
    text = together.get_body(("plain",))
    assert text is not None
    assert text.get_content().replace("\r\n", "\n").startswith("Fill 0\n------\nBody 0\n\n\nFill 1\n------\nBody 1\n")
    assert [part.get_filename() for part in together.iter_attachments()] == ["0.csv", "1.csv", "2.csv"]
    assert ledger.message_counts() == {"merged": 3, "sent": 2}
    assert {row["last_error"] for row in ledger.messages("merged")} == {"sent as a part of message 5"}
    settings.set_by_path("notify.attachment_megabytes", 0.001, "float")
    for number in range(2):
        manager.send(f"Large {number}", "Body", TO, attachments=[(f"{number}.csv", b"x" * 600)], batch=True)
    notifier.run_once()
    assert [mail["Subject"] for mail in server.box.mails[-2:]] == ["Large 0", "Large 1"]


def test_a_message_of_one_key_is_sent_once_also_after_a_restart(
    serve: Serve, add_account: Add, manager: EmailManager, home: object
) -> None:
    server = serve()
    add_account("home", server.port)
    assert manager.send("s", "b", TO, key="eod 2024-03-06")[0]
    ok, words = EmailManager(manager._home).send("s", "b", TO, key="eod 2024-03-06")
    assert ok
    assert words == "not sent twice: message 1 has this key already"
    assert len(server.box.taken) == 1


# What is refused before it is written


@pytest.mark.parametrize(
    ("subject", "to", "message"),
    [
        ("Hi\r\nBcc: all@example.com", TO, "subject must be one line"),
        ("Hi", "a@example.com\nBcc: all@example.com", "a recipient must be one line"),
        ("Hi", "a@example.com, nonsense", "there is no channel 'nonsense'"),
        ("Hi", "a b@example.com>", "no mail address"),
        ("Hi", ["a@@example.com"], "no mail address"),
        ("Hi", [None], "a recipient is text, got None"),
        ("Hi", 5, "a recipient is text, got 5"),
    ],
)
def test_what_would_smuggle_in_headers_or_reach_nobody_is_refused(
    add_account: Add, manager: EmailManager, ledger: Ledger, subject: str, to: Any, message: str
) -> None:
    add_account("home", free_port())
    ok, words = manager.send(subject, "b", to)
    assert not ok
    assert message in words
    assert ledger.messages() == []


def test_attachments_that_are_too_large_or_missing_are_refused_before_anything_is_written(
    add_account: Add, manager: EmailManager, ledger: Ledger, settings: SettingsManager, tmp_path: Path
) -> None:
    add_account("home", free_port())
    settings.set_by_path("notify.attachment_megabytes", 0.001, "float")
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * 1001)
    for files, message in (
        ([large], "may hold 0.001 MB together"),
        ([("a.txt", b"x" * 600), ("b.txt", b"x" * 600)], "may hold 0.001 MB together"),
        ([tmp_path / "missing.csv"], "cannot be read: No such file"),
        ([("a\nb.txt", b"x")], "an attachment's name must be one line"),
        ("report.csv", "attachments are a list of files"),
    ):
        ok, words = manager.send("s", "b", TO, attachments=files)
        assert not ok
        assert message in words
    assert ledger.messages() == []


def test_a_template_with_an_error_costs_the_look_and_not_the_message(
    serve: Serve, add_account: Add, manager: EmailManager, settings: SettingsManager
) -> None:
    server = serve()
    add_account("home", server.port)
    folder = settings.home.settings / "templates"
    folder.mkdir()
    (folder / "summary.html.j2").write_text("{% for broken %}")
    assert manager.send_summary({"pnl": 12.5}, "Day", TO)[0]
    (folder / "summary.txt.j2").write_text("{{ nowhere.to.be.found }}")
    assert manager.send_summary({"pnl": 12.5}, "Day", TO)[0]
    for mail in server.box.mails:
        assert mail.get_content_type() == "text/plain"
        assert "pnl  12.5" in mail.get_content()
        assert "a template has an error: summary.html.j2, line 1" in mail.get_content()


def test_passwords_reach_no_log(serve: Serve, add_account: Add, manager: EmailManager, home: object) -> None:
    from quantstrip.log import close_stream, logger, open_stream

    server = serve()
    add_account("home", server.port)
    assert manager._home is not None
    open_stream(manager._home, "test", level="TRACE", capture_output=True)
    try:
        manager.send("s", "b", TO)
        logger.info("the password is {}", PASSWORD)
    finally:
        close_stream()
    text = (manager._home.logs / "test.log").read_text(encoding="utf-8")
    assert "message 1 is sent" in text
    assert PASSWORD not in text
