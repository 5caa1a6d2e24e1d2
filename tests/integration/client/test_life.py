"""Clients as processes: they start, beat, stop, die and are kept apart; the ledger says how each one ended."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import Any

import psutil
import pytest

from quantstrip.clock import DAY, HOUR, SECOND, ManualClock, from_text, system_clock, to_datetime
from quantstrip.ledger import Ledger

IDLE = """
    from quantstrip import ClientBase, logger

    class Client(ClientBase):
        def on_start(self):
            self.scheduler.every(2).hours.do(self.job)
            logger.info('ready')

        def on_stop(self):
            logger.info("on_stop was called")

        def job(self):
            pass
"""

WORKING = """
    import time
    from quantstrip import ClientBase, logger

    class Client(ClientBase):
        def __init__(self, *args):
            super().__init__()
            self.scheduler.every(1).seconds.do(self.job)

        def on_stop(self):
            logger.info("on_stop was called")

        def job(self):
            logger.info('ready')
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                time.sleep(0.05)
            logger.info("the job has finished")
"""


def test_a_client_beats_at_once_and_tells_its_next_job(station: Any) -> None:
    station.settings.set_by_path("service.heartbeat_seconds", 0.2, "float")
    station.deploy("idle", IDLE)
    process = station.start_beating("idle")
    first = station.last_run("idle")
    assert (first["pid"], first["code_hash"], first["mode"], first["ended"]) == (process.pid, "v1", "live", None)
    run = station.wait_for(
        lambda: (run := station.last_run("idle"))["heartbeat"] > first["heartbeat"] and run, "a beat"
    )
    station.wait_for(lambda: station.last_run("idle")["next_job_time"], "the next job's time")
    due = from_text(station.last_run("idle")["next_job_time"])
    assert abs(due - from_text(run["started"]) - 7200 * SECOND) < 10 * SECOND
    assert station.ledger.get_client("idle")["display_name"] == "idle"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_mid_job_lets_it_finish_and_calls_on_stop(station: Any, number: int) -> None:
    station.deploy("working", WORKING.replace("SECONDS", "1.5"))
    process = station.start_beating("working")
    process.send_signal(number)
    assert process.wait(60) == 0
    assert station.outcomes("working")[-1] in ("ok", "overrun")
    assert station.last_run("working")["outcome"] == "stopped"
    assert station.last_run("working")["exit_code"] == 0
    log = (station.home.logs / "working.log").read_text()
    assert log.count("ready") == log.count("the job has finished") == 1
    assert log.index("asked to stop") < log.index("the job has finished") < log.index("on_stop was called")


def test_a_job_that_outlasts_its_time_is_interrupted_and_the_client_still_ends_in_order(station: Any) -> None:
    station.settings.set_by_path("service.stop_seconds", 1.0, "float")
    station.deploy("working", WORKING.replace("SECONDS", "60"))
    process = station.start_beating("working")
    began = system_clock.monotonic()
    process.terminate()
    assert process.wait(60) == 0
    assert system_clock.monotonic() - began < 40
    assert station.outcomes("working") == ["interrupted"]
    assert station.last_run("working")["outcome"] == "stopped"
    assert station.says("working", "on_stop was called")


def test_a_second_request_interrupts_the_job_at_once(station: Any) -> None:
    station.deploy("working", WORKING.replace("SECONDS", "60"))
    process = station.start_beating("working")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)  # one request: two signals of one Ctrl-C
    station.wait_for(lambda: station.says("working", "asked to stop"), "the first request")
    system_clock.wait(1.0)
    assert station.outcomes("working") == ["running"]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert station.outcomes("working") == ["interrupted"]


def test_kill_9_in_mid_job_is_recorded_as_interrupted_and_the_daily_job_is_not_repeated(station: Any) -> None:
    chosen = station.home.data / "time"  # seconds after the first start, the same time of day at the next
    soon = f"""
            from datetime import UTC, datetime, timedelta
            from pathlib import Path
            file = Path({str(chosen)!r})
            if not file.exists():
                file.write_text(f"{{datetime.now(UTC) + timedelta(seconds=4):%H:%M:%S}}")
            self.scheduler.every().day.at(file.read_text(), "UTC").do(self.job)
"""
    every_second = "            self.scheduler.every(1).seconds.do(self.job)\n"
    station.deploy("daily", WORKING.replace("SECONDS", "60").replace(every_second, soon))
    process = station.start_beating("daily")
    process.kill()
    process.wait(60)
    assert station.outcomes("daily") == ["running"]
    due = from_text(station.ledger.job_runs("daily")[0]["due"])
    again = station.start("daily")
    station.wait_for(lambda: station.outcomes("daily") == ["interrupted"], "the record of the interruption")
    run = station.wait_for(lambda: (run := station.last_run("daily"))["next_job_time"] and run, "the next job's time")
    assert run["pid"] == again.pid
    assert from_text(run["next_job_time"]) == due + DAY
    again.terminate()
    again.wait(60)
    assert station.outcomes("daily") == ["interrupted"]


@pytest.mark.parametrize(("policy", "outcomes"), [("skip", ["missed", "missed"]), ("run_once", ["missed", "ok"])])
def test_daily_runs_missed_without_service_are_told_and_follow_the_policy(
    station: Any, policy: str, outcomes: list[str]
) -> None:
    now = system_clock.now()
    last = (now - HOUR - 2 * DAY) // SECOND * SECOND
    time = to_datetime(last).strftime("%H:%M:%S")
    key = f"job every 1 days at {time} UTC"
    job = f"super().__init__(); self.scheduler.every().day.at({time!r}, 'UTC').do(self.job); logger.info('ready')"
    before = Ledger(station.home, clock=ManualClock(last))
    run = before.start_client_run("daily", 1, "v1", "live")
    handle = before.begin_job("daily", key, last, run)
    assert handle is not None
    before.finish_job(handle, "ok")
    before.end_client_run(run, "stopped", 0)
    before.close()
    begin = f"missed_runs = {policy!r}\n        def __init__(self, *args):\n            {job}\n\n        "
    text = IDLE.replace("def on_start(self):", f"{begin}def on_start(self):")
    station.deploy("daily", text)
    process = station.start("daily")
    station.wait_for(lambda: sorted(station.outcomes("daily")) == sorted(["ok", *outcomes]), "the missed runs")
    station.wait_for(lambda: station.ledger.last_client_run("daily")["next_job_time"], "the schedule")
    process.terminate()
    assert process.wait(60) == 0
    runs = {from_text(each["due"]): each["outcome"] for each in station.ledger.job_runs("daily")}
    assert runs == {last: "ok", last + DAY: outcomes[0], last + 2 * DAY: outcomes[1]}
    assert [alert["kind"] for alert in station.ledger.alerts()] == ["missed_job"]


def test_a_killed_client_starts_again_at_once(station: Any) -> None:
    station.deploy("idle", IDLE)
    for _ in range(3):
        process = station.start_beating("idle")
        process.kill()
        process.wait(60)
        (station.home.logs / "idle.log").unlink()
    assert len(station.ledger.client_runs("idle")) == 3


def test_a_second_copy_ends_with_75_and_says_who_runs(station: Any) -> None:
    station.deploy("idle", IDLE)
    process = station.start_beating("idle")
    code, output = station.run("idle")
    assert code == 75
    assert f"client idle runs already (process {process.pid})" in output
    assert len(station.ledger.client_runs("idle")) == 1
    assert process.poll() is None
    process.terminate()
    assert process.wait(60) == 0
    assert list(station.home.locks.glob("*.lock")) == []


def test_a_client_ends_when_its_parent_is_killed(station: Any) -> None:
    station.deploy("idle", IDLE)
    command = [sys.executable, "-P", "-m", "quantstrip.client", "idle", "--home", str(station.home.root)]
    parent = subprocess.Popen([sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"])
    station.processes.append(parent)
    station.wait_for(lambda: station.says("idle", "ready"), "the client to be ready")
    child = psutil.Process(station.last_run("idle")["pid"])
    assert child.ppid() == parent.pid
    parent.kill()
    parent.wait(60)
    station.wait_for(lambda: not child.is_running(), "the orphan to end", 5)
    assert station.last_run("idle")["outcome"] == "stopped"
    assert station.says("idle", "on_stop was called")


def test_a_client_notices_by_itself_that_its_parent_is_gone(station: Any) -> None:
    station.settings.set_by_path("service.heartbeat_seconds", 0.2, "float")
    undo = "import ctypes\nctypes.CDLL(None).prctl(1, 0, 0, 0, 0)\n"
    station.deploy("idle", undo + IDLE.replace("\n    ", "\n"))
    command = [sys.executable, "-P", "-m", "quantstrip.client", "idle", "--home", str(station.home.root)]
    parent = subprocess.Popen([sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"])
    station.processes.append(parent)
    station.wait_for(lambda: station.says("idle", "ready"), "the client to be ready")
    child = psutil.Process(station.last_run("idle")["pid"])
    parent.kill()
    parent.wait(60)
    station.wait_for(lambda: not child.is_running(), "the orphan to end", 5)
    assert station.says("idle", "the parent process is gone")


@pytest.mark.parametrize(
    ("body", "code", "outcome", "trace"),
    [
        ("self.stop_client()", 0, "finished", ""),
        ("raise SystemExit", 0, "finished", ""),
        ("raise SystemExit('no licence')", 3, "crashed", "no licence"),
        ("1 / 0", 4, "job_error", "ZeroDivisionError"),
    ],
)
def test_how_a_job_ends_its_client(station: Any, body: str, code: int, outcome: str, trace: str) -> None:
    text = WORKING.replace("logger.info('ready')", body).replace("SECONDS", "0")
    station.deploy("ends", text.replace("def __init__", "error_policy = 'restart'\n        def __init__"))
    assert station.run("ends")[0] == code
    run = station.last_run("ends")
    assert (run["outcome"], run["exit_code"]) == (outcome, code)
    assert trace in run["trace"]


def test_a_job_error_under_the_stop_policy_ends_without_a_restart(station: Any) -> None:
    text = WORKING.replace("logger.info('ready')", "1 / 0")
    station.deploy("ends", text.replace("def __init__", "error_policy = 'stop'\n        def __init__"))
    assert station.run("ends")[0] == 0
    assert station.last_run("ends")["outcome"] == "job_error"
    assert station.outcomes("ends") == ["failed"]
    assert [alert["kind"] for alert in station.ledger.alerts()] == ["job_error"]


def test_an_exception_in_on_start_is_a_crash_with_its_trace(station: Any) -> None:
    station.deploy("crashes", IDLE.replace("logger.info('ready')", "raise RuntimeError('no session')"))
    code, output = station.run("crashes")
    assert code == 3
    assert "no session" in output
    assert station.last_run("crashes")["outcome"] == "crashed"
    assert "no session" in station.last_run("crashes")["trace"]


def test_threads_that_never_end_do_not_keep_the_process(station: Any) -> None:
    thread = "import threading, time; threading.Thread(target=time.sleep, args=(300,)).start(); self.stop_client()"
    station.deploy("threads", IDLE.replace("logger.info('ready')", thread))
    assert station.run("threads", seconds=20)[0] == 0
    assert station.last_run("threads")["outcome"] == "finished"


def test_what_a_client_prints_and_its_threads_errors_are_in_its_log(station: Any) -> None:
    text = IDLE.replace(
        "logger.info('ready')",
        "import threading; print('from print'); t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join();"
        " self.stop_client()",
    )
    station.deploy("talks", text)
    assert station.run("talks")[0] == 0
    assert station.says("talks", "from print")
    assert station.says("talks", "ZeroDivisionError")


HEAD = "class Client(ClientBase):\n        "
LOAD_ERRORS = {
    "syntax": ("def broken(:\n    pass\n", "SyntaxError"),
    "no class": ("x = 1\n", "defines no client class"),
    "two classes": (IDLE + IDLE.replace("class Client", "class Second"), "2 client classes"),
    "init": (
        IDLE.replace("def on_start(self)", "def __init__(self, *args)").replace("'ready'", "no_name"),
        "NameError",
    ),
    "missing package": ("import pandsa\n", "package install pandsa"),
    "policy": (IDLE.replace(HEAD.rstrip(), HEAD + "missed_runs = 'all'"), "skip, run_once"),
    "zone": (IDLE.replace(HEAD.rstrip(), HEAD + "timezone = 'Gotham'"), "America/New_York"),
}


@pytest.mark.parametrize("case", LOAD_ERRORS)
def test_a_load_error_is_recorded_with_its_whole_trace(station: Any, case: str) -> None:
    text, words = LOAD_ERRORS[case]
    station.deploy("broken", text)
    code, output = station.run("broken")
    run = station.last_run("broken")
    assert code == run["exit_code"] == 78
    assert run["outcome"] == "load_error"
    assert "Traceback" in run["trace"]
    assert words in run["trace"]
    assert words in output
    assert station.says("broken", words)
    assert [alert["kind"] for alert in station.ledger.alerts()] == ["load_error"]


def test_settings_that_cannot_be_read_are_a_load_error_of_the_client(station: Any) -> None:
    station.deploy("idle", IDLE)
    station.home.settings_file.write_text("[platform\n")
    assert station.run("idle")[0] == 78
    assert station.last_run("idle")["outcome"] == "load_error"
    assert "settings.toml" in station.last_run("idle")["trace"]


def test_a_version_that_is_gone_is_a_load_error(station: Any) -> None:
    station.deploy("idle", IDLE).unlink()
    assert station.run("idle")[0] == 78
    assert "quantstrip deploy idle" in station.last_run("idle")["trace"]


def test_a_client_that_was_never_deployed_is_refused_with_what_to_do(station: Any) -> None:
    code, output = station.run("ghost")
    assert code == 78
    assert "quantstrip deploy ghost" in output
    assert station.ledger.client_runs("ghost") == []


def test_a_database_of_a_newer_version_stops_the_client_for_good(station: Any) -> None:
    station.deploy("idle", IDLE)
    station.ledger.close()
    with closing(sqlite3.connect(station.home.database)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    code, output = station.run("idle")
    assert code == 78
    assert "newer" in output


def test_a_ledger_that_cannot_be_opened_may_answer_later(station: Any) -> None:
    station.deploy("idle", IDLE)
    station.ledger.close()
    station.home.database.rename(station.home.data / "aside.db")
    station.home.database.mkdir()
    code, output = station.run("idle")
    assert code == 3
    assert f"cannot run: the disk that holds {station.home.database}" in output


def test_a_file_runs_in_the_foreground_with_its_log_on_the_terminal(station: Any) -> None:
    file = station.home.clients / "trial.py"
    (station.home.clients / "helper.py").write_text("WORDS = 'from the helper'\n")
    text = "import helper\nfrom quantstrip import ClientBase, logger, settings, db_handler\nclass Client(ClientBase):\n"
    file.write_text(text + "    def on_start(self):\n        logger.info(helper.WORDS + str(db_handler.clients()))\n"
                    "        self.stop_client()\n")  # fmt: skip
    code, output = station.run("--file", str(file))
    assert code == 0
    assert "trial - MainThread - from the helper[]" in output
    assert station.last_run("trial")["outcome"] == "finished"
    assert station.ledger.clients() == []


def test_a_secret_printed_by_a_client_is_not_in_its_log_nor_on_the_terminal(station: Any) -> None:
    station.settings.set_by_path("clients.leaks.key", "s3cr3t-key-value", "secret")
    text = IDLE.replace(
        "logger.info('ready')",
        "from quantstrip import settings; logger.info('key ' + settings.get('clients.leaks.key'));"
        " print(settings.get('clients.leaks.key')); raise ValueError('refused ' + settings.get('clients.leaks.key'))",
    )
    station.deploy("leaks", text)
    code, output = station.run("leaks")
    assert code == 3
    assert station.says("leaks", "key ")
    (run,) = station.ledger.client_runs("leaks")
    assert "refused" in run["trace"]
    assert "s3cr3t" not in output + run["trace"] + (station.home.logs / "leaks.log").read_text()


def test_the_clients_home_is_the_one_it_was_started_for(station: Any, tmp_path: Any) -> None:
    text = IDLE.replace(
        "logger.info('ready')", "import os; logger.info(os.environ['QUANTSTRIP_HOME']); self.stop_client()"
    )
    station.deploy("where", text)
    assert station.run("where")[0] == 0
    assert station.says("where", str(station.home.root))
    assert os.environ.get("QUANTSTRIP_HOME") != str(station.home.root)
