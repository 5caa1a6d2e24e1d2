"""The worker as a process: what it does in order, and what becomes of tasks when something is killed."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantstrip.operations import research, tasks

from .conftest import SLOW, STUBBORN, Desk, until


def test_a_backtest_in_a_worker_is_the_backtest_that_runs_here(desk: Desk) -> None:
    number = desk.queue("", symbols=["IBM", "MSFT"], start="2005-01-01", cash=50_000)
    desk.start()
    task = desk.await_state(number, "done", "failed")
    assert task.result is not None, task
    file = task.arguments["file"]
    here = research.backtest(desk.home, file, symbols=["IBM", "MSFT"], start="2005-01-01", cash=50_000)
    assert json.loads(Path(task.result["path"]).read_text()) == json.loads(here.to_json())
    assert len(Path(task.result["equity"]).read_text().splitlines()) == len(here.equity.ts) + 1
    assert task.result["equity_final"] == here.equity_final
    assert (task.progress, task.error, task.trace) == (1.0, "", "")
    assert task.created <= task.started <= task.finished


def test_tasks_run_one_after_the_other_in_the_order_in_which_they_came(desk: Desk, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    body = f"""
    if self.seen in (1, 20):
        with open({str(seen)!r}, "a") as file:
            file.write(f"{{self.label}} ")
    """
    numbers = [desk.queue(body, parameters={"label": label}, end="2001-01-01") for label in "abc"]
    desk.start()
    for number in numbers:
        desk.await_state(number, "done")
    assert seen.read_text().split() == ["a", "a", "b", "b", "c", "c"]


def test_as_many_run_at_once_as_the_setting_says(desk: Desk) -> None:
    desk.set("worker.parallel", 2, "int")
    numbers = [desk.queue(SLOW) for _ in range(3)]
    desk.start()
    for number in numbers[:2]:
        desk.await_work(number)
    assert desk.task(numbers[2]).state == "queued"
    assert len({desk.task(number).pid for number in numbers[:2]}) == 2
    tasks.cancel(desk.home, numbers[0])
    desk.await_work(numbers[2])


def test_a_long_backtest_holds_up_the_next_backtest_and_neither_mail_nor_export_nor_install_nor_backup(
    desk: Desk,
) -> None:
    long, following = desk.queue(STUBBORN), desk.queue("")
    others: dict[str, dict[str, Any]] = {
        "sql_export": {"text": "SELECT 1 AS one"},
        "send_report": {"to": "you@example.com"},
        "package_remove": {"names": ["nothing-of-this-name"]},
        "backup": {},
    }
    numbers = {kind: desk.ledger.add_task(kind, given, "a test") for kind, given in others.items()}
    desk.start()
    ended = {kind: desk.await_state(number, "done", "failed") for kind, number in numbers.items()}
    assert [kind for kind, task in ended.items() if task.state == "done"] == ["sql_export", "backup"]
    assert "not installed here" in ended["package_remove"].error
    assert (desk.task(long).state, desk.task(following).state) == ("running", "queued")


def test_progress_is_seen_while_it_runs_at_low_priority_and_the_heartbeat_goes_on(desk: Desk) -> None:
    number = desk.queue(SLOW)
    worker = desk.start()
    first = desk.await_work(number)
    child = psutil.Process(first.pid)
    assert (child.ppid(), child.nice()) == (worker.pid, psutil.Process(worker.pid).nice() + 10)
    later = until("more progress", lambda: (t := desk.task(number)).progress > first.progress and t)
    assert later.heartbeat > first.heartbeat
    assert 0.0 < later.progress < 1.0


def test_a_strategy_that_raises_fails_its_task_with_the_error_and_its_trace(desk: Desk) -> None:
    number = desk.queue("print('at bar', self.seen); 1 / 0")
    desk.start()
    task = desk.await_state(number, "failed")
    assert "ZeroDivisionError" in task.error
    assert "1 / 0" in task.trace
    assert "at bar 1" in desk.output(number)
    assert task.result is None


@pytest.mark.parametrize("ending", ["sys.exit(3)", "os._exit(0)"])
def test_a_strategy_that_ends_its_process_fails_its_task(desk: Desk, ending: str) -> None:
    number = desk.queue(ending)
    desk.start()
    task = desk.await_state(number, "failed", "done")
    assert task.state == "failed"
    assert task.error


def test_a_running_task_that_is_cancelled_ends_at_its_next_word(desk: Desk) -> None:
    number = desk.queue(SLOW)
    desk.start()
    pid = desk.await_work(number).pid
    assert tasks.cancel(desk.home, number).cancel_requested
    task = desk.await_state(number, "cancelled")
    assert (task.error, task.trace, task.result) == ("", "", None)
    until("the process is gone", lambda: not psutil.pid_exists(pid))
    assert not (desk.home.tasks / str(number) / "result.json").exists()


def test_one_that_does_not_listen_is_killed_after_its_time_and_is_cancelled_all_the_same(desk: Desk) -> None:
    desk.set("worker.cancel_seconds", 0.5, "float")
    number = desk.queue(STUBBORN)
    desk.start()
    until("the first bar", lambda: desk.task(number).note)
    pid = until("its process", lambda: desk.task(number).pid)
    tasks.cancel(desk.home, number)
    desk.await_state(number, "cancelled")
    until("the process is gone", lambda: not psutil.pid_exists(pid))


def test_a_child_that_is_killed_fails_its_task_and_says_what_to_do_and_the_next_one_runs(desk: Desk) -> None:
    number, following = desk.queue(SLOW), desk.queue("")
    desk.start()
    os.kill(desk.await_work(number).pid, signal.SIGKILL)
    task = desk.await_state(number, "failed")
    assert "signal 9 (SIGKILL)" in task.error
    assert "memory" in task.error
    desk.await_state(following, "done")


def test_what_a_task_started_ends_with_it(desk: Desk, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    number = desk.queue(f"Path({str(mark)!r}).write_text(str(subprocess.Popen(['sleep', '600']).pid)); time.sleep(600)")
    desk.start()
    helper = int(until("the helper", lambda: mark.exists() and mark.read_text()))
    os.kill(until("its process", lambda: desk.task(number).pid), signal.SIGKILL)
    desk.await_state(number, "failed")
    until("the helper is gone", lambda: not psutil.pid_exists(helper))


def test_a_killed_worker_takes_its_task_along_which_is_interrupted_and_not_repeated(desk: Desk, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    body = f"""
    if self.seen == 1:
        open({str(runs)!r}, "a").write("run ")
    time.sleep(0.02)
    """
    number = desk.queue(body)
    first = desk.start()
    pid = desk.await_work(number).pid
    first.kill()
    first.wait(20)
    until("the child is gone", lambda: not psutil.pid_exists(pid))
    assert desk.task(number).state == "running", "nobody was left to say otherwise"
    following = desk.queue("")
    desk.start()
    task = desk.await_state(number, "interrupted")
    assert "not repeated by itself" in task.error
    assert f"quantstrip task repeat {number}" in task.error
    desk.await_state(following, "done")
    assert runs.read_text() == "run "


def test_what_a_task_of_a_killed_worker_started_is_ended_by_the_next_worker(desk: Desk, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    number = desk.queue(f"Path({str(mark)!r}).write_text(str(subprocess.Popen(['sleep', '600']).pid)); time.sleep(600)")
    worker = desk.start()
    helper = int(until("the helper", lambda: mark.exists() and mark.read_text()))
    until("its process is noted", lambda: desk.task(number).pid)
    worker.kill()
    worker.wait(20)
    assert psutil.pid_exists(helper)
    desk.start()
    desk.await_state(number, "interrupted")
    until("the helper is gone", lambda: not psutil.pid_exists(helper))


def test_a_task_cancelled_after_its_worker_was_killed_is_cancelled_at_once(desk: Desk) -> None:
    number = desk.queue(SLOW)
    worker = desk.start()
    desk.await_work(number)
    worker.kill()
    worker.wait(20)
    assert tasks.cancel(desk.home, number).state == "cancelled"


def test_a_worker_that_is_stopped_ends_its_children_and_records_them_as_interrupted(desk: Desk) -> None:
    number, stubborn = desk.queue(SLOW), desk.queue(STUBBORN)
    desk.set("worker.parallel", 2, "int")
    worker = desk.start()
    pids = [desk.await_work(number).pid, until("the other one", lambda: desk.task(stubborn).pid)]
    worker.terminate()
    assert worker.wait(30) == 0
    for each in (number, stubborn):
        assert desk.task(each).state == "interrupted"
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_two_workers_never_run_one_task_twice_and_leave_each_others_alone(desk: Desk, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    desk.set("worker.parallel", 2, "int")
    body = f"""
    if self.seen == 1:
        with open({str(runs)!r}, "a") as file:
            file.write(f"{{self.label}}\\n")
    """
    numbers = [desk.queue(body, parameters={"label": f"n{n}"}, end="2001-01-01") for n in range(6)]
    desk.start(), desk.start()
    for number in numbers:
        desk.await_state(number, "done")
    assert sorted(runs.read_text().split()) == sorted(f"n{n}" for n in range(6))


def test_a_task_that_needs_more_memory_than_it_may_use_fails_and_says_so(desk: Desk) -> None:
    desk.set("worker.memory_megabytes", 600, "int")
    modest, greedy = desk.queue(""), desk.queue("self.held = bytearray(1_000_000_000)")
    desk.start()
    assert desk.await_state(modest, "done", "failed").state == "done"
    task = desk.await_state(greedy, "failed")
    assert "memory" in task.error


def test_what_a_task_prints_does_not_fill_the_disk(desk: Desk) -> None:
    number = desk.queue("print('x' * 100_000, flush=True); time.sleep(0.001)")
    desk.start()
    task = desk.await_state(number, "done", "failed")
    assert task.state == "done"
    assert len(desk.output(number)) < 100_000_000, "about 330 MB were printed"


def test_an_idle_worker_waits_in_little_memory_and_wakes_for_a_task(desk: Desk) -> None:
    worker = psutil.Process(desk.start(idle=0.5).pid)

    def waits() -> bool:
        return "quantstrip.operations.bell" in worker.cmdline()

    until("it waits", waits)
    before = until("it is loaded", lambda: worker.num_fds() > 4 and worker.memory_full_info())
    assert before.uss < 15_000_000
    number = desk.queue("")
    desk.await_state(number, "done")
    assert not waits()
    assert desk.task(number).pid != worker.pid
    until("it waits again", waits)
    worker.terminate()
    assert worker.wait(20) == -signal.SIGTERM


def test_a_home_without_a_ledger_gets_one_and_work_begins_all_the_same(desk: Desk) -> None:
    desk.ledger.close()
    desk.home.database.unlink()
    desk.start()
    number = desk.queue("")
    desk.await_state(number, "done")


def test_settings_that_cannot_be_read_stop_no_worker(desk: Desk) -> None:
    desk.home.settings_file.parent.mkdir(exist_ok=True)
    desk.home.settings_file.write_text("[worker]\nparalel = 2\n")
    number = desk.queue("")
    worker = desk.start()
    log = desk.home.logs / "worker.log"
    until("the complaint", lambda: log.exists() and "this pass failed" in log.read_text())
    desk.home.settings_file.write_text("")
    desk.await_state(number, "done")
    assert worker.poll() is None


def test_a_report_is_built_by_a_worker(desk: Desk) -> None:
    numbers: dict[str, Any] = {}
    desk.ledger.insert_broker("IBKR")
    order = desk.ledger.insert_order(None, "trend", "IBKR", "U1", "AAPL", "BUY", "MKT", 10)
    desk.ledger.insert_execution("e1", order, side="BUY", quantity=10, price=100.0)
    for form in ("html", "xlsx"):
        numbers[form] = desk.ledger.add_task("report", {"form": form})
    desk.start()
    for form, start in (("html", b"<!"), ("xlsx", b"PK")):
        task = desk.await_state(numbers[form], "done", "failed")
        assert task.result is not None, task
        assert Path(task.result["path"]).read_bytes()[:2] == start
        assert Path(task.result["path"]).name == f"report.{form}"
