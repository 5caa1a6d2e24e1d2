"""What the task ``send_report`` is asked for; apart from its work, for the list of kinds is read by every worker."""

from dataclasses import dataclass, field
from typing import Literal

from quantstrip.errors import TaskRefused
from quantstrip.operations.reports import FORMS


@dataclass(frozen=True, slots=True)
class SendArguments:
    """Arguments of ``send``: which report, to whom."""

    to: str = ""
    account: str = ""
    forms: list[str] = field(default_factory=lambda: ["html"])
    mode: Literal["live", "paper", "replay", "simulation"] | None = None
    benchmark: str = ""
    title: str = "Portfolio report"
    strategies: list[str] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    brokers: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse forms that nothing is made as."""
        unknown = [form for form in self.forms if form not in FORMS]
        if unknown or not self.forms:
            raise TaskRefused(
                f"forms must be some of {', '.join(FORMS)}, got {', '.join(unknown) or 'none'}",
                hint='For example: ["html", "xlsx"]',
            )
