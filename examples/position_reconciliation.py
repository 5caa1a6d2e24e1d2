"""Compares the ledger with the broker's positions after each session, and tells by alert and log what differs.

The client writes what the broker says it holds (``position_external``), then asks for one report. Positions that agree
make the intentions of filled orders CONFIRMED; each one that differs is an alert, which mails follow.

    quantstrip run examples/position_reconciliation.py
"""

from quantstrip import ClientBase, db_handler, logger
from quantstrip.home import find_home
from quantstrip.operations import broker_statements, reconciliation
from quantstrip.operations.reconciliation_text import as_text

BROKER, ACCOUNT, STRATEGY = "DESK", "DESK-1", "position_reconciliation"


def ask_broker():
    """Stands in for a broker's library: (contract, units, average cost) of everything that is held."""
    return [("IBM", 10.0, 195.43), ("MSFT", -4.0, 31.10)]


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.display_name = "Position reconciliation"
        self.scheduler.every().day.at("16:30", "America/New_York").do(self.compare)

    def on_start(self):
        """Have something to compare with, and compare at once."""
        db_handler.insert_broker(BROKER, "Example desk")
        # The exec_id keeps a restarted client from booking it again.
        db_handler.insert_execution(
            "position-reconciliation.1", None, STRATEGY, BROKER, "IBM", side="BUY", quantity=10, price=195.43,
            account=ACCOUNT, mode=self.mode,
        )  # fmt: skip
        self.compare()

    def compare(self):
        """Write down what the broker says, then compare."""
        with db_handler.transaction():  # all of it or nothing: half a statement would look like closed positions
            for contract, units, cost in ask_broker():
                db_handler.insert_position_external(ACCOUNT, contract, units, cost)
        said = broker_statements.from_external(find_home(), accounts=[ACCOUNT])
        result = reconciliation.reconcile(find_home(), said, mode=self.mode, accounts=[ACCOUNT])
        (logger.info if result.clean else logger.warning)("{}", as_text(result))
