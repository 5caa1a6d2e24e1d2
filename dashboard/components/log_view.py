"""Entries of a log, and what a window keeps of the part it shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import streamlit as st

from components import markup, times
from components.markup import Html
from quantstrip.home import Home
from quantstrip.operations import logs
from quantstrip.operations.logs import Entry, Page, Place, Wanted

MOST: Final = 200
_FOLLOWED: Final = "log-followed"
_CARE: Final = {"WARNING": "qs-log-warn", "ERROR": "qs-down", "CRITICAL": "qs-down"}


@dataclass
class View:
    """What one window shows of one stream: the newest entries, kept up to date, or a page that stands still.

    Attributes:
        from_top: the page was turned to from what is older, so it is read from its top.

    """

    stream: str
    wanted: Wanted
    live: bool = True
    from_top: bool = False
    page: Page = field(default_factory=Page)
    asked: bool = False

    def read(self, home: Home) -> None:
        """Bring the newest entries up to date; a page that stands still stays as it is."""
        if not self.live:
            return
        last = self.page.last
        if not self.asked or last is None:
            self.page = self._search_back(home, None)
        else:
            self._follow(home, last)
        self.asked = True

    def older(self, home: Home) -> None:
        """The page before this one."""
        if self.page.older is not None:
            self.live, self.from_top, self.page = False, False, self._search_back(home, self.page.older)

    def newer(self, home: Home) -> None:
        """The page after this one; after the last one it is live again."""
        if self.page.newer is None:
            self.to_end()
            return
        self.from_top, self.page = True, logs.since(home, self.stream, self.page.newer, self.wanted, MOST)
        if self.page.gone:
            self.to_end()

    def jump(self, home: Home, moment: int) -> bool:
        """The page that begins at a moment; False where nothing is as new as that."""
        place = logs.place_at(home, self.stream, moment)
        if place is None:
            return False
        self.live, self.from_top = False, True
        self.page = logs.since(home, self.stream, place, self.wanted, MOST)
        return True

    def to_end(self) -> None:
        """Show the newest entries again."""
        self.live, self.asked, self.from_top, self.page = True, False, False, Page()

    def _search_back(self, home: Home, place: Place | None) -> Page:
        return logs.before(home, self.stream, place, self.wanted, MOST)

    def _follow(self, home: Home, last: Place) -> None:
        """What came since the newest entry, which may have grown meanwhile."""
        came = logs.since(home, self.stream, last, self.wanted, MOST)
        if came.gone or came.newer is not None:  # put away by now, or so much that the page is another one
            self.page = self._search_back(home, None)
            return
        kept = {entry.place: entry for entry in self.page.entries} | {entry.place: entry for entry in came.entries}
        entries = list(kept.values())[-MOST:]
        older = entries[0].place if len(kept) > MOST else self.page.older
        self.page = Page(entries, older, None, came.last)


def follow(home: Home, stream: str) -> None:
    """The newest entries of a stream, brought up to date each time; they say from when to when, and in which zone."""
    view: View | None = st.session_state.get(_FOLLOWED)
    if view is None or view.stream != stream:
        view = st.session_state[_FOLLOWED] = View(stream, Wanted())
    view.read(home)
    st.html(markup.tag("div", markup.text(span(view.page.entries) or f"times in {times.zone_name()}"), "qs-soft"))
    st.html(entries(view.page.entries, from_top=False, none="Nothing was logged yet."))


def entries(shown: Sequence[Entry], *, from_top: bool, none: str) -> Html:
    """Entries below each other: the newest one in view, or the first one where a page was turned to."""
    lines = markup.join(*map(_entry, shown)) if shown else markup.text(none)
    css = "qs-log qs-log-page" if from_top else "qs-log"
    return markup.tag("div", markup.tag("pre", lines), css, role="log", aria_label="Log", aria_live="off", tabindex="0")


def span(shown: Sequence[Entry]) -> str:
    """From when to when the entries are, in the user's zone."""
    moments = [entry.when for entry in shown if entry.when]
    return f"{times.moment(moments[0])} to {times.moment(moments[-1])}" if moments else ""


def _entry(entry: Entry) -> Html:
    care = _CARE.get(entry.level, "")
    cut = f"\N{HORIZONTAL ELLIPSIS} {entry.left_out:,} more characters: download the file" if entry.left_out else ""
    text = markup.text(f"{entry.text}{cut}\n")
    if not entry.when:
        return markup.tag("span", text)
    head = markup.join(
        markup.tag("span", markup.text(f"{times.second(entry.when)} "), "qs-log-when"),
        markup.tag("b", markup.text(f"{entry.level:<8}"), f"qs-log-level {care}".strip()),
        markup.tag("span", markup.text(f"{entry.module} " if entry.module else ""), "qs-log-when"),
    )
    return markup.tag("span", markup.join(head, text), care)
