"""The notifier as a process: killed, doubled, restarted, and as a part of the service."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.outbox import NewMessage
from quantstrip.notify import EmailManager
from tests.ports import free_port

from .conftest import Mailbox, Server

Serve = Callable[..., Server]
Add = Callable[..., None]
Start = Callable[[], "subprocess.Popen[bytes]"]


def until(what: str, check: Callable[[], Any], seconds: float = 90.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(0.02)
    return found


@pytest.fixture
def start(home: Home) -> Iterator[Start]:
    """Starts notifiers; those that are left are killed at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def run() -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "quantstrip.operations.notifier", "--home", str(home.root)]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.communicate()


def queue(ledger: Ledger, number: int) -> list[str]:
    """Queues so many messages; their Message-IDs."""
    ids = [f"<{n}@test>" for n in range(number)]
    with ledger.transaction():
        for each in ids:
            ledger.queue_message(NewMessage(each, [f"you{each[1:-6]}@example.com"], f"Message {each}", "Body"))
    return ids


def test_it_sends_what_is_queued_and_ends_in_order(
    serve: Serve, add_account: Add, ledger: Ledger, home: Home, start: Start
) -> None:
    server = serve()
    add_account("home", server.port)
    ids = queue(ledger, 3)
    process = start()
    until("three mails", lambda: ledger.message_counts() == {"sent": 3})
    assert server.box.ids == ids
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert "the notifier has ended" in (home.logs / "notifier.log").read_text(encoding="utf-8")


def test_killed_after_the_server_took_it_and_before_that_was_recorded_it_sends_again_under_the_same_id(
    serve: Serve, add_account: Add, ledger: Ledger, start: Start
) -> None:
    first: list[subprocess.Popen[bytes]] = []
    box = Mailbox()

    def kill_once() -> None:
        if box.attempts == 1:
            first[0].kill()
            first[0].wait(60)

    box.on_data = kill_once
    server = serve(box=box)
    add_account("home", server.port)
    (message_id,) = queue(ledger, 1)
    first.append(start())
    until("the kill", lambda: len(box.taken) == 1)
    assert ledger.message_counts() == {"sending": 1}
    start()
    until("the second mail", lambda: ledger.message_counts() == {"sent": 1})
    assert box.ids == [message_id, message_id]
    assert box.mails[0].as_bytes() == box.mails[1].as_bytes()


def test_killed_again_and_again_it_loses_nothing_and_every_copy_bears_the_same_id(
    serve: Serve, add_account: Add, ledger: Ledger, start: Start
) -> None:
    server = serve()
    add_account("home", server.port)
    ids = queue(ledger, 60)
    running = start()
    for part in (0.1, 0.3, 0.5, 0.7):
        wanted = part * len(ids)
        until("progress", lambda: len(server.box.taken) >= wanted)  # noqa: B023 - asked inside the loop alone
        running.kill()
        running.wait(60)
        running = start()
    until("all of them", lambda: ledger.message_counts() == {"sent": len(ids)}, 60)
    assert set(server.box.ids) == set(ids)
    assert len(server.box.ids) - len(ids) <= 4, "at most the one that was under way, for each kill"


def test_a_script_that_is_killed_while_it_sends_leaves_its_message_to_the_notifier(
    serve: Serve, add_account: Add, ledger: Ledger, home: Home, start: Start
) -> None:
    script: list[subprocess.Popen[bytes]] = []
    box = Mailbox()

    def kill_once() -> None:
        if box.attempts == 1:
            until("the script", lambda: script)
            script[0].kill()
            script[0].wait(60)

    box.on_data = kill_once
    server = serve(box=box)
    add_account("home", server.port)
    program = "from quantstrip import send_email; send_email('from a script', 'body', 'you@example.com')"
    environment = {**os.environ, "QUANTSTRIP_HOME": str(home.root)}
    script.append(subprocess.Popen([sys.executable, "-c", program], env=environment))
    assert script[0].wait(60) == -signal.SIGKILL
    assert ledger.message_counts() == {"sending": 1}
    start()
    until("the mail", lambda: ledger.message_counts() == {"sent": 1})
    assert [mail["Subject"] for mail in box.mails] == ["from a script"] * 2
    assert len(set(box.ids)) == 1


def test_the_example_of_mail_from_a_client_runs_as_it_is(
    serve: Serve, add_account: Add, ledger: Ledger, home: Home, settings: SettingsManager
) -> None:
    server = serve()
    add_account("home", server.port)
    settings.set_by_path("clients.email_test.notify", ["desk@example.com"], "list")
    example = Path(__file__).parents[3] / "examples" / "email_test.py"
    base = [sys.executable, "-P", "-m"]
    run = [*base, "quantstrip.client", "--home", str(home.root), "--file", str(example)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert ledger.message_counts() == {"queued": 2}
    drain = [*base, "quantstrip", "--home", str(home.root), "notify", "drain"]
    assert subprocess.run(drain, capture_output=True, timeout=60, check=False).returncode == 0
    assert [who for who, _ in server.box.taken] == [["desk@example.com"]] * 2
    assert [mail["Subject"] for mail in server.box.mails] == ["Test from a client", "Test summary"]
    assert {row["client"] for row in ledger.messages()} == {"email_test"}


def test_two_at_once_send_nothing_twice(serve: Serve, add_account: Add, ledger: Ledger, start: Start) -> None:
    server = serve()
    add_account("home", server.port)
    ids = queue(ledger, 60)
    start(), start()
    until("all of them", lambda: ledger.message_counts() == {"sent": len(ids)}, 60)
    assert sorted(server.box.ids) == sorted(ids)


def test_a_server_that_comes_back_gets_everything_that_waited(
    serve: Serve, add_account: Add, ledger: Ledger, start: Start
) -> None:
    port = free_port()
    add_account("home", port)
    ids = queue(ledger, 5)
    start()
    until("a failed attempt", lambda: [m for m in ledger.messages() if m["last_error"]])
    server = serve(port=port)
    until("all of them", lambda: ledger.message_counts() == {"sent": len(ids)})
    assert sorted(server.box.ids) == sorted(ids)


def test_settings_that_cannot_be_read_stop_no_notifier(
    serve: Serve, add_account: Add, ledger: Ledger, settings: SettingsManager, start: Start
) -> None:
    server = serve()
    add_account("home", server.port)
    good = settings.home.settings_file.read_text()
    settings.home.settings_file.write_text(good.replace("[notify]", "[notify]\nbatch = 3"))
    queue(ledger, 1)
    process = start()
    log = settings.home.logs / "notifier.log"
    until("the complaint", lambda: log.exists() and "this pass failed" in log.read_text(encoding="utf-8"))
    settings.home.settings_file.write_text(good)
    until("the mail", lambda: ledger.message_counts() == {"sent": 1})
    assert process.poll() is None
    assert len(server.box.taken) == 1


def test_the_service_runs_it_brings_it_back_when_it_is_killed_and_mails_a_crash(
    serve: Serve, add_account: Add, ledger: Ledger, home: Home, settings: SettingsManager, manager: EmailManager
) -> None:
    server = serve()
    add_account("home", server.port)
    settings.set_by_path("clients.broken.notify", ["desk@example.com"], "list")
    settings.set_by_path("notify.recipients", ["owner@example.com"], "list")
    (home.clients / "broken.py").write_text(
        "from quantstrip import ClientBase, send_email\n"
        "class Client(ClientBase):\n"
        "    def __init__(self, *args):\n"
        "        super().__init__()\n"
        "        self.scheduler.every(1).seconds.do(self.job)\n"
        "    def job(self):\n"
        "        send_email('from the client', 'body', 'you@example.com', key='once')\n"
        "        raise ValueError('no price for SPY')\n"
    )
    base = [sys.executable, "-P", "-m", "quantstrip", "--home", str(home.root)]
    up = subprocess.Popen([*base, "up", "--port", str(free_port())], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:

        def pid() -> int:
            for process in psutil.Process(up.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):  # it ended between listing and asking, or waits to be reaped
                    if "quantstrip.operations.notifier" in process.cmdline():
                        return process.pid
            return 0

        first = until("the notifier", pid)
        subprocess.run([*base, "deploy", "broken"], check=True, capture_output=True, timeout=60)
        until("the client's mail", lambda: [m for m in server.box.mails if m["Subject"] == "from the client"])
        (recipients, alert) = until(
            "the alert", lambda: next(((w, m) for w, m in server.box.taken if "no price for SPY" in m["Subject"]), None)
        )
        assert recipients == ["desk@example.com"]
        assert alert["Subject"].startswith("[Quantstrip] broken: ")
        os.kill(first, signal.SIGKILL)
        second = until("another notifier", lambda: pid() not in (0, first) and pid())
        assert second != first
        until("word of it", lambda: [a for a in ledger.alerts() if a["kind"] == "notifier_crashed"])
        manager.send("after the kill", "body", "you@example.com", wait=False)
        until("the next mail", lambda: [m for m in server.box.mails if m["Subject"] == "after the kill"])
    finally:
        up.send_signal(signal.SIGTERM)
        up.communicate(timeout=60)
    assert [m["Subject"] for m in server.box.mails].count("from the client") == 1
