"""Running a query from the page: it runs beside it, shows how far it is, and can be stopped."""

from typing import Any, Final

import streamlit as st

from components import frame, markup, sql_history, sql_results
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import sql_runs
from quantstrip.operations.sql_runs import Run

REFRESH_SECONDS: Final = 0.5
_AT_ONCE_SECONDS: Final = 0.6
"""So long the page waits: most queries are done by then."""
_RUN: Final = "sql-run-key"
_TOLD: Final = "sql-run-told"


def begin(home: Home, text: str, given: dict[str, Any], most: int, seconds: float) -> None:
    """Run what is in the editor; the result stays until the next one."""
    forget()
    try:
        run = sql_runs.start(home, text, given, most_rows=most, seconds=seconds)
    except QuantstripError as error:
        sql_history.add(text, "failed", failed=True)
        frame.problem(error)
        return
    st.session_state[_RUN] = run.key
    run.wait(_AT_ONCE_SECONDS)


def forget() -> None:
    """Another query comes: the last one's result is no longer wanted."""
    key = st.session_state.pop(_RUN, None)
    sql_results.forget()
    if key is not None:
        sql_runs.forget(key)


def show(home: Home) -> None:
    """What the last query gave, or how far it is."""
    key = st.session_state.get(_RUN)
    run = sql_runs.find(key) if key else None
    if run is None:
        return
    if not run.over:
        st.fragment(_look, run_every=REFRESH_SECONDS)(run)
        return
    if st.session_state.get(_TOLD) != run.key:
        st.session_state[_TOLD] = run.key
        outcome = "stopped" if run.stopped and run.error else "failed" if run.error else sql_results.summary(run)
        sql_history.add(run.text, outcome, failed=run.error is not None)
    if run.error is not None:
        frame.problem(run.error)
        return
    sql_results.show(home, run)


def _look(run: Run) -> None:
    if run.over:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key="sql-running"):
        rows = f", {run.store.rows:,} rows so far" if run.store.rows else ""
        words = f"Running for {run.seconds:.0f} s{rows}. It ends after {run.limit_seconds:g} s by itself."
        st.html(markup.notice("info", markup.text(words)), width="stretch")
        st.button("Stop", icon=":material/stop:", key="sql-stop", on_click=run.stop)
