"""What is open on the Python page: one draft a file, kept in the session, so that another page does not lose it."""

from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from components import frame, kept, markup
from quantstrip.editor import newest
from quantstrip.errors import FileError, QuantstripError
from quantstrip.home import Home
from quantstrip.operations import files
from quantstrip.operations.files import OpenFile

_OPEN: Final = "python-open"
_CURRENT: Final = "python-current"
_COUNT: Final = "python-count"


@dataclass
class Draft:
    """A file in the editor.

    Attributes:
        opened: the file that the text began with.
        text: what the editor holds.
        number: of this draft in its session; another draft of the same file has another editor.
        revision: grows when the text is replaced from outside.
        theirs: what the file is by now, where that is no longer ``opened`` and the text is not saved.
        gone: the file was deleted meanwhile.
        kept: the text that is kept for the next window; None while none is.
        brought: the text came from a window that is gone.

    """

    opened: OpenFile
    text: str
    number: int
    revision: int = 0
    line: int | None = None
    theirs: OpenFile | None = None
    gone: bool = False
    kept: str | None = None
    brought: bool = False

    @property
    def path(self) -> str:
        """The file's path."""
        return self.opened.path

    @property
    def key(self) -> str:
        """Of its editor; with the path, lest a browser that outlives its session put one file's text into another."""
        return f"python-editor-{self.number}-{self.path}"

    @property
    def unsaved(self) -> bool:
        """The text is not what the file held."""
        return self.text != self.opened.text

    @property
    def conflict(self) -> bool:
        """The file changed on disk, and the text here too."""
        return self.gone or self.theirs is not None

    def take(self, opened: OpenFile) -> None:
        """Show a file's text instead of this one."""
        self.opened, self.theirs, self.gone, self.brought = opened, None, False, False
        if self.text != opened.text:
            self.text = opened.text
            self.revision += 1

    def saved(self, opened: OpenFile) -> None:
        """The text is in the file now; the editor goes on with what it holds."""
        self.opened, self.theirs, self.gone, self.brought = opened, None, False, False


def drafts() -> dict[str, Draft]:
    """Every open file by path, in the order of the tabs."""
    found: dict[str, Draft] = st.session_state.setdefault(_OPEN, {})
    return found


def current() -> Draft | None:
    """The file that is shown."""
    return drafts().get(st.session_state.get(_CURRENT, ""))


def unsaved() -> list[str]:
    """Paths of files whose text is not saved."""
    return [path for path, draft in drafts().items() if draft.unsaved]


def chip(paths: list[str]) -> markup.Html:
    """How many texts are not saved; while it stands on a page, the browser asks before it throws them away."""
    return markup.tag("span", markup.chip(f"{len(paths)} not saved", "warn", title=", ".join(paths)), "qs-unsaved")


def remind() -> None:
    """On other pages: which files wait to be saved, with the way back."""
    absorb()
    paths = unsaved()
    if paths:
        with st.sidebar.container(key="python-unsaved"):
            st.html(chip(paths))
            frame.link("python", ", ".join(path.split("/")[-1] for path in paths), icon=":material/edit:")


def absorb() -> None:
    """Take over what the browser's editor holds, before anything is done with it; callbacks begin with this."""
    draft = current()
    if draft is not None:
        text = newest(draft.text, key=draft.key, revision=draft.revision).text
        if text != draft.text:
            draft.text, draft.line = text, None  # whoever types stays where they are
    for each in drafts().values():
        _keep(each)


def bring_back(home: Home) -> None:
    """Open what a window that is gone left unsaved, with its mark; nothing is written to a file."""
    front = st.session_state.get(_CURRENT, "")
    for left in kept.left_behind(home):
        if left.path.endswith((".py", ".sql")) and left.path not in drafts():
            try:
                opened = files.read(home, left.path)
            except FileError:  # deleted meanwhile: the text is all there is
                opened = OpenFile(left.path, "", left.digest, writable=True, client="")
            if opened.text == left.text:
                kept.settle(left.path)
                continue
            place(replace(opened, digest=left.digest))
            draft = drafts()[left.path]
            draft.text, draft.brought = left.text, True
            _keep(draft)
    if front:
        _front(front)


def _keep(draft: Draft) -> None:
    """Keep a text that is not saved, and forget it when it is."""
    if draft.unsaved and draft.kept != draft.text:
        kept.keep(draft.path, draft.text, draft.opened.digest)
        draft.kept = draft.text
    elif not draft.unsaved and draft.kept is not None:
        kept.settle(draft.path)
        draft.kept = None


def show(path: str) -> None:
    """Another tab comes to the front; a callback."""
    absorb()
    _front(path)


def open_file(home: Home, path: str, line: int | None = None) -> bool:
    """Open a file, or bring its tab to the front; what cannot be opened is said."""
    absorb()
    draft = drafts().get(path)
    try:
        if draft is None:
            place(files.read(home, path), line)
        else:
            draft.line = line or draft.line
            _front(path)
    except FileError as error:
        frame.keep_notice(str(error), failed=True)
        return False
    return True


def place(opened: OpenFile, line: int | None = None) -> None:
    """A file that was read or made gets a tab of its own, at the front."""
    number = st.session_state.get(_COUNT, 0) + 1
    st.session_state[_COUNT] = number
    drafts()[opened.path] = Draft(opened, opened.text, number, line=line)
    _front(opened.path)


def moved(path: str, opened: OpenFile) -> None:
    """A file has another name: its tab stays where it is, with the text that it holds."""
    draft = drafts().get(path)
    if draft is None:
        return
    kept.settle(path)
    text, draft.opened, draft.kept = draft.text, opened, None
    draft.text = text
    renamed = {opened.path if each == path else each: one for each, one in drafts().items()}
    st.session_state[_OPEN] = renamed
    _front(opened.path)


def close(path: str) -> None:
    """Close a tab, with what is not saved in it."""
    order = list(drafts())
    if drafts().pop(path, None) is not None:
        kept.settle(path)
    if st.session_state.get(_CURRENT) == path:
        left = list(drafts())
        _front(left[min(order.index(path), len(left) - 1)] if left else "")


def look_at_disk(home: Home, draft: Draft) -> None:
    """See whether the file is still what was opened: a text that nobody touched follows it, another one is asked about.

    A file that cannot be read any more is a conflict of its own: it is told when it is saved.
    """
    try:
        now = files.digest_now(home, draft.path)
        if now == draft.opened.digest:
            draft.theirs, draft.gone = None, False
        elif not now:
            draft.theirs, draft.gone = None, True
        elif draft.theirs is None or draft.theirs.digest != now:
            theirs = files.read(home, draft.path)
            if draft.unsaved and draft.text != theirs.text:
                draft.theirs, draft.gone = theirs, False
            else:
                draft.take(theirs)
                frame.keep_notice(f"{draft.path} was changed on disk and is shown as it is now")
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)


def disk_state(home: Home, draft: Draft) -> str:
    """What the file is on disk, for comparing two looks."""
    try:
        return files.digest_now(home, draft.path)
    except QuantstripError as error:
        return error.message


def save(home: Home, draft: Draft) -> bool:
    """Save the text; a file that changed meanwhile makes a conflict instead. True when it is saved."""
    if not draft.unsaved and not draft.conflict:
        return True
    look_at_disk(home, draft)
    if draft.conflict:
        frame.keep_notice(f"{draft.path} was changed meanwhile: choose what to do", failed=True)
        return False
    try:
        draft.saved(files.save(home, draft.path, draft.text, over=draft.opened.digest))
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
        return False
    return True


def _front(path: str) -> None:
    st.session_state[_CURRENT] = path
