"""The dialogs of the Python page about files: new, save as, rename, delete, upload, bring back, close."""

from typing import Final

import streamlit as st

from components import dialogs, markup, python_deploy, python_state, times
from quantstrip.home import Home
from quantstrip.operations import files, files_trash
from quantstrip.operations.files_places import KINDS
from quantstrip.operations.files_text import MOST_BYTES

DELETED: Final = "python-deleted"
_SHOWN: Final = 30


def show(home: Home) -> None:
    """Show the one that is open."""
    dialogs.show(
        {
            "python-new": ("New file", lambda _: new(home)),
            "python-save-as": ("Save as", lambda path: save_as(home, path)),
            "python-rename": ("Rename", lambda path: rename(home, path)),
            "python-delete": ("Delete", lambda path: delete(home, path)),
            "python-upload": ("Upload", lambda _: upload(home)),
            "python-trash": ("Deleted files", lambda _: trash(home)),
            "python-close": ("Close without saving", close),
        }
    )
    python_deploy.show(home)


def new(home: Home) -> None:
    """Make a file from a template."""
    with st.form("python-new-form", border=False):
        template = st.selectbox("Begin with", list(files.TEMPLATES), key="python-new-template",
                                format_func=lambda each: files.TEMPLATES[each])  # fmt: skip
        name = _name_field("Name", "", "python-new-name", "my_strategy.py")
        if st.form_submit_button("Make", type="primary", key="python-new-now"):
            made = files.new(home, full_path(name), template)
            python_state.place(made)
            dialogs.done(f"{made.path} is made")


def save_as(home: Home, path: str) -> None:
    """Save what is in the editor under another name; an example or an old version is copied so."""
    draft = python_state.drafts().get(path)
    if draft is None:
        dialogs.done("The file is not open any more")
        return
    with st.form("python-save-as-form", border=False):
        suggested = path.split("/")[-1] if not draft.opened.writable else path.removeprefix("clients/")
        name = _name_field("Name", suggested, "python-save-as-name", "my_strategy.py")
        if st.form_submit_button("Save", type="primary", key="python-save-as-now"):
            made = files.save(home, full_path(name), draft.text, over=None)
            python_state.close(path)
            python_state.place(made)
            dialogs.done(f"Saved as {made.path}")


def rename(home: Home, path: str) -> None:
    """Another name or folder."""
    with st.form("python-rename-form", border=False):
        name = _name_field("New name", path.removeprefix("clients/"), "python-rename-name", "")
        st.caption("What was deployed under the old name goes on under it, until it is removed in the Client Monitor.")
        if st.form_submit_button("Rename", type="primary", key="python-rename-now"):
            renamed = files.rename(home, path, full_path(name))
            python_state.moved(path, renamed)
            dialogs.done(f"{path} is now {renamed.path}")


def delete(home: Home, path: str) -> None:
    """Ask, then move the file to the trash."""
    st.text(f"Delete {path}? It can be brought back from the deleted files. What is deployed is a copy, and goes on.")
    draft = python_state.drafts().get(path)
    if draft is not None and draft.unsaved:
        st.html(markup.notice("warn", markup.text("What is not saved in the editor is lost.")))
    if dialogs.buttons("Delete", key="python-delete-now", danger=True):
        st.session_state[DELETED] = files_trash.delete(home, path, over=draft.opened.digest if draft else "")
        python_state.close(path)
        dialogs.done(f"{path} is deleted")


def upload(home: Home) -> None:
    """Take files from the browser's machine."""
    given = st.file_uploader(
        "Files", type=[kind.removeprefix(".") for kind in sorted(KINDS)], accept_multiple_files=True,
        key="python-upload-files", help=f"Text in UTF-8, at most {MOST_BYTES // 1024} KB each",
    )  # fmt: skip
    with dialogs.form("python-upload"):
        folder = st.text_input("Folder", key="python-upload-folder", placeholder="empty: beside the clients")
        pressed = st.form_submit_button("Upload", type="primary", key="python-upload-now", disabled=not given)
    if pressed:
        below = folder.strip().strip("/")
        made = files.upload(
            home, {full_path(f"{below}/{each.name}" if below else each.name): each.getvalue() for each in given or ()}
        )
        for opened in made:
            python_state.place(opened)
        dialogs.done(f"Uploaded: {', '.join(each.path for each in made)}")


def trash(home: Home) -> None:
    """What was deleted, to be brought back."""
    deleted = files_trash.trash(home)
    if not deleted:
        st.html(markup.notice("info", markup.text("Nothing was deleted here.")))
    for each in deleted[:_SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"item-trash-{each.id}"):
            st.html(
                markup.join(
                    markup.tag("b", markup.text(each.path)),
                    markup.tag("div", markup.text(times.moment(each.when)), "qs-item-facts"),
                ),
                width="stretch",
            )
            if st.button("Bring back", key=f"restore-{each.id}"):
                bring_back(home, each.id)
                dialogs.close()
                st.rerun()
    if len(deleted) > _SHOWN:
        st.caption(f"{len(deleted) - _SHOWN} older ones: quantstrip file restore")


def bring_back(home: Home, which: str) -> None:
    """Bring a deleted file back, and open it."""
    path = files_trash.restore(home, which)
    python_state.open_file(home, path)


def close(path: str) -> None:
    """Ask before a text that is not saved is given up."""
    st.text(f"{path} is not saved. Close it, and lose what was changed?")
    if dialogs.buttons("Close without saving", key="python-close-now", danger=True):
        python_state.close(path)
        dialogs.close()
        st.rerun()


def full_path(name: str) -> str:
    """A name as a person types it: below the clients, Python unless it says otherwise."""
    words = name.strip().removeprefix("clients/")
    last = words.split("/")[-1]
    return f"clients/{words}" if not last or "." in last else f"clients/{words}.py"


def _name_field(label: str, value: str, key: str, example: str) -> str:
    return st.text_input(
        label, value, key=key, placeholder=example, help="A folder may stand before it: tests/check_signals.py"
    )
