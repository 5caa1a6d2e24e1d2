"""Keeps secrets out of logs, traces and screens: the one list of values that must never be shown.

``config`` registers each secret it decrypts; ``log`` and whoever stores or shows a trace passes text through ``scrub``.
"""

import re
import threading
from urllib.parse import quote

MASK = "********"
_SHORTEST = 4  # hiding "1" or "ab" would make every line unreadable and protect nothing
_LONG_LINE = 16  # lines of a key in PEM form are secrets by themselves

_NAMED = re.compile(
    r"""(?ix)
    (?P<name> \b (?: api[_-]?key | api[_-]?secret | client[_-]?secret | access[_-]?token | auth[_-]?token | passwd
              | password | secret | token ) ["']? \s* [=:] \s* ["']? )
    (?P<value> [^\s"',;&)\]}]+ )
    | (?P<scheme> \b authorization ["']? \s* [=:] \s* ["']? (?: (?: bearer | basic ) \s+ )?
                | \b bearer \s+ (?= \S{16} ) )
      (?P<credential> [^\s"',;&)\]}]+ )
    """
)

_lock = threading.Lock()
_values: frozenset[str] = frozenset()
_pattern: re.Pattern[str] | None = None


def register(secret: str) -> None:
    """Hide ``secret``, its URL-quoted form and each long line of it from now on; very short values are left alone."""
    global _values, _pattern
    lines = {line.strip() for line in secret.splitlines() if len(line.strip()) >= _LONG_LINE}
    forms = {form for form in {secret, secret.strip(), quote(secret, safe=""), *lines} if len(form) >= _SHORTEST}
    with _lock:
        if forms <= _values:
            return
        _values |= forms
        longest_first = sorted(_values, key=len, reverse=True)
        _pattern = re.compile("|".join(map(re.escape, longest_first)))


def forget() -> None:
    """Hide nothing that was registered so far: for a process that begins anew, as a run of tests does with each."""
    global _values, _pattern
    with _lock:
        _values, _pattern = frozenset(), None


def scrub(text: str) -> str:
    """``text`` with every registered secret, and every value that is named like one, replaced by ``MASK``.

    Example:
        >>> scrub("login with password=hunter2")
        'login with password=********'

    """
    if _pattern is not None:
        text = _pattern.sub(MASK, text)
    return _NAMED.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    return f"{match['name'] or match['scheme']}{MASK}"
