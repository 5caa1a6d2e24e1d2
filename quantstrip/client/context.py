"""Where a client finds its name, clock and zone without a constructor argument: the child's main binds them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from quantstrip.clock import Clock, system_clock
from quantstrip.home import Home


@dataclass(frozen=True, slots=True)
class ClientContext:
    """What surrounds one client.

    Attributes:
        name: the client's name, the stem of its file; empty outside the platform.
        clock: where the time comes from.
        zone: zone of schedules that name none; None is the machine's.
        home: the home the client runs in; None outside the platform.
        settings: the subtree ``clients.NAME`` of the settings.
        code_hash: version of the deployed code.
        supervised: False for a run in the foreground.
        rehearsed: the time is set, and a strategy's bars come between the jobs instead of beside them.

    """

    name: str = ""
    clock: Clock = system_clock
    zone: tzinfo | None = None
    home: Home | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    code_hash: str = ""
    supervised: bool = False
    rehearsed: bool = False


_current: ContextVar[ClientContext | None] = ContextVar("quantstrip_client", default=None)


def current_context() -> ClientContext:
    """The context of the client that is being built; machine time and machine zone outside the platform."""
    return _current.get() or ClientContext()


@contextmanager
def bound(context: ClientContext) -> Iterator[ClientContext]:
    """Build clients in ``context`` within the block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
