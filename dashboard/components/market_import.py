"""Bars from a file: handed over or named, looked through, and kept once it is known what is in it."""

from contextlib import suppress
from typing import Any, Final

import streamlit as st

from components import frame, market_stored, markup, waiting
from components.markup import Column
from components.tiles import Tile, tiles
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.model import TIMEFRAMES
from quantstrip.operations import data_intake, tasks, uploads
from quantstrip.operations.data_intake import ENDINGS, KIND, Found
from quantstrip.operations.tasks import Task

_LOOK: Final = "market-look"
_KEEP: Final = "market-keep"
_WAYS: Final = ("Upload", "A file of this machine")
_NAMED: Final = 20
_PRICES: Final = {"not known": None, "adjusted": True, "as traded": False}
_DOUBLES: Final = {"first": "keep the first of each", "last": "keep the last of each"}
_CONFLICTS: Final = {"refuse": "choose", "keep": "keep the stored ones", "replace": "replace them by the new ones"}


def show(home: Home) -> None:
    """The file, what it is, what was found in it, and keeping it."""
    st.html(markup.tag("p", markup.text(
        "CSV or Parquet with time (start of the bar), open, high, low, close, volume; kline tables and MetaTrader's "
        "exports as they are. Nothing is kept before you have seen what was found."
    ), "qs-soft"))  # fmt: skip
    with st.container(border=True, key="market-file-of"):
        asked = _ask(home)
        if st.button("Look at it", icon=":material/search:", key="market-look-at", type="primary",
                     disabled=asked is None) and asked is not None:  # fmt: skip
            _look(home, *asked)
    if task := waiting.show(home, _LOOK, "The file cannot be taken in"):
        _report(home, task)
    if (kept := waiting.show(home, _KEEP, "Nothing was kept")) is not None:
        found = data_intake.found_by(kept)
        words = f"{found.symbol} {found.timeframe}: {found.added:,} bars added, {found.same:,} were there already."
        st.html(markup.notice("good", markup.text(words)))
        st.button("See them", icon=":material/candlestick_chart:", key="market-see", on_click=_see, args=(found,))


def _ask(home: Home) -> tuple[Any, dict[str, Any]] | None:
    """The file (handed over, or its path) and what it is; None while none is chosen."""
    way = st.segmented_control("From", _WAYS, default=_WAYS[0], required=True, key="market-way",
                               label_visibility="collapsed")  # fmt: skip
    given: Any
    if way == _WAYS[0]:
        given = st.file_uploader(
            "File", type=[ending.removeprefix(".") for ending in ENDINGS], key="market-upload",
            help="Up to 200 MB; larger ones are named as files of this machine.",
        )  # fmt: skip
    else:
        offered = data_intake.offered(home)
        given = st.selectbox(
            "File", list(offered), index=None, key="market-path", format_func=lambda path: offered.get(path, path),
            accept_new_options=True, placeholder="data/prices/AAPL.csv",
            help="Its path below the home. Listed are the files of data/bars, and the sample that ships.",
        )  # fmt: skip
    one, two = st.columns(2)
    symbol = one.text_input("Symbol", key="market-symbol", placeholder="as the file is called")
    timeframe = two.selectbox("Timeframe", ["", *TIMEFRAMES], key="market-timeframe",
                              format_func=lambda name: name or "as the bars tell")  # fmt: skip
    one, two = st.columns(2)  # row by row: on a phone they keep their order
    calendar = one.text_input("Calendar", "auto", key="market-calendar",
                              help="Whose sessions they follow: NYSE, 24/7, 24/5, any MIC. auto finds out, none takes "
                              "them as they are.")  # fmt: skip
    zone = two.text_input("Time zone", "UTC", key="market-zone",
                          help="Whose clock times show that name none, such as America/New_York.")  # fmt: skip
    adjusted = st.selectbox("Prices", list(_PRICES), key="market-prices",
                             help="Adjusted for splits or dividends? Kept with the bars, and never mixed.")  # fmt: skip
    if given is None:
        return None
    return given, {
        "symbol": symbol.strip() or None, "timeframe": timeframe or None, "zone": zone.strip() or "UTC",
        "calendar": None if calendar.strip().lower() in {"", "none"} else calendar.strip(),
        "adjusted": _PRICES[adjusted],
    }  # fmt: skip


def _look(home: Home, given: Any, asked: dict[str, Any]) -> None:
    """Have the file looked through by the worker."""
    _discard(home)
    waiting.drop(home, _KEEP)
    if isinstance(given, str):
        path = data_intake.inside(home, given)
    else:
        path = uploads.keep(home, given.name, given.getvalue(), ENDINGS)
    waiting.ask(home, _LOOK, KIND, {"file": str(path), "dry": True, **asked}, by="Market data")
    st.rerun()


def _report(home: Home, task: Task) -> None:
    """What was found, what is to be decided, and keeping it."""
    found = data_intake.found_by(task)
    frame.section(f"{found.symbol} {found.timeframe}", f"in {dict(task.result or {})['name']}, not kept yet")
    tiles([
        Tile("Bars", f"{found.bars:,}", note=f"of {found.rows:,} rows"),
        Tile("Span", found.first, note=f"to {found.last}"),
        Tile("Sessions", f"{found.expected - found.missing:,}" if found.calendar else markup.DASH,
             note=f"of {found.expected:,}, {found.calendar}" if found.calendar else "no calendar"),
        Tile("New", f"{found.added:,}", note=f"{found.same:,} are stored already"),
    ])  # fmt: skip
    if found.clean:
        st.html(markup.notice("good", markup.text("No gaps, no doubles, nothing looks wrong.")))
    else:
        columns = [Column("Found"), Column("Count", numeric=True), Column("Which")]
        st.html(markup.table(columns, _findings(found), label="What was found", none="Nothing"))
    choice = _decide(found)
    with st.container(horizontal=True, key="market-decide"):
        words = f"Keep {found.added:,} new bars" if found.added else "Keep"
        st.button(words, icon=":material/save:", key="market-keep-now", type="primary", disabled=choice is None,
                  on_click=_keep, args=(home, task, choice))  # fmt: skip
        st.button("Discard", key="market-discard", on_click=_discard, args=(home,))


def _findings(found: Found) -> list[tuple[str, str, str]]:
    more = found.missing - len(found.missing_sessions[:_NAMED])
    sessions = ", ".join(found.missing_sessions[:_NAMED]) + (f" and {more:,} more" if more else "")
    strange = "; ".join(f"{label}: {why}" for label, why in found.strange[:10])
    strange += f"; and {found.outliers - 10:,} more" if found.outliers > 10 else ""
    rows = [
        ("Sessions without a bar", found.missing, sessions),
        ("Bars missing inside sessions", found.missing_bars, "a quiet market has such holes"),
        ("Bars outside the sessions", found.outside, "no part of coarser bars"),
        ("The same bar twice", found.repeated, "one of each is kept"),
        ("A time twice, with other values", found.contradictory, "you choose which one counts"),
        ("Look wrong", found.outliers, strange),
        ("Differ from the stored ones", found.differing, "you choose which ones count"),
        ("Not sorted by time", int(found.reordered), "they are sorted"),
    ]
    return [(what, f"{count:,}", which) for what, count, which in rows if count]


def _decide(found: Found) -> dict[str, Any] | None:
    """What is done about what was found; None while something has to be decided."""
    choice: dict[str, Any] = {"gaps": "accept", "outliers": "accept", "duplicates": "first", "conflicts": "refuse"}
    fits = True
    if found.missing:
        fits = st.checkbox(f"Keep them although {found.missing:,} sessions are missing", key="market-gaps")
    if found.contradictory:
        choice["duplicates"] = st.selectbox("Times that are there twice", list(_DOUBLES), key="market-doubles",
                                            format_func=_DOUBLES.__getitem__, width=320)  # fmt: skip
    if found.differing:
        choice["conflicts"] = st.selectbox("Bars that differ from the stored ones", list(_CONFLICTS), width=320,
                                           key="market-conflicts", format_func=_CONFLICTS.__getitem__)  # fmt: skip
        fits = fits and choice["conflicts"] != "refuse"
    return choice if fits else None


def _keep(home: Home, task: Task, choice: dict[str, Any]) -> None:
    """Have what was looked through kept; a callback."""
    asked = {**task.arguments, **choice, "dry": False, "digest": str((task.result or {})["digest"])}
    waiting.drop(home, _LOOK)
    waiting.ask(home, _KEEP, KIND, asked, by="Market data")


def _discard(home: Home) -> None:
    """Forget what was looked through, and the file where it was handed over; a callback."""
    if (number := st.session_state.get(_LOOK)) is not None:
        with suppress(QuantstripError):  # somebody removed the task: what was handed over goes by itself
            uploads.drop(home, str(tasks.get(home, number).arguments["file"]))
    waiting.drop(home, _LOOK)


def _see(found: Found) -> None:
    """Go to the bars that were kept; a callback."""
    market_stored.see(found.symbol, found.timeframe)
    st.session_state["market-tabs"] = "Stored"
