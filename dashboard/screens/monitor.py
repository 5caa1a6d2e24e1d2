"""Client Monitor: what runs, what went wrong, and the switches."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from components import client_acts, client_grid, clients, empty, frame, later, log_view, markup, problems, service_state
from quantstrip.home import Home
from quantstrip.operations import clients as operations
from quantstrip.operations import service
from quantstrip.operations.clients import ClientStatus, Problem

REFRESH_SECONDS: Final = 2
LOG_REFRESH_SECONDS: Final = 1
_PICKED: Final = "monitor-picked"
"""The client whose log is shown."""
FILTERED_FROM: Final = 6
"""Clients from which on a row narrows them down."""


def main(home: Home) -> None:
    """Show the page. The dialogs stand outside of what updates by itself, so that no refresh touches them."""
    with frame.boundary():
        client_acts.show(home)
    watch(home)
    log(home)
    later.wake("monitor")


@st.fragment(run_every=REFRESH_SECONDS)
def watch(home: Home) -> None:
    """Everything else. One fragment and one reading, so that the counts fit the table below them."""
    with frame.boundary():
        title = frame.early_title(home, "Client Monitor")
        known = operations.list_clients(home)
        title(clients.counts(known))
        service_state.told(home, service.status(home, clients=False))
        frame.say_notice()
        st.session_state.pop(_PICKED, None)
        running, troubled = st.tabs(["Running clients", "Problems"], key="monitor-tabs", on_change="rerun")
        if running.open:
            with running:
                overview(home, known)
        if troubled.open:
            with troubled:
                trouble(home, known)


def overview(home: Home, known: Sequence[ClientStatus]) -> None:
    """The table, and below it the client whose row is picked, with its switches."""
    if not known:
        empty.no_clients(home)
        return
    if not later.drawn("monitor"):
        later.waits("Drawing the table...", client_grid.height(len(known)))
        return
    found = narrowed(known)
    if not found:
        return
    client_grid.show(found)
    client = client_grid.picked(found)
    if client is None:
        st.html(markup.tag("div", markup.text("Click a row for its switches, its log and its last error."), "qs-soft"))
        return
    with st.container(border=True, key=f"card-{client.name}"):
        st.html(clients.card(client))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            client_acts.switches(home, client, client_acts.granted())
            frame.link("client", "Open its page: jobs, orders, versions, restarts", name=client.name)
        if client.last_trace:
            frame.section("Last error")
            problems.trace(client.last_trace)
    st.session_state[_PICKED] = client.name


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


@st.fragment(run_every=LOG_REFRESH_SECONDS)
def log(home: Home) -> None:
    """The picked client's log, live; a fragment beside the other, for within it could reach the browser before it."""
    name = st.session_state.get(_PICKED)
    if name:
        with frame.boundary():
            frame.section("Log", name)
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


main(frame.home())
