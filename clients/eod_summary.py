"""Mails what the day brought after the close of each session: profit, fills, positions, errors, what runs next.

    quantstrip deploy eod_summary
    quantstrip report eod              # shows it now, without sending

Without a mail account the summary is written to data/reports. Settings: eod.calendar (NYSE), eod.delay_minutes (15),
eod.mode, clients.eod_summary.notify (who gets it). See docs/eod.md.
"""

from datetime import date

from quantstrip import ClientBase, logger
from quantstrip.client.after_close import AfterClose
from quantstrip.clock import SECOND
from quantstrip.home import find_home
from quantstrip.operations import eod


class Client(ClientBase):
    """Sends the end-of-day summary, once per session."""

    told = False

    def __init__(self, *_args: object) -> None:
        super().__init__()
        self.display_name = "End-of-day summary"

    def on_start(self) -> None:
        """Plan the next close; a session that closed while nothing ran is made up for at once."""
        AfterClose(self, self.summarise, self.is_done, self.terms).start()

    def terms(self) -> tuple[str, float]:
        """The exchange, and seconds after its close."""
        calendar, delay = eod.terms(find_home())
        return calendar, delay / SECOND

    def is_done(self, _session: date) -> bool:
        """Whether the outbox, or a file, has the summary already."""
        return eod.is_done(find_home(), eod.due_now(find_home(), now=self.clock.now()))

    def summarise(self, _session: date) -> None:
        """Build and queue it; the notifier sends it."""
        home = find_home()
        delivery = eod.deliver(home, eod.summarise(home, eod.due_now(home, now=self.clock.now())))
        if delivery.file is None or not self.told:
            logger.info("summary {}", delivery.words)
        self.told = delivery.file is not None
