"""Arguments of trials, as JSON can say them; paths are absolute."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from quantstrip.errors import TaskRefused
from quantstrip.operations.task_arguments import check_there

MAY_TRADE: Final = "A client that talks to a broker by itself could reach it: what it orders there is real."
"""What whoever allows a trial to connect is told."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a trial may connect to.

    Attributes:
        network: the internet.
        local: this machine and private addresses, where a broker's gateway listens, too.

    """

    network: bool = False
    local: bool = False

    def __post_init__(self) -> None:
        """Refuse what the fence cannot tell apart."""
        if self.local and not self.network:
            raise TaskRefused(
                "this machine and private addresses are allowed only together with the network",
                hint="Give --allow-network as well (network=True).",
            )

    @property
    def words(self) -> str:
        """For a person."""
        if not self.network:
            return "without network"
        return "with the network, this machine and private addresses" if self.local else "with the network"


@dataclass(frozen=True, slots=True)
class SimulationArguments:
    """Arguments of a simulation.

    Attributes:
        network: True to allow connections to the internet.
        local: True to allow, with ``network``, this machine and private addresses too.
        minutes: it is ended after so many; None for the setting ``worker.trial_minutes``.

    """

    file: str
    network: bool = False
    minutes: float | None = None
    local: bool = False

    def __post_init__(self) -> None:
        """Refuse a file that is not there, and a time that is none."""
        check_file(self.file)
        Reach(self.network, self.local)
        if self.minutes is not None and not 0.0 < self.minutes < float("inf"):
            raise TaskRefused(
                f"minutes must be more than 0, got {self.minutes:g}", hint="Leave it out for the default."
            )


@dataclass(frozen=True, slots=True)
class RehearsalArguments:
    """Arguments of a rehearsal.

    Attributes:
        start, end: dates (the whole day counts) or moments, in the client's zone where they name none; both None for
            the next week of a client, and the last month of the bars of a strategy.
        most_jobs: it ends after so many runs of jobs.
        seconds: it ends after so many seconds of the machine's time.

    """

    file: str
    start: str | None = None
    end: str | None = None
    most_jobs: int = 20_000
    seconds: float = 300.0
    network: bool = False
    local: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no file, no span, or no limit."""
        check_file(self.file)
        Reach(self.network, self.local)
        moments = [_moment(name, getattr(self, name)) for name in ("start", "end")]
        if (self.start is None) != (self.end is None):
            raise TaskRefused("start and end go together", hint="Give both, or neither for the default span.")
        begin, end = (moment.replace(tzinfo=None) if moment else None for moment in moments)
        if begin is not None and end is not None and end < begin:
            raise TaskRefused(f"the span ends before it begins: {self.start} to {self.end}", hint="Swap them.")
        if self.most_jobs < 1 or not 0.0 < self.seconds <= 86_400.0:
            raise TaskRefused(
                f"most_jobs is 1 or more and seconds up to a day, got {self.most_jobs} and {self.seconds:g}",
                hint="Leave them out for the defaults.",
            )


def check_file(file: str) -> None:
    """Refuse what is no Python file.

    Raises:
        TaskRefused: not absolute, not there, or no Python file.

    """
    path = check_there("file", file)
    if path.suffix != ".py":
        raise TaskRefused(f"a client is a Python file, got {path.name}", hint="Give a file that ends in .py.")


def _moment(name: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise TaskRefused(
            f"{name} must be a date or a moment, got {text!r}", hint="Write 2026-01-17, or 2026-01-17 09:30."
        ) from None
