"""Client Monitor: what runs, what went wrong, and the switches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from components import clients, empty, frame, logs, markup, problems
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import clients as operations
from quantstrip.operations import service
from quantstrip.operations.clients import ClientStatus, Problem

REFRESH_SECONDS = 2
LOG_REFRESH_SECONDS = 1
LOG_LINES = 300
_OPEN = "client"
Kind = Literal["primary", "secondary"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do to a client: the button, what is said meanwhile, and afterwards."""

    label: str
    icon: str
    doing: str
    done: str
    run: Callable[[Home, str], object]
    help: str | None = None


START = Action("Start", ":material/play_arrow:", "Starting", "started", operations.start)
STOP = Action("Stop", ":material/stop:", "Stopping", "stopped", operations.stop)
RESTART = Action("Restart", ":material/restart_alt:", "Restarting", "restarted", operations.restart)
REDEPLOY = Action(
    "Redeploy",
    ":material/publish:",
    "Deploying",
    "deployed",
    operations.redeploy,
    "Copy the file as it is now and run that version",
)


@st.fragment(run_every=REFRESH_SECONDS)
def main(home: Home) -> None:
    """Show the page. One fragment and one reading, so that the counts fit the cards below them."""
    with frame.boundary():
        known = operations.list_clients(home)
        frame.title("Client Monitor", clients.counts(known))
        if not service.status(home, clients=False).running:
            st.html(empty.service_stopped(home))
        frame.say_notice()
        running, troubled = st.tabs(["Running clients", "Problems"], key="monitor-tabs", on_change="rerun")
        if running.open:
            with running:
                overview(home, known)
        if troubled.open:
            with troubled:
                trouble(home, known)


def overview(home: Home, known: Sequence[ClientStatus]) -> None:
    """One card a client; one of them may be open."""
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
            button(home, client.name, STOP, label=f"Stop {markup.plain(client.name)}", kind="primary")
        button(home, client.name, RESTART)
    else:
        button(home, client.name, START)
    if client.differs:
        button(home, client.name, REDEPLOY)
    is_open = st.query_params.get(_OPEN) == client.name
    label, icon = ("Close", ":material/expand_less:") if is_open else ("Details", ":material/expand_more:")
    st.button(label, icon=icon, key=f"open-{client.name}", on_click=_toggle, args=(client.name,), type="tertiary")


def button(
    home: Home, name: str, action: Action, *, label: str = "", kind: Kind = "secondary", place: str = "card"
) -> None:
    """One switch. What it does is done before anything else is drawn, so that a refresh cannot cut it short."""
    pressed = st.button(
        label or action.label, icon=action.icon, key=f"{place}-{action.label}-{name}", type=kind, help=action.help
    )
    if not pressed:
        return
    with st.spinner(f"{action.doing} {name}"):
        try:
            action.run(home, name)
        except QuantstripError as error:
            frame.keep_notice(f"{name} was not {action.done}: {error}", failed=True)
        else:
            frame.keep_notice(f"{name} {action.done}")
    st.rerun()


def opened(home: Home, client: ClientStatus) -> None:
    """The open client: its log, and the trace of its last error."""
    if client.last_trace:
        frame.section("Last error")
        problems.trace(client.last_trace)
    frame.section("Log", "times as the file has them")
    log(home, client.name)


@st.fragment(run_every=LOG_REFRESH_SECONDS)
def log(home: Home, name: str) -> None:
    """The log's tail, live."""
    with frame.boundary():
        st.html(logs.tail(operations.log_lines(home, name, LOG_LINES)))


def trouble(home: Home, known: Sequence[ClientStatus]) -> None:
    """What failed: the newest problem of each client whole, earlier ones folded below it."""
    found = operations.problems(home)
    if not found:
        st.html(empty.no_problems())
    now = {client.name: client for client in known}
    for name in dict.fromkeys(problem.name for problem in found):
        newest, *earlier = [problem for problem in found if problem.name == name]
        with st.container(border=True, key=f"problem-{name}"):
            problem_of(newest, now.get(name))
            with st.container(horizontal=True):
                button(home, name, REDEPLOY, place="problem")
                if name in now:
                    button(home, name, RESTART, place="problem")
            if earlier:
                with st.expander(f"Earlier problems ({len(earlier)})", key=f"earlier-{name}"):
                    for problem in earlier:
                        problem_of(problem)


def problem_of(problem: Problem, client: ClientStatus | None = None) -> None:
    """One problem with its whole trace."""
    st.html(problems.heading(problem, client))
    if problem.trace:
        problems.trace(problem.trace)


def _toggle(name: str) -> None:
    if st.query_params.get(_OPEN) == name:
        del st.query_params[_OPEN]
    else:
        st.query_params[_OPEN] = name


main(frame.home())
