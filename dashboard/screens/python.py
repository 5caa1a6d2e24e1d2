"""Python: the files of the home, an editor with marks, trying out, deploying and rolling back."""

from typing import Final

import streamlit as st

from components import (
    dialogs,
    differences,
    empty,
    frame,
    kept,
    markup,
    python_dialogs,
    python_state,
    python_tree,
    python_trial,
    roles,
    service_state,
)
from components.python_state import Draft
from quantstrip.editor import editor
from quantstrip.errors import FileError, QuantstripError
from quantstrip.home import Home
from quantstrip.operations import completions, files, files_tree, lint
from quantstrip.operations.differences import compare_texts
from quantstrip.operations.files_tree import Entry, Tree

_FILE: Final = "file"
_LINE: Final = "line"
_ASKED: Final = "python-asked"
_TABS: Final = "python-tabs"
_SEEN: Final = "python-seen"
_WATCH_SECONDS: Final = 3
_HEIGHT: Final = 560
_LOW: Final = 400
"""Of the editor above a terminal."""
_MOST_MARKS: Final = 8
_TRIED: Final = ("clients", "tests", "examples")
"""Groups whose files can be run as they are."""


def main(home: Home) -> None:
    """Show the page."""
    with frame.boundary():
        if not roles.may("admin"):
            frame.title("Python")
            roles.require("admin")
        python_state.absorb()
        python_state.bring_back(home)
        asked(home)
        draft = python_state.current()
        if draft is not None:
            python_state.look_at_disk(home, draft)
        known = files_tree.tree(home)
        frame.title("Python", *chips(known))
        with st.container(key="python-said"):  # what comes and goes; the editor below stays where it is
            answers = frame.ledger_answers(home)
            if answers:
                service_state.needed(home, "worker", "so no simulation or rehearsal can begin")
        python_dialogs.show(home)
        python_trial.show_dialogs(home)
        frame.say_notice()
        narrow, wide = st.columns([1, 3.4], gap="medium")
        with narrow, frame.boundary():
            beside(home, known, draft)
        with wide, frame.boundary():
            if draft is None:
                st.html(empty.no_file(home))
            else:
                work(home, known, draft, answers=answers)
        watch(home)


def chips(known: Tree) -> list[markup.Html]:
    """What stands beside the title: clients whose source is not what runs, and texts that are not saved."""
    differing = sorted({name for each in known.entries for name in each.differs})
    unsaved = python_state.unsaved()
    found = []
    if differing:
        words = f"{len(differing)} differ{'s' if len(differing) == 1 else ''} from what is deployed"
        found.append(markup.chip(words, "warn", title=", ".join(differing)))
    if unsaved:
        found.append(python_state.chip(unsaved))
    return found


def asked(home: Home) -> None:
    """Open the file that the address names, when it is another one than this page has put there itself."""
    given = (st.query_params.get(_FILE, ""), st.query_params.get(_LINE, ""))
    if given[0] and given != (st.session_state.get(_ASKED, ""), ""):
        line = int(given[1]) if given[1].isascii() and given[1].isdigit() else None
        try:
            python_state.open_file(home, files.locate(home, given[0]), line)
        except FileError as error:
            frame.keep_notice(str(error), failed=True)
    draft = python_state.current()
    st.session_state[_ASKED] = draft.path if draft else ""
    st.query_params.from_dict({_FILE: draft.path} if draft else {})


def beside(home: Home, known: Tree, draft: Draft | None) -> None:
    """New, upload, deleted files, and the tree."""
    with st.container(horizontal=True, gap="small", key="python-files"):
        st.button("New", icon=":material/add:", key="python-new", on_click=ask, args=("python-new",))
        st.button("Upload", icon=":material/upload:", key="python-upload", on_click=ask, args=("python-upload",))
        st.button("", icon=":material/restore_from_trash:", key="python-trash", on_click=ask, args=("python-trash",),
                  help="Deleted files")  # fmt: skip
    undo(home)
    python_tree.show(known, draft.path if draft else "", lambda path: go(home, path))


def undo(home: Home) -> None:
    """The last deletion of this window can be taken back at once."""
    deleted = st.session_state.get(python_dialogs.DELETED)
    if deleted is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="python-undo-box"):
        st.html(markup.join(markup.text("Deleted: "), markup.tag("b", markup.text(deleted.path))), width="stretch")
        if st.button("Undo", icon=":material/undo:", key="python-undo"):
            del st.session_state[python_dialogs.DELETED]
            try:
                python_dialogs.bring_back(home, deleted.id)
            except QuantstripError as error:
                frame.keep_notice(str(error), failed=True)
            st.rerun()
        if st.button("", icon=":material/close:", type="tertiary", key="python-undo-close", help="Leave it deleted"):
            del st.session_state[python_dialogs.DELETED]
            st.rerun()


def work(home: Home, known: Tree, draft: Draft, *, answers: bool) -> None:
    """Tabs, buttons, and the editor with its marks; files can be edited whether or not the ledger answers."""
    tabs(draft)
    entry = known.find(draft.path)
    if draft.conflict:
        conflict(home, draft)
    elif draft.brought and draft.unsaved and kept.brought_back(draft.path, "python-draft-discard"):
        draft.take(files.read(home, draft.path))
        st.rerun()
    bar = st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="python-bar")
    trial = python_trial.shown(home, draft.path) if answers else None
    report = lint.check(draft.path, draft.text) if draft.path.endswith(".py") else lint.Report(())
    value = editor(
        draft.text, key=draft.key, language="sql" if draft.path.endswith(".sql") else "python",
        height=_LOW if trial else _HEIGHT, marks=report.findings,
        completions=completions.python_completions() if draft.path.endswith(".py") else (),
        read_only=not draft.opened.writable, line=draft.line, revision=draft.revision, label=draft.path,
        run_keys=("F5",),
    )  # fmt: skip
    if draft.text != value.text:
        draft.text, draft.line = value.text, None  # whoever types stays where they are
    with bar:
        buttons(home, draft, entry, value.command, answers=answers)
    below(report, draft)
    if trial:
        python_trial.pane(home, draft.path, trial)


def tabs(draft: Draft) -> None:
    """The open files; one that is not saved has a dot."""
    open_files = python_state.drafts()
    names = [path.split("/")[-1] for path in open_files]
    titles = {
        path: (name if names.count(name) == 1 else python_tree.folder_name(path)) + (" ●" if one.unsaved else "")
        for (path, one), name in zip(open_files.items(), names, strict=True)
    }
    st.session_state[_TABS] = draft.path
    st.segmented_control(
        "Open files", list(titles), key=_TABS, required=True, label_visibility="collapsed", wrap=True,
        format_func=lambda path: markup.plain(titles.get(path, str(path))),
        on_change=_tab,
    )  # fmt: skip


def _tab() -> None:
    python_state.show(st.session_state[_TABS])


def buttons(home: Home, draft: Draft, entry: Entry | None, command: str, *, answers: bool) -> None:
    """What can be done with the file that is shown."""
    mine = draft.opened.writable
    if mine:
        pressed = st.button("Save", icon=":material/save:", key="python-save",
                            type="primary" if draft.unsaved else "secondary", help="Ctrl+S")  # fmt: skip
        if pressed or command == "save":
            python_state.save(home, draft)
            st.rerun()
    if answers and draft.path.endswith(".py") and entry is not None and entry.group in _TRIED:
        python_trial.buttons(home, draft, command)
    if mine:
        deploying(home, draft, entry)
    else:
        st.button("Copy to my files", icon=":material/file_copy:", key="python-copy", type="primary", on_click=ask,
                  args=("python-save-as", draft.path), help="It stays as it is; your copy can be changed")  # fmt: skip
    more(home, draft)


def deploying(home: Home, draft: Draft, entry: Entry | None) -> None:
    """Deploy and roll back, for a client's own file."""
    client = draft.opened.client
    used = ", ".join(entry.used_by) if entry else ""
    why = f"A helper: deploy the client that imports it{f' ({used})' if used else ''}" if not client else None
    if st.button("Deploy", icon=":material/publish:", key="python-deploy", disabled=not client,
                 help=markup.plain(why) if why else "Saves, and shows what would change"):  # fmt: skip
        if python_state.save(home, draft):
            dialogs.ask("python-deploy", draft.path)
        st.rerun()
    if entry is not None and client in entry.used_by:
        st.button("Roll back", icon=":material/history:", key="python-rollback", on_click=ask,
                  args=("python-rollback", client))  # fmt: skip


def more(home: Home, draft: Draft) -> None:
    """What is needed less often."""
    path = draft.path
    with st.popover("More", icon=":material/more_horiz:", key="python-more"):
        st.toggle("Next simulation may connect", key=python_trial.NETWORK, persist_state="session",
                  help=python_trial.NETWORK_HELP)  # fmt: skip
        if draft.opened.writable:
            st.button("Save as", icon=":material/save_as:", key="python-save-as", on_click=ask,
                      args=("python-save-as", path), width="stretch")  # fmt: skip
            st.button("Rename", icon=":material/edit:", key="python-rename", on_click=ask,
                      args=("python-rename", path), width="stretch")  # fmt: skip
        st.download_button("Download", lambda: files.download(home, path), path.split("/")[-1], "text/plain",
                           icon=":material/download:", key="python-download", on_click="ignore", width="stretch",
                           help="The file as it is saved")  # fmt: skip
        if draft.opened.writable:
            st.button("Delete", icon=":material/delete:", key="python-delete", on_click=ask,
                      args=("python-delete", path), width="stretch")  # fmt: skip
    st.button("Close", icon=":material/close:", type="tertiary", key="python-close", on_click=close, args=(path,))


def conflict(home: Home, draft: Draft) -> None:
    """The file and the text have both changed: the difference, and what can be done about it."""
    with st.container(border=True, key="python-conflict"):
        if draft.gone:
            words = f"{draft.path} was deleted or renamed meanwhile, in another window or on disk."
        else:
            words = f"{draft.path} was changed meanwhile, in another window or on disk. Nothing is overwritten yet."
        st.html(markup.notice("warn", markup.text(words)))
        if draft.theirs is not None:
            found = compare_texts(draft.path, draft.theirs.text, draft.text)
            with st.expander("From the file as it is to your text", expanded=True, key="python-conflict-diff"):
                differences.show([found] if found else [], label="From the file to your text")
        with st.container(horizontal=True, key="danger-python-conflict"):
            if not draft.gone and st.button("Take theirs", key="python-take"):
                draft.take(files.read(home, draft.path))
                st.rerun()
            label = "Save it again" if draft.gone else "Overwrite"
            over = draft.theirs.digest if draft.theirs is not None else None
            st.button(label, key="python-overwrite", type="primary", on_click=overwrite, args=(home, draft.path, over))
            st.button("Save as", key="python-conflict-save-as", on_click=ask, args=("python-save-as", draft.path))


def overwrite(home: Home, path: str, over: str | None) -> None:
    """Save over what was shown when the button was drawn, and over nothing newer; a callback of that button."""
    python_state.absorb()
    draft = python_state.drafts()[path]
    try:
        draft.saved(files.save(home, path, draft.text, over=over))
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        frame.keep_notice(f"{path} is saved")


def below(report: lint.Report, draft: Draft) -> None:
    """The marks in words, for those who do not see them in the editor."""
    counts = ((report.count("error"), "error", "bad"), (report.count("warning"), "warning", "warn"))
    found = [markup.chip(f"{count} {word}{'' if count == 1 else 's'}", "bad" if tone == "bad" else "warn")
             for count, word, tone in counts if count]  # fmt: skip
    state = "not saved" if draft.unsaved else "read only" if not draft.opened.writable else "saved"
    parts = [markup.chip(state, "warn" if draft.unsaved else "idle"), *found]
    parts += [markup.chip("no findings", "good")] if not report.findings and draft.path.endswith(".py") else []
    st.html(markup.tag("div", markup.join(*parts), "qs-editor-foot", role="status"))
    if report.incomplete:
        st.html(markup.notice("warn", markup.text(report.incomplete)))
    rows = [
        markup.tag("li", markup.join(
            markup.tag("code", markup.text(f"{each.line}:{each.column}")), markup.text(f" {each.message} "),
            markup.tag("small", markup.text(each.source), "qs-soft")
        ), f"qs-mark-{each.severity}")
        for each in report.findings[:_MOST_MARKS]
    ]  # fmt: skip
    if len(report.findings) > _MOST_MARKS:
        rows.append(markup.tag("li", markup.text(f"and {len(report.findings) - _MOST_MARKS} more")))
    if rows:
        st.html(markup.tag("ul", markup.join(*rows), "qs-findings"))


@st.fragment(run_every=_WATCH_SECONDS)
def watch(home: Home) -> None:
    """Notice what changes on disk, in another window, or in what runs."""
    draft = python_state.current()
    state = (
        draft.path if draft else "", python_state.disk_state(home, draft) if draft else "", hash(files_tree.tree(home)),
    )  # fmt: skip
    before = st.session_state.get(_SEEN)
    st.session_state[_SEEN] = state
    if before is not None and before != state and before[0] == state[0]:
        st.rerun()


def ask(kind: str, subject: str = "") -> None:
    """Open a dialog; what is in the editor is taken over first."""
    python_state.absorb()
    dialogs.ask(kind, subject)


def go(home: Home, path: str) -> None:
    """A file was clicked in the tree."""
    python_state.open_file(home, path)


def close(path: str) -> None:
    """Close a tab; one that is not saved is asked about."""
    python_state.absorb()
    draft = python_state.drafts().get(path)
    if draft is not None and draft.unsaved:
        dialogs.ask("python-close", path)
    else:
        python_state.close(path)


main(frame.home())
