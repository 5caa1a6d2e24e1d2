"""Logging: any stream, as it grows or where one jumps to."""

from typing import Final

import streamlit as st

from components import empty, frame, log_view, markup, times
from components.log_view import View
from quantstrip.home import Home
from quantstrip.operations import logs
from quantstrip.operations.logs import Stream, Wanted

REFRESH_SECONDS: Final = 1
_STREAM: Final = "stream"
_CHOICE: Final = "log-stream"
_VIEW: Final = "log-view"
_LEVELS: Final = ("", "DEBUG", "INFO", "WARNING", "ERROR")


def main(home: Home) -> None:
    """Show the page."""
    with frame.boundary():
        frame.title("Logging")
        frame.say_notice()
        known = {stream.name: stream for stream in logs.streams(home)}
        if not known:
            empty.no_logs(home)
            return
        stream, wanted = choose(known)
        view = view_of(stream.name, wanted)
        move(home, view)
        # The frame of the fragment decides whether it runs by itself: a page that stands still costs nothing.
        st.fragment(show, run_every=REFRESH_SECONDS if view.live else None)(home, view)
        take(home, stream, view)


def choose(known: dict[str, Stream]) -> tuple[Stream, Wanted]:
    """Which stream, from which level on, with which words."""
    asked = st.query_params.get(_STREAM, "")
    st.session_state[_CHOICE] = asked if asked in known else next(iter(known))
    one, two, three = st.columns([1.2, 1, 1.8])
    name = one.selectbox("Log", list(known), key=_CHOICE, on_change=_open, format_func=lambda name: _label(known, name))
    level = two.selectbox(
        "Level", _LEVELS, key="log-level", format_func=lambda level: f"{level} and above" if level else "All"
    )
    words = three.text_input(
        "Text", key="log-words", placeholder="Only entries with this text", icon=":material/search:"
    )
    return known[name], Wanted(level, words)


def view_of(stream: str, wanted: Wanted) -> View:
    """What this window shows; another stream or filter begins anew at the end."""
    view: View | None = st.session_state.get(_VIEW)
    if view is None or (view.stream, view.wanted) != (stream, wanted):
        view = st.session_state[_VIEW] = View(stream, wanted)
    return view


def move(home: Home, view: View) -> None:
    """Older and newer pages, a jump to a moment, and back to what comes in."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="log-move"):
        moment = st.datetime_input(
            f"Jump to ({times.zone_name()})", value=None, step=60, key="log-moment", format="YYYY-MM-DD", width=230
        )
        if st.button("Jump", key="log-jump", disabled=moment is None) and moment is not None:
            if not view.jump(home, times.from_here(moment)):
                view.to_end()
                frame.keep_notice("Nothing is as new as that: these are the newest entries")
            st.rerun()
        st.button("Older", icon=":material/arrow_back:", key="log-older", on_click=view.older, args=(home,))
        st.button(
            "Newer",
            icon=":material/arrow_forward:",
            key="log-newer",
            on_click=view.newer,
            args=(home,),
            disabled=view.live,
        )
        if view.live:
            st.button("Pause", icon=":material/pause:", key="log-pause", on_click=_pause, args=(view,))
        else:
            st.button("Live", icon=":material/play_arrow:", key="log-live", on_click=view.to_end, type="primary")


def show(home: Home, view: View) -> None:
    """The entries."""
    with frame.boundary(), st.container(key="log-shown"):
        view.read(home)
        page = view.page
        if page.gone:
            st.html(markup.notice("info", markup.text("These entries were removed, for the log was full or old.")))
            return
        state = markup.state("live", "good") if view.live else markup.state("standing still", "idle")
        about = [part for part in (f"{len(page.entries)} entries", log_view.span(page.entries)) if part]
        st.html(markup.tag("div", markup.join(state, markup.text(" " + ", ".join(about))), "qs-soft"))
        none = "Nothing was logged yet."
        if view.wanted != Wanted():
            none = "No such entry here." + (" Older ones were not searched yet: press Older." if page.older else "")
        st.html(log_view.entries(page.entries, from_top=view.from_top, none=none))


def take(home: Home, stream: Stream, view: View) -> None:
    """Downloads: what is shown, or a whole file."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="log-take"):
        st.download_button(
            "What is shown",
            lambda: logs.text_of(view.page.entries, times.zone()),
            f"{stream.name}-shown.log",
            "text/plain",
            icon=":material/download:",
            on_click="ignore",
            key="log-take-shown",
        )
        files = {each.path.name: each.size for each in logs.files(home, stream.name)}
        if not files:
            return
        name = st.selectbox(
            "File",
            list(files),
            key=f"log-file-{stream.name}",
            format_func=lambda name: f"{name} ({_size(files.get(name, 0))})",
            width=330,
        )
        st.download_button(
            "Download the file",
            lambda: logs.download(home, stream.name, name),
            name,
            "text/plain",
            icon=":material/download:",
            on_click="ignore",
            key="log-take-file",
        )


def _label(known: dict[str, Stream], name: str) -> str:
    stream = known.get(name)
    return f"{name}: {stream.about}" if stream and stream.about else name


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def _open() -> None:
    st.query_params[_STREAM] = st.session_state[_CHOICE]


def _pause(view: View) -> None:
    view.live = False


main(frame.home())
