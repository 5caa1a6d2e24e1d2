"""Where a message waits in the outbox instead of being sent, and what never gets there."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.errors import LoginRefused
from quantstrip.ledger import Ledger
from quantstrip.model import Mode
from quantstrip.notify import EmailManager
from quantstrip.notify.notifier import Notifier
from tests.ports import free_port

from .conftest import PASSWORD, TO, Add, Serve, Server, why_not


def test_inside_a_transaction_a_message_waits_for_its_commit(
    server: Server, manager: EmailManager, ledger: Ledger, notifier: Notifier
) -> None:
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
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        add_account("home", silent.getsockname()[1])
        ledger.start_client_run("trend", os.getpid(), "hash", Mode.LIVE)
        assert manager.send("s", "b") == (True, "queued as message 1")
        with pytest.raises(BlockingIOError):  # nobody has called
            silent.accept()
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
    server: Server, manager: EmailManager, ledger: Ledger, notifier: Notifier, settings: SettingsManager
) -> None:
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
    server: Server, manager: EmailManager, home: object
) -> None:
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
    words = why_not(manager, subject, "b", to)
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
        words = why_not(manager, "s", "b", TO, attachments=files)
        assert message in words
    assert ledger.messages() == []


def test_a_template_with_an_error_costs_the_look_and_not_the_message(
    server: Server, manager: EmailManager, settings: SettingsManager
) -> None:
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
