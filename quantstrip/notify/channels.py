"""Chats, SMS and webhooks, through apprise (the extra ``channels``).

A channel is a URL in the settings, a secret, for it holds the token: ``channels.NAME``. See
https://github.com/caronc/apprise/wiki for the URLs of some hundred services.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from quantstrip.errors import AccountNotFound, DeliveryFailed, MessageInvalid
from quantstrip.ports import Delivery, Message
from quantstrip.redaction import register, scrub

FOLDER = "channels"
_TIMEOUT_SECONDS = 20.0
_INSTALL = "Install it with: pip install 'quantstrip[channels]'"


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """Tells one service.

    Attributes:
        name: the setting's.
        url: apprise's, with its token; never shown.

    """

    name: str
    url: str

    def send(self, message: Message) -> Delivery:
        """Deliver subject, text and attachments' names; apprise cuts what is too long for the service.

        Raises:
            MessageInvalid: apprise is not installed, or does not know the URL.
            DeliveryFailed: the service did not take it.

        """
        target = self._target()
        files = "".join(f"\n(attached in the outbox: {each.filename})" for each in message.attachments)
        with _complaints() as complaints:
            done = target.notify(
                body=f"{message.body}{files}", title=message.subject, body_format="text", notify_type="info"
            )
        if not done:
            why = scrub("; ".join(complaints)) or "it did not take the message"
            raise DeliveryFailed(f"channel {self.name!r} failed: {why}")
        return Delivery(list(message.recipients), {}, {})

    def _target(self) -> Any:
        register(self.url)
        try:
            import apprise
        except ModuleNotFoundError as error:
            raise MessageInvalid(
                f"channel {self.name!r} needs apprise, which is not installed", hint=_INSTALL
            ) from error
        separator = "&" if "?" in self.url else "?"
        timed = f"{self.url}{separator}cto={_TIMEOUT_SECONDS:g}&rto={_TIMEOUT_SECONDS:g}"
        register(timed)
        with _complaints():
            found = apprise.Apprise.instantiate(timed, suppress_exceptions=True)
        if found is None:
            raise MessageInvalid(
                f"the URL of channel {self.name!r} is none that apprise knows",
                hint=f"Set it again: quantstrip settings set {FOLDER}.{self.name} --type secret",
            )
        return found


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """What apprise says on its logger, kept from the log: it may name the URL."""
    log = logging.getLogger("apprise")
    handler, before = _Complaints(), log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield handler.lines
    finally:
        log.removeHandler(handler)
        log.propagate = before


def url_of(settings: Any, name: str) -> str:
    """The URL of the channel ``name``.

    Raises:
        AccountNotFound: there is no such channel.
        SecretError: it cannot be decrypted.

    """
    url = settings.get(f"/{FOLDER}/{name}")
    if not isinstance(url, str) or not url:
        known = ", ".join(names(settings)) or "none"
        raise AccountNotFound(
            f"there is no channel {name!r} (known: {known})",
            hint=f"Add it: quantstrip settings set {FOLDER}.{name} --type secret",
        )
    return url


def names(settings: Any) -> list[str]:
    """The channels that are set up."""
    return list(settings.items(FOLDER))
