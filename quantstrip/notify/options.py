"""The settings that notifications read, and who is told about a client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class Settings(Protocol):
    """What is needed of the settings tree."""

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a path; a secret comes decrypted."""
        ...

    def items(self, path: str = "") -> dict[str, Any]:
        """The folder at a path, secrets masked."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """``[notify]`` in the settings.

    Attributes:
        recipients: addresses and names of channels for clients that name none of their own.
        batch_seconds: alerts of so many seconds become one message.
        alerts_per_hour: most messages about alerts; what is above waits and is told together.
        muted: kinds of alerts that are shown, but not sent.
        attempts: after so many failed ones a message is dead.
        retry_seconds: pause after the first failed attempt; it doubles each time.
        longest_retry_seconds: where the doubling ends.
        timeout_seconds: how long one answer of a server may take.
        attachment_megabytes: most that the attachments of one message may hold, in 1,000,000 bytes.
        keep_days: how long sent messages are kept.
        ca_file: certificates trusted besides the system's, PEM.

    """

    recipients: tuple[str, ...] = ()
    batch_seconds: float = 60.0
    alerts_per_hour: int = 12
    muted: tuple[str, ...] = ("deploy_refused",)
    attempts: int = 48
    retry_seconds: float = 30.0
    longest_retry_seconds: float = 3600.0
    timeout_seconds: float = 20.0
    attachment_megabytes: float = 10.0
    keep_days: int = 30
    ca_file: str = ""


def options(settings: Settings) -> Options:
    """What the settings say now."""
    found: dict[str, Any] = {}
    standard = Options()
    for name in Options.__slots__:
        default = getattr(standard, name)
        value = settings.get(f"notify.{name}", default)
        found[name] = tuple(listed(value)) if isinstance(default, tuple) else type(default)(value)
    return Options(**found)


def targets(settings: Settings, client: str, default: Sequence[str]) -> tuple[str, ...]:
    """Who is told about ``client``: ``clients.NAME.notify``, a list or text with commas, else ``default``."""
    own = settings.get(f"/clients/{client}/notify") if client else None
    return tuple(default) if own is None else tuple(listed(own))


def listed(value: Any) -> list[str]:
    """A list, or text with commas, as a list."""
    parts = value.split(",") if isinstance(value, str) else value
    return [str(part).strip() for part in parts if str(part).strip()]
