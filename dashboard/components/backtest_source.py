"""Whose strategy is run: a file of this machine or one of a repository, trusted or in a cell."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import streamlit as st

from components import frame, markup, waiting
from quantstrip.home import Home
from quantstrip.operations import git_task, strategy_forms, tasks
from quantstrip.operations.git_task import Fetched

FILE: Final = "bt-file"
FILL: Final = "bt-fill"
"""Arguments that the form is to be filled with, at the next run of the page."""
_FILLED: Final = "bt-filled"
"""What this part was filled with already: a form that cannot be read keeps nobody from choosing another file."""
_FROM: Final = "bt-from"
_FETCHED: Final = "bt-git"
_PLACES: Final = {"here": "File", "git": "Repository"}


def forget_fill() -> Mapping[str, Any] | None:
    """An earlier run's arguments, once; None where the form is not to be filled."""
    st.session_state.pop(_FILLED, None)
    given: Mapping[str, Any] | None = st.session_state.pop(FILL, None)
    return given


@dataclass(frozen=True, slots=True)
class Chosen:
    """A strategy's file.

    Attributes:
        git: what a run is pinned to: ``git``, ``commit`` and ``path``; {} for a file of this machine.

    """

    path: str
    untrusted: bool
    git: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, *, sweep: bool) -> dict[str, Any]:
        """As a task is asked; a sweep reads the file that was fetched."""
        if self.git and not sweep:
            return {**self.git, "untrusted": self.untrusted}
        return {"file": self.path, "untrusted": self.untrusted}


def choose(home: Home) -> Chosen | None:
    """Which strategy; None while a repository was not fetched."""
    given = st.session_state.get(FILL)
    if given is not None and st.session_state.get(_FILLED) != given:
        st.session_state[_FILLED] = given
        _fill(home, given)
    st.session_state.setdefault(_FROM, "here")
    st.session_state.setdefault("bt-untrusted", False)
    one, two = st.columns([2, 3], vertical_alignment="center")
    place = one.segmented_control(
        "Strategy from", list(_PLACES), key=_FROM, required=True, format_func=_PLACES.__getitem__,
        label_visibility="collapsed", on_change=_judge,
    )  # fmt: skip
    untrusted = two.toggle(
        "Somebody else's code", key="bt-untrusted",
        help="Its text is judged, and it is loaded and run in a cell: without files, network, other processes or "
        "helper files. Switch it off for code that you have read.",
    )  # fmt: skip
    if place == "git":
        return _of_repository(home, untrusted)
    known = {each.path: each for each in strategy_forms.files(home, str(st.session_state.get(FILE) or ""))}
    if st.session_state.get(FILE) not in known:
        st.session_state[FILE] = next(iter(known))
    path = st.selectbox("Strategy", list(known), key=FILE, format_func=lambda path: known[path].label)
    return Chosen(path, untrusted)


def _judge() -> None:
    """What comes from a repository is nobody's own until its reader says so; a callback."""
    st.session_state["bt-untrusted"] = st.session_state[_FROM] == "git"


def _fill(home: Home, given: Mapping[str, Any]) -> None:
    """Choose what an earlier run was of; its repository is fetched again, without the network where it is there."""
    url = given.get("git")
    st.session_state[_FROM] = "git" if url else "here"
    st.session_state["bt-untrusted"] = bool(given.get("untrusted"))
    if not url:
        st.session_state[FILE] = given.get("file")
        return
    for name in ("branch", "commit", "path"):
        st.session_state[f"bt-git-{name}"] = given.get(name) or ("" if name != "path" else None)
    st.session_state["bt-git-url"] = url
    waiting.ask(home, _FETCHED, git_task.KIND, _asked(), by="Backtest")


def _asked() -> dict[str, Any]:
    words = {name: str(st.session_state.get(f"bt-git-{name}") or "").strip() for name in ("url", "branch", "commit")}
    return {"url": words["url"], "branch": words["branch"] or None, "commit": words["commit"] or None}


def _of_repository(home: Home, untrusted: bool) -> Chosen | None:
    st.text_input(
        "Address", key="bt-git-url", placeholder="https://example.org/strategies.git",
        help="https://, ssh://, user@host:path or file://. No password in it: git asks its credential helper, or ssh "
        "its key. No hook runs, and submodules are refused.",
    )  # fmt: skip
    one, two = st.columns(2)
    one.text_input("Branch or tag", key="bt-git-branch", placeholder="the default one")
    two.text_input("Commit", key="bt-git-commit", placeholder="the newest", help="All 40 digits; then no branch.")
    with frame.boundary():
        if st.button("Fetch", icon=":material/download:", key="bt-git-fetch"):
            task = tasks.submit(home, git_task.KIND, _asked(), by="Backtest")
            waiting.drop(home, _FETCHED)
            st.session_state.pop("bt-git-path", None)
            st.session_state[_FETCHED] = task.task_id
            st.rerun()
        task_done = waiting.show(home, _FETCHED, "The repository was not fetched")
        if task_done is not None:
            return _found(git_task.fetched(home, task_done.task_id), untrusted)
        if _FETCHED not in st.session_state:
            words = "Fetch it to choose among its strategies: nothing of it runs by that."
            st.html(markup.tag("p", markup.text(words), "qs-soft"))
    return None


def _found(fetched: Fetched, untrusted: bool) -> Chosen | None:
    """One of the strategies of a repository, or another file of it by its path."""
    known = list(fetched.strategies)
    if st.session_state.get("bt-git-path") is None:
        st.session_state["bt-git-path"] = known[0] if known else None
    typed = st.session_state["bt-git-path"]
    path = st.selectbox(
        "Strategy", list(dict.fromkeys([*known, *([typed] if typed else [])])), key="bt-git-path",
        accept_new_options=True, placeholder="path/to/strategy.py",
        help="Files of the root and of strategies/ that hold one. Another file: type its path.",
    )  # fmt: skip
    words = f"{len(known)} found at commit {fetched.commit[:12]}{f' of {fetched.branch}' if fetched.branch else ''}"
    st.html(markup.tag("div", markup.text(words), "qs-soft", title=fetched.commit))
    if path is None:
        return None
    file = git_task.file_of(fetched, path)
    return Chosen(str(file), untrusted, {"git": fetched.url, "commit": fetched.commit, "path": path})
