"""What a person does to a client: its switches, and the dialogs that ask first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from components import clients, dialogs, frame, markup, python_deploy, roles, times
from quantstrip.errors import ClientError, QuantstripError
from quantstrip.home import Home
from quantstrip.operations import clients as operations
from quantstrip.operations import jobs, risk, versions
from quantstrip.operations.clients import ClientStatus

Granted = frozenset[roles.Role]
RUN_JOB: Final = "run-job"
_ASKED: Final[tuple[roles.Role, ...]] = ("operator", "admin")
_BY: Final = "the dashboard"
_WAIT_SECONDS: Final = 3.0
_MENU: Final = {
    RUN_JOB: "Run a job now",
    "entries-off": "Switch entries off",
    "entries-on": "Switch entries on",
    "lift-halts": "Lift halts",
    "remove-client": "Remove",
}


@dataclass(frozen=True, slots=True)
class Action:
    """A switch of a client: its button, and the dialog that asks first; to start one nothing is asked."""

    label: str
    icon: str
    asks: str = ""
    role: roles.Role = "operator"
    help: str | None = None


START: Final = Action("Start", ":material/play_arrow:")
STOP: Final = Action("Stop", ":material/stop:", "stop-client")
RESTART: Final = Action("Restart", ":material/restart_alt:", "restart-client")
REDEPLOY: Final = Action(
    "Redeploy", ":material/publish:", "redeploy-client", "admin", "Shows what would change in what runs, and asks"
)


def granted() -> Granted:
    """What who looks may do; asked once for all switches of a page, for each answer has its price."""
    return frozenset(role for role in _ASKED if roles.may(role))


def switches(home: Home, client: ClientStatus, may: Granted, *, place: str = "card") -> None:
    """The buttons that fit the client's state; who may only look has none."""
    if "operator" not in may:
        return
    if client.state in clients.ALIVE:
        button(home, client.name, STOP, may, place=place)
        button(home, client.name, RESTART, may, place=place)
    else:
        button(home, client.name, START, may, place=place)
    if client.differs:
        button(home, client.name, REDEPLOY, may, place=place)
    _more(client, may, place)


def button(
    home: Home,
    name: str,
    action: Action,
    may: Granted,
    *,
    place: str = "card",
) -> None:
    """One switch. A start is done before anything else is drawn, so that a refresh cannot cut it short."""
    if action.role not in may:
        return
    if not st.button(action.label, icon=action.icon, key=f"{place}-{action.label}-{name}", help=action.help):
        return
    if action.asks:
        dialogs.ask(action.asks, name)
        st.rerun()
    with st.spinner(f"Starting {name}"):
        try:
            operations.start(home, name)
        except QuantstripError as error:
            frame.keep_notice(f"{name} was not started: {error}", failed=True)
        else:
            frame.keep_notice(f"{name} started")
    st.rerun()


def ask_for_job(name: str) -> None:
    """Open the dialog that runs a job now."""
    dialogs.ask(RUN_JOB, name)
    st.rerun()


def show(home: Home) -> None:
    """Show the dialog that is open; outside of what updates by itself, so that no refresh touches it."""
    dialogs.show(
        {
            RUN_JOB: ("Run a job now", lambda name: run_job(home, name)),
            "entries-off": ("Switch entries off", lambda name: entries_off(home, name)),
            "entries-on": ("Switch entries on", lambda name: entries_on(home, name)),
            "lift-halts": ("Lift halts", lambda name: lift_halts(home, name)),
            "stop-client": ("Stop a client", lambda name: stop(home, name)),
            "restart-client": ("Restart a client", lambda name: restart(home, name)),
            "remove-client": ("Remove a client", lambda name: remove(home, name)),
        }
    )
    dialogs.show({"redeploy-client": ("Redeploy a client", lambda name: redeploy(home, name))}, width="large")


def run_job(home: Home, name: str) -> None:
    """Which job; it runs in the client's own loop."""
    known = [each for each in jobs.planned(home, name) if each.due]
    if not known:
        st.text(f"{name} does not run, or has no job. Only a client that runs can be asked.")
        return
    due = {each.job: each.due for each in known}
    # When it is due stands in the caption: the label is what the browser sends back, and one that changes meanwhile
    # would stand for another job.
    chosen = st.radio(
        "Job",
        list(due),
        index=None,  # a job that is gone meanwhile leaves nothing chosen, not the first of the others
        key="run-job-which",
        format_func=markup.plain,
        captions=[f"next {markup.plain(times.clock_time(moment))}" for moment in due.values()],
    )
    st.caption("It runs after the job that runs now, if any. Its schedule stays as it is.")
    if dialogs.buttons("Run now", key="run-job"):
        if chosen is None:
            raise ClientError("no job is chosen", hint="Choose the one to run; the list may have changed meanwhile.")
        asked = jobs.ask(home, name, chosen, by=_BY)
        with st.spinner("Waiting for it"):
            found = jobs.wait(home, asked.id, _WAIT_SECONDS)
        frame.keep_notice(f"{name}: {chosen} {found.words}", failed=found.over and found.outcome != "ok")
        dialogs.close()
        st.rerun()


def entries_off(home: Home, name: str) -> None:
    """The kill switch: a strategy opens no position until it is switched on again."""
    st.text(f"Switch the entries of {name} off? It opens no position until they are switched on again. Exits go on.")
    reason, pressed = _why("Switch entries off", key="entries-off", danger=True)
    if pressed:
        risk.kill(home, name, reason)
        dialogs.done(f"Entries of {name} are off from the next bar on")


def entries_on(home: Home, name: str) -> None:
    """Take the kill switch back."""
    st.text(f"Switch the entries of {name} on again? Its strategy opens positions from the next bar on.")
    reason, pressed = _why("Switch entries on", key="entries-on")
    if pressed:
        risk.revive(home, name, reason)
        dialogs.done(f"Entries of {name} are on from the next bar on")


def lift_halts(home: Home, name: str) -> None:
    """Lift what a rule halted; losses count from then on."""
    (state,) = risk.risk_status(home, [name])
    if not state.halts:
        st.text(f"Nothing halts {name} any more.")
        return
    for halt in state.halts:
        st.text(f"{halt.rule}: {halt.reason}")
    st.text("Lift them? Losses count from the next bar on.")
    reason, pressed = _why("Lift halts", key="lift-halts")
    if pressed:
        lifted = risk.clear(home, name, reason=reason)
        dialogs.done(f"{name}: lifted {', '.join(halt.rule for halt in lifted) or 'nothing'}")


def _why(label: str, *, key: str, danger: bool = False) -> tuple[str, bool]:
    """The reason that is kept with a decision, and whether the button that makes it was pressed."""
    with dialogs.form(key):
        reason = st.text_input("Why", key=f"{key}-why", placeholder="Kept with the decision")
        return reason, dialogs.buttons(label, key=key, danger=danger, in_form=True)


def stop(home: Home, name: str) -> None:
    """End a client; it can be started again."""
    st.text(f"Stop {name}? Its open positions stay open, and its jobs do not run until it is started again.")
    if dialogs.buttons(f"Stop {markup.plain(name)}", key="stop-client", danger=True):
        with st.spinner(f"Stopping {name}"):
            operations.stop(home, name)
        dialogs.done(f"{name} stopped")


def restart(home: Home, name: str) -> None:
    """End a client and start it again."""
    st.text(f"Restart {name}? Its process ends, and a new one runs the version that is deployed. Positions stay open.")
    if dialogs.buttons(f"Restart {markup.plain(name)}", key="restart-client"):
        with st.spinner(f"Restarting {name}"):
            operations.restart(home, name)
        dialogs.done(f"{name} restarted")


def redeploy(home: Home, name: str) -> None:
    """What would change, and the button, as on the Python page; from where the client came."""
    roles.require("admin")
    python_deploy.deploy(home, versions.preview_again(home, name))


def remove(home: Home, name: str) -> None:
    """End a client and forget it."""
    st.text(
        f"Remove {name}? It is stopped and no longer deployed; its open positions stay open. What it did, its log and "
        "its versions stay, and it can be deployed again."
    )
    if dialogs.buttons("Remove", key="remove-client", danger=True):
        with st.spinner(f"Removing {name}"):
            operations.remove(home, name)
        dialogs.done(f"{name} removed")


def _more(client: ClientStatus, may: Granted, place: str) -> None:
    chosen = st.menu_button(
        "More",
        _kinds(client, may),
        key=f"{place}-more-{client.name}",
        type="tertiary",
        format_func=_MENU.__getitem__,
    )
    if chosen is not None:
        dialogs.ask(chosen, client.name)
        st.rerun()


def _kinds(client: ClientStatus, may: Granted) -> Sequence[str]:
    """What the menu offers in the client's state."""
    offered = {
        RUN_JOB: client.state == "running" and bool(client.next_job),
        "entries-off": not client.killed,
        "entries-on": client.killed,
        "lift-halts": bool(client.halts),
        "remove-client": "admin" in may,
    }
    return [kind for kind, fits in offered.items() if fits]
