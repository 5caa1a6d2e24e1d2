"""What every page shares: the look, the home it shows, the sidebar's foot, and errors as readable messages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from components import markup, roles, times
from quantstrip import __version__
from quantstrip.errors import QuantstripError
from quantstrip.home import Home, asset, find_home
from quantstrip.log import logger
from quantstrip.operations import ledger

ICON = str(asset("dashboard") / "icon.svg")
_NOTICE = "notice"
_TITLED = "titled-"
_TOLD = "told"
_LOGO = str(asset("dashboard") / "logo.svg")


def home() -> Home:
    """The home this server shows."""
    return find_home()


def style() -> None:
    """Load the style sheet and the logo."""
    st.html(asset("dashboard") / "style.css")
    st.logo(_LOGO, icon_image=ICON, size="large")


def sidebar() -> None:
    """The sidebar's foot: who looks, which home, which zone, which version."""
    root, who = str(home().root), roles.identity()
    st.sidebar.html(
        markup.tag(
            "div",
            markup.facts(
                [
                    ("You", f"{who.name}, {who.role}"),
                    ("Home", root),
                    ("Times in", times.zone_name()),
                    ("Version", __version__),
                ]
            ),
            "qs-foot",
        )
    )
    st.sidebar.button("Log out", icon=":material/logout:", key="log-out", type="tertiary", on_click=st.logout)


def title(text: str, *chips: markup.Html) -> None:
    """A page's heading, with chips beside it."""
    st.html(_title(text, *chips))


def early_title(home: Home, text: str) -> Callable[..., object]:
    """Show a page's heading in a session's first run before anything is read; what comes back draws it with its chips.

    A later run draws it once, with them, so that nothing that stands on the screen goes for a moment.

    Raises:
        LedgerError: the ledger is missing, or another program keeps it locked; the heading is shown.

    """
    if st.session_state.get(_TITLED + text):
        title_where_silent(home, text)
        return partial(title, text)
    st.session_state[_TITLED + text] = True
    place = st.empty()
    place.html(_title(text))
    ledger.check_readable(home)
    return lambda *chips: place.html(_title(text, *chips))


def _title(text: str, *chips: markup.Html) -> markup.Html:
    return markup.tag("div", markup.join(markup.tag("h1", markup.text(text)), *chips), "qs-title")


def title_where_silent(home: Home, text: str) -> None:
    """Show the heading alone where the ledger does not answer, and raise what says why.

    Raises:
        LedgerError: it is missing, or another program keeps it locked.

    """
    try:
        ledger.check_readable(home)
    except QuantstripError:
        title(text)
        raise


def ledger_answers(home: Home) -> bool:
    """Say why where the ledger does not answer, on a page that has something to show without it; True where it does."""
    try:
        ledger.check_readable(home)
    except QuantstripError as error:
        problem(error)
        return False
    return True


def section(words: str, note: str = "") -> None:
    """A heading within a page; ``note`` stands small beside it."""
    small = markup.tag("small", markup.text(f" {note}")) if note else markup.EMPTY
    st.html(markup.tag("h2", markup.join(markup.text(words), small), "qs-section"))


def link(page: str, label: str, *, icon: str | None = None, **query: str) -> None:
    """A link to another page of the dashboard; it loads nothing anew, so that what is unsaved elsewhere stays."""
    try:
        st.page_link(f"screens/{page}.py", label=markup.plain(label), icon=icon, query_params=query)
    except StreamlitPageNotFoundError:  # the page is run alone, without the navigation
        st.html(markup.text(label))


def keep_notice(words: str, *, failed: bool = False) -> None:
    """Keep what an action had to say until ``say_notice`` shows it, in this or a later run of the page."""
    st.session_state[_NOTICE] = (words, failed)


def say_notice() -> None:
    """Show what the last action had to say."""
    words, failed = st.session_state.pop(_NOTICE, ("", False))
    if failed:
        st.toast(markup.plain(words), icon=":material/error:", duration="long")
    elif words:
        st.toast(markup.plain(words), icon=":material/check_circle:")


@contextmanager
def boundary() -> Iterator[None]:
    """Turn an error raised on purpose into a message that says what to do; the log keeps the trace.

    Each fragment needs its own: a fragment that runs alone is not called through the page.
    """
    try:
        yield
    except QuantstripError as error:
        if st.session_state.get(_TOLD) != error.message:  # a page that updates by itself meets the same error again
            logger.opt(exception=error).warning("shown on a page: {}", error.message)
        st.session_state[_TOLD] = error.message
        problem(error)
    else:
        st.session_state.pop(_TOLD, None)


def problem(error: QuantstripError) -> None:
    """Show what went wrong and what to do."""
    hint = markup.tag("div", markup.text(error.hint), "qs-hint") if error.hint else markup.EMPTY
    st.html(markup.notice("bad", markup.join(markup.tag("strong", markup.text(error.message)), hint)))
