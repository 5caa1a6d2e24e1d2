"""One client: how it is, its log as it grows, and all that it did."""

from functools import partial
from typing import Final

import streamlit as st

from components import (
    client_acts,
    client_tables,
    clients,
    empty,
    frame,
    log_view,
    markup,
    problems,
    roles,
    service_state,
    times,
)
from components.tiles import Tile, tiles
from quantstrip.clock import from_text
from quantstrip.errors import ClientNotFound
from quantstrip.home import Home
from quantstrip.operations import client_history, jobs, service
from quantstrip.operations import clients as operations
from quantstrip.operations.clients import ClientStatus

REFRESH_SECONDS: Final = 2
LOG_REFRESH_SECONDS: Final = 1
ROWS: Final = (12, 50, 200, 1000)
_NAME: Final = "name"


def main(home: Home) -> None:
    """Show the page. The dialogs stand outside of what updates by itself, so that no refresh touches them."""
    name = st.query_params.get(_NAME, "")
    with frame.boundary():
        frame.say_notice()
        frame.title_where_silent(home, name or "Client")
        client_acts.show(home)
        if not name:
            choose(home)
            return
        head(home, name)
        if find(home, name) is None:
            return
        parts = {
            "Log": partial(log, home, name),
            "Jobs": partial(planned_and_ran, home, name),
            "Orders and PnL": partial(traded, home, name),
            "Versions": partial(versions, home, name),
            "Processes": partial(processes, home, name),
            "Alerts": partial(alerts, home, name),
        }
        for tab, body in zip(st.tabs(list(parts), key="client-tabs", on_change="rerun"), parts.values(), strict=True):
            if tab.open:
                with tab:
                    body()


def choose(home: Home) -> None:
    """The address names no client: show which there are."""
    frame.title("Client")
    known = operations.list_clients(home)
    if not known:
        empty.no_clients(home)
    for client in known:
        frame.link("client", client.display_name or client.name, name=client.name)


def find(home: Home, name: str) -> ClientStatus | None:
    """The client as it is now; None where it is not deployed."""
    try:
        return operations.client_status(home, name)
    except ClientNotFound:
        return None


@st.fragment(run_every=REFRESH_SECONDS)
def head(home: Home, name: str) -> None:
    """Who it is, how it is, and its switches; a client that is removed meanwhile is said to be."""
    with frame.boundary():
        client = find(home, name)
        if client is None:
            frame.title(name, markup.chip("not deployed", "warn"))
            empty.no_such_client(home, name, was=bool(client_history.processes(home, name, 1)))
            frame.link("monitor", "All clients", icon=":material/arrow_back:")
            return
        other = client.display_name not in ("", name)
        named = [markup.tag("code", markup.text(name))] if other else []
        frame.title(client.display_name or name, *named, *clients.marks(client))
        service_state.told(home, service.status(home, clients=False))
        figures(client)
        if said := clients.words(client):
            st.html(said)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="client-switches"):
            client_acts.switches(home, client, client_acts.granted(), place="page")
            frame.link("logging", "Whole log", icon=":material/article:", stream=name)
            frame.link("monitor", "All clients", icon=":material/arrow_back:")


def figures(client: ClientStatus) -> None:
    """Its process and what it uses."""
    alive = bool(client.pid)
    beat = client.heartbeat_age_seconds
    cpu = markup.DASH if client.cpu_now is None or not alive else f"{client.cpu_now:.1f}"
    tiles(
        [
            Tile("Up for" if alive else "Down since", times.since(client.started) if alive
                 else times.clock_time(client.since), "", f"process {client.pid}" if alive else "no process"),
            Tile("Heartbeat", markup.DASH if beat is None else times.age(beat), "ago" if beat is not None else "",
                 f"{client.restarts} restarts"),
            Tile("Next job", times.clock_time(from_text(client.next_job)) if client.next_job else markup.DASH, "", ""),
            Tile("CPU", cpu, "%" if cpu != markup.DASH else "",
                 f"{client.cpu_percent:.1f} % since it started" if alive else ""),
            Tile("Memory", f"{client.memory_mb:.0f}" if alive else markup.DASH, "MB" if alive else "", ""),
            Tile("Failed jobs", str(client.failed_jobs), "", "of this process"),
        ]
    )  # fmt: skip


@st.fragment(run_every=LOG_REFRESH_SECONDS)
def log(home: Home, name: str) -> None:
    """The log's tail, live."""
    with frame.boundary():
        log_view.follow(home, name)


@st.fragment(run_every=REFRESH_SECONDS)
def planned_and_ran(home: Home, name: str) -> None:
    """What runs next, and what ran."""
    with frame.boundary():
        known = jobs.planned(home, name)
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            frame.section("Next")
            lives = any(each.due for each in known)
            if lives and roles.may("operator") and st.button("Run a job now", icon=":material/bolt:", key="run-now"):
                client_acts.ask_for_job(name)
        st.html(client_tables.planned(known))
        frame.section("Ran", "the newest first")
        st.html(client_tables.job_runs(jobs.job_runs(home, name)))


@st.fragment(run_every=2 * REFRESH_SECONDS)
def traded(home: Home, name: str) -> None:
    """Its orders, its fills, and what its strategies made."""
    with frame.boundary():
        client = find(home, name)
        most = st.session_state.get("client-rows", ROWS[0])
        found = client_history.trading(home, name, client.mode if client else "", most)
        for row in found.strategies:
            tiles(
                [
                    Tile("Strategy", row.strategy, "", f"session {times.day(row.session)}"),
                    Tile("Today's PnL", markup.signed(row.today), found.currency, ""),
                    Tile("Total PnL", markup.signed(row.total), found.currency, f"{row.fills:,} fills"),
                    Tile("Equity", markup.number(row.equity), row.currency, ""),
                ]
            )
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="client-traded"):
            st.selectbox("Rows at most", ROWS, key="client-rows", format_func=lambda rows: f"{rows:,}", width=130)
            if roles.may("operator"):
                frame.link("sql", "All orders in SQL", icon=":material/database:", orders_of=name)
                frame.link("sql", "All fills in SQL", icon=":material/database:", fills_of=name)
        frame.section("Orders", "the newest first")
        st.html(client_tables.orders(found.orders))
        frame.section("Executions", "the newest first")
        st.html(client_tables.fills(found.fills))


def versions(home: Home, name: str) -> None:
    """The code that ran."""
    st.html(client_tables.versions(client_history.ran_versions(home, name)))
    frame.link("python", "Compare and roll back on the Python page", icon=":material/code:")


@st.fragment(run_every=REFRESH_SECONDS)
def processes(home: Home, name: str) -> None:
    """Each start, how it ended, and the trace of the last error."""
    with frame.boundary():
        client = find(home, name)
        st.html(client_tables.processes(client_history.processes(home, name)))
        if client is not None and client.last_trace:
            frame.section("Last error", times.moment(client.last_error_at))
            problems.trace(client.last_trace)


@st.fragment(run_every=2 * REFRESH_SECONDS)
def alerts(home: Home, name: str) -> None:
    """What a person should know of it."""
    with frame.boundary():
        st.html(client_tables.alerts(client_history.alerts_of(home, name)))


main(frame.home())
