"""Writes the daily close of everything held or traded, and of its currencies, to mtm_price after each session.

    quantstrip deploy mtm_prices

Closes come from bar files: SYMBOL.csv in data/bars (or in the setting marks.folder), in the folders that strategies
trade on, or in the sample. Without it, open positions are valued at their last fill. See docs/eod.md.
"""

from datetime import date

from quantstrip import ClientBase, db_handler, logger, settings
from quantstrip.client.after_close import AfterClose
from quantstrip.home import find_home
from quantstrip.operations import marks


class Client(ClientBase):
    """Marks positions to market after the close of every exchange that was traded on."""

    def __init__(self, *_args: object) -> None:
        super().__init__()
        self.display_name = "Mark to market"
        self.done: dict[str, date] = {}

    def on_start(self) -> None:
        """Write what is missing at once, then after each close."""
        for name in marks.calendars_of(find_home()):
            if name not in self.done:
                self.follow(name)

    def follow(self, calendar: str) -> None:
        """Run after each close of one exchange."""
        self.done[calendar] = date.min
        AfterClose(
            self,
            lambda session: self.mark(calendar, session),
            lambda session: self.done[calendar] >= session,
            lambda: (calendar, 60.0 * settings.get("marks.delay_minutes", 5.0)),
        ).start()

    def mark(self, calendar: str, session: date) -> None:
        """Write all closes; repeated, it changes nothing."""
        home = find_home()
        done = marks.write_marks(home, now=self.clock.now())
        logger.info("{} closes written, of {}", done.written, ", ".join(done.symbols) or "nothing")
        if done.complaints:
            logger.warning("{}", "; ".join(done.complaints))
            db_handler.alert(
                "price_missing", f"{len(done.complaints)} prices are missing or unusable", "\n".join(done.complaints),
                client=self.name, rate_key="price_missing",
            )  # fmt: skip
        self.done[calendar] = session
        self.on_start()  # what was traded for the first time may follow another exchange
