"""The file tree of the Python page: groups to open on a wide window, a list to search in on any."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Final

import streamlit as st

from components import markup, python_state
from quantstrip.operations.files_tree import Entry, Tree

GROUPS: Final = {
    "clients": "Clients", "helpers": "Helpers", "tests": "Tests", "deployed": "Deployed", "examples": "Examples",
}  # fmt: skip
_CHOICE: Final = "python-choice"
_MOST: Final = 120
"""Buttons of a group; the list has every file."""


def show(tree: Tree, opened: str, open_file: Callable[[str], None]) -> None:
    """The tree; ``open_file`` is told which file was clicked."""
    entries = {each.path: each for each in tree.entries}
    unsaved = set(python_state.unsaved())
    st.session_state[_CHOICE] = opened if opened in entries else None
    st.selectbox(
        "Open a file", list(entries), key=_CHOICE, index=None, placeholder="Open a file", label_visibility="collapsed",
        format_func=lambda path: _line(entries.get(path), path, path in unsaved),
        on_change=_chosen, args=(open_file,),
    )  # fmt: skip
    here = entries.get(opened)
    with st.container(key="python-tree", gap="small"):
        for group, title in GROUPS.items():
            found = [each for each in tree.entries if each.group == group]
            if found:
                is_open = group == "clients" or (here is not None and here.group == group)
                with st.expander(f"{title} :small[:gray[{len(found)}]]", expanded=is_open, key=f"python-group-{group}"):
                    _group(found, opened, unsaved, open_file)
    for area in tree.cut:
        st.caption(f"{area}/ holds more files than are listed.")


def _group(found: Sequence[Entry], opened: str, unsaved: set[str], open_file: Callable[[str], None]) -> None:
    for folder, entries in groupby(found[:_MOST], key=lambda each: each.folder):
        if folder:
            st.html(markup.tag("div", markup.text(folder_name(folder)), "qs-tree-folder"))
        for entry in entries:
            st.button(
                _label(entry, entry.path in unsaved), key=f"file-{entry.path}", icon=_icon(entry),
                help=_help(entry), type="secondary" if entry.path == opened else "tertiary", width="stretch",
                on_click=open_file, args=(entry.path,),
            )  # fmt: skip
    if len(found) > _MOST:
        st.caption(f"{len(found) - _MOST} more: choose them from the list above.")


def _chosen(open_file: Callable[[str], None]) -> None:
    if st.session_state[_CHOICE]:
        open_file(st.session_state[_CHOICE])


def folder_name(folder: str) -> str:
    """A folder as it is shown; of a version, the first digits of its hash."""
    parts = folder.split("/")
    return "/".join(part[:8] if len(part) == 16 and set(part) <= set("0123456789abcdef") else part for part in parts)


def _icon(entry: Entry) -> str:
    if entry.runs:
        return ":material/settings:"
    if entry.group == "deployed":
        return ":material/lock:"
    return ":material/code:" if entry.name.endswith(".py") else ":material/description:"


def _label(entry: Entry, unsaved: bool) -> str:
    marks = [" :orange[●]"] if unsaved else []
    marks += [" :small[:orange[differs]]"] if entry.differs else []
    return markup.plain(entry.name) + "".join(marks)


def _line(entry: Entry | None, path: str, unsaved: bool) -> str:
    if entry is None:
        return path
    words = [folder_name(path)]
    words += ["(not saved)"] if unsaved else []
    words += ["(runs)"] if entry.runs else []
    words += ["(differs)"] if entry.differs else []
    return " ".join(words)


def _help(entry: Entry) -> str | None:
    words = []
    if entry.runs:
        words.append(f"The client {entry.client} runs.")
    if entry.differs:
        words.append(f"Differs from what is deployed for {', '.join(entry.differs)}.")
    elif entry.used_by and not entry.client:
        words.append(f"Deployed with {', '.join(entry.used_by)}.")
    return markup.plain(" ".join(words)) or None
