"""A client in ten lines: every five seconds it counts the fills in the ledger and logs the number.

A client is a file with a subclass of ``ClientBase``. It gets a process, a schedule, a log stream and a database
connection of its own. Try it in the foreground, then hand it to the service:

    quantstrip run examples/ten_line_client.py
    quantstrip deploy examples/ten_line_client.py
"""

from quantstrip import ClientBase, db_handler, logger


class Client(ClientBase):
    def __init__(self, *args):
        super().__init__()
        self.display_name = "Ten lines"
        self.scheduler.every(5).seconds.do(self.job)

    def job(self):
        with db_handler.get_connection() as connection:
            logger.info("{} fills so far", connection.execute("SELECT count(*) FROM execution").fetchone()[0])
