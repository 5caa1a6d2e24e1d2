"""When a changed setting acts: at once, or when what read it at its start is started again."""

from typing import Final

from quantstrip.config.paths import Parts, split
from quantstrip.config.table import CLIENTS

AT_ONCE: Final = "at once"
SERVICE: Final = "when the service is started again (quantstrip down, then quantstrip up)"
EACH_CLIENT: Final = "for each client when it is started again"
_WHEN: Final[dict[Parts, str]] = {
    ("dashboard", "idle_hours"): AT_ONCE,
    ("dashboard", "session_hours"): AT_ONCE,
    ("dashboard",): SERVICE,
    ("oidc",): SERVICE,
    ("ledger", "audit"): SERVICE,
    ("logs",): SERVICE,
    ("platform", "timezone"): SERVICE,
    ("service", "heartbeat_seconds"): EACH_CLIENT,
    ("service", "stop_seconds"): EACH_CLIENT,
    ("eod", "calendar"): "when the client eod_summary is started again",
    ("eod", "delay_minutes"): "when the client eod_summary is started again",
    ("marks", "delay_minutes"): "when the client mtm_prices is started again",
    ("backup", "at"): "when the client db_backup is started again",
}
"""What is read once, at a start; processes that run notice every other change at their next read."""


def acts(path: str) -> str:
    """When a change of the setting at ``path`` acts, to be said after "acts"."""
    parts = split(path)
    if len(parts) > 2 and parts[0] == CLIENTS:
        return AT_ONCE if parts[2] == "notify" else "when the client is started again"
    return next((when for known, when in _WHEN.items() if parts[: len(known)] == known), AT_ONCE)
