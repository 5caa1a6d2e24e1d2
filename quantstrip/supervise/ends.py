"""The platform's own processes: supervisord starts them again by itself, and a person hears of it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from quantstrip.log import logger
from quantstrip.supervise.events import Event
from quantstrip.supervise.names import NOTIFIER, WORKER

if TYPE_CHECKING:
    from quantstrip.ledger import Ledger

_EXITED = "PROCESS_STATE_EXITED"
_MEANS = {
    NOTIFIER: "What was being sent is sent again, under the same Message-ID.",
    WORKER: "Tasks that were running are interrupted, and not repeated by themselves.",
}
"""What the end of a process means for what it was doing."""


def tell_ends(ledger: "Ledger", events: Iterable[Event]) -> None:
    """Raise an alert for each unexpected end of the notifier and the worker.

    The notifier's next process sends the alert with the rest. Where none lives long enough for that, the dashboard
    shows it.
    """
    for event in events:
        name = event.fields.get("processname", "")
        if event.name != _EXITED or name not in _MEANS or event.fields.get("expected") != "0":
            continue
        logger.error("the {} ended unexpectedly; supervisord starts it again", name)
        ledger.alert(
            f"{name}_crashed",
            f"the {name} ended unexpectedly and is started again",
            f"{_MEANS[name]} The reason is in logs/{name}.log or data/run/output/{name}.log.",
            rate_key=f"{name}_crashed",
        )
