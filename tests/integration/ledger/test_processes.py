"""Several processes and threads on one file: nothing equal, nothing lost, nobody refused."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from quantstrip.errors import LedgerBusy
from quantstrip.ledger import Ledger

Open = Callable[..., Ledger]
WRITER = Path(__file__).with_name("writer.py")


def write(task: str, ledger: Ledger, name: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(WRITER), task, str(ledger.path), name, str(count)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finished(processes: "list[subprocess.Popen[str]]") -> list[list[str]]:
    answers = [process.communicate(timeout=150) for process in processes]
    assert [(error, process.returncode) for (_, error), process in zip(answers, processes, strict=True)] == [
        ("", 0)
    ] * len(processes)
    return [out.split() for out, _ in answers]


def test_order_ids_of_many_processes_never_repeat_and_always_rise(open_at: Open) -> None:
    ledger = open_at()

    found = finished([write("order_ids", ledger, str(n), 50) for n in range(3)])

    numbers = [[int(word) for word in words] for words in found]
    every = [number for one in numbers for number in one]
    assert len(set(every)) == 150
    assert all(one == sorted(one) for one in numbers)
    assert max(every) <= 999_999_999


def test_fills_of_many_processes_are_all_there_and_all_booked(open_at: Open) -> None:
    ledger = open_at()

    told = finished([write("fills", ledger, f"s{n}", 20) for n in range(3)])

    kept = {exec_id for (exec_id,) in ledger.query("SELECT exec_id FROM v_executions")[1]}
    assert kept == {exec_id for words in told for exec_id in words}
    assert len(kept) == 60
    assert ledger.query("SELECT strategy, position, cost FROM v_positions ORDER BY strategy")[1] == [
        (f"s{n}", 20.0, 200.0) for n in range(3)
    ]
    assert ledger.integrity_check() == []


def test_processes_that_send_the_same_fills_book_them_once(open_at: Open) -> None:
    ledger = open_at()

    finished([write("fills", ledger, "same", 20) for _ in range(3)])

    assert ledger.query("SELECT COUNT(*) FROM orders")[1] == [(1,)]
    assert ledger.query("SELECT position, cost FROM v_positions")[1] == [(20.0, 200.0)]
    assert ledger.query("SELECT commission FROM v_strategy_pnl")[1] == [(10.0,)]


def test_a_forked_child_opens_connections_of_its_own(open_at: Open) -> None:
    ledger = open_at()

    (numbers,) = finished([write("forked", ledger, "", 30)])

    assert len(numbers) == len(set(numbers)) == 60
    assert ledger.integrity_check() == []


def test_threads_share_one_ledger(open_at: Open) -> None:
    ledger = open_at()
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 100)

    def fill(number: int) -> int:
        ledger.insert_execution(f"x{number}", order, side="BUY", quantity=1, price=10, trade_date="2024-03-06")
        return ledger.next_order_id()

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(fill, range(40)))

    assert len(set(numbers)) == 40
    assert ledger.query("SELECT position FROM v_positions")[1] == [(40.0,)]


def test_a_writer_that_waits_too_long_is_told_and_writes_nothing(open_at: Open) -> None:
    ledger = open_at(busy_seconds=0.2)
    other = Ledger(ledger.path)

    with other.transaction():
        with pytest.raises(LedgerBusy, match="stayed locked") as refused:
            ledger.insert_broker("IBKR")
        assert ledger.get_broker_id("IBKR") is None
    other.close()

    assert "synchronised" in refused.value.hint
    ledger.insert_broker("IBKR")


def test_a_thread_that_waits_too_long_is_told(open_at: Open) -> None:
    ledger = open_at(busy_seconds=0.2)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with ledger.transaction():
            held.set()
            release.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    try:
        with pytest.raises(LedgerBusy):
            ledger.next_order_id()
    finally:
        release.set()
        thread.join()
    assert ledger.next_order_id() > 0


def test_readers_never_wait_for_a_writer(open_at: Open) -> None:
    ledger = open_at(busy_seconds=0.2)
    ledger.insert_broker("IBKR")
    other = Ledger(ledger.path)

    with other.transaction():
        other.insert_broker("ALPACA")
        assert ledger.get_brokers()["name"].tolist() == ["IBKR"]
        assert ledger.query("SELECT COUNT(*) FROM broker")[1] == [(1,)]
        assert len(other.get_brokers()) == 2
    other.close()

    assert len(ledger.get_brokers()) == 2
