"""What went wrong with a client."""

import streamlit as st

from components import clients, frame, markup, times
from quantstrip.errors import FileError
from quantstrip.home import Home
from quantstrip.operations import files_places
from quantstrip.operations.clients import ClientStatus, Problem
from quantstrip.redaction import scrub


def heading(problem: Problem, client: ClientStatus | None = None) -> markup.Html:
    """Who, what, when and where, and how the client is now; the trace is shown whole below it."""
    file = _within(problem)
    where = f"{file}:{problem.line}" if file and problem.line else file
    marks = [markup.state(problem.kind.replace("_", " "), "bad")]
    if where:
        marks.append(markup.tag("code", markup.text(where), title=scrub(problem.file)))
    marks.append(
        markup.tag("span", markup.text(f"{times.moment(problem.when)} ({times.since(problem.when)} ago)"), "qs-soft")
    )
    if client is not None:
        marks.append(markup.chip(f"now {clients.state_label(client)}", clients.TONES.get(client.state, "idle")))
    return markup.tag(
        "div",
        markup.join(
            markup.tag("div", markup.text(problem.name), "qs-client-name"),
            markup.tag("div", markup.join(*marks), "qs-client-sub"),
            markup.tag("div", markup.text(problem.message), "qs-problem"),
        ),
        "qs-problem-head",
    )


def link(home: Home, problem: Problem) -> None:
    """A link that opens the file at the line, where it is one of this home's files."""
    path = path_of(home, problem)
    if path:
        frame.link("python", f"Open {_within(problem)}:{problem.line}", icon=":material/code:", file=path,
                   line=str(problem.line))  # fmt: skip


def path_of(home: Home, problem: Problem) -> str:
    """The file of a problem as the Python page knows it; "" where it lies elsewhere, or is gone."""
    try:
        return files_places.locate(home, problem.file) if problem.file else ""
    except FileError:
        return ""


def _within(problem: Problem) -> str:
    """The file as the client knows it: without the folder of its deployed version, which stands in the trace."""
    file = problem.file.replace("\\", "/")
    return file.partition(f"/deployed/{problem.name}/")[2].partition("/")[2] or file


def trace(text: str) -> None:
    """A stack trace, whole; what looks like a secret in it is hidden."""
    st.code(scrub(text), language=None, wrap_lines=True)
