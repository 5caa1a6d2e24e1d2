"""Simulations: what a client may do there, what it may not, and what is left of it."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from quantstrip.client.rehearsed_jobs import WRITTEN, JobSeen
from quantstrip.config import SettingsManager
from quantstrip.errors import TaskRefused
from quantstrip.home import Home, asset
from quantstrip.operations import simulation, tasks
from quantstrip.operations.rehearsal_outcome import rehearsal_of
from quantstrip.operations.simulation_home import make_home, without_secrets
from quantstrip.operations.simulation_outcome import MOST, keep_outcome

from .conftest import SOON, Lab

TRIES = """
def attempt(name, act):
    try:
        print(f"{name}: {act()!r}")
    except Exception as error:
        words = f"{name}: refused as {type(error).__name__}, {isinstance(error, OSError)}: {error}"
        print(words.replace(chr(10), " / "))

real = Path({real!r})
attempt("look up", lambda: socket.getaddrinfo("api.broker.example", 443))
attempt("connect", lambda: socket.create_connection(("127.0.0.1", 7497), 1))
attempt("socket", lambda: socket.socket())
attempt("control", lambda: socket.socket(socket.AF_UNIX).connect(str(real / "data/run/supervisor.sock")))
attempt("another program", lambda: subprocess.run(
    [sys.executable, "-c", "import socket; socket.socket()"], capture_output=True, text=True).stderr[-40:])
attempt("broker", lambda: settings.get("broker.token"))
attempt("settings", lambda: (settings.get("broker.host"), settings.get("clients.tried.size")))
attempt("key", lambda: (real / "settings/secret.key").read_bytes())
attempt("settings file", lambda: (real / "settings/settings.toml").read_text())
attempt("write a file", lambda: (real / "clients/new.py").write_text("x"))
attempt("write through a link", lambda: (find_home().clients / "new.py").write_text("x"))
attempt("remove a file", lambda: (real / "clients/helper.py").unlink())
attempt("rename a file", lambda: (real / "clients/helper.py").rename(real / "gone.py"))
attempt("remove a folder", lambda: shutil.rmtree(real / "clients"))
attempt("link into it", lambda: os.symlink(real / "clients/helper.py", find_home().root / "linked.py"))
attempt("real ledger", lambda: sqlite3.connect(real / "data/quantstrip.db"))
attempt("real ledger by its address", lambda: sqlite3.connect((real / "data/quantstrip.db").as_uri(), uri=True))
def attach(address):
    with db_handler.get_connection() as raw:
        raw.execute("ATTACH ? AS other", (address,))
        raw.execute("DELETE FROM other.client")

def attach_own():
    with db_handler.get_connection() as raw:
        raw.execute(f"ATTACH '{find_home().root / 'mine.db'}' AS mine")
        return raw.execute("CREATE TABLE mine.t (a)").rowcount + 2

attempt("attach", lambda: attach(str(real / "data/quantstrip.db")))
attempt("attach by name", lambda: sqlite3.connect(":memory:").execute(f"ATTACH '{real}/data/quantstrip.db' AS o"))
attempt("attach by address", lambda: sqlite3.connect(":memory:", uri=True).execute(
    f"ATTACH 'file:{real}/data/quantstrip.db?mode=rw' AS o"))
attempt("attach another", lambda: sqlite3.connect(":memory:").execute("ATTACH ? AS o", (str(real / "data/new.db"),)))
attempt("attach its own", lambda: attach_own())
attempt("helper", lambda: (find_home().clients / "helper.py").read_text())
attempt("environment", lambda: os.environ.get("BROKER_TOKEN"))
attempt("fills", lambda: db_handler.query("SELECT count(*) FROM execution")[1])
attempt("home", lambda: find_home().root.name)
attempt("own file", lambda: (find_home().root / "mine.txt").write_text("x"))
self.stop_client()
"""


def test_a_client_on_trial_reaches_no_network_no_secret_and_nothing_of_the_real_home(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_TOKEN", "s3cret-of-the-shell")
    (lab.home.clients / "helper.py").write_text("HELP = 1\n")
    before = lab.rows(), lab.files()
    task = lab.simulate(lab.client(TRIES.replace("{real!r}", repr(str(lab.home.root)))))
    assert task.state == "done", (task.error, lab.output(task))
    said = {
        line.partition("MainThread - ")[2].partition(": ")[0]: line.partition("MainThread - ")[2].partition(": ")[2]
        for line in lab.output(task).splitlines()
        if "stdout" in line
    }
    refused = [name for name, words in said.items() if words.startswith("refused as SimulationRefused, True")]
    assert refused == [
        "look up", "connect", "socket", "control", "key", "settings file", "write a file", "write through a link",
        "remove a file", "rename a file", "remove a folder", "real ledger", "real ledger by its address",
    ], said  # fmt: skip
    attached = {name: "not authorized" in words for name, words in said.items() if name.startswith("attach")}
    assert attached == {
        "attach": True,
        "attach by name": True,
        "attach by address": True,
        "attach another": True,
        "attach its own": False,
    }
    assert said["attach its own"] == "1"
    assert "api.broker.example" in said["look up"]
    assert "--allow-network" in said["look up"]
    assert "Permission denied" in said["another program"] or "SimulationRefused" in said["another program"]
    assert said["broker"] == said["environment"] == "None"
    assert said["settings"] == "('api.broker.example', 7)"
    assert (said["helper"], said["fills"], said["home"]) == ("'HELP = 1\\n'", "[(1,)]", "'home'")
    assert "s3cret" not in lab.output(task)
    assert lab.rows() == before[0]
    gone = {name for name in lab.files() if not name.startswith(("data/tasks/", "data/quantstrip.db", "data/run/"))}
    assert gone == {name for name in before[1] if not name.startswith(("data/quantstrip.db", "data/run/"))}


def test_the_process_of_a_trial_leaves_every_byte_of_the_real_home_as_it_was(lab: Lab) -> None:
    """The process alone, without the task that is recorded around it."""
    file = lab.client(
        """
        order = db_handler.insert_order(strategy_id="S", side="BUY", symbol="AAPL", total_quantity=5)
        db_handler.insert_execution("sim1", order, side="BUY", quantity=5, price=20.0)
        send_email("a fill", "of a simulation")
        print("mode", db_handler.mode, db_handler.path)
        self.stop_client()
        1 / 0
        """
    )
    lab.ledger.close()
    folder = lab.folder.parent / "task"
    folder.mkdir()
    own = make_home(lab.home, folder, "tried")
    lab.ledger.close()
    before = lab.files()
    process = subprocess.Popen(
        [sys.executable, "-P", "-B", "-m", "quantstrip.operations.simulation_child", "--home", str(own.root),
         "--real", str(lab.home.root), "--file", str(file), "--parent", str(os.getpid())],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 0, said
    assert "ZeroDivisionError" in said
    assert f"mode simulation {own.database}" in said
    assert lab.files() == before


def test_mail_is_captured_and_can_be_read_with_orders_fills_and_jobs(lab: Lab) -> None:
    task = lab.simulate(
        lab.client(
            """
            print(send_email("Filled", "10 IBM at 100", attachments=[("fills.csv", b"1,2")]))
            print(email_manager.send_summary({"symbol": "IBM"}, "Day", "you@example.com", wait=True))
            order = db_handler.insert_order(strategy_id="S", side="SELL", symbol="IBM", total_quantity=4)
            db_handler.insert_execution("sim1", order, side="SELL", quantity=4, price=101.0)
            db_handler.insert_commission("sim1", 1.5, "USD")
            self.stop_client()
            """
        )
    )
    assert task.result is not None, lab.output(task)
    counts = {"orders": 1, "executions": 1, "mails": 2, "rejections": 0, "jobs": 1}
    assert {name: task.result[name] for name in counts} == counts
    found = simulation.outcome(lab.home, task.task_id)
    assert [(mail.to, mail.subject, mail.attachments) for mail in found.mails] == [
        ("me@example.com", "Filled", "fills.csv"), ("you@example.com", "Day", ""),
    ]  # fmt: skip
    assert found.mails[0].body == "10 IBM at 100"
    assert [(order.strategy, order.side, order.symbol, order.quantity, order.mode) for order in found.orders] == [
        ("S", "SELL", "IBM", 4.0, "simulation")
    ]
    assert [(fill.quantity, fill.price, fill.commission) for fill in found.executions] == [(4.0, 101.0, 1.5)]
    assert [run.outcome for run in found.jobs] in (["ok"], ["overrun"]), "a busy machine is slow, not wrong"
    assert lab.output(task).count("a simulation sends no mail") == 2
    assert lab.ledger.query("SELECT count(*) FROM outbox")[1] == [(0,)]


def test_when_it_is_over_its_home_is_gone_and_what_it_did_stays(lab: Lab) -> None:
    task = lab.simulate(lab.client("self.stop_client()"))
    folder = lab.home.tasks / str(task.task_id)
    assert sorted(path.name for path in folder.iterdir()) == ["marks.json", "outcome.json", "output.log"]
    assert simulation.outcome(lab.home, task.task_id).ending == "finished"
    assert simulation.output(lab.home, task.task_id).state == "done"


@pytest.mark.parametrize(
    ("job", "schedule", "words"),
    [
        ("pass", "1 / 0", "could not be loaded: Client() raised ZeroDivisionError"),
        ("pass", "import no_such_package", "no_such_package"),
        ("raise SystemExit(3)", SOON, "ended by an error: SystemExit: 3"),
        ("x = bytearray(3_000_000_000)", "self.error_policy = 'stop'\n" + SOON, "MemoryError"),
    ],
)
def test_one_that_does_not_end_well_fails_its_task_with_its_error(
    lab: Lab, job: str, schedule: str, words: str
) -> None:
    task = lab.simulate(lab.client(job, schedule))
    assert task.state == "failed"
    assert words in task.error, task.error


def test_a_file_without_a_client_is_refused_with_what_is_missing_in_it(lab: Lab) -> None:
    file = lab.folder / "plain.py"
    file.write_text("print('hello')\n")
    task = lab.simulate(file)
    assert task.state == "failed"
    assert "defines no client class" in task.error
    assert "hello" in lab.output(task)
    with pytest.raises(TaskRefused, match="Python file"):
        lab.simulate(lab.home.settings_file)
    with pytest.raises(TaskRefused, match="is there"):
        lab.simulate(lab.folder / "none.py")


def test_a_file_that_can_be_no_client_by_its_name_is_refused(lab: Lab) -> None:
    for task in (lab.simulate(lab.client(name="my client")), lab.rehearse(lab.client(name="my client"))):
        assert task.state == "failed"
        assert "could not begin: a log stream's name is letters" in task.error


def test_a_plain_strategy_trades_against_the_simulated_broker(lab: Lab) -> None:
    file = Path(shutil.copy(asset("examples") / "ma_cross.py", lab.folder / "ma_cross.py"))
    settings = SettingsManager(lab.home)
    settings.set_by_path("clients.ma_cross.feed", "history", "text")
    settings.set_by_path("clients.ma_cross.symbols", ["IBM"], "list")
    task = lab.simulate(file)
    assert task.result is not None, lab.output(task)
    found = simulation.outcome(lab.home, task.task_id)
    assert len(found.executions) == len(found.orders) > 50
    assert {order.mode for order in found.orders} == {"simulation"}
    assert found.ending == "finished"
    assert lab.ledger.strategy_runs(mode="simulation") == []


NEARBY = """
import ipaddress
import threading

def attempt(name, act):
    try:
        print(f"{name}: {act()!r}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}".replace(chr(10), " / "))

def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        return sender.sendto(b"BUY", ("127.0.0.1", {port}))

def connect(host, family=socket.AF_INET):
    with socket.socket(family) as caller:
        caller.settimeout(0.2)
        caller.connect((host, {port}))

attempt("loopback", lambda: socket.create_connection(("127.0.0.1", {port}), 1))
attempt("its name", lambda: connect("localhost"))
attempt("in short", lambda: connect("127.1"))
attempt("any", lambda: connect("0.0.0.0"))
attempt("mapped", lambda: connect("::ffff:127.0.0.1", socket.AF_INET6))
attempt("private", lambda: connect("192.168.1.20"))
attempt("datagram", datagram)
attempt("file system", lambda: socket.socket(socket.AF_UNIX).connect("/tmp/gateway.sock"))
attempt("program", lambda: subprocess.run(["true"]))
attempt("internet", lambda: connect("1.1.1.1"))
self.stop_client()
"""


@pytest.mark.parametrize("kind", ["simulation", "rehearsal"])
def test_with_the_network_allowed_a_brokers_gateway_on_this_machine_gets_no_order(lab: Lab, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        file = lab.client(NEARBY.replace("{port}", str(gateway.getsockname()[1])), SOON)
        task = lab.simulate(file, network=True) if kind == "simulation" else lab.rehearse(file, network=True)
        gateway.settimeout(0.1)
        with pytest.raises(TimeoutError):
            gateway.accept()
    said = dict(
        line.partition("MainThread - ")[2].partition(": ")[::2]
        for line in lab.output(task).splitlines()
        if "MainThread - " in line and "stdout" in line
    )
    refused = [name for name, words in said.items() if words.startswith("SimulationRefused")]
    assert refused == [
        "loopback", "its name", "in short", "any", "mapped", "private", "datagram", "file system", "program",
    ], (said, lab.output(task))  # fmt: skip
    assert "--allow-local" in said["loopback"]
    assert not said["internet"].startswith("SimulationRefused")
    assert "What it orders there is real".lower() in lab.output(task).lower()


def test_private_addresses_are_not_allowed_without_the_network(lab: Lab) -> None:
    with pytest.raises(TaskRefused, match="together with the network"):
        lab.simulate(lab.client("self.stop_client()"), local=True)


def test_a_network_that_is_allowed_is_there_and_the_home_is_kept_all_the_same(lab: Lab) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        task = lab.simulate(
            lab.client(
                f"""
                print("connected", socket.create_connection(("127.0.0.1", {port}), 2).getpeername()[1])
                print("ran", subprocess.run(["true"]).returncode)
                try:
                    socket.socket(socket.AF_UNIX).connect({str(lab.home.root / "data/run/supervisor.sock")!r})
                except PermissionError as error:
                    print("kept", type(error).__name__)
                try:
                    (Path({str(lab.home.root)!r}) / "x").write_text("x")
                except PermissionError as error:
                    print("kept", error)
                self.stop_client()
                """
            ),
            network=True,
            local=True,
        )
    assert f"connected {port}" in lab.output(task)
    assert "ran 0" in lab.output(task)
    assert "kept SimulationRefused" in lab.output(task), "the service's own socket"
    assert "kept a client on trial changes nothing in the real home" in lab.output(task)


def test_what_it_logs_is_read_piece_by_piece_without_loss(lab: Lab) -> None:
    task = lab.simulate(lab.client("for n in range(3000): print('line', n, '\u00e9\u4e2d' * 50)\nself.stop_client()"))
    text, offset = "", 0
    while piece := simulation.output(lab.home, task.task_id, offset):
        text, offset = text + piece.text, piece.offset
        if not piece.text:
            break
    assert text == lab.output(task)
    assert [f"line {n} " in text for n in (0, 1500, 2999)] == [True] * 3
    anew = simulation.output(lab.home, task.task_id, offset + 10)
    assert anew.anew
    assert text.startswith(anew.text)


def test_secrets_are_blank_in_the_settings_of_a_trial_and_the_rest_is_as_it_was(lab: Lab, tmp_path: Path) -> None:
    text = without_secrets(lab.home.settings_file, "tried")
    assert "gAAAA" in lab.home.settings_file.read_text()
    assert "gAAAA" not in text
    trial = Home(tmp_path / "trial").create()
    trial.settings_file.write_text(text)
    settings = SettingsManager(trial)
    assert settings.get("broker.token", "unset") == "unset"
    assert settings.get("clients.tried.mode") == "simulation"
    assert settings.get("clients.tried.size") == 7
    assert settings.get("backup.folder") == ""
    assert tasks.list_tasks(lab.home) == []


def test_of_thousands_of_rows_so_many_are_kept_and_all_are_counted(lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "task"
    folder.mkdir()
    own = make_home(lab.home, folder, "tried")
    rows = [("tried", "job", str(number), "") for number in range(MOST + 20)]
    with closing(sqlite3.connect(own.database)) as raw:
        raw.executemany("INSERT INTO job_run (client, job, due, trace) VALUES (?, ?, ?, ?)", rows)
        raw.commit()
    seen = [JobSeen("job", number, 0, 0, 0.0, "failed", "a trace") for number in range(300)]
    lines = [{"start": 1, "end": 600, "zone": "UTC"}, *({"job": each} for each in seen)]
    (folder / WRITTEN).write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"job": ["half')
    kept = keep_outcome(folder)
    shutil.rmtree(own.root)
    found = rehearsal_of(folder)
    assert found.did == kept
    assert (len(kept.jobs), (kept.counts or {})["jobs"], (kept.counts or {})["orders"]) == (MOST, MOST + 20, 0)
    assert len(found.runs) == 300
    assert sum(bool(each.trace) for each in found.runs) == 200, "as many traces as anybody reads"
