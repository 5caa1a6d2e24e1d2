"""Fills a second against raw SQLite, and sixteen processes that all fill at once.

The raw baseline is one row a commit through ``sqlite3`` on the same disk, with the same journal and durability
(WAL, ``synchronous=FULL``, BEGIN IMMEDIATE). A fill transaction is what a client's fill costs: the order looked up,
execution, position, realised PnL, strategy event and commission written and booked, in one commit.
"""

import json
import multiprocessing
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger

ROUNDS, PER_ROUND = 15, 200
WRITERS, PER_SECOND, SECONDS = 16, 10, 60.0
FIRST = 1_700_000_000_000_000  # 2023-11-14, microseconds UTC
Write = Callable[[int], None]


def run(seconds: float = SECONDS) -> Iterator[dict[str, Any]]:
    """Measure both figures; a ledger of its own for each, removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="quantstrip-fills-"))
    try:
        yield throughput(Home(folder / "rate"))
        yield crowd(Home(folder / "crowd"), seconds)
    finally:
        shutil.rmtree(folder)


def throughput(home: Home) -> dict[str, Any]:
    """Fill transactions a second as a share of raw one-row commits, in alternating rounds."""
    ledger_write, raw_write = ledger_writer(home, "rate"), raw_writer(home)
    for number in range(PER_ROUND):  # calendars and statements are made on first use
        ledger_write(-1 - number)
    pairs = []
    for n in range(ROUNDS):
        start = n * PER_ROUND
        pairs.append((timed(raw_write, start), timed(ledger_write, start)))
    value = statistics.median(raw / ours for raw, ours in pairs)
    detail = {
        "fills_per_second": round(PER_ROUND / statistics.median(ours for _, ours in pairs)),
        "raw_commits_per_second": round(PER_ROUND / statistics.median(raw for raw, _ in pairs)),
        "rounds": ROUNDS,
    }
    return figure("fill transactions / raw one-row commits", value, 0.3, value >= 0.3, detail)


def timed(write: Write, start: int) -> float:
    """Seconds for one round of writes."""
    begun = time.perf_counter()
    for number in range(start, start + PER_ROUND):
        write(number)
    return time.perf_counter() - begun


def crowd(home: Home, seconds: float) -> dict[str, Any]:
    """Worst wait for one fill among sixteen processes at ten a second, as a multiple of raw SQLite's."""
    raw_writer(home)
    raw = together(home, seconds, ours=False)
    ledger = open_ledger(home)
    mine = together(home, seconds, ours=True)
    expected = WRITERS * (1 + int(PER_SECOND * seconds))
    _, ((kept, held),) = ledger.query(
        "SELECT (SELECT COUNT(*) FROM v_executions), (SELECT SUM(position) FROM v_positions)", timeout_seconds=None
    )
    errors = mine["errors"] + raw["errors"] + ledger.integrity_check()
    lost = expected - kept
    value = mine["worst_ms"] / raw["worst_ms"]
    detail = {"seconds": seconds, "fills": kept, "lost": lost, "position": held, "ledger": mine, "raw": raw}
    ok = value <= 10.0 and not errors and lost == 0 and held == expected
    return figure("worst wait of 16 x 10 fills/s / raw", value, 10.0, ok, detail)


def together(home: Home, seconds: float, *, ours: bool) -> dict[str, Any]:
    """Let all writers go at once; waits in ms and what went wrong."""
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(WRITERS), context.Queue()
    processes = [
        context.Process(target=member, args=(home.root, n, seconds, ours, ready, answers), daemon=True)
        for n in range(WRITERS)
    ]
    for process in processes:
        process.start()
    told = [answers.get(timeout=seconds + 120.0) for _ in processes]
    for process in processes:
        process.join()
    waits = sorted(wait for found, _ in told for wait in found)
    return {
        "worst_ms": round(waits[-1] * 1000, 1),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 1),
        "median_ms": round(statistics.median(waits) * 1000, 2),
        "errors": [error for _, error in told if error],
    }


def member(root: Path, number: int, seconds: float, ours: bool, ready: Any, answers: Any) -> None:
    """One writer: ten writes a second, on time, however long each of them waits."""
    waits: list[float] = []
    try:
        write = ledger_writer(Home(root), f"writer{number}") if ours else raw_writer(Home(root))
        count = int(PER_SECOND * seconds)
        write(-1 - number)  # opening the file and importing the calendar are not waiting for a lock
        ready.wait()
        begun = time.perf_counter() + number / (WRITERS * PER_SECOND)
        for n in range(count):
            time.sleep(max(0.0, begun + n / PER_SECOND - time.perf_counter()))
            asked = time.perf_counter()
            write(number * count + n)
            waits.append(time.perf_counter() - asked)
    except Exception as error:  # noqa: BLE001 - the measurement reports whatever went wrong
        answers.put((waits or [0.0], f"{type(error).__name__}: {error}"))
    else:
        answers.put((waits, ""))


def ledger_writer(home: Home, strategy: str) -> Write:
    """A function that records one fill of a strategy's order."""
    ledger: Ledger = open_ledger(home)
    broker = ledger.insert_broker("SIM", "Simulated")
    order = ledger.insert_order(None, strategy, broker, "BENCH", "AAPL", "BUY", "MARKET", 1e6)
    ledger.insert_strategy_event(order, 1e6, "BUY")

    def write(number: int) -> None:
        exec_id = f"{strategy}-{number}"
        with ledger.transaction():
            ledger.insert_execution(
                exec_id, order, side="BUY", quantity=1, price=100 + number % 7, exec_time=FIRST + number * 1000
            )
            ledger.insert_commission(exec_id, 1.0, "USD")

    return write


def raw_writer(home: Home) -> Write:
    """A function that commits one row with the driver alone."""
    home.data.mkdir(parents=True, exist_ok=True)
    path = home.data / "raw.db"
    if not path.exists():
        with closing(sqlite3.connect(path)) as made:
            made.execute("PRAGMA journal_mode = WAL")
            made.execute(
                "CREATE TABLE fill (id INTEGER PRIMARY KEY, exec_id TEXT UNIQUE, symbol TEXT, side TEXT, "
                "quantity REAL, price REAL, exec_time TEXT)"
            )
    raw = sqlite3.connect(path, timeout=30.0, isolation_level=None)
    raw.execute("PRAGMA synchronous = FULL")

    def write(number: int) -> None:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute(
            "INSERT INTO fill (exec_id, symbol, side, quantity, price, exec_time) VALUES (?, ?, ?, ?, ?, ?)",
            (f"fill-{number}", "AAPL", "BUY", 1.0, 100.0 + number % 7, "2023-11-14 22:13:20.000000"),
        )
        raw.execute("COMMIT")

    return write


def figure(name: str, value: float, bound: float, ok: bool, detail: dict[str, Any]) -> dict[str, Any]:
    """One line of the report."""
    return {"name": name, "value": round(value, 3), "bound": bound, "ok": ok, "detail": detail}


if __name__ == "__main__":
    for line in run():
        print(json.dumps(line), flush=True)
