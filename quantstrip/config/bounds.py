"""What values of settings must fulfil, once they have their type."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rule = Callable[[Any], bool]
OFF = "off"
"""Switches a risk rule off; TOML knows no None."""


def anything(value: Any) -> bool:  # noqa: ARG001 - a rule takes the value
    """Every value of the right type."""
    return True


def between(low: float, high: float) -> Rule:
    """From ``low`` to ``high``, both included."""
    return lambda value: low <= value <= high


def at_least(low: float) -> Rule:
    """``low`` or more, and finite."""
    return lambda value: low <= value < float("inf")


def more_than(low: float) -> Rule:
    """More than ``low``, and finite."""
    return lambda value: low < value < float("inf")


@dataclass(frozen=True, slots=True)
class OneOf:
    """A rule that takes certain words alone; whoever lets a person choose can show them."""

    choices: tuple[str, ...]

    def __call__(self, value: Any) -> bool:
        """True for one of them, written as it is here."""
        return value in self.choices


def one_of(*choices: str) -> Rule:
    """One of the words, written as they are here."""
    return OneOf(choices)


def limit(value: Any) -> bool:
    """A limit of a risk rule: a number that is not negative, or ``off``."""
    return bool(value == OFF if isinstance(value, str) else 0.0 <= value < float("inf"))


def names(value: Any) -> bool:
    """Names in a list, or in text with commas between: at least one, none empty."""
    listed = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
    return bool(listed) and all(isinstance(each, str) and each.strip() for each in listed)


def texts(value: Any) -> bool:
    """Names in a list, or in text with commas between; none is fine, an empty one is not."""
    return value in ([], "") or names(value)


def places(value: Any) -> bool:
    """A list of places where bars are looked for, each once."""
    named = ("store", "folder", "download")
    return isinstance(value, list) and all(each in named and value.count(each) == 1 for each in value)


def is_address(text: str) -> bool:
    """An IP address. ``::1`` is none to listen on: the dashboard is at 127.0.0.1 already."""
    from ipaddress import ip_address

    try:
        return str(ip_address(text)) != "::1"
    except ValueError:
        return False


def hosts(value: Any) -> bool:
    """A list of host names or addresses, or of whole origins (``https://NAME``); no path, no wildcard."""
    return isinstance(value, list) and all(isinstance(each, str) and is_host(each) for each in value)


def is_host(name: str) -> bool:
    """A host's name or address, with a port or without, or a whole origin with ``http`` or ``https``."""
    from urllib.parse import urlsplit

    try:
        found = urlsplit(name if "://" in name else f"//{name}")
        found.port  # noqa: B018 - asking for it checks it
    except ValueError:
        return False
    bare = not (found.path or found.query or found.fragment or "@" in name or "*" in name or name.split() != [name])
    return bool(found.hostname) and bare and found.scheme in {"", "http", "https"}


def is_zone(name: str) -> bool:
    """An IANA zone, or empty."""
    from zoneinfo import ZoneInfo

    try:
        return name == "" or ZoneInfo(name) is not None
    except (KeyError, ValueError, OSError):  # unknown, not a name at all, or a folder of zones such as "America"
        return False


def is_time(text: str) -> bool:
    """A time of day, ``HH:MM``."""
    from datetime import time

    try:
        return len(text) == 5 and time.fromisoformat(text) is not None
    except ValueError:
        return False


def is_currency(code: str) -> bool:
    """Three capital letters, or more: stable coins have longer names."""
    return len(code) >= 3 and code.isupper()


def is_delays(value: list[Any]) -> bool:
    """At least one number, none negative."""
    return bool(value) and all(isinstance(v, int | float) and not isinstance(v, bool) and v >= 0 for v in value)
