"""What the bar store holds: a row for each symbol and timeframe, where runs look for bars, and what can be done."""

from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import client_grid, dialogs, empty, frame, later, market_look, markup, roles, waiting
from quantstrip.bars import About, label_text
from quantstrip.errors import DataError
from quantstrip.home import Home
from quantstrip.operations import data, data_sources, data_tasks
from quantstrip.operations.data_tasks import Looked
from quantstrip.redaction import scrub

PAGE: Final = "market"
_CHECK: Final = "market-check"
_FEW: Final = 20_000
"""Bars of a series whose gaps are looked for by the page; longer ones are looked through by the worker."""
_MOST_LOOKED: Final = 60
_FILTERED: Final = 12
_WORDS: Final = {"store": "the store", "folder": "files in {folder}", "download": "feeds: {feeds}"}
Listed = list[tuple[About, str]]


def listed(home: Home) -> Listed:
    """What is stored, with what keeps a series from being read."""
    return _listed(str(home.root), data.stamp(home), home)


@st.cache_data(max_entries=4, show_spinner=False)
def _listed(root: str, stamp: str, _home: Home) -> Listed:  # noqa: ARG001 - another stamp is another list
    return data.listed(_home)


def show(home: Home, found: Listed) -> None:
    """The list, and a look at the series that is picked."""
    _places(home)
    if not found:
        st.html(empty.no_bars())
        return
    if not later.drawn(PAGE):
        later.waits("The list comes in a moment.", 480)
        return
    shown = found
    if len(found) > _FILTERED:
        part = st.text_input("Symbols that contain", key="market-part", icon=":material/search:").strip().lower()
        shown = [each for each in found if part in each[0].symbol.lower()]
    _check(home)
    if not shown:
        st.html(markup.notice("info", markup.text("No stored symbol is called so.")))
        return
    _grid(home, shown)
    chosen = _picked(found)
    if chosen is None:
        st.html(markup.tag("p", markup.text("Pick a row to look at its bars, export or delete them."), "qs-soft"))
    else:
        market_look.show(home, *chosen)


def delete(home: Home, subject: str) -> None:
    """Ask, then forget a series."""
    roles.require("operator")
    timeframe, _, symbol = subject.partition(" ")
    st.text(
        f"Delete the stored {timeframe} bars of {symbol}? They cannot be brought back, but imported or downloaded anew."
    )
    if dialogs.buttons("Delete", key="market-delete-now", danger=True):
        data.delete(home, symbol, timeframe)
        st.query_params.clear()
        dialogs.done(f"The {timeframe} bars of {symbol} are deleted")


def see(symbol: str, timeframe: str) -> None:
    """Pick a series in the address."""
    st.query_params.update({"symbol": symbol, "timeframe": timeframe})


def _places(home: Home) -> None:
    """Where runs look for bars, as the settings say."""
    said = data_sources.places(home)
    feeds = ", ".join(said.feeds) or "none, so nothing is fetched unasked"
    inside = said.folder.is_relative_to(home.root)
    folder = f"{said.folder.relative_to(home.root)} of this home" if inside else str(said.folder)
    order = ", then ".join(_WORDS[name].format(folder=folder, feeds=feeds) for name in said.order)
    with st.container(horizontal=True, vertical_alignment="center", key="market-places"):
        st.html(markup.tag("span", markup.text(
            f"Runs look for bars in {order}. Bars are invented only where a run names synthetic."
        ), "qs-soft"))  # fmt: skip
        if roles.may("admin"):
            frame.link("settings", "Change the order", icon=":material/tune:", folder="data")


def _check(home: Home) -> None:
    """Have all of it looked through."""
    if roles.may("operator"):
        st.button("Look all through", icon=":material/troubleshoot:", key="market-check-all",
                  help="Damaged files, gaps and bars that look wrong, of every series", on_click=waiting.ask,
                  args=(home, _CHECK, data_tasks.CHECK, {}), kwargs={"by": "Market data"})  # fmt: skip
    if task := waiting.show(home, _CHECK, "The store was not looked through"):
        told = dict(task.result or {})
        whole, every, damaged = told["whole"], told["series"], told["damaged"]
        words = f"{whole} of {every} series are whole, {damaged} damaged; the column Gaps says what was found."
        st.html(markup.notice("bad" if damaged else "good" if whole == every else "warn", markup.text(words)))


def _grid(home: Home, shown: Listed) -> None:
    names = tuple((about.symbol, about.timeframe) for about, _ in shown)
    key = f"market-{hash(names)}"
    chosen = _picked(shown)
    st.container(key="market-grid").dataframe(
        table(home, shown, data_tasks.looked(home)),
        hide_index=True, width="stretch", height=client_grid.height(len(shown)), key=key,
        on_select=partial(_pick, key, names), selection_mode=["single-row", "single-cell"],
        selection_default={"selection": {"rows": [names.index((chosen[0].symbol, chosen[0].timeframe))]}}
        if chosen else None,
        column_config={"Symbol": st.column_config.TextColumn(pinned=True),
                       "Bars": st.column_config.NumberColumn(format="localized")},
        placeholder="\N{EN DASH}", alt="Stored bars",
    )  # fmt: skip


def table(home: Home, shown: Listed, looked: dict[tuple[str, str], Looked]) -> pd.DataFrame:
    """One row a series; labels are UTC."""
    budget = _MOST_LOOKED
    gaps = []
    for about, wrong in shown:
        known = looked.get((about.symbol, about.timeframe))
        if wrong:
            gaps.append(f"cannot be read: {scrub(wrong)}")
        elif known is not None and (known.hash, known.bars) == (about.hash, about.rows):
            gaps.append(scrub("; ".join(known.words)) or "whole")
        elif about.rows <= _FEW and budget > 0:
            budget -= 1
            gaps.append(_gaps(home, about) or "none")
        else:
            gaps.append("not looked for")
    return pd.DataFrame({
        "Symbol": [scrub(about.symbol) for about, _ in shown],
        "Timeframe": [about.timeframe for about, _ in shown],
        "Bars": pd.array([about.rows or None for about, _ in shown], dtype="Int64"),
        "First (UTC)": [_label(about, about.first) for about, _ in shown],
        "Last (UTC)": [_label(about, about.last) for about, _ in shown],
        "Calendar": [about.calendar or "none" for about, _ in shown],
        "Prices": [prices(about) for about, _ in shown],
        "Source": [scrub(", ".join(about.sources)) for about, _ in shown],
        "Gaps": gaps,
    })  # fmt: skip


def prices(about: About) -> str:
    """Whether they were adjusted."""
    return {None: "not known", True: "adjusted", False: "as traded"}[about.adjusted]


def _label(about: About, moment: int) -> str:
    return label_text(about.timeframe, moment) if about.rows else ""


def _gaps(home: Home, about: About) -> str:
    try:
        return _gaps_of(str(home.root), about.symbol, about.timeframe, about.hash, about.rows, home)
    except DataError as error:
        return scrub(error.message)


@st.cache_data(max_entries=512, show_spinner=False)
def _gaps_of(root: str, symbol: str, timeframe: str, hashed: str, rows: int, _home: Home) -> str:  # noqa: ARG001
    return data.gaps(_home, symbol, timeframe)


def _picked(found: Listed) -> tuple[About, str] | None:
    """The series that the address names; the one there is where it is the only one."""
    if len(found) == 1:
        return found[0]
    wanted = (st.query_params.get("symbol"), st.query_params.get("timeframe"))
    return next((each for each in found if (each[0].symbol, each[0].timeframe) == wanted), None)


def _pick(key: str, names: tuple[tuple[str, str], ...]) -> None:
    """Keep in the address which series was clicked; a callback."""
    said: dict[str, Any] = st.session_state[key]["selection"]
    places = [*said["rows"], *(cell[0] for cell in said["cells"])]
    if places and places[0] < len(names):
        see(*names[places[0]])
    else:
        for name in ("symbol", "timeframe"):
            st.query_params.pop(name, None)
