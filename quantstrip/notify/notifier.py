"""Drains the outbox: alerts become messages, messages are claimed one by one and sent."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quantstrip.clock import DAY, Clock, Micros, system_clock
from quantstrip.errors import LedgerError
from quantstrip.log import logger
from quantstrip.notify.batch import send_batches
from quantstrip.notify.digest import tell_alerts
from quantstrip.notify.identity import lives, sender_of
from quantstrip.notify.options import Options, Settings, options
from quantstrip.notify.sender import LEASE, Sender

if TYPE_CHECKING:
    from quantstrip.home import Home
    from quantstrip.ledger import Ledger

PAUSE_SECONDS = 1.0
"""Between two looks at an empty outbox."""


@dataclass
class Notifier:
    """Sends what is due. Several may work on one outbox: a message is claimed in a transaction, by one of them.

    Attributes:
        sender: sends one message; made for this process unless given.
        stopping: set to end between two messages; a plain flag, because a signal's handler sets it.

    """

    ledger: "Ledger"
    settings: Settings
    home: "Home | None" = None
    clock: Clock = system_clock
    sender: Sender | None = None
    stopping: bool = False

    def __post_init__(self) -> None:
        self.sender = self.sender or Sender(self.ledger, self.settings, sender_of())
        self._prune_at: Micros = 0

    def run_once(self) -> int:
        """One pass; returns how many messages were tried."""
        found = options(self.settings)
        now = self.clock.now()
        self._release_the_dead()
        self._prepare(found, now)
        if now >= self._prune_at:
            self._prune_at = now + DAY
            self.ledger.prune_messages(found.keep_days)
        tried = 0
        while not self.stopping and self.send_next():
            tried += 1
        return tried

    def _prepare(self, found: Options, now: Micros) -> None:
        """Write what alerts and batches are to become; where that fails, other mail goes out all the same."""
        try:
            tell_alerts(self.ledger, self.settings, found, now, self.home)
            send_batches(self.ledger, found, now)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one alert must not stop all mail
            logger.opt(exception=error).error("alerts are not passed on: {}", error)

    def send_next(self) -> bool:
        """Claim and try one message; False when none is due."""
        assert self.sender is not None  # noqa: S101 - made in __post_init__
        row = self.ledger.claim_message(self.sender.owner, self.clock.now() + LEASE)
        if row is None:
            return False
        self.sender.attempt(row, options(self.settings))
        return True

    def _release_the_dead(self) -> None:
        for owner in self.ledger.message_claimants():
            if not lives(owner):
                count = self.ledger.release_messages(owner)
                logger.warning("{} messages are sent again: process {} ended while sending", count, owner)
