"""What this client does, in a sentence.

Save it, try it with *Run as simulation*, then deploy it.
"""

from quantstrip import ClientBase, db_handler, logger, settings


class Client(ClientBase):
    """One process with a schedule, a log and a database connection of its own."""

    missed_runs = "skip"  # or "run_once": a daily job that was missed takes place when the machine is on again
    error_policy = "continue"  # or "restart", "stop": what a job that raises does to the client

    def __init__(self, *args):
        super().__init__()
        self.display_name = "My client"
        self.scheduler.every().day.at("15:45", "America/New_York").do(self.daily_job)
        self.scheduler.every(15).minutes.do(self.look)

    def on_start(self):
        """Called once, before the first job."""
        # A setting of this client: set clients.my_client.note on the Settings page. The second value is its default.
        logger.info("started: {}", settings.get("clients.my_client.note", "no note"))

    def look(self):
        """Every quarter of an hour: read the ledger, ask a broker, write to the log."""
        positions = db_handler.run_query("SELECT strategy, symbol, position FROM v_positions")
        logger.info("{} open positions", len(positions))

    def daily_job(self):
        """At 15:45 in New York, whatever zone this machine is in; at weekends too."""
        logger.info("time to decide")

    def on_stop(self):
        """Called after the last job when the client is asked to end; not after a crash."""
        logger.info("stopped")
