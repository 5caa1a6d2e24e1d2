"""The platform's own processes: supervisord starts them again by itself, and a person hears of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from quantstrip.log import logger
from quantstrip.supervise.events import Event
from quantstrip.supervise.names import NOTIFIER

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

_EXITED = "PROCESS_STATE_EXITED"


def tell_ends(ledger: "Ledger", events: Iterable[Event]) -> None:
    """Raise an alert for each unexpected end of the notifier.

    Its next process sends the alert with the rest. Where none lives long enough for that, the dashboard shows it.
    """
    for event in events:
        if (event.name, event.fields.get("processname"), event.fields.get("expected")) == (_EXITED, NOTIFIER, "0"):
            logger.error("the notifier ended unexpectedly; supervisord starts it again")
            ledger.alert(
                "notifier_crashed",
                "the notifier ended unexpectedly and is started again",
                "What was being sent is sent again, under the same Message-ID. The reason is in logs/notifier.log or "
                "data/run/output/notifier.log.",
                rate_key="notifier_crashed",
            )
