"""A process that writes to a ledger, run by the tests: ``writer.py TASK DATABASE NAME COUNT``.

It prints one line for each thing the ledger has acknowledged, as soon as it has.
"""

import os
import sys
from pathlib import Path

from quantstrip.ledger import Ledger


def order_ids(ledger: Ledger, _: str, count: int) -> None:
    for _number in range(count):
        print(ledger.next_order_id(), flush=True)


def fills(ledger: Ledger, name: str, count: int) -> None:
    """One order, filled again and again, each fill with its commission in one transaction."""
    ledger.insert_broker("SIM")
    order = ledger.insert_order(None, name, "SIM", "U1", "AAPL", "BUY", "MKT", 1e6, client_reference=name)
    for number in range(count):
        exec_id = f"{name}-{number}"
        with ledger.transaction():
            ledger.insert_execution(exec_id, order, side="BUY", quantity=1, price=10, trade_date="2024-03-06")
            ledger.insert_commission(exec_id, 0.5, "USD")
        print(exec_id, flush=True)


def forked(ledger: Ledger, name: str, count: int) -> None:
    """The same from a parent and its forked child, which both used the connections before."""
    ledger.next_order_id()
    child = os.fork()
    order_ids(ledger, name, count)
    if child == 0:
        os._exit(0)
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    task, database, name, count = sys.argv[1:]
    ledger = Ledger(Path(database))
    ledger.ensure()
    {"order_ids": order_ids, "fills": fills, "forked": forked}[task](ledger, name, int(count))
