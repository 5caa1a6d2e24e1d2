"""Who is told: by default, and about each client."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from quantstrip.errors import MessageInvalid, SettingsError
from quantstrip.home import Home
from quantstrip.notify import channels
from quantstrip.notify.addresses import parse
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.notifications import list_channels, recipients_of
from quantstrip.operations.settings import delete_setting, manager_of, set_setting

_DEFAULT = "notify.recipients"


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told about a client, or, where ``client`` is "", about those that name nobody.

    Attributes:
        own: the client names people of its own; else those of the default are told.

    """

    client: str
    recipients: tuple[str, ...]
    own: bool


def list_recipients(home: Home) -> list[Told]:
    """The default first, then every deployed client and every other one that names somebody, by name."""
    settings = manager_of(home)
    named = {name for name in settings.items("clients") if settings.find(_path(name)) is not None}
    deployed = {str(row["name"]) for row in existing_ledger(home).clients()}
    default = Told("", tuple(recipients_of(home)), bool(settings.get(_DEFAULT, [])))
    return [
        default,
        *(Told(name, tuple(recipients_of(home, name)), name in named) for name in sorted(named | deployed)),
    ]


def set_recipients(home: Home, client: str, recipients: Sequence[str] | None) -> None:
    """Say who is told about ``client``, or by default where it is "": addresses, and names of channels.

    None takes the choice back: a client's people are those of the default then, and the default is the default mail
    account's own address. An empty list is nobody, for a client alone.

    Raises:
        MessageInvalid: an address is none, or there is no such channel.

    """
    path = _path(client)
    if recipients is None:
        _take_back(home, path)
        return
    given = [each.strip() for line in recipients for each in re.split("[,;]", line) if each.strip()]
    addresses = [parse(each)[0] for each in given if "@" in each]
    named = [each for each in given if "@" not in each]
    unknown = [name for name in named if name not in list_channels(home)]
    if unknown:
        raise MessageInvalid(
            f"there is no channel {unknown[0]!r}, and it is no mail address",
            hint=f"Channels: {', '.join(list_channels(home)) or 'none'}. An address is written like you@example.com.",
        )
    if not given and not client:
        raise MessageInvalid("by default somebody must be told", hint="Name an address or a channel.")
    set_setting(home, path, list(dict.fromkeys([*addresses, *named])), "list")


def put_channel(home: Home, name: str, url: str) -> None:
    """Add a chat, an SMS gateway or a webhook, or change its URL, which is a secret.

    Raises:
        SettingsError: the name or the URL is none.

    """
    if not url.strip() or "@" in name or "," in name:
        raise SettingsError(
            "a channel has a name without @ and comma, and a URL", hint="Such as phone and tgram://TOKEN/CHAT."
        )
    set_setting(home, f"/{channels.FOLDER}/{name}", url.strip(), "secret")


def remove_channel(home: Home, name: str) -> None:
    """Forget a channel and its URL.

    Raises:
        SettingsError: there is none of that name.

    """
    delete_setting(home, f"/{channels.FOLDER}/{name}")


def _take_back(home: Home, path: str) -> None:
    found = manager_of(home).find(path)
    if found is not None and found.changed:
        delete_setting(home, path)


def _path(client: str) -> str:
    return f"/clients/{client}/notify" if client else _DEFAULT
