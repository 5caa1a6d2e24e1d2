"""The terminal of a client on trial: what it logs and prints as it comes, and what it ordered, filled and mailed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from components import frame, markup, roles, times
from components.markup import Column, Html, Tone
from quantstrip.clock import from_text
from quantstrip.home import Home
from quantstrip.operations import simulation, tasks
from quantstrip.operations.simulation_outcome import Execution, JobRun, Mail, Order, Outcome, Rejection
from quantstrip.operations.tasks import Task

REFRESH_SECONDS: Final = 1.0
_MOST: Final = 100_000
"""Characters that are kept in view."""
_SHOWN_ROWS: Final = 200
_VIEWS: Final = ("Output", "Orders", "Fills", "Mail", "Jobs", "Refused")
_TONES: Final[Mapping[str, Tone]] = {
    "queued": "idle", "running": "good", "done": "info", "cancelled": "idle", "failed": "bad", "interrupted": "warn",
}  # fmt: skip
_WORDS: Final = {"queued": "starting", "done": "ended", "cancelled": "stopped"}
_CARE: Final = {" - ERROR - ": "qs-down", " - CRITICAL - ": "qs-down", " - WARNING - ": "qs-log-warn"}


@dataclass
class Screen:
    """What one window has read of one trial."""

    task_id: int
    text: str = ""
    offset: int = 0

    def read(self, home: Home) -> None:
        """Take up what came since the last look."""
        while True:
            piece = simulation.output(home, self.task_id, self.offset)
            kept = "" if piece.anew else self.text
            self.text, self.offset = (kept + piece.text)[-_MOST:], piece.offset
            if len(piece.text) < simulation.MOST_AT_ONCE // 4:
                return


def show(home: Home, task_id: int, *, key: str) -> None:
    """The terminal of the trial ``task_id``, brought up to date each second until it is over.

    Args:
        key: names this terminal on its page; what is seen in it stays while other trials are shown elsewhere.

    """
    over = tasks.get(home, task_id).over
    st.fragment(_terminal, run_every=None if over else REFRESH_SECONDS)(home, task_id, key, was_over=over)


def _terminal(home: Home, task_id: int, key: str, *, was_over: bool) -> None:
    with frame.boundary(), st.container(key=f"{key}-terminal"):
        task = tasks.get(home, task_id)
        if task.over and not was_over:
            st.rerun()  # once more as a whole: nothing moves any longer
        view = _bar(home, task, key)
        if view == "Output":
            screen = _screen(task_id, key)
            screen.read(home)
            st.html(_lines(screen.text, task))
        else:
            _what_it_did(simulation.outcome(home, task_id), view)


def _bar(home: Home, task: Task, key: str) -> str:
    """State, the views to choose from, and the buttons."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-terminal-bar"):
        st.html(markup.state(_WORDS.get(task.state, task.state), _TONES[task.state]), width="content")
        view = st.segmented_control(
            "Show", _VIEWS, default=_VIEWS[0], key=f"{key}-view", label_visibility="collapsed", required=True, wrap=True
        )
        st.toggle(
            "Clear at start", value=True, key=f"{key}-clear", help="Begin with an empty screen when another run begins."
        )
        if roles.may("operator"):
            st.button(
                "Stop",
                icon=":material/stop:",
                key=f"{key}-stop",
                disabled=task.over or bool(task.cancel_requested),
                on_click=_stop,
                args=(home, task.task_id),
            )
    if task.error:
        message, _, rest = task.error.partition("\n")
        hint = markup.tag("div", markup.text(rest.partition("\n")[0]), "qs-hint")
        st.html(markup.notice("bad", markup.join(markup.tag("strong", markup.text(message)), hint)))
    elif task.result and task.result.get("note"):
        st.html(markup.notice("info", markup.text(task.result["note"])))
    return view or _VIEWS[0]


def _screen(task_id: int, key: str) -> Screen:
    place = f"{key}-screen"
    screen: Screen | None = st.session_state.get(place)
    if screen is None or screen.task_id != task_id:
        before = "" if screen is None or st.session_state.get(f"{key}-clear", True) else screen.text
        screen = st.session_state[place] = Screen(task_id, before)
    return screen


def _lines(text: str, task: Task) -> Html:
    waiting = "It starts." if not task.over else "It said nothing."
    shown = markup.join(*map(_line, text.splitlines())) if text.strip() else markup.text(waiting)
    return markup.tag(
        "div", markup.tag("pre", shown), "qs-log", role="log", aria_label="Terminal", aria_live="off", tabindex="0"
    )


def _line(line: str) -> Html:
    text = markup.text(f"{line}\n")
    css = next((css for level, css in _CARE.items() if level in line[:64]), "")
    return markup.tag("span", text, css) if css else text


def _what_it_did(found: Outcome, view: str) -> None:
    if view == "Mail":
        mails(found.mails)
        return
    tables = {
        "Orders": lambda: orders(found.orders),
        "Fills": lambda: executions(found.executions),
        "Jobs": lambda: jobs(found.jobs),
        "Refused": lambda: rejections(found.rejections),
    }
    st.html(tables[view]())


def orders(found: Sequence[Order]) -> Html:
    """Orders, the newest first."""
    columns = [
        Column(f"Time ({times.zone_name()})"), Column("Strategy", minor=True), Column("Order"), Column("Type"),
        Column("Price", numeric=True, minor=True), Column("Status"),
    ]  # fmt: skip
    rows = [
        (moment(each.time), each.strategy, f"{each.side} {markup.quantity(each.quantity)} {each.symbol}", each.kind,
         _price(each.limit_price if each.limit_price is not None else each.stop_price), each.status)
        for each in _newest(found)
    ]  # fmt: skip
    return markup.table(columns, rows, label="Orders", none="No order so far.")


def executions(found: Sequence[Execution]) -> Html:
    """Fills, the newest first."""
    columns = [
        Column(f"Time ({times.zone_name()})"), Column("Strategy", minor=True), Column("Fill"),
        Column("Price", numeric=True), Column("Commission", numeric=True, minor=True), Column("PnL", numeric=True),
    ]  # fmt: skip
    rows = [
        (moment(each.time), each.strategy, f"{each.side} {markup.quantity(each.quantity)} {each.symbol}",
         _price(each.price), markup.number(each.commission), markup.signed(each.realized_pnl))
        for each in _newest(found)
    ]  # fmt: skip
    return markup.table(columns, rows, label="Fills", none="No fill so far.")


def jobs(found: Sequence[JobRun]) -> Html:
    """Runs of jobs, the newest first."""
    columns = [
        Column(f"Due ({times.zone_name()})"), Column("Job"), Column("Ran", minor=True), Column("Ended"),
    ]  # fmt: skip
    rows = [(moment(each.due), each.job, moment(each.started), each.outcome or "running") for each in _newest(found)]
    return markup.table(columns, rows, label="Jobs", none="No job has run so far.")


def rejections(found: Sequence[Rejection]) -> Html:
    """Signals that became no order, the newest first."""
    columns = [Column(f"Time ({times.zone_name()})"), Column("Signal"), Column("Rule"), Column("Why", minor=True)]
    rows = [(moment(each.time), f"{each.side} {each.symbol}", each.rule, each.reason) for each in _newest(found)]
    return markup.table(columns, rows, label="Refused signals", none="No signal was refused.")


def mails(found: Sequence[Mail]) -> None:
    """Messages that were captured, the newest first; each opens."""
    if not found:
        st.html(markup.notice("info", markup.text("No mail so far. What it sends is kept here, and never sent.")))
    for each in _newest(found):
        with st.expander(f"{markup.plain(moment(each.time))} {markup.plain(each.subject)}"):
            facts: list[tuple[str, Any]] = [("To", each.to), ("Kind", each.kind)]
            facts += [("Attachments", each.attachments)] if each.attachments else []
            st.html(markup.join(markup.facts(facts), passage(each.body)))


def passage(text: str) -> Html:
    """A text as it was written, to be read from its top."""
    return markup.tag("div", markup.tag("pre", markup.text(text)), "qs-log qs-log-page", tabindex="0")


def moment(text: str) -> str:
    """Ledger text in the user's zone."""
    return times.second(from_text(text)) if text else markup.DASH


def _newest(found: Sequence[Any]) -> Sequence[Any]:
    return found[::-1][:_SHOWN_ROWS]


def _price(value: float | None) -> str:
    return markup.DASH if value is None else f"{value:,.6g}"


def _stop(home: Home, task_id: int) -> None:
    with frame.boundary():
        simulation.stop(home, task_id)
