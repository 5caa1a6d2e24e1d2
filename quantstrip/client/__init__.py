"""Clients: what runs in a supervised process of its own.

``ClientBase`` is what users extend. ``python -m quantstrip.client NAME`` is the process that runs one.
"""

from typing import TYPE_CHECKING, Any

from quantstrip.client.base import ClientBase
from quantstrip.client.describe import Description, describe
from quantstrip.client.job import Job
from quantstrip.client.loader import load_module
from quantstrip.client.scheduler import Scheduler

if TYPE_CHECKING:
    from quantstrip.client.strategy import StrategyClient

__all__ = ["ClientBase", "Description", "Job", "Scheduler", "StrategyClient", "describe", "load_module"]


def __getattr__(name: str) -> Any:
    if name != "StrategyClient":  # the engine and numpy behind it: a plain client does not pay for them
        raise AttributeError(f"module 'quantstrip.client' has no attribute {name!r}")
    from quantstrip.client.strategy import StrategyClient

    return StrategyClient
