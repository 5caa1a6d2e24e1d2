"""Which settings are the platform's: questions to the table of ``quantstrip.config.table``.

Whatever is not in the table is the user's own and free, but for the names inside a folder of the table: there, an
unknown one is a typo.
"""

from collections.abc import Iterator
from functools import cache

from quantstrip.config.paths import Parts
from quantstrip.config.table import CLIENTS, KNOWN, NAME, Known


@cache
def _by_parts() -> dict[Parts, Known]:
    return {each.parts: each for each in KNOWN}


@cache
def _folders() -> dict[Parts, tuple[str, ...]]:
    """Each folder above a known setting, with the names it has in the table."""
    found: dict[Parts, dict[str, None]] = {}
    for each in KNOWN:
        for end in range(len(each.parts)):
            found.setdefault(each.parts[:end], {})[each.parts[end]] = None
    return {folder: tuple(inside) for folder, inside in found.items()}


def known(parts: Parts) -> Known | None:
    """The platform's setting at ``parts``, or None: a folder, or the user's own."""
    return _by_parts().get(_general(parts))


def is_folder(parts: Parts) -> bool:
    """True for a folder of the platform that is no setting itself, such as ``dashboard`` or ``clients.ma_cross``."""
    return _general(parts) in _folders() and known(parts) is None


def names_in(parts: Parts) -> tuple[str, ...]:
    """The platform's names in a folder; empty where there is none."""
    return _folders().get(_general(parts), ())


def is_closed(parts: Parts) -> bool:
    """True for a folder that takes the platform's names only; ``clients.NAME`` takes the client's own ones too."""
    general = _general(parts)
    return general in _folders() and general not in {(), (CLIENTS,), (CLIENTS, NAME)}


def settings_at(parts: Parts) -> Iterator[Known]:
    """The known settings at and below ``parts``."""
    general = _general(parts)
    return (each for each in KNOWN if each.parts[: len(general)] == general)


def _general(parts: Parts) -> Parts:
    return (CLIENTS, NAME, *parts[2:]) if len(parts) > 1 and parts[0] == CLIENTS else parts
