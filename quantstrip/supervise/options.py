"""The settings that supervision reads."""

from typing import Protocol

from quantstrip.supervise.configuration import DEFAULT_STOP_SECONDS
from quantstrip.supervise.policy import RestartPolicy

DEFAULT_START_WAIT_SECONDS = 10.0


class Settings(Protocol):
    """What is needed of the settings tree."""

    def get(self, path: str, default: object = None) -> object:
        """The value at a dotted path."""
        ...


def restart_policy(settings: Settings) -> RestartPolicy:
    """What the settings say of restarts: pauses, window, and how long silence is borne."""
    standard = RestartPolicy()
    delays = settings.get("service.restart_delays", list(standard.delays))
    return RestartPolicy(
        delays=tuple(float(delay) for delay in delays) if isinstance(delays, list | tuple) else standard.delays,
        window_seconds=_number(settings, "service.restart_window_seconds", standard.window_seconds),
        stale_seconds=_number(settings, "service.heartbeat_stale_seconds", standard.stale_seconds),
        startup_seconds=_number(settings, "service.startup_seconds", standard.startup_seconds),
    )


def stop_seconds(settings: Settings) -> int:
    """``service.stop_seconds``: how long a client may take to end before it is killed."""
    return int(_number(settings, "service.stop_seconds", DEFAULT_STOP_SECONDS))


def start_wait_seconds(settings: Settings) -> float:
    """``service.start_wait_seconds``: how long a command that starts a client waits to see what becomes of it."""
    return max(0.0, _number(settings, "service.start_wait_seconds", DEFAULT_START_WAIT_SECONDS))


def _number(settings: Settings, path: str, default: float) -> float:
    value = settings.get(path, default)
    return float(value) if isinstance(value, int | float) else default
