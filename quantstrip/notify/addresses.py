"""Who gets a message: addresses and channels, checked before anything is written."""

import re
from collections.abc import Iterable
from email.utils import getaddresses

from quantstrip.errors import MessageInvalid

# The mailboxes that mail servers take in practice (RFC 5321 without quoted local parts), non-ASCII letters included.
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_ADDRESS = re.compile(rf"[^\s@<>()\[\]\\,;:\"]+@(?:{_LABEL}\.)*{_LABEL}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def header(name: str, value: str) -> str:
    """``value``, fit for a header.

    Raises:
        MessageInvalid: it holds a line break or another control character, which could smuggle in further headers.

    """
    found = _CONTROL.search(value)
    if found is not None:
        raise MessageInvalid(
            f"{name} must be one line without control characters, got {value[:80]!r}",
            hint="Leave out line breaks; longer text belongs into the body.",
        )
    return value


def parse(to: str | Iterable[str]) -> list[str]:
    """The addresses in ``to``: a list, or text with commas or semicolons between; each once, in order.

    Names (``Ann <ann@example.com>``) are dropped, domains in other scripts written as DNS wants them.

    Raises:
        MessageInvalid: one is no mail address, or there is none.

    """
    parts = [to] if isinstance(to, str) else list(to)
    found: dict[str, str] = {}
    for part in parts:
        if not isinstance(part, str):
            raise MessageInvalid(f"an address is text, got {part!r}")
        for _, address in getaddresses([header("an address", part).replace(";", ",")]):
            if address or part.strip():
                checked = address_of(address or part)
                found.setdefault(checked.lower(), checked)
    if not found:
        raise MessageInvalid("no recipient is given", hint="Name one, such as you@example.com.")
    return list(found.values())


def address_of(text: str) -> str:
    """One address, its domain in ASCII.

    Raises:
        MessageInvalid: it is none.

    """
    address = header("an address", text.strip())
    if not _ADDRESS.fullmatch(address):
        raise MessageInvalid(f"{address!r} is no mail address", hint="Write it like you@example.com.")
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise MessageInvalid(f"{address!r} is no mail address: {error}") from error


def split(targets: str | Iterable[str]) -> tuple[list[str], list[str]]:
    """The addresses in ``targets``, and the names of channels: what holds no ``@``.

    Raises:
        MessageInvalid: an address is none.

    """
    parts = [targets] if isinstance(targets, str) or not isinstance(targets, Iterable) else list(targets)
    lines = []
    for part in parts:
        if not isinstance(part, str):
            raise MessageInvalid(f"a recipient is text, got {part!r}", hint="Write it like you@example.com.")
        lines.append(header("a recipient", part).replace(";", ","))
    found = [each for line in lines for each in _named(line)]
    addresses = [each for each in found if "@" in each]
    channels = list(dict.fromkeys(each.strip() for each in found if "@" not in each))
    return parse(addresses) if addresses else [], channels


def _named(line: str) -> list[str]:
    """The addresses and names in a line with commas; what is neither is refused, not left out."""
    pairs = getaddresses([line])
    if pairs.count(("", "")) > sum(not part.strip() for part in line.split(",")):
        raise MessageInvalid(f"{line!r} is no mail address", hint="Write it like you@example.com.")
    return [address or name for name, address in pairs if address or name]
