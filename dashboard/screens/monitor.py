"""Client Monitor: what runs, what went wrong, and the switches."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from components import client_acts, clients, empty, frame, log_view, markup, problems, service_state
from quantstrip.home import Home
from quantstrip.operations import clients as operations
from quantstrip.operations import service
from quantstrip.operations.clients import ClientStatus, Problem

REFRESH_SECONDS: Final = 2.0
SECONDS_A_CLIENT: Final = 0.15
SLOWEST_SECONDS: Final = 5.0
LOG_REFRESH_SECONDS: Final = 1
FILTERED_FROM: Final = 6
"""Clients from which on a row narrows them down."""
_OPEN: Final = "client"
_PACE: Final = "monitor-pace"


def main(home: Home) -> None:
    """Show the page. The dialogs stand outside of what updates by itself, so that no refresh touches them."""
    with frame.boundary():
        client_acts.show(home)
    st.fragment(watch, run_every=st.session_state.get(_PACE, REFRESH_SECONDS))(home)


def pace(count: int) -> float:
    """Seconds between two refreshes: many cards take their time, so that an open page costs a few percent of a core."""
    return min(SLOWEST_SECONDS, max(REFRESH_SECONDS, SECONDS_A_CLIENT * count))


def watch(home: Home) -> None:
    """Everything else. One fragment and one reading, so that the counts fit the cards below them."""
    with frame.boundary():
        title = frame.early_title(home, "Client Monitor")
        known = operations.list_clients(home)
        title(clients.counts(known))
        service_state.told(home, service.status(home, clients=False))
        frame.say_notice()
        running, troubled = st.tabs(["Running clients", "Problems"], key="monitor-tabs", on_change="rerun")
        if running.open:
            with running:
                overview(home, known)
        if troubled.open:
            with troubled:
                trouble(home, known)
        if pace(len(known)) != st.session_state.get(_PACE, REFRESH_SECONDS):
            st.session_state[_PACE] = pace(len(known))
            st.rerun()  # all is drawn already: only the page itself can set the rhythm of its parts


def overview(home: Home, known: Sequence[ClientStatus]) -> None:
    """One card a client; one of them may be open."""
    if not known:
        empty.no_clients(home)
    may = client_acts.granted()
    for client in narrowed(known):
        with st.container(border=True, key=f"card-{client.name}"):
            told, asked = st.columns([2.3, 1], vertical_alignment="center")
            told.html(clients.card(client))
            with asked.container(horizontal=True, horizontal_alignment="right", gap="small"):
                client_acts.switches(home, client, may)
                _details(client.name)
            if st.query_params.get(_OPEN) == client.name:
                opened(home, client)


def narrowed(known: Sequence[ClientStatus]) -> Sequence[ClientStatus]:
    """Those that a person wants to see, of many; what was chosen stands in the address."""
    if len(known) < FILTERED_FROM:
        return known
    with st.container(horizontal=True, vertical_alignment="center", key="monitor-filter"):
        name = st.text_input("Find", key="find", bind="query-params", placeholder="Name of a client", width=260,
                             icon=":material/search:", label_visibility="collapsed")  # fmt: skip
        troubled = st.toggle("In trouble only", key="trouble", bind="query-params")
    words = name.strip().casefold()
    found = [
        each
        for each in known
        if words in f"{each.name}\n{each.display_name}".casefold()
        and (not troubled or clients.TONES.get(each.state) == "bad")
    ]
    if not found:
        which = f" with {name.strip()!r} in its name" if words else ""
        st.html(markup.notice("info", markup.text(f"No client{which}{' is in trouble' if troubled else ''}.")))
    return found


def opened(home: Home, client: ClientStatus) -> None:
    """The open client: its log, and the trace of its last error."""
    frame.link("client", "Open its page: jobs, orders, versions, restarts", name=client.name)
    if client.last_trace:
        frame.section("Last error")
        problems.trace(client.last_trace)
    frame.section("Log")
    log(home, client.name)


@st.fragment(run_every=LOG_REFRESH_SECONDS)
def log(home: Home, name: str) -> None:
    """The log's tail, live."""
    with frame.boundary():
        log_view.follow(home, name)


def trouble(home: Home, known: Sequence[ClientStatus]) -> None:
    """What failed: the newest problem of each client whole, earlier ones folded below it."""
    found = operations.problems(home)
    if not found:
        st.html(empty.no_problems())
    now = {client.name: client for client in known}
    may = client_acts.granted()
    for name in dict.fromkeys(problem.name for problem in found):
        newest, *earlier = [problem for problem in found if problem.name == name]
        with st.container(border=True, key=f"problem-{name}"):
            problem_of(newest, now.get(name))
            with st.container(horizontal=True):
                client_acts.button(home, name, client_acts.REDEPLOY, may, place="problem")
                if name in now:
                    client_acts.button(home, name, client_acts.RESTART, may, place="problem")
                problems.link(home, newest)
            if earlier:
                with st.expander(f"Earlier problems ({len(earlier)})", key=f"earlier-{name}"):
                    for problem in earlier:
                        problem_of(problem)


def problem_of(problem: Problem, client: ClientStatus | None = None) -> None:
    """One problem with its whole trace."""
    st.html(problems.heading(problem, client))
    if problem.trace:
        problems.trace(problem.trace)


def _details(name: str) -> None:
    is_open = st.query_params.get(_OPEN) == name
    label, icon = ("Close", ":material/expand_less:") if is_open else ("Details", ":material/expand_more:")
    st.button(label, icon=icon, key=f"open-{name}", on_click=_toggle, args=(name,), type="tertiary")


def _toggle(name: str) -> None:
    if st.query_params.get(_OPEN) == name:
        del st.query_params[_OPEN]
    else:
        st.query_params[_OPEN] = name


main(frame.home())
