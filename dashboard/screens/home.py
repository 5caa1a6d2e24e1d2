"""Home: is everything running, what was earned, what is held."""

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from components import (
    charts,
    client_tables,
    clients,
    empty,
    frame,
    later,
    markup,
    notes,
    portfolio,
    roles,
    service_state,
    times,
)
from components.tiles import Tile, tiles
from quantstrip.home import Home
from quantstrip.operations import alerts, jobs, service
from quantstrip.operations import clients as client_operations
from quantstrip.operations import portfolio as portfolio_operations
from quantstrip.operations.alerts import AlertInfo
from quantstrip.operations.clients import ClientStatus
from quantstrip.operations.curves import Curve
from quantstrip.operations.figures import Overview
from quantstrip.operations.service import ServiceStatus

REFRESH_SECONDS = 2
MOST_JOBS: Final = 8
MOST_ALERTS: Final = 3
_MEASURES: Final[dict[charts.Measure, str]] = {"pnl": "PnL", "equity": "Equity"}


@st.fragment(run_every=REFRESH_SECONDS)
def main(home: Home) -> None:
    """Show the page. One fragment and one reading: every figure on it belongs to the same moment.

    All is worked out before the first part is sent, so that no part of it waits behind another that is new already;
    but for the heading of a first visit, which waits for nothing.
    """
    with frame.boundary():
        frame.say_notice()
        title = frame.early_title(home, "Home")
        state = service.status(home, clients=False)
        shown = portfolio_operations.picture(home, st.session_state.get("mode"))
        view = shown.view
        known = client_operations.list_clients(home)
        parts = (
            clients.health(known),
            portfolio.positions(view),
            portfolio.strategies(view, shown.curves),
            portfolio.fills(view),
            client_tables.planned_by_all(jobs.planned(home)[:MOST_JOBS]),
            client_tables.run_by_all(jobs.job_runs(home, limit=MOST_JOBS)),
        )
        unread = alerts.list_alerts(home, MOST_ALERTS, unseen=True)
        measure = st.session_state.get("measure") or "pnl"
        if shown.curves:
            charts.figure(shown.curves, measure, view.currency, times.zone())
        missing = portfolio.missing_rates(view)
        # What comes and goes has a place of its own: what is below stays where it is, and is not drawn anew.
        heading(title, state, view)
        with st.container(key="home-said"):
            advice(home, state, view, known)
            if missing:
                st.html(missing)
        figures(state, view, known)
        with st.container(key="home-alerts"):
            warned(home, unread)
        wide, narrow = st.columns([2, 1], gap="medium")
        with wide:
            curves(view, shown.curves)
        with narrow:
            section("Clients", parts[0])
            if view.mode:
                section("Open positions", parts[1])
        if view.mode:
            section("Strategies", parts[2], f"in {view.currency}")
        if known:
            coming, done = st.columns(2, gap="medium")
            with coming:
                section("Next jobs", parts[4])
            with done:
                section("Last job runs", parts[5])
        if view.mode:
            section("Last fills", parts[3])


def section(words: str, part: markup.Html, note: str = "") -> None:
    """A part of the page under its heading."""
    frame.section(words, note)
    st.html(part)


def heading(title: Callable[..., object], state: ServiceStatus, view: Overview) -> None:
    """The service and the mode."""
    mark = markup.state("service running", "good") if state.running else markup.state("service stopped", "bad")
    title(mark, *([clients.mode_chip(view.mode)] if view.mode else []))


def advice(home: Home, state: ServiceStatus, view: Overview, known: Sequence[ClientStatus]) -> None:
    """What does not run, and what to do first where nothing is there yet."""
    service_state.told(home, state)
    if not known:
        empty.no_clients(home)
    elif not view.mode:
        empty.nothing_recorded()


def warned(home: Home, unread: Sequence[AlertInfo]) -> None:
    """Alerts that nobody has seen, each of them and all to be marked as read."""
    if not unread:
        return
    count = alerts.unseen_alerts(home)
    frame.section("Unread alerts", f"{count:,}, the newest first")
    for each in unread:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-alert-{each.id}"):
            st.html(notes.alert(each), width="stretch")
            _marks("Mark as read", each.id, home)
    with st.container(horizontal=True, vertical_alignment="center"):
        if count > 1:
            _marks("Mark all as read", None, home)
        frame.link("notifications", "All alerts", icon=":material/mail:")


def _marks(label: str, number: int | None, home: Home) -> None:
    key = f"read-{'all' if number is None else number}"
    if roles.may("operator") and st.button(label, icon=":material/done:", key=key):
        alerts.mark_alerts_seen(home, number)
        st.rerun()


def figures(state: ServiceStatus, view: Overview, known: Sequence[ClientStatus]) -> None:
    """The figures at the top."""
    running = sum(client.state == "running" for client in known)
    whole = view.portfolio
    session = f"{view.mode} session {times.day(whole.session)}" if whole.session else "no session yet"
    rates = ", ".join(sorted({rate.symbol for rate in view.missing}))
    apart = f"rate {rates} is missing" if rates else "net of commission"
    earned = whole.return_on_capital
    share = apart if earned is None else f"{100 * earned:+.2f} %, {apart}"
    up = f"service up {times.since(state.since)}" if state.running else "service stopped"
    holding = len({position.strategy for position in view.positions})
    tiles(
        [
            Tile("Today's PnL", markup.signed(whole.today), view.currency, session),
            Tile("Total PnL", markup.signed(whole.total), view.currency, share),
            Tile(
                "Open positions",
                str(len(view.positions)),
                "",
                f"in {holding} {'strategy' if holding == 1 else 'strategies'}",
            ),
            Tile("Fills", f"{whole.fills:,}", "", "in the current runs"),
            Tile("Clients running", f"{running} of {len(known)}", "", up),
        ]
    )


def curves(view: Overview, lines: tuple[Curve, ...]) -> None:
    """The portfolio's chart, with the choice of what it shows."""
    frame.section("Portfolio")
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        measure = st.segmented_control(
            "Measure",
            tuple(_MEASURES),
            default="pnl",
            required=True,
            format_func=_MEASURES.__getitem__,
            key="measure",
            label_visibility="collapsed",
        )
        if len(view.modes) > 1:
            st.segmented_control(
                "Mode", view.modes, default=view.mode, required=True, key="mode", label_visibility="collapsed"
            )
    if lines and not later.drawn("home"):
        later.waits("Drawing the chart...", charts.HEIGHT)
    elif lines:
        charts.portfolio_chart(lines, measure, view.currency, times.zone(), key="portfolio")
    else:
        st.html(empty.no_curve())


main(frame.home())
later.wake("home")
