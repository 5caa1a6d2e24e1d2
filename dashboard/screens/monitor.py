"""Client Monitor: what runs, what went wrong, and the switches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from components import clients, empty, frame, logs, problems
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import clients as operations
from quantstrip.operations import service
from quantstrip.operations.clients import ClientStatus

REFRESH_SECONDS = 2
LOG_REFRESH_SECONDS = 1
LOG_LINES = 300
_OPEN = "client"


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do to a client: the button, what is said meanwhile, and afterwards."""

    label: str
    icon: str
    doing: str
    done: str
    run: Callable[[Home, str], object]


START = Action("Start", ":material/play_arrow:", "Starting", "started", operations.start)
STOP = Action("Stop", ":material/stop:", "Stopping", "stopped", operations.stop)
RESTART = Action("Restart", ":material/restart_alt:", "Restarting", "restarted", operations.restart)
REDEPLOY = Action(
    "Redeploy",
    ":material/publish:",
    "Deploying",
    "deployed",
    operations.deploy,
)


def main() -> None:
    """Show the page."""
    home = frame.home()
    heading(home)
    running, troubled = st.tabs(["Running clients", "Problems"], key="monitor-tabs", on_change="rerun")
    if running.open:
        with running:
            overview(home)
    if troubled.open:
        with troubled:
            trouble(home)


@st.fragment(run_every=REFRESH_SECONDS)
def heading(home: Home) -> None:
    """Title and counts, and a word when the service is down."""
    with frame.boundary():
        frame.title("Client Monitor", clients.counts(operations.list_clients(home)))
        if not service.status(home, clients=False).running:
            st.html(empty.service_stopped(home))


@st.fragment(run_every=REFRESH_SECONDS)
def overview(home: Home) -> None:
    """One card a client; one of them may be open."""
    with frame.boundary():
        frame.say_notice()
        known = operations.list_clients(home)
        if not known:
            st.html(empty.no_clients(home))
        for client in known:
            with st.container(border=True, key=f"card-{client.name}"):
                told, asked = st.columns([2.3, 1], vertical_alignment="center")
                told.html(clients.card(client))
                with asked.container(horizontal=True, horizontal_alignment="right", gap="small"):
                    switches(home, client)
                if st.query_params.get(_OPEN) == client.name:
                    opened(home, client)


def switches(home: Home, client: ClientStatus) -> None:
    """The buttons that fit the client's state."""
    if client.state in clients.ALIVE:
        with st.popover("Stop", icon=STOP.icon, key=f"ask-stop-{client.name}"):
            st.text(
                f"Stop {client.name}? Its open positions stay open, and its jobs do not run until it is started again."
            )
            button(home, client.name, STOP, kind="primary")
        button(home, client.name, RESTART)
    else:
        button(home, client.name, START)
    if client.differs:
        button(home, client.name, REDEPLOY)
    is_open = st.query_params.get(_OPEN) == client.name
    label, icon = ("Close", ":material/expand_less:") if is_open else ("Details", ":material/expand_more:")
    st.button(label, icon=icon, key=f"open-{client.name}", on_click=_toggle, args=(client.name,), type="tertiary")


def button(
    home: Home, name: str, action: Action, *, kind: Literal["primary", "secondary"] = "secondary", place: str = "card"
) -> None:
    """One switch. What it does is done before anything else is drawn, so that a refresh cannot cut it short."""
    pressed = st.button(action.label, icon=action.icon, key=f"{place}-{action.label}-{name}", type=kind)
    if not pressed:
        return
    with st.spinner(f"{action.doing} {name}"):
        try:
            action.run(home, name)
        except QuantstripError as error:
            frame.keep_notice(f"{name} was not {action.done}: {error}", failed=True)
        else:
            frame.keep_notice(f"{name} {action.done}")
    st.rerun(scope="fragment")


def opened(home: Home, client: ClientStatus) -> None:
    """The open client: its log, and the trace of its last error."""
    if client.last_trace:
        frame.section("Last error")
        st.code(client.last_trace, language=None, wrap_lines=True)
    frame.section("Log")
    log(home, client.name)


@st.fragment(run_every=LOG_REFRESH_SECONDS)
def log(home: Home, name: str) -> None:
    """The log's tail, live."""
    with frame.boundary():
        st.html(logs.tail(operations.log_lines(home, name, LOG_LINES)))


@st.fragment(run_every=REFRESH_SECONDS)
def trouble(home: Home) -> None:
    """What failed, newest first, whole."""
    with frame.boundary():
        frame.say_notice()
        found = operations.problems(home)
        if not found:
            st.html(empty.no_problems())
        for number, problem in enumerate(found):
            with st.container(border=True, key=f"problem-{number}-{problem.name}"):
                st.html(problems.heading(problem))
                if problem.trace:
                    st.code(problem.trace, language=None, wrap_lines=True)
                with st.container(horizontal=True, key=f"problem-actions-{number}-{problem.name}"):
                    button(home, problem.name, REDEPLOY, place=f"problem-{number}")
                    button(home, problem.name, RESTART, place=f"problem-{number}")


def _toggle(name: str) -> None:
    if st.query_params.get(_OPEN) == name:
        del st.query_params[_OPEN]
    else:
        st.query_params[_OPEN] = name


main()
