"""A rehearsal: how far it is, then which jobs ran when, what failed, and what was ordered, filled and mailed."""

from typing import Any, Final

import streamlit as st

from components import frame, markup, roles, terminal, times
from components.markup import Column, Html, Tone
from quantstrip.clock import Micros
from quantstrip.home import Home
from quantstrip.operations import rehearsal, simulation, tasks
from quantstrip.operations.rehearsal_outcome import RehearsalOutcome
from quantstrip.operations.tasks import Task

REFRESH_SECONDS: Final = 1.0
_VIEWS: Final = ("Jobs", "Runs", "Errors", "Orders", "Fills", "Mail", "Refused", "Output")
_MOST_ROWS: Final = 500
_MOST_ERRORS: Final = 20
_TONES: Final[dict[str, Tone]] = {"ok": "good", "failed": "bad", "missed": "warn", "overrun": "warn"}


def show(home: Home, task_id: int, *, key: str = "rehearsal") -> None:
    """The rehearsal ``task_id``, brought up to date each second until it is over.

    Args:
        key: names it on its page.

    """
    over = tasks.get(home, task_id).over
    st.fragment(_show, run_every=None if over else REFRESH_SECONDS)(home, task_id, key, was_over=over)


def _show(home: Home, task_id: int, key: str, *, was_over: bool) -> None:
    with frame.boundary(), st.container(key=f"{key}-rehearsal"):
        task = tasks.get(home, task_id)
        if task.over and not was_over:
            st.rerun()  # once more as a whole: nothing moves any longer
        if not task.over:
            _progress(home, task, key)
            return
        found = rehearsal.outcome(home, task_id)
        _what_came_of_it(task, found)
        _views(home, task_id, found, key)


def _progress(home: Home, task: Task, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-bar"):
        st.progress(task.progress, markup.plain(task.note or "starting"))
        if roles.may("operator"):
            st.button("Stop", icon=":material/stop:", key=f"{key}-stop", disabled=bool(task.cancel_requested),
                      on_click=_stop, args=(home, task.task_id))  # fmt: skip


def _what_came_of_it(task: Task, found: RehearsalOutcome) -> None:
    """The rehearsal in a line of figures, and what kept it from its end."""
    if task.error:
        message, _, hint = task.error.partition("\n")
        inner = markup.join(markup.tag("strong", markup.text(message)),
                            markup.tag("div", markup.text(hint), "qs-hint"))  # fmt: skip
        st.html(markup.notice("bad", inner))
    if task.state in {"cancelled", "interrupted"}:
        st.html(markup.notice("warn", markup.text("It was stopped: this is what it did until then.")))
    if found.note:
        st.html(markup.notice("warn", markup.text(f"{found.note[:1].upper()}{found.note[1:]}.")))
    if not found.start:
        return
    counts = found.did.counts or {}
    failed = sum(each.failed for each in found.jobs)
    seconds = (task.finished - task.started) / 1e6
    facts: list[tuple[str, object]] = [
        ("From", _local(found.start, found.zone)), ("To", _local(found.end, found.zone)), ("Zone", found.zone),
        ("Runs of jobs", f"{len(found.runs):,}"),
        ("Failed", markup.tag("span", markup.text(f"{failed:,}"), "qs-down" if failed else "")),
        ("Orders", f"{counts.get('orders', 0):,}"), ("Fills", f"{counts.get('executions', 0):,}"),
        ("Mails", f"{counts.get('mails', 0):,}"), ("Refused", f"{counts.get('rejections', 0):,}"),
        ("Took", f"{seconds:.1f} s"),
    ]  # fmt: skip
    st.html(markup.facts(facts))


def _views(home: Home, task_id: int, found: RehearsalOutcome, key: str) -> None:
    chosen = st.segmented_control(
        "Show", _VIEWS, default=_VIEWS[0], key=f"{key}-what", label_visibility="collapsed", required=True
    )
    view, did = chosen or _VIEWS[0], found.did
    if view == "Mail":
        terminal.mails(did.mails)
    elif view == "Errors":
        _errors(found)
    elif view == "Runs":
        _runs(found, key)
    elif view == "Output":
        text = simulation.output(home, task_id).text
        st.html(terminal.passage(text or "It said nothing."))
    else:
        made = {
            "Jobs": lambda: _jobs(found),
            "Orders": lambda: terminal.orders(did.orders),
            "Fills": lambda: terminal.executions(did.executions),
            "Refused": lambda: terminal.rejections(did.rejections),
        }
        st.html(made[view]())


def _jobs(found: RehearsalOutcome) -> Html:
    columns = [
        Column("Job"), Column("Runs", numeric=True), Column("Failed", numeric=True), Column("Missed", numeric=True,
        minor=True), Column("First due", minor=True), Column("Last due"), Column("Slowest", numeric=True),
    ]  # fmt: skip
    rows = [
        (each.job, f"{each.runs:,}", markup.tag("span", markup.text(each.failed), "qs-down" if each.failed else ""),
         each.missed, _local(each.first, found.zone), _local(each.last, found.zone), f"{1e3 * each.slowest:,.1f} ms")
        for each in found.jobs
    ]  # fmt: skip
    none = "No job was due in this span." if not found.did.orders else "It has no jobs of its own: see its orders."
    return markup.table(columns, rows, label="Jobs", none=none)


def _runs(found: RehearsalOutcome, key: str) -> None:
    """Every run, in the order in which they were due; a page at a time."""
    pages = max(1, -(-len(found.runs) // _MOST_ROWS))
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page (of {pages})", 1, pages, 1, key=f"{key}-page", width=160))
    columns = [Column(f"Due ({found.zone})"), Column("Job"), Column("Began", minor=True), Column("Ended"),
               Column("Took", numeric=True)]  # fmt: skip
    rows = [
        (_local(each.due, found.zone), each.job, _local(each.started, found.zone),
         markup.state(each.outcome, _TONES.get(each.outcome, "idle")), f"{1e3 * each.seconds:,.1f} ms")
        for each in found.runs[(page - 1) * _MOST_ROWS : page * _MOST_ROWS]
    ]  # fmt: skip
    st.html(markup.table(columns, rows, label="Runs of jobs", none="No job was due in this span."))


def _errors(found: RehearsalOutcome) -> None:
    """Traces of the runs that failed."""
    failed: list[Any] = [each for each in found.runs if each.outcome == "failed"]
    if not failed and not found.did.trace:
        st.html(markup.notice("good", markup.text("Nothing failed.")))
    if found.did.trace:
        st.html(terminal.passage(found.did.trace))
    for each in failed[:_MOST_ERRORS]:
        with st.expander(markup.plain(f"{_local(each.due, found.zone)} {each.job}")):
            st.html(terminal.passage(each.trace or "Its trace is in what it logged."))
    if len(failed) > _MOST_ERRORS:
        st.html(markup.tag("div", markup.text(f"{len(failed) - _MOST_ERRORS:,} more failed."), "qs-soft"))


def _local(moment: Micros, zone: str) -> str:
    """A moment on the client's own clock: a schedule is read in its zone."""
    return times.second_in(moment, zone) if moment else markup.DASH


def _stop(home: Home, task_id: int) -> None:
    with frame.boundary():
        simulation.stop(home, task_id)
