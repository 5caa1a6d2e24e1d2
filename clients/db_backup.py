"""Copies the ledger once a day, beside whoever writes to it, checks the copy, and keeps the last ones.

    quantstrip deploy db_backup

When, where to, and how many stay: the settings backup.at, backup.folder, backup.keep_daily, backup.keep_weekly and
backup.keep_monthly. A copy made by hand (quantstrip db backup) is never removed. See docs/backup.md.
"""

from typing import Any

from schedule import CancelJob

from quantstrip import ClientBase, logger, settings
from quantstrip.home import find_home
from quantstrip.operations import backup


class Client(ClientBase):
    """Backs the ledger up once a day."""

    missed_runs = "run_once"  # a machine that was off at night backs up when it is on again

    def __init__(self, *_args: object) -> None:
        super().__init__()
        self.display_name = "Database backup"
        self.scheduler.every().day.at(settings.get("backup.at", "03:00")).do(self.back_up)

    def on_start(self) -> None:
        """The first copy is made at once: nobody should wait a night to see that it works."""
        if not backup.scheduled_backups(find_home()):
            self.scheduler.every(5).minutes.do(self.first_backup).set_due(self.clock.now())

    def first_backup(self) -> Any:
        """Once, where there is no copy yet; tried again every five minutes."""
        self.back_up()
        return CancelJob

    def back_up(self) -> None:
        """One copy. What goes wrong is recorded as a failed job, and told."""
        made = backup.scheduled_backup(find_home())
        logger.info(
            "{} written and checked: {} fills; {} older ones removed",
            made.file, made.verified.rows.get("execution", 0), len(made.removed),
        )  # fmt: skip
