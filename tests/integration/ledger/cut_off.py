"""Processes that are cut off while they record a fill, run by the tests.

``cut_off.py kill TEMPLATE FOLDER``: a child for each statement of an order's life; the n-th kills itself with SIGKILL
just before its n-th statement, on ``FOLDER/n.db``, a copy of TEMPLATE; or in the home ``FOLDER/n``, where TEMPLATE is
a home. Prints how many statements there are.

``cut_off.py full DATABASE BYTES``: records fills until no file may grow beyond BYTES; prints each fill that the ledger
acknowledged, then the error, then what a further try gives when there is space again.
"""

import os
import resource
import shutil
import signal
import sys
from pathlib import Path

from quantstrip.calendars import get_calendar
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, LedgerRecorder
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderState, OrderType
from quantstrip.ports import OrderUpdate

AAPL = Instrument("AAPL")
TS = 1_709_740_800_000_000
EXECUTIONS = ("f1", "f2")


def live(ledger: Ledger) -> None:
    """An order of 20 that fills in two halves, as an engine has it recorded."""
    run = ledger.open_strategy_run("run", "client", "trend", "paper", "SIM", "code", {}, "sample", 100_000)
    recorder = LedgerRecorder(ledger, run, "simulated", [AAPL])
    recorder.order(Order("r", "trend", "AAPL", OrderSide.BUY, 20.0, OrderType.MARKET, TS), AAPL)
    recorder.update(OrderUpdate("r", OrderState.SUBMITTED, 0.0, 20.0, 0.0, TS))
    for number, exec_id in enumerate(EXECUTIONS, 1):
        fill = Fill(exec_id, "r", "trend", "AAPL", OrderSide.BUY, 10.0, 100.0 + number, TS + number, 0.05)
        recorder.fill(fill, AAPL)
    recorder.update(OrderUpdate("r", OrderState.FILLED, 20.0, 0.0, 101.5, TS + 2))


def kill_itself_at(ledger: Ledger, statement: int) -> None:
    """Arrange for this process to be killed just before the n-th statement of the ledger's writer."""
    seen = 0

    def count(_sql: str) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    with ledger.store.write() as transaction:
        transaction.raw.set_trace_callback(count)


def kill(template: Path, folder: Path) -> None:
    """One child after the other, until one gets to its end."""
    get_calendar(AAPL.calendar)  # once for all of them
    statement = 0
    while True:
        statement += 1
        where = _copied(template, folder, statement)
        child = os.fork()
        if child == 0:
            ledger = Ledger(where)
            kill_itself_at(ledger, statement)
            live(ledger)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(statement if os.waitstatus_to_exitcode(status) == 0 else f"failed at {statement}", flush=True)
            return


def _copied(template: Path, folder: Path, statement: int) -> Path | Home:
    if template.is_dir():
        return Home(Path(shutil.copytree(template, folder / str(statement))))
    return Path(shutil.copy(template, folder / f"{statement}.db"))


def full(database: Path, size: int) -> None:
    """Fills until the disk takes no more."""
    ledger = Ledger(database)
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 1e6, client_reference="r")
    whole = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, whole[1]))

    def record(number: int) -> None:
        with ledger.transaction():
            ledger.insert_execution(
                f"x{number}", order, side="BUY", quantity=1, price=10, trade_date="2024-03-06",
                metadata={"note": "x" * 2_000},
            )  # fmt: skip
            ledger.insert_commission(f"x{number}", 0.5, "USD")

    number = 0
    try:
        while number < 10_000:
            record(number)
            print(f"x{number}", flush=True)
            number += 1
    except LedgerError as error:
        print(f"error: {error}".replace("\n", " | "), flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, whole)
    record(number)
    print(f"x{number}", flush=True)
    ledger.close()


if __name__ == "__main__":
    if sys.argv[1] == "kill":
        kill(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        full(Path(sys.argv[2]), int(sys.argv[3]))
