"""Home: is everything running, what was earned, what is held."""

from typing import Final

import streamlit as st

from components import charts, clients, empty, frame, markup, portfolio, times
from components.tiles import Tile, tiles
from quantstrip.home import Home
from quantstrip.operations import clients as client_operations
from quantstrip.operations import curves as curve_operations
from quantstrip.operations import portfolio as portfolio_operations
from quantstrip.operations import service
from quantstrip.operations.portfolio import Overview

REFRESH_SECONDS = 2
_MEASURES: Final[dict[charts.Measure, str]] = {"pnl": "PnL", "equity": "Equity"}


def main() -> None:
    """Show the page: three parts that update by themselves, one below the other."""
    home = frame.home()
    summary(home)
    curves(home)
    details(home)


@st.fragment(run_every=REFRESH_SECONDS)
def summary(home: Home) -> None:
    """Service, mode, figures."""
    with frame.boundary():
        state = service.status(home, clients=False)
        view = _overview(home)
        known = client_operations.list_clients(home)
        mark = markup.state("service running", "good") if state.running else markup.state("service stopped", "bad")
        frame.title("Home", mark, *([clients.mode_chip(view.mode)] if view.mode else []))
        if not state.running:
            st.html(empty.service_stopped(home))
        if not known:
            st.html(empty.no_clients(home))
        elif not view.mode:
            st.html(empty.nothing_recorded())
        running = sum(client.state == "running" for client in known)
        session = f"{view.mode} session {times.day(view.session)}" if view.session else "no session yet"
        apart = f"without {', '.join(view.left_out)}" if view.left_out else "net of commission"
        tiles(
            [
                Tile("Today's PnL", markup.signed(view.today), view.currency, session),
                Tile("Total PnL", markup.signed(view.total), view.currency, apart),
                Tile("Open positions", str(len(view.positions)), "", f"in {len(view.strategies)} strategies"),
                Tile("Fills", f"{view.fill_count:,}", "", "in the current runs"),
                Tile("Clients running", f"{running} of {len(known)}", "", f"service up {times.since(state.since)}"),
            ]
        )


@st.fragment(run_every=REFRESH_SECONDS)
def curves(home: Home) -> None:
    """Portfolio curves, and the clients' health beside them."""
    with frame.boundary():
        view = _overview(home)
        wide, narrow = st.columns([2.6, 1], gap="medium")
        with wide:
            frame.section("Portfolio")
            lines = curve_operations.equity_curves(home, view.mode) if view.mode else []
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
            charts.portfolio_chart(lines, measure, view.currency, times.zone(), key="portfolio")
        with narrow:
            frame.section("Clients")
            st.html(clients.health(client_operations.list_clients(home)))


@st.fragment(run_every=REFRESH_SECONDS)
def details(home: Home) -> None:
    """Strategies, positions, fills."""
    with frame.boundary():
        view = _overview(home)
        if not view.mode:
            return
        frame.section("Strategies")
        st.html(portfolio.strategies(view))
        left, right = st.columns([1, 1.25], gap="medium")
        with left:
            frame.section("Open positions")
            st.html(portfolio.positions(view))
        with right:
            frame.section("Last fills")
            st.html(portfolio.fills(view))


def _overview(home: Home) -> Overview:
    return portfolio_operations.overview(home, st.session_state.get("mode"))


main()
