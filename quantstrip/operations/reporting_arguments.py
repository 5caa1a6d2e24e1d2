"""What the task ``send_report`` is asked for; apart from its work, for the list of kinds is read by every worker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from quantstrip.errors import TaskRefused
from quantstrip.operations.reports import FORMS


@dataclass(frozen=True, slots=True)
class SendArguments:
    """Arguments of ``send``: which report, to whom.

    Attributes:
        report_id: a stored report, sent as it is kept; 0 for one of what is recorded now, narrowed by the rest.

    """

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
    report_id: int = 0

    def __post_init__(self) -> None:
        """Refuse forms that nothing is made as, and a stored report that is to be narrowed."""
        narrowed = (self.mode, self.benchmark, self.strategies, self.symbols, self.brokers, self.tags)
        if self.report_id and any(narrowed):
            raise TaskRefused(
                "a stored report is sent as it is kept, and cannot be narrowed",
                hint="Leave out report_id, or what narrows it.",
            )
        unknown = [form for form in self.forms if form not in FORMS]
        if unknown or not self.forms:
            raise TaskRefused(
                f"forms must be some of {', '.join(FORMS)}, got {', '.join(unknown) or 'none'}",
                hint='For example: ["html", "xlsx"]',
            )


@dataclass(frozen=True, slots=True)
class StoredReportArguments:
    """Arguments of the task that renders a stored report, or one made of sections that is not saved yet.

    Attributes:
        report_id: which stored report; 0 with ``composed``.
        composed: name and sections, as ``quantstrip report compose`` takes them.
        form: what it becomes.
        table: which one, for CSV.

    """

    report_id: int = 0
    composed: Mapping[str, Any] | None = None
    form: str = "html"
    table: Literal["daily", "strategies", "metrics", "trades", "positions"] = "daily"

    def __post_init__(self) -> None:
        """Refuse both or neither of the two, and a form that nothing is made as."""
        if bool(self.report_id) == (self.composed is not None):
            raise TaskRefused("which report: give report_id, or composed, and not both")
        if self.form not in FORMS:
            raise TaskRefused(f"form must be one of {', '.join(FORMS)}, got {self.form!r}")
