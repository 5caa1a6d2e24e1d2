"""Quantstrip keeps a trader's strategies running on a machine they own.

The public names below are loaded on first use, so ``import quantstrip`` costs
nothing and a client that never touches the settings never reads them.

Example:
    >>> from quantstrip import ClientBase
    >>> class Client(ClientBase):
    ...     def __init__(self, *args):
    ...         super().__init__()
    ...         self.scheduler.every(5).seconds.do(self.job)
    ...     def job(self):
    ...         ...

"""

import gc
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quantstrip.client import ClientBase, StrategyClient
    from quantstrip.config import settings, settings_manager
    from quantstrip.ledger import db_handler
    from quantstrip.log import logger
    from quantstrip.model import (
        Bar,
        Instrument,
        OrderSide,
        OrderType,
        Signal,
        Tick,
        TimeInForce,
    )
    from quantstrip.notify import email_manager, send_email
    from quantstrip.strategy import Allowed, StrategyBase

__version__ = "0.1.0"

_HOMES = {
    "ClientBase": "client",
    "StrategyClient": "client",
    "db_handler": "ledger",
    "email_manager": "notify",
    "send_email": "notify",
    "settings": "config",
    "settings_manager": "config",
    "logger": "log",
    "Bar": "model",
    "Instrument": "model",
    "OrderSide": "model",
    "OrderType": "model",
    "Signal": "model",
    "Tick": "model",
    "TimeInForce": "model",
    "StrategyBase": "strategy",
    "Allowed": "strategy",
}

_NO_FULL_COLLECTION = 1000
"""Collections of middle-aged objects before a full one; importing everything takes a dozen."""

__all__ = [  # noqa: RUF022 - clients first, then the strategy contract
    "ClientBase",
    "StrategyClient",
    "db_handler",
    "email_manager",
    "send_email",
    "settings",
    "settings_manager",
    "logger",
    "StrategyBase",
    "Allowed",
    "Bar",
    "Instrument",
    "OrderSide",
    "OrderType",
    "Signal",
    "Tick",
    "TimeInForce",
]


def __getattr__(name: str) -> Any:
    room = _HOMES.get(name)
    if room is None:
        raise AttributeError(f"module 'quantstrip' has no attribute {name!r}; public names: {', '.join(__all__)}")
    # What modules make while they are imported stays: to search all of it for garbage would take a tenth of the time.
    young, middle, old = gc.get_threshold()
    gc.set_threshold(young, middle, max(old, _NO_FULL_COLLECTION))
    try:
        value = getattr(import_module(f"quantstrip.{room}"), name)
    finally:
        gc.set_threshold(young, middle, old)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
