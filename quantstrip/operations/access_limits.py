"""Pauses between wrong passwords: they double, for an address and for a user's name alike, and are forgotten in time.

In memory, of bounded size. Someone who guesses is slowed down; who knows the password waits a minute at most on account
of others who guess at their name.
"""

from collections import OrderedDict, deque
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from quantstrip.clock import Clock

FREE: Final = 5
_FORGET_SECONDS: Final = 3600.0
_MOST: Final = 10_000
_ADDRESS_SECONDS: Final = 900.0
NAME_SECONDS: Final = 60.0


class Attempts:
    """Wrong tokens of the last minute; when there are too many, logging in pauses. Open logins are not touched."""

    def __init__(self, clock: Clock, limit: int = 10, window: float = 60.0) -> None:
        self._clock, self._limit, self._window = clock, limit, window
        self._failures: deque[float] = deque()

    def failed(self) -> None:
        """Count a wrong token."""
        self._failures.append(self._clock.monotonic())

    def pause(self) -> float:
        """Seconds until the next try is allowed; 0 when it is allowed now."""
        now = self._clock.monotonic()
        while self._failures and now - self._failures[0] >= self._window:
            self._failures.popleft()
        return self._window - (now - self._failures[0]) if len(self._failures) >= self._limit else 0.0


@dataclass(slots=True)
class _Count:
    failures: int
    last: float


class Throttle:
    """Wrong tries by key: after ``FREE`` of them a pause of a second, doubled by each further one up to ``longest``."""

    def __init__(self, clock: Clock, longest: float, *, forget: float = _FORGET_SECONDS, most: int = _MOST) -> None:
        self._clock, self._longest, self._forget, self._most = clock, longest, forget, most
        self._counts: OrderedDict[str, _Count] = OrderedDict()  # the one that failed longest ago first

    def __len__(self) -> int:
        return len(self._counts)

    def pause(self, key: str) -> float:
        """Seconds until the next try is allowed; 0 when it is allowed now."""
        count = self._counts.get(key)
        if count is None or count.failures < FREE:
            return 0.0
        length = min(self._longest, 2.0 ** min(count.failures - FREE, 60))
        return max(0.0, count.last + length - self._clock.monotonic())

    def failed(self, key: str) -> int:
        """Count a wrong try; returns how many there were in a row."""
        now = self._clock.monotonic()
        self._drop(now)
        count = self._counts.setdefault(key, _Count(0, now))
        count.failures, count.last = count.failures + 1, now
        self._counts.move_to_end(key)
        if len(self._counts) > self._most:
            self._counts.popitem(last=False)
        return count.failures

    def forgive(self, key: str, *, all_of_them: bool = False) -> None:
        """Take back the last count, or every one, of a try that turned out right."""
        count = self._counts.get(key)
        if count is None:
            return
        count.failures = 0 if all_of_them else count.failures - 1
        if count.failures <= 0:
            del self._counts[key]

    def _drop(self, now: float) -> None:
        while self._counts:
            key, oldest = next(iter(self._counts.items()))
            if now - oldest.last < self._forget:
                return
            del self._counts[key]


class Gate:
    """The pauses of a login: for the address it comes from, and for the name it gives."""

    def __init__(self, clock: Clock) -> None:
        self._addresses = Throttle(clock, _ADDRESS_SECONDS)
        self._names = Throttle(clock, NAME_SECONDS)

    def pause(self, address: str, name: str) -> float:
        """Seconds until this address may try this name."""
        return max(self._addresses.pause(_network(address)), self._names.pause(name.casefold()))

    def begin(self, address: str, name: str) -> int:
        """Count a try as wrong before it is looked at, so that many at once count too; how many the address had."""
        self._names.failed(name.casefold())
        return self._addresses.failed(_network(address))

    def right(self, address: str, name: str) -> None:
        """It was right: the name is as new; of the address this try alone, or a guesser with a login could guess on."""
        self._addresses.forgive(_network(address))
        self._names.forgive(name.casefold(), all_of_them=True)


def _network(address: str) -> str:
    """Who an address belongs to: in IPv6 one person has a whole network of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{address}/64", strict=False)) if found.version == 6 else address
