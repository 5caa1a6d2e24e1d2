"""Paths into the settings tree: ``a.b.c`` and ``/config/a/b/c`` name the same setting."""

from quantstrip.errors import SettingsError

Parts = tuple[str, ...]
_PREFIX = "config"


def split(path: str) -> Parts:
    """The names a path is made of; the empty path and ``/config`` are the root, ``()``.

    A path with a slash is read by slashes, so that a name may hold a dot (``/limits/BRK.B``); otherwise by dots.

    Raises:
        SettingsError: a name is empty or holds a control character.

    """
    if not isinstance(path, str):
        raise SettingsError(f"a settings path is text such as 'dashboard.port', got {path!r}")
    if path == "":
        return ()
    if "/" in path:
        parts = tuple(path.strip("/").split("/"))
        if path.startswith("/") and parts[0] == _PREFIX:
            parts = parts[1:]
        if parts == ("",):
            return ()
    else:
        parts = tuple(path.split("."))
    if not all(map(is_name, parts)):
        raise SettingsError(
            f"{path!r} is not a settings path",
            hint="Write it with dots (dashboard.port) or slashes (/config/dashboard/port), no name left empty.",
        )
    return parts


def join(parts: Parts) -> str:
    """The path as shown to people: dotted, or with slashes where a name holds a dot."""
    if any("." in part for part in parts):
        # A first folder called "config" needs the prefix, or it would be taken for it.
        return "/".join(["", *parts] if parts[0] != _PREFIX else ["", _PREFIX, *parts])
    return ".".join(parts)


def is_name(name: str) -> bool:
    """True for a usable name: not empty, no slash, no control character, no space around it."""
    return bool(name) and name.isprintable() and "/" not in name and name == name.strip()
