"""Messages, alerts, accounts and recipients as the notifications page shows them."""

from typing import Final

from components import markup, times
from components.markup import Html, Tone
from quantstrip.operations.alerts import AlertInfo
from quantstrip.operations.notifications import AccountInfo, MessageDetail, MessageInfo
from quantstrip.operations.recipients import Told

_TONES: Final[dict[str, Tone]] = {
    "sent": "good", "merged": "good", "dead": "bad", "queued": "warn", "held": "warn", "sending": "info",
}  # fmt: skip
_WORDS: Final = {
    "queued": "waiting", "held": "held for others", "merged": "sent with others", "dead": "given up",
    "captured": "simulation", "taken up": "taken up", "muted": "shown only", "waiting": "waits for others",
}  # fmt: skip
_LONGEST: Final = 300


def message(info: MessageInfo) -> Html:
    """One message in the inbox."""
    facts = [f"to {info.recipients or 'nobody'}", times.moment(info.created)]
    facts += [f"about {info.client}"] if info.client else []
    facts += [f"through {info.channel}"] if info.channel != "mail" else []
    failing = bool(info.last_error) and info.status in ("queued", "dead")
    tries = "once" if info.attempts == 1 else f"{info.attempts} times"
    facts += [f"tried {tries}"] if failing else []
    facts += [f"next attempt {times.clock_time(info.next_attempt)}"] if failing and info.next_attempt else []
    error = markup.tag("div", markup.text(_cut(info.last_error)), "qs-client-error") if failing else markup.EMPTY
    return _item([status(info), markup.tag("b", markup.text(info.subject))], facts, error)


def status(info: MessageInfo) -> Html:
    """What became of a message."""
    return markup.chip(_WORDS.get(info.status, info.status), _TONES.get(info.status, "idle"))


def detail(found: MessageDetail) -> Html:
    """All that is known of a message, but its text."""
    info = found.info
    pairs: list[tuple[str, object]] = [
        ("Written", times.moment(info.created)),
        ("Sent", times.moment(info.sent)),
        ("Tried", info.attempts),
        ("Through", info.channel if info.channel != "mail" else info.account or "the default account"),
    ]
    pairs += [("Next attempt", times.moment(info.next_attempt))] if info.next_attempt else []
    pairs += [("About", info.client)] if info.client else []
    pairs += [("Message-ID", found.message_id)]
    people = markup.table(
        (markup.Column("To"), markup.Column("State"), markup.Column("Why")),
        [(who, state, error or markup.DASH) for who, (state, error) in found.recipients.items()],
        label="Recipients",
        none="Nobody",
    )
    files = ", ".join(f"{name} ({size:,} bytes)" for name, size in found.attachments.items())
    attached = markup.tag("p", markup.text(f"Attached: {files}")) if files else markup.EMPTY
    error = markup.tag("p", markup.text(info.last_error), "qs-client-error") if info.last_error else markup.EMPTY
    return markup.tag("div", markup.join(status(info), error, markup.facts(pairs), people, attached), "qs-about")


def alert(info: AlertInfo) -> Html:
    """One alert."""
    marks = [markup.chip(info.kind.replace("_", " "), "idle" if info.seen else "bad")]
    marks += [] if info.seen else [markup.chip("new", "info")]
    facts = [times.moment(info.newest)]
    facts += [f"{info.occurrences} times since {times.moment(info.created)}"] if info.occurrences > 1 else []
    facts += [f"about {info.client}"] if info.client else []
    facts += [_WORDS[info.told]]
    return _item([*marks, markup.tag("b", markup.text(info.subject))], facts, markup.EMPTY)


def account(info: AccountInfo) -> Html:
    """One mail account."""
    marks = [markup.tag("b", markup.text(info.name))]
    marks += [markup.chip("default", "info")] if info.default else []
    if not info.username:
        marks.append(markup.chip("no login"))
    elif not info.password:
        marks.append(markup.chip("no password", "bad", title="It cannot log in"))
    if not info.verify:
        marks.append(markup.chip("certificate not checked", "warn"))
    sender = f"{info.from_name} <{info.from_address}>" if info.from_name else info.from_address
    facts = [sender, f"{info.server}:{info.port}", info.security]
    return _item(marks, facts, markup.EMPTY)


def told(info: Told) -> Html:
    """Who is told about a client."""
    name = info.client or "Everything else, and clients that name nobody"
    people = ", ".join(info.recipients) or "nobody"
    facts = [people] if info.own or not info.client else [people, "as by default"]
    if not info.client and not info.own and info.recipients:
        facts.append("the default account's own address")
    return _item([markup.tag("b", markup.text(name))], facts, markup.EMPTY)


def _item(marks: list[Html], facts: list[str], more: Html) -> Html:
    return markup.tag(
        "div",
        markup.join(
            markup.tag("div", markup.join(*marks), "qs-item-head"),
            markup.tag("div", markup.text(" \N{MIDDLE DOT} ".join(facts)), "qs-item-facts"),
            more,
        ),
        "qs-item",
    )


def _cut(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"
