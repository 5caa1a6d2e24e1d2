"""The dialogs of the settings page: edit, add, delete, import."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from components import dialogs, markup, setting_editor
from components import settings as shown
from quantstrip.errors import SettingsError
from quantstrip.home import Home
from quantstrip.operations import settings, settings_transfer, settings_tree, settings_undo
from quantstrip.operations.settings_acts import AT_ONCE, acts
from quantstrip.operations.settings_tree import Folder, Leaf

DELETED: Final = "settings-deleted"
_MOST: Final = 12


def show(home: Home, folders: Mapping[str, Folder]) -> None:
    """Show the one that is open."""
    dialogs.show(
        {
            "edit": ("Edit a setting", lambda path: edit(home, path)),
            "add": ("Add a setting", lambda folder: add(home, folder)),
            "add-folder": ("Add a folder", lambda folder: add_folder(home, folder)),
            "delete": ("Delete", lambda path: delete(home, path, folders)),
            "import": ("Import settings", lambda _: load(home)),
        }
    )


def edit(home: Home, path: str) -> None:
    """Change one value, or give it up."""
    leaf = settings_tree.leaf_at(home, path)
    changed = dialogs.changed(leaf.value)
    st.html(about(leaf))
    with st.form("edit-form", border=False):
        value = leaf.value if leaf.is_set else leaf.default
        given = setting_editor.field(leaf.type, value, f"value-{path}", choices=leaf.choices)
        if st.form_submit_button("Save", type="primary", key="save-setting"):
            if changed:  # in another window, by a command or in the file: that is not overwritten in silence
                now = "another secret" if leaf.secret else shown.shown(leaf.value) if leaf.is_set else "not set"
                raise SettingsError(f"{path} was changed meanwhile: it is {now}", hint="Save again to overwrite it.")
            save(home, path, leaf.type, given)
    if leaf.changed:
        label = "Delete" if leaf.default is None else "Back to the default"
        st.button(
            label,
            type="tertiary",
            key="delete-setting",
            disabled=leaf.locked,
            on_click=dialogs.ask,
            args=("delete", path),
        )


def about(leaf: Leaf) -> markup.Html:
    """What one must know to change a setting."""
    facts: list[tuple[str, object]] = [("Setting", leaf.path), ("Type", leaf.type)]
    if leaf.default is not None:
        facts.append(("Default", shown.shown(leaf.default) or "empty"))
    if leaf.expected:
        facts.append(("Must be", leaf.expected))
    facts.append(("Acts", leaf.acts))
    words = leaf.help or ("It cannot be read here, only written anew." if leaf.secret else "")
    return markup.tag("div", markup.join(markup.tag("p", markup.text(words)), markup.facts(facts)), "qs-about")


def save(home: Home, path: str, kind: str, given: Any) -> None:
    """Save what was entered; what is refused is said, and the dialog stays."""
    settings.set_setting(home, path, setting_editor.entered(kind, given), kind.partition(" or ")[0])
    when = acts(path)
    near = settings.meant(path)
    hint = f" The platform does not read it: did you mean {near}?" if near else ""
    dialogs.done(f"{path} is set." + (f" It acts {when}." if when != AT_ONCE else "") + hint)


def add(home: Home, folder: str) -> None:
    """A setting of one's own."""
    st.text(f"In {folder or 'the root'}")
    kind = st.selectbox("Type", setting_editor.TYPES, key="add-type")
    with st.form("add-form", border=False):
        name = st.text_input("Name", key="add-name")
        given = setting_editor.field(kind, None, f"add-value-{kind}")
        if st.form_submit_button("Add", type="primary", key="add-save"):
            path = settings.child_path(folder, name)
            if any(leaf.path == path and leaf.is_set for leaf in settings_tree.leaves(home, folder)):
                raise SettingsError(f"{path} is there already", hint="Edit it, or choose another name.")
            save(home, path, kind, given)


def add_folder(home: Home, folder: str) -> None:
    """A folder for settings of one's own."""
    st.text(f"In {folder or 'the root'}")
    with st.form("add-folder-form", border=False):
        name = st.text_input("Name", key="add-folder-name")
        if st.form_submit_button("Add", type="primary", key="add-folder-save"):
            path = settings.child_path(folder, name)
            settings.set_setting(home, path, {}, "folder")
            st.query_params["folder"] = path
            dialogs.done(f"The folder {path} is made")


def delete(home: Home, path: str, folders: Mapping[str, Folder]) -> None:
    """Ask, then delete; it can be taken back while this window is open."""
    folder = folders.get(path)
    if folder is None:
        leaf = settings_tree.leaf_at(home, path)
        back = "" if leaf.default is None else f" It goes back to its default, {shown.shown(leaf.default) or 'empty'}."
        st.text(f"Delete {path}?{back}")
    else:
        inside = [leaf.path for leaf in settings_tree.own_values(home, path)]
        st.text(f"Delete the folder {path} with what you set in it?")
        more = [f"and {len(inside) - _MOST} more"] if len(inside) > _MOST else []
        st.text("\n".join([*inside[:_MOST], *more]))
    if dialogs.buttons("Delete", key="delete-now", danger=True):
        st.session_state[DELETED] = settings_undo.delete(home, path)
        if folder is not None and not folder.closed:
            st.query_params.pop("folder", None)
        dialogs.done(f"{path} is deleted")


def load(home: Home) -> None:
    """Look at a file, see what it would change, and take it."""
    st.text("A file of an export. What it does not name stays as it is; secrets are never imported.")
    file = st.file_uploader("Settings file", type="toml", key="import-file", max_upload_size=1)
    if file is None:
        return
    text = file.getvalue().decode("utf-8", errors="replace")
    changes = settings_transfer.preview_import(home, text)
    if not changes:
        st.html(markup.notice("good", markup.text("Everything in this file is set already.")))
        return
    before = [("not set" if each.before is None else shown.shown(each.before)) for each in changes]
    st.html(
        markup.table(
            (markup.Column("Setting"), markup.Column("Now"), markup.Column("Becomes")),
            [(each.path, now, shown.shown(each.after)) for each, now in zip(changes, before, strict=True)],
            label="Changes",
            none="Nothing",
        )
    )
    if dialogs.buttons(f"Set {len(changes)}", key="import-now"):
        done = settings_transfer.import_settings(home, text)
        later = sorted({acts(each.path) for each in done} - {AT_ONCE})
        dialogs.done(f"{len(done)} set." + "".join(f" Some act {when}." for when in later))
