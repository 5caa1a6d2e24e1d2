"""A client as the monitor and Home show it."""

from collections.abc import Sequence
from typing import Final

from components import markup, times
from components.markup import Html, Tone
from quantstrip.clock import from_text
from quantstrip.operations.clients import ClientStatus

TONES: Final[dict[str, Tone]] = {
    "running": "good",
    "starting": "warn",
    "stopping": "warn",
    "backoff": "warn",
    "stopped": "idle",
    "finished": "idle",
    "crashed": "bad",
    "load_error": "bad",
    "given_up": "bad",
    "unresponsive": "bad",
}
_URGENCY: Final[dict[Tone, int]] = {"bad": 0, "warn": 1, "good": 2, "info": 2, "idle": 3}
MOST_HEALTH: Final = 6
"""Clients that Home names, unless more of them need somebody."""
ALIVE: Final = frozenset({"running", "starting", "backoff", "unresponsive"})
MODE_TONES: Final[dict[str, Tone]] = {"live": "bad", "paper": "info", "replay": "info"}


def state_label(client: ClientStatus) -> str:
    """The state in words."""
    return client.state.replace("_", " ")


def state_mark(client: ClientStatus) -> Html:
    """The state with its dot."""
    return markup.state(state_label(client), TONES.get(client.state, "idle"))


def mode_chip(mode: str) -> Html:
    """Whose money moves: live stands out."""
    return markup.chip(mode.upper(), MODE_TONES.get(mode, "idle"))


def counts(clients: Sequence[ClientStatus]) -> Html:
    """Chips that count clients by what they need: running, troubled, at rest."""
    groups: dict[Tone, int] = {}
    for client in clients:
        tone = TONES.get(client.state, "idle")
        groups[tone] = groups.get(tone, 0) + 1
    words: tuple[tuple[Tone, str], ...] = (
        ("good", "running"),
        ("warn", "changing"),
        ("bad", "in trouble"),
        ("idle", "at rest"),
    )
    return markup.join(*(markup.chip(f"{groups[tone]} {word}", tone) for tone, word in words if tone in groups))


def card(client: ClientStatus) -> Html:
    """Everything the monitor knows of one client, but its trace and its log."""
    return markup.tag("div", markup.join(_heading(client), markup.facts(_facts(client)), words(client)), "qs-client")


def marks(client: ClientStatus) -> list[Html]:
    """How it is, at a glance."""
    since = markup.tag("span", markup.text(f"since {times.clock_time(client.since)}"), "qs-soft")
    found = [state_mark(client), *([since] if client.since and not client.pid else [])]  # else: when it started
    if client.mode:
        found.append(mode_chip(client.mode))
    if client.differs:
        found.append(markup.chip("differs from deployed", "warn", title="The file in clients/ is not what runs"))
    if client.killed or client.halts:
        found.append(markup.chip("entries off", "bad", title="It opens no position; exits go on"))
    return found


def health(clients: Sequence[ClientStatus]) -> Html:
    """The short list on Home: those that need somebody first, the rest of many as a count."""
    if not clients:
        return markup.tag("div", markup.text("None is deployed yet."), "qs-soft")
    ordered = sorted(clients, key=lambda client: _URGENCY[TONES.get(client.state, "idle")])
    needing = sum(_URGENCY[TONES.get(client.state, "idle")] < 2 for client in ordered)
    shown = ordered if len(ordered) <= MOST_HEALTH + 1 else ordered[: max(MOST_HEALTH, needing)]
    rest = ordered[len(shown) :]
    rows = [
        markup.tag(
            "div",
            markup.join(
                markup.tag(
                    "div",
                    markup.join(
                        markup.tag("b", markup.text(client.display_name or client.name)),
                        markup.tag("small", markup.text(_short(client))),
                    ),
                ),
                state_mark(client),
            ),
        )
        for client in shown
    ]
    if rest:
        words = markup.tag("span", markup.text(f"and {len(rest)} more"), "qs-soft")
        rows.append(markup.tag("div", markup.join(words, markup.tag("span", counts(rest)))))
    return markup.tag("div", markup.join(*rows), "qs-health")


def _heading(client: ClientStatus) -> Html:
    shown = markup.text(client.display_name or client.name)
    file = markup.tag("code", markup.text(client.name)) if shown != client.name else markup.EMPTY
    return markup.tag(
        "div",
        markup.join(
            markup.tag("div", markup.join(shown, file), "qs-client-name"),
            markup.tag("div", markup.join(*marks(client)), "qs-client-sub"),
        ),
    )


def _facts(client: ClientStatus) -> list[tuple[str, object]]:
    beat = client.heartbeat_age_seconds
    return [
        ("Started", times.clock_time(client.started)),
        ("PID", client.pid or markup.DASH),
        ("Heartbeat", markup.DASH if beat is None else f"{times.age(beat)} ago"),
        ("Next job", times.clock_time(from_text(client.next_job)) if client.next_job else markup.DASH),
        ("Restarts", client.restarts),
        ("Failed jobs", client.failed_jobs),
        ("CPU, memory", f"{_cpu(client)}, {client.memory_mb:.0f} MB" if client.pid else markup.DASH),
        ("Version", client.code_hash[:8] or markup.DASH),
    ]


def _cpu(client: ClientStatus) -> str:
    """Use of one processor since the look before; it takes two looks to know it."""
    return markup.DASH if client.cpu_now is None else f"{client.cpu_now:.1f} %"


def words(client: ClientStatus) -> Html:
    """Why it is in its state, and what its last failure said."""
    error = markup.tag("div", markup.text(client.last_error), "qs-client-error") if client.last_error else markup.EMPTY
    quiet = client.state == "running" or not client.note
    notes = [] if quiet else [client.note]
    if client.killed:
        why = f": {client.kill_reason}" if client.kill_reason else ""
        notes.append(
            f"Entries are switched off{why}. Switch them on under More; in a terminal: "
            f"quantstrip risk revive {client.name}"
        )
    lift = f"Lift it under More; in a terminal: quantstrip risk clear {client.name}"
    notes += [f"{halt.rule}: {halt.reason}. {lift}" for halt in client.halts]
    return markup.join(error, *(markup.tag("div", markup.text(note), "qs-client-note") for note in notes))


def _short(client: ClientStatus) -> str:
    if client.heartbeat_age_seconds is not None:
        return f"heartbeat {times.age(client.heartbeat_age_seconds)} ago"
    return client.last_error.splitlines()[0] if client.last_error else f"since {times.clock_time(client.since)}"
