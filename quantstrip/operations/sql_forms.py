"""The forms of file that a query's result can become, and the arguments of the task that writes one."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

Form = Literal["csv", "xlsx", "parquet"]
FORMS: Final[tuple[Form, ...]] = ("csv", "xlsx", "parquet")


@dataclass(frozen=True, slots=True)
class ExportArguments:
    """A query whose whole result becomes a file."""

    text: str
    values: dict[str, Any] = field(default_factory=dict)
    form: Form = "csv"
