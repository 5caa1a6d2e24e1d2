"""Trying a file out from the editor: run it as a simulation, rehearse a span of its schedule, stop it, watch it."""

from typing import Final

import streamlit as st

from components import dialogs, frame, markup, python_state, terminal, times
from components import rehearsal as rehearsed
from components.python_state import Draft
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import files, rehearsal, simulation, tasks
from quantstrip.operations.simulation import Running
from quantstrip.operations.simulation_arguments import MAY_TRADE

_TRIALS: Final = "python-trials"
NETWORK: Final = "python-network"
"""Whether the next simulation of this window may connect, that one alone; a toggle among the further buttons."""
NETWORK_HELP: Final = (
    f"To the internet, for one run. {MAY_TRADE} This machine and private addresses, brokers' gateways among them, stay "
    "refused, and secrets hidden."
)
_TITLES: Final = {"simulation": "Simulation", "rehearsal": "Rehearsal"}


def show_dialogs(home: Home) -> None:
    """Show the one that is open."""
    dialogs.show({"python-rehearse": ("Rehearse", lambda path: ask_span(home, path))})


def buttons(home: Home, draft: Draft, command: str) -> None:
    """Run or stop, and rehearse; what is in the editor is saved first."""
    trial = running(home, draft.path)
    if trial is not None:
        st.button("Stop", icon=":material/stop:", key="python-stop", on_click=_stop, args=(home, trial.task_id),
                  help=f"Ends the {trial.kind}")  # fmt: skip
        return
    pressed = st.button("Run as simulation", icon=":material/play_arrow:", key="python-simulate",
                        help="F5. On a copy of the ledger: no order, mail or connection leaves it, unless the next "
                             "simulation may connect (More)")  # fmt: skip
    if pressed or command == "run":
        if _saved(home, draft):
            run(home, draft.path, network=bool(st.session_state.get(NETWORK)))
        st.rerun()
    if st.button("Rehearse", icon=":material/fast_forward:", key="python-rehearse",
                 help="A span of its schedule in seconds, against recorded bars"):  # fmt: skip
        if _saved(home, draft):
            dialogs.ask("python-rehearse", draft.path)
        st.rerun()


def running(home: Home, path: str) -> Running | None:
    """The trial of a file that waits or runs."""
    found = simulation.running(home, files.on_disk(home, path))
    return found[0] if found else None


def run(home: Home, path: str, *, network: bool = False) -> None:
    """Start a simulation; what keeps it from starting is said."""
    try:
        task = simulation.start(home, files.on_disk(home, path), network=network, by="dashboard")
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        _note(path, task.task_id)
        st.session_state[NETWORK] = False  # it was for this run; the toggle is drawn after the button


def ask_span(home: Home, path: str) -> None:
    """Which span is rehearsed, and whether it may connect."""
    st.text("Its clock is set: days of jobs, orders and mails take seconds, and nothing of them is real.")
    with st.form("python-rehearse-form", border=False):
        with st.container(horizontal=True):
            begin = st.date_input("From", value=None, key="python-rehearse-from", format="YYYY-MM-DD", width=180,
                                  min_value=times.EARLIEST)  # fmt: skip
            end = st.date_input("To", value=None, key="python-rehearse-to", format="YYYY-MM-DD", width=180,
                                min_value=times.EARLIEST, help="This day counts whole")  # fmt: skip
        st.caption("Empty: the next week of a client, the last month of the bars of a strategy.")
        network = st.toggle("Allow connections", key="python-rehearse-network",
                            help=NETWORK_HELP)  # fmt: skip
        if st.form_submit_button("Rehearse", type="primary", key="python-rehearse-now"):
            first, last = (each.isoformat() if each else None for each in (begin, end))
            task = rehearsal.start(home, files.on_disk(home, path), first, last, network=network, by="dashboard")
            _note(path, task.task_id)
            dialogs.close()
            st.rerun()


def shown(home: Home, path: str) -> int | None:
    """The trial whose terminal stands below the file: the one that runs, or the last of this window."""
    trial = running(home, path)
    if trial is not None:
        _note(path, trial.task_id)
    found: int | None = st.session_state.get(_TRIALS, {}).get(path)
    return found


def pane(home: Home, path: str, task_id: int) -> None:
    """The terminal."""
    try:
        task = tasks.get(home, task_id)
    except QuantstripError:
        _note(path, None)  # it was forgotten meanwhile, with its files
        return
    with st.container(border=True, key="python-terminal-pane"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            frame.section(_TITLES.get(task.kind, task.kind), path)
            st.button("", icon=":material/close:", type="tertiary", key="python-terminal-close", help="Close this pane",
                      disabled=not task.over, on_click=_note, args=(path, None))  # fmt: skip
        if task.kind == "rehearsal":
            rehearsed.show(home, task_id, key="python-rehearsal")
        else:
            terminal.show(home, task_id, key="python-trial")
        if task.arguments.get("network"):
            st.html(markup.notice("warn", markup.text(f"It was allowed to connect. {MAY_TRADE}")))
        elif task.kind == "simulation" and not task.over:
            words = "It runs on a copy of the ledger. Orders go to a simulated broker, mail is captured."
            st.html(markup.tag("div", markup.text(words), "qs-soft"))


def _note(path: str, task_id: int | None) -> None:
    known: dict[str, int] = st.session_state.setdefault(_TRIALS, {})
    known.pop(path, None)
    if task_id is not None:
        known[path] = task_id


def _saved(home: Home, draft: Draft) -> bool:
    return not draft.opened.writable or python_state.save(home, draft)


def _stop(home: Home, task_id: int) -> None:
    python_state.absorb()
    try:
        simulation.stop(home, task_id)
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
