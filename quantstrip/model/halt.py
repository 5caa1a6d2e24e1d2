"""What stops entries: a halt of the risk rules, and what a person decides about it."""

from typing import NamedTuple

from quantstrip.clock import Micros


class Halt(NamedTuple):
    """Entries are stopped: since when, by which rule (``max_daily_loss`` or ``max_drawdown``), and why.

    ``calendar`` is the exchange whose session a daily halt belongs to, "" for a drawdown.
    """

    rule: str
    ts: Micros
    reason: str
    calendar: str = ""


class Control(NamedTuple):
    """A person's decision about one strategy's entries.

    Attributes:
        action: ``kill`` switches entries off, ``revive`` on again, ``clear`` lifts halts.
        rule: whose halts are lifted; "" for every rule's.
        reason: why, in the person's words.

    """

    action: str
    rule: str = ""
    reason: str = ""
