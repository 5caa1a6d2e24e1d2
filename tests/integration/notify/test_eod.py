"""The end-of-day summary as a shipped client: a real process, a real server, restarts, and kill -9."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home, asset
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import clients, eod
from tests.integration.notify import eod_cut_off

from .conftest import Server
from .test_process import until

Serve = Callable[..., Server]
Add = Callable[..., None]
Start = Callable[[], "subprocess.Popen[bytes]"]
PROGRAM = Path(eod_cut_off.__file__)
PYTHON = [sys.executable, "-P", "-m"]


def command(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    line = [*PYTHON, "quantstrip", "--home", str(home.root), *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def client(home: Home, ledger: Ledger) -> Iterator[Start]:
    """Starts the shipped client and waits until it is planned; those that are left are killed at the end."""
    running: list[subprocess.Popen[bytes]] = []
    file = asset("clients") / "eod_summary.py"

    def start() -> "subprocess.Popen[bytes]":
        line = [*PYTHON, "quantstrip.client", "--home", str(home.root), "--file", str(file)]
        running.append(subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        pid = running[-1].pid
        until(
            "a plan",
            lambda: [run for run in ledger.client_runs("eod_summary") if run["pid"] == pid and run["next_job_time"]],
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait(60)


def buy(ledger: Ledger, day: str) -> None:
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 10)
    ledger.insert_execution("one", order, side="BUY", quantity=10, price=100.0, trade_date=day)
    ledger.insert_commission("one", 1.0, "USD")
    ledger.insert_mtm_price(day, "AAPL", 103.21)


def test_the_mail_has_text_page_and_chart_and_says_what_the_views_say(
    serve: Serve, add_account: Add, home: Home, ledger: Ledger, settings: SettingsManager, client: Start
) -> None:
    server = serve()
    add_account("home", server.port)
    settings.set_by_path("clients.eod_summary.notify", ["desk@example.com"], "list")
    day = str(eod.due_now(home).day)
    buy(ledger, day)
    client()
    until("the message", lambda: ledger.message_counts() == {"queued": 1})
    assert command(home, "notify", "drain").returncode == 0
    ((recipients, mail),) = [(who, mail) for who, mail in server.box.taken if day in mail["Subject"]]
    assert recipients == ["desk@example.com"]
    assert mail["Subject"] == f"[Quantstrip] {day}, live: 31.10 USD today, 1 fill"
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert isinstance(plain, EmailMessage)
    assert isinstance(page, EmailMessage)
    text, html = plain.get_content(), page.get_content()
    ((total,),) = ledger.query("SELECT cumulative_pnl FROM v_portfolio_daily WHERE trade_date = ?", (day,))[1]
    assert total == 31.1
    for words in ("31.10", "BUY 10 AAPL at 100", f"close of {day}", "What runs next", "Mode live"):
        assert words in text
        assert words in html
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<cumulative-pnl.png>"
    assert 'src="cid:cumulative-pnl.png"' in html
    assert picture.get_content().startswith(b"\x89PNG")
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    assert 'name="viewport"' in html


def test_it_is_sent_once_whatever_restarts(
    serve: Serve, add_account: Add, home: Home, ledger: Ledger, client: Start
) -> None:
    server = serve()
    add_account("home", server.port)
    first = client()
    until("the message", lambda: ledger.message_counts() == {"queued": 1})
    first.kill()
    first.wait(60)
    client().send_signal(signal.SIGTERM)
    assert command(home, "notify", "drain").returncode == 0
    assert ledger.message_counts() == {"sent": 1}
    assert len(server.box.taken) == 1
    assert [row["outcome"] for row in ledger.job_runs("eod_summary")][-1:] in (["ok"], ["interrupted"])


def test_killed_at_any_statement_between_deciding_and_queueing_one_message_comes_of_it(
    serve: Serve, add_account: Add, home: Home, ledger: Ledger, tmp_path: Path
) -> None:
    add_account("home", serve().port)
    with ledger.get_connection() as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    killed = tmp_path / "killed"
    killed.mkdir()
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), "kill", str(home.root), str(killed)], capture_output=True, text=True, timeout=150
    )
    assert ran.returncode == 0, ran.stderr
    made = eod.summarise(home, eod.due_now(home))
    seen = set()
    for statement in range(1, int(ran.stdout) + 1):
        left = Home(killed / str(statement))
        before = open_ledger(left).message_counts()
        seen.add(sum(before.values()))
        eod_cut_off.send(left, made)
        again = eod_cut_off.send(left, made)
        assert (sum(open_ledger(left).message_counts().values()), again) == (1, "done")
        ((pictures,),) = open_ledger(left).query("SELECT COUNT(*) FROM outbox_attachment")[1]
        assert pictures == 1
        open_ledger(left).close()
    assert int(ran.stdout) > 4
    assert seen == {0, 1}


def test_two_that_decide_at_once_queue_one(serve: Serve, add_account: Add, home: Home, ledger: Ledger) -> None:
    server = serve()
    add_account("home", server.port)
    line = [sys.executable, str(PROGRAM), "send", str(home.root)]
    both = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        process.communicate(timeout=60)
    assert [process.returncode for process in both] == [0, 0]
    assert ledger.message_counts() == {"sent": 1}
    assert len(server.box.taken) == 1


def test_without_an_account_it_is_written_to_a_file_once_and_said_once(
    home: Home, ledger: Ledger, client: Start
) -> None:
    day = eod.due_now(home).day
    file = home.reports / f"eod-live-{day}.html"
    first = client()
    until("the file", file.exists)
    log = home.logs / "eod_summary.log"
    until("the line", lambda: "no mail account is set up" in log.read_text(encoding="utf-8"))
    written = file.stat().st_mtime_ns
    assert "data:image/png;base64," in file.read_text(encoding="utf-8")
    first.kill()
    first.wait(60)
    client()
    assert file.stat().st_mtime_ns == written
    assert log.read_text(encoding="utf-8").count("no mail account is set up") == 1
    assert ledger.message_counts() == {}


def test_where_nobody_is_to_be_told_it_is_written_to_a_file(
    serve: Serve, add_account: Add, home: Home, settings: SettingsManager
) -> None:
    server = serve()
    add_account("home", server.port)
    settings.set_by_path("clients.eod_summary.notify", [], "list")
    assert "clients.eod_summary.notify names nobody" in command(home, "report", "eod", "--send").stdout
    assert server.box.taken == []
    assert list(home.reports.iterdir()) == [eod.file_of(home, eod.due_now(home))]


def test_the_command_sends_once_and_again_when_told_so(
    serve: Serve, add_account: Add, home: Home, ledger: Ledger
) -> None:
    server = serve()
    add_account("home", server.port)
    assert "sent to home@example.com" in command(home, "report", "eod", "--send").stdout
    assert "not sent twice" in command(home, "report", "eod", "--send").stdout
    assert eod.is_done(home, eod.due_now(home)), "the client will not send it either"
    assert "sent to home@example.com" in command(home, "report", "eod", "--send", "--again").stdout
    assert len(server.box.taken) == 2


def test_a_login_that_is_refused_leaves_the_message_in_the_outbox_and_it_is_not_made_twice(
    serve: Serve, add_account: Add, home: Home, ledger: Ledger
) -> None:
    server = serve()
    add_account("home", server.port, password="wrong")
    done = command(home, "report", "eod", "--send")
    assert done.returncode == 1
    assert "was not sent" in done.stderr
    assert server.box.taken == []
    assert eod.is_done(home, eod.due_now(home))
    assert sum(ledger.message_counts().values()) == 1


def test_each_shipped_client_is_deployed_by_its_name_in_a_fresh_home(tmp_path: Path) -> None:
    made, bare = Home(tmp_path / "made"), Home(tmp_path / "bare").create()
    assert command(made, "init", str(made.root)).returncode == 0
    for home in (made, bare):
        for name in ("eod_summary", "db_backup", "mtm_prices"):
            assert clients.deploy(home, name, start=False).name == name
            assert (home.clients / f"{name}.py").read_bytes() == (asset("clients") / f"{name}.py").read_bytes()
        assert [row.name for row in clients.list_clients(home)] == ["db_backup", "eod_summary", "mtm_prices"]
        open_ledger(home).close()
