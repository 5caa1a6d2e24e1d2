"""Whether the service runs, whole or in part, and the button that starts what is missing."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from components import empty, frame, markup, roles
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import service, service_health
from quantstrip.operations.service import ServiceStatus
from quantstrip.operations.service_health import Part


def told(home: Home, state: ServiceStatus) -> None:
    """Say what does not run, and offer to start it; nothing where all of it runs."""
    if not state.running:
        _stopped(home, empty.service_stopped(home))
        return
    for part in service_health.missing_parts(home):
        _missing(home, part)


def needed(home: Home, part: str, means: str) -> None:
    """Say on a page that needs one part of the service what waits while that part does not run, and offer to start it.

    Args:
        part: of ``service_health.DOES``.
        means: what does not happen without the service, as the end of a sentence: "so ...".

    """
    if not service.status(home, clients=False).running:
        _stopped(home, empty.service_stopped(home, means))
        return
    for each in service_health.missing_parts(home):
        if each.name == part:
            _missing(home, each)


def _stopped(home: Home, words: markup.Html) -> None:
    st.html(words)
    if roles.may("admin"):
        _offer("the service", partial(_start, home))


def _missing(home: Home, part: Part) -> None:
    st.html(empty.part_missing(part))
    if roles.may("admin"):
        _offer(f"the {part.name}", partial(service_health.start_part, home, part.name))


def _start(home: Home) -> str:
    """Start the service beside this dashboard, which was started alone and stays."""
    started = service_health.start_service(home)
    return f"The service runs. Its own dashboard is at {started.url}; this one goes on"


def _offer(what: str, start: Callable[[], object]) -> None:
    """A button that starts it, and says what came of that."""
    if not st.button(f"Start {what}", icon=":material/power_settings_new:", key=f"start-{what}", type="primary"):
        return
    with st.spinner(f"Starting {what}"):
        try:
            words = start()
        except QuantstripError as error:
            frame.keep_notice(f"{what.capitalize()} was not started: {error}", failed=True)
        else:
            frame.keep_notice(str(words or f"{what.capitalize()} was started"))
    st.rerun()
