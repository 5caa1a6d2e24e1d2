"""The settings that supervision reads."""

from typing import Protocol, TypedDict

from quantstrip.supervise.configuration import DEFAULT_STOP_SECONDS
from quantstrip.supervise.policy import RestartPolicy


class LogOptions(TypedDict):
    """Options of ``log.open_stream``."""

    level: str
    retention_days: int
    max_megabytes: float
    timezone: str


class Settings(Protocol):
    """What is needed of the settings tree."""

    def get(self, path: str, default: object = None) -> object:
        """The value at a dotted path."""
        ...


def restart_policy(settings: Settings) -> RestartPolicy:
    """``service.restart_delays``, ``service.restart_window_seconds`` and ``service.heartbeat_stale_seconds``."""
    standard = RestartPolicy()
    delays = settings.get("service.restart_delays", list(standard.delays))
    return RestartPolicy(
        delays=tuple(float(delay) for delay in delays) if isinstance(delays, list | tuple) else standard.delays,
        window_seconds=_number(settings, "service.restart_window_seconds", standard.window_seconds),
        stale_seconds=_number(settings, "service.heartbeat_stale_seconds", standard.stale_seconds),
    )


def stop_seconds(settings: Settings) -> int:
    """``service.stop_seconds``: how long a client may take to end before it is killed."""
    return int(_number(settings, "service.stop_seconds", DEFAULT_STOP_SECONDS))


def log_options(settings: Settings) -> LogOptions:
    """What ``log.open_stream`` takes from the settings."""
    return LogOptions(
        level=str(settings.get("logs.level", "INFO")),
        retention_days=int(_number(settings, "logs.retention_days", 30)),
        max_megabytes=_number(settings, "logs.max_megabytes", 50),
        timezone=str(settings.get("platform.timezone", "")),
    )


def _number(settings: Settings, path: str, default: float) -> float:
    value = settings.get(path, default)
    return float(value) if isinstance(value, int | float) else default
