"""Whether the service runs, whole or in part, and the button that starts what is missing."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from components import empty, frame, roles
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import service_health
from quantstrip.operations.service import ServiceStatus


def told(home: Home, state: ServiceStatus) -> None:
    """Say what does not run, and offer to start it; nothing where all of it runs."""
    if not state.running:
        st.html(empty.service_stopped(home))
        if roles.may("admin"):
            _offer("the service", partial(_start, home))
        return
    for part in service_health.missing_parts(home):
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
