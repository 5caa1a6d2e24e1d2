"""Takes over from Flex statements what the ledger missed: each XML file that is put into a folder, once.

Save the statements of your Flex query (docs/reconciliation.md says which boxes to tick) into ``data/flex`` of the home.
Taking over a file twice books nothing twice, so a client that is killed simply begins again.

    quantstrip run examples/flex_query.py
"""

from quantstrip import ClientBase, logger
from quantstrip.errors import StatementError
from quantstrip.home import find_home
from quantstrip.operations import broker_statements, reconciliation
from quantstrip.operations.reconciliation_text import as_text


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.display_name = "Flex query"
        self.folder = find_home().data / "flex"
        self.seen = {}  # only saves work: what was booked is known by the ledger
        self.scheduler.every(10).seconds.do(self.look)

    def on_start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.look()

    def look(self):
        """Reconcile every file that is new or has changed."""
        for path in sorted(self.folder.glob("*.xml")):
            stamp = path.stat().st_mtime_ns
            if self.seen.get(path) == stamp:
                continue
            try:
                said = broker_statements.from_flex([path])
                # An account that the ledger does not know is refused; name yours: accounts=["U1234567"]
                result = reconciliation.reconcile(find_home(), said, mode=self.mode, take_over=True)
                (logger.info if result.clean else logger.warning)("{}", as_text(result))
            except StatementError as error:  # truncated, another account ...: nothing was written; the next file may do
                logger.error("{}: {}", path.name, error)
            self.seen[path] = stamp
