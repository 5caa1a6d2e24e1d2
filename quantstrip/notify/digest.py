"""Alerts to messages: those of one window and one audience become one, and not more than so many an hour."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from quantstrip.clock import HOUR, SECOND, Micros, from_text, to_datetime
from quantstrip.errors import NotifyError
from quantstrip.ledger.outbox import NewMessage
from quantstrip.log import logger
from quantstrip.notify.accounts import find
from quantstrip.notify.addresses import split
from quantstrip.notify.identity import message_id
from quantstrip.notify.options import Options, Settings, targets
from quantstrip.notify.render import OVERRIDES, render
from quantstrip.redaction import scrub

if TYPE_CHECKING:
    from quantstrip.home import Home
    from quantstrip.ledger import Ledger

KIND = "alert"
FAILING = "notifier_failing"
"""Kind of the alert that a message or an account fails; it is never sent the way that fails."""
_MOST = 50
_LONGEST = 4000

Alert = Mapping[str, Any]


def tell_alerts(ledger: "Ledger", settings: Settings, options: Options, now: Micros, home: "Home | None" = None) -> int:
    """Write messages for the alerts that wait, in one transaction with the mark that they were taken up.

    Returns:
        How many alerts were taken up; 0 while their window is open or this hour has had its messages.

    """
    waiting = ledger.alerts_to_tell()
    if not waiting or from_text(waiting[0]["create_time"]) + options.batch_seconds * SECOND > now:
        return 0
    if ledger.messages_since(KIND, now - HOUR) >= options.alerts_per_hour:
        return 0
    messages = [
        message
        for audience, alerts in _by_audience(ledger, settings, options, waiting).items()
        for message in _messages(audience, alerts, settings, home)
    ]
    try:
        with ledger.transaction():
            if ledger.mark_alerts_told(int(waiting[-1]["alert_id"])) != len(waiting):
                raise _TakenUp
            for message in messages:
                ledger.queue_message(message)
    except _TakenUp:
        return 0
    return len(waiting)


class _TakenUp(Exception):
    """Another notifier took some of the alerts up meanwhile: what was to be told of them is written anew."""


def _by_audience(
    ledger: "Ledger", settings: Settings, options: Options, alerts: Sequence[Alert]
) -> dict[tuple[str, ...], list[Alert]]:
    """Alerts by who is told; those that are muted, or that nobody is told about, are in none."""
    default = options.recipients or _owner(ledger)
    found: dict[tuple[str, ...], list[Alert]] = {}
    for alert in alerts:
        if alert["kind"] in options.muted:
            continue
        audience = targets(settings, str(alert["client"]), default)
        if alert["kind"] == FAILING:
            failing = str(alert["rate_key"]).partition(":")[2]
            audience = tuple(name for name in audience if "@" not in name and name != failing)
        if audience:
            found.setdefault(audience, []).append(alert)
    return found


def _owner(ledger: "Ledger") -> tuple[str, ...]:
    """Without a named recipient the default account's own address is told; without an account nobody."""
    try:
        sender = find(ledger).sender
    except NotifyError:
        return ()
    return (sender,) if sender else ()


def _messages(
    audience: tuple[str, ...], alerts: Sequence[Alert], settings: Settings, home: "Home | None"
) -> list[NewMessage]:
    addresses, channels = _reachable(audience)
    if not addresses and not channels:
        return []
    shown = [_shown(alert, settings) for alert in alerts[:_MOST]]
    first = shown[0]["subject"]
    subject = scrub(f"[Quantstrip] {first}" if len(alerts) == 1 else f"[Quantstrip] {len(alerts)} alerts: {first}")
    values = {
        "title": "Alert" if len(alerts) == 1 else f"{len(alerts)} alerts",
        "alerts": shown,
        "more": len(alerts) - len(shown),
        "footer": str(home.root) if home else "",
    }
    plain = "\n\n".join(f"{each['when']} {each['client']} {each['subject']}\n{each['body']}" for each in shown)
    body = render("alerts", values, plain, home.settings / OVERRIDES if home else None)
    clients = {str(alert["client"]) for alert in alerts}
    told = NewMessage(
        message_id(),
        addresses,
        _one_line(subject),
        body.text,
        html=body.html,
        kind=KIND,
        client=clients.pop() if len(clients) == 1 else "",
    )
    others = [replace(told, message_id=message_id(), recipients=[name], channel=name, html="") for name in channels]
    return [told, *others] if addresses else others


def _reachable(audience: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Addresses and channels of an audience; one that is neither keeps nobody else from being told."""
    addresses: list[str] = []
    channels: list[str] = []
    for each in audience:
        try:
            found = split(each)
        except NotifyError as error:
            logger.error("alerts cannot be sent to {}: {}", each, error)
            continue
        addresses += [one for one in found[0] if one not in addresses]
        channels += [one for one in found[1] if one not in channels]
    return addresses, channels


def _shown(alert: Alert, settings: Settings) -> dict[str, Any]:
    body = scrub(str(alert["body"]))
    return {
        "when": local_time(from_text(str(alert["create_time"])), str(settings.get("platform.timezone", ""))),
        "client": alert["client"],
        "kind": alert["kind"],
        "subject": scrub(str(alert["subject"])),
        # The end of a trace says what happened.
        "body": body if len(body) <= _LONGEST else f"...\n{body[-_LONGEST:]}",
        "occurrences": int(alert["occurrences"]),
    }


def local_time(moment: Micros, zone: str) -> str:
    """A moment in the user's zone, to the second."""
    return f"{to_datetime(moment).astimezone(ZoneInfo(zone) if zone else None):%Y-%m-%d %H:%M:%S %Z}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
