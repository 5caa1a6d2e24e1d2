"""A stream as the home's settings want it: the one place that reads them."""

from typing import Any, Protocol, TypedDict

from loguru import logger

from quantstrip.errors import SettingsError
from quantstrip.home import Home
from quantstrip.log.stream import open_stream

_KEPT_DAYS = 30
_WEB_KEPT_DAYS = 7


class StreamOptions(TypedDict, total=False):
    """Options of ``open_stream`` that are settings."""

    level: str
    retention_days: int
    max_megabytes: float
    timezone: str


class Settings(Protocol):
    """What is needed of the settings tree."""

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path."""
        ...


def stream_options(settings: Settings, *, web: bool = False) -> StreamOptions:
    """``logs.level``, ``logs.max_megabytes``, ``platform.timezone`` and the days that finished files are kept.

    Args:
        settings: the home's.
        web: ``logs.web_retention_days`` instead of ``logs.retention_days``.

    Raises:
        SettingsError: the settings file cannot be read.

    """
    name, standard = ("logs.web_retention_days", _WEB_KEPT_DAYS) if web else ("logs.retention_days", _KEPT_DAYS)
    return StreamOptions(
        level=str(settings.get("logs.level", "INFO")),
        retention_days=int(settings.get(name, standard)),
        max_megabytes=float(settings.get("logs.max_megabytes", 50)),
        timezone=str(settings.get("platform.timezone", "")),
    )


def open_configured(
    home: Home,
    stream: str,
    settings: Settings,
    *,
    web: bool = False,
    console: bool = False,
    capture_output: bool = False,
) -> None:
    """``open_stream`` as the settings want it; where they cannot be read, with its defaults, and the log says so.

    Raises:
        ConfigError, HomeError: as ``open_stream``.

    """
    options, problem = StreamOptions(), None
    try:
        options = stream_options(settings, web=web)
    except SettingsError as error:
        problem = error
    open_stream(home, stream, console=console, capture_output=capture_output, **options)
    if problem is not None:
        logger.error("settings cannot be read; the log has its defaults: {}", problem)
