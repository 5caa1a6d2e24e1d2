"""Settings: the tree, an editor for each value, secrets that can be written and never read."""

from typing import Final

import streamlit as st

from components import dialogs, frame, markup, setting_dialogs
from components import settings as shown
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import settings, settings_transfer, settings_tree, settings_undo
from quantstrip.operations.settings_tree import Folder, Leaf

_FOLDER: Final = "folder"
_SEARCH: Final = "settings-search"
_CHOICE: Final = "settings-folder"
_DEEPEST: Final = 4


def main(home: Home) -> None:
    """Show the page."""
    with frame.boundary():
        frame.title("Settings")
        frame.say_notice()
        with st.container(key="settings-said"):
            frame.ledger_answers(home)  # the names of deployed clients are in it; the settings themselves are not
        folders = {folder.path: folder for folder in settings_tree.folders(home)}
        setting_dialogs.show(home, folders)
        for problem in settings.problems(home):
            st.html(markup.notice("bad", markup.text(problem)))
        words = tools(home)
        undo(home)
        if words.strip():
            found(home, words)
            return
        here = folders.get(st.query_params.get(_FOLDER, ""), folders[""])
        narrow, wide = st.columns([1, 3.6], gap="medium")
        with narrow:
            tree(list(folders.values()), here)
        with wide:
            folder_page(home, here)


def tools(home: Home) -> str:
    """The search, and taking settings from and to a file; returns the words searched for."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            "Search",
            key=_SEARCH,
            placeholder="Search names, meanings and values",
            label_visibility="collapsed",
            icon=":material/search:",
        )
        st.download_button(
            "Export",
            lambda: settings_transfer.export_settings(home),
            "settings.toml",
            "application/toml",
            icon=":material/download:",
            help="Your own values as a file, without secrets",
            on_click="ignore",
            key="settings-export",
        )
        st.button("Import", icon=":material/upload:", on_click=dialogs.ask, args=("import",), key="settings-import")
    return words


def undo(home: Home) -> None:
    """The last deletion of this window can be taken back."""
    deleted = st.session_state.get(setting_dialogs.DELETED)
    if deleted is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="settings-undo-box"):
        st.html(markup.join(markup.text("Deleted: "), markup.tag("b", markup.text(deleted.path))), width="stretch")
        if st.button("Undo", icon=":material/undo:", key="settings-undo"):
            try:
                settings_undo.restore(home, deleted)
            except QuantstripError as error:
                frame.keep_notice(str(error), failed=True)
            else:
                frame.keep_notice(f"{deleted.path} is back")
            del st.session_state[setting_dialogs.DELETED]
            st.rerun()
        if st.button("Close", type="tertiary", key="settings-undo-close"):
            del st.session_state[setting_dialogs.DELETED]
            st.rerun()


def found(home: Home, words: str) -> None:
    """What the search found, of all folders."""
    leaves = settings_tree.search(home, words)
    frame.section(f"{len(leaves)} found" if leaves else "Nothing found")
    if not leaves:
        st.html(markup.notice("info", markup.text("No name, meaning or value has these words. Search for fewer.")))
    rows(leaves, whole_path=True)


def tree(folders: list[Folder], here: Folder) -> None:
    """The folders: a list to click on, and one to choose from on a phone. Opened are those on the way to this one."""
    st.session_state[_CHOICE] = here.path
    with st.container(key="settings-tree-narrow"):
        st.selectbox(
            "Folder",
            [folder.path for folder in folders],
            format_func=lambda path: path or "Your own values",
            key=_CHOICE,
            on_change=lambda: _open(st.session_state[_CHOICE]),
        )
    with st.container(key="settings-tree-wide", gap=None):
        for place, folder in enumerate(folders):
            if folder.parts[:-1] != here.parts[: max(0, len(folder.parts) - 1)]:
                continue
            depth = min(len(folder.parts), _DEEPEST)
            name = markup.plain(folder.parts[-1] if folder.parts else "Your own values")
            icon = "lock" if folder.own_lock else "folder" if folder.parts else "person"
            st.button(
                f"{name} :small[:gray[{folder.count}]]" if folder.parts else name,
                key=f"tree-{depth}-{place}",
                icon=f":material/{icon}:",
                type="secondary" if folder.path == here.path else "tertiary",
                width="stretch",
                on_click=_open,
                args=(folder.path,),
            )


def folder_page(home: Home, folder: Folder) -> None:
    """What is in a folder, and what can be done to it."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.html(shown.heading(folder), width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            actions(home, folder)
    if not folder.parts:
        overview(home)
        return
    leaves = settings_tree.leaves(home, folder.path)
    if not leaves and not folder.count:
        words = "Nothing is set here yet. Add a setting, or a folder for several."
        st.html(markup.notice("info", markup.text(words)))
    elif not leaves:
        st.html(markup.notice("info", markup.text("Here are folders alone: choose one of them.")))
    rows([leaf for leaf in leaves if leaf.is_set])
    unset = [leaf for leaf in leaves if not leaf.is_set]
    if unset:
        frame.section("Not set", "the client's class decides")
        rows(unset)


def overview(home: Home) -> None:
    """The root: what differs from the defaults."""
    own = settings_tree.own_values(home)
    if not own:
        words = "Every setting has its default. Choose a folder to see what can be set, or search for it."
        st.html(markup.notice("info", markup.text(words)))
    rows(own, whole_path=True)


def actions(home: Home, folder: Folder) -> None:
    """The buttons of a folder."""
    if not folder.closed:
        st.button("Setting", icon=":material/add:", on_click=dialogs.ask, args=("add", folder.path), key="add-setting")
        st.button("Folder", icon=":material/create_new_folder:", on_click=dialogs.ask, args=("add-folder", folder.path),
                  key="add-folder")  # fmt: skip
    if not folder.parts:
        return
    if folder.own_lock or not folder.locked:
        label, icon = ("Unlock", ":material/lock_open:") if folder.own_lock else ("Lock", ":material/lock:")
        if st.button(label, icon=icon, key="folder-lock", help="A locked folder cannot be deleted"):
            switch_lock(home, folder)
    st.button(
        "Back to defaults" if folder.closed else "Delete",
        icon=":material/restart_alt:" if folder.closed else ":material/delete:",
        on_click=dialogs.ask,
        args=("delete", folder.path),
        key="delete-folder",
        disabled=folder.locked or not folder.removable,
        help="It is locked" if folder.locked else None if folder.removable else "It holds defaults alone",
    )


def switch_lock(home: Home, folder: Folder) -> None:
    """Lock a folder, or take that back."""
    try:
        (settings.unlock_folder if folder.own_lock else settings.lock_folder)(home, folder.path)
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        frame.keep_notice(f"{folder.path} is {'unlocked' if folder.own_lock else 'locked'}")
    st.rerun()


def rows(leaves: list[Leaf], *, whole_path: bool = False) -> None:
    """Settings below each other, each with its button."""
    for leaf in leaves:
        with st.container(horizontal=True, vertical_alignment="center", key=f"setting-{leaf.path}"):
            st.html(shown.row(leaf, whole_path=whole_path), width="stretch")
            st.button(
                "Edit" if leaf.is_set else "Set",
                key=f"edit-{leaf.path}",
                on_click=dialogs.ask,
                args=("edit", leaf.path),
                disabled=not leaf.editable,
                help=None if leaf.editable else "It holds a secret: change its parts in the file or by their own paths",
            )


def _open(path: str) -> None:
    if path:
        st.query_params[_FOLDER] = path
    else:
        st.query_params.pop(_FOLDER, None)


main(frame.home())
