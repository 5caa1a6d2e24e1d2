"""By which name and over which way a request came, and whether that is one of the dashboard's.

A ``Host`` that is not known belongs to a page on the web whose name was pointed at this machine (DNS rebinding); an
address cannot be pointed anywhere, so the one that a connection came to is good.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from quantstrip.operations.access import LOOPBACK

_LOCAL_NAMES: Final = (LOOPBACK, "localhost", "[::1]")
_FORWARDED: Final = ("x-forwarded-for", "x-real-ip", "forwarded")
_USUAL: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Door:
    """How a request came in.

    Attributes:
        origin: what a page of the dashboard's has for its origin there, such as ``https://quant.example.com``.
        local: it came from this machine, by a loopback name and through no proxy: the token holds here alone.
        address: whom it came from.

    """

    origin: str
    local: bool
    address: str

    @property
    def secure(self) -> bool:
        """The way to the browser is encrypted."""
        return self.origin.startswith("https:")


class Hosts:
    """The names a dashboard answers to.

    Args:
        port: its own.
        names: the setting ``dashboard.hosts``: names, or whole origins where a proxy stands before it.
        outside: the scheme of its listener for other machines.

    """

    def __init__(self, port: int, names: Iterable[str] = (), outside: str = "http") -> None:
        self.port = port
        self._local = {host for name in _LOCAL_NAMES for host in _hosts("http", name, port)}
        self._known = {host: origin for name in names for host, origin in _origins(name, port, outside)}

    def __str__(self) -> str:
        return ", ".join(sorted(self._local | set(self._known)))

    def door(self, scope: Scope) -> Door | None:
        """Where the request came in; None when it names no host of the dashboard, or several."""
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        if len(named) != 1:
            return None
        host, scheme = named[0].lower(), scope.get("scheme", "http").replace("ws", "http")
        near, forwarded = _is_loopback(_at(scope, "client")), any(name in headers for name in _FORWARDED)
        if host in self._local:
            return Door(f"{scheme}://{host}", True, LOOPBACK) if near and not forwarded else None
        address = _forwarded_for(headers) if near else ""
        origin = self._known.get(host) or self._own_address(scope, scheme, host)
        return Door(origin, False, address or _at(scope, "client")) if origin else None

    def _own_address(self, scope: Scope, scheme: str, host: str) -> str:
        own = _at(scope, "server")
        literal = f"[{own}]" if ":" in own else own
        return f"{scheme}://{host}" if own not in {"", LOOPBACK} and host in _hosts(scheme, literal, self.port) else ""


def _origins(name: str, port: int, outside: str) -> Iterable[tuple[str, str]]:
    """The ``Host`` headers that belong to one entry, each with its origin."""
    whole = "://" in name
    found = urlsplit((name if whole else f"{outside}://{name}").lower())
    own = found.port or (_USUAL[found.scheme] if whole else port)
    bare = f"[{found.hostname}]" if ":" in (found.hostname or "") else str(found.hostname)
    usual = own == _USUAL[found.scheme]
    origin = f"{found.scheme}://{bare}" if usual else f"{found.scheme}://{bare}:{own}"
    return ((host, origin) for host in _hosts(found.scheme, bare, own))


def _hosts(scheme: str, name: str, port: int) -> tuple[str, ...]:
    return (f"{name}:{port}", name) if port == _USUAL[scheme] else (f"{name}:{port}",)


def _at(scope: Scope, side: str) -> str:
    """The address of one side of the connection; IPv4 in its own form also on a socket that takes both."""
    pair = scope.get(side) or ("", 0)
    try:
        found = ipaddress.ip_address(pair[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def _is_loopback(address: str) -> bool:
    return bool(address) and ipaddress.ip_address(address).is_loopback


def _forwarded_for(headers: Headers) -> str:
    """Whom a proxy on this machine speaks for: the last entry is its own word, those before are the browser's."""
    entry = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    try:
        return str(ipaddress.ip_address(entry))
    except ValueError:
        return ""
