"""A query's result: the grid page by page, a chart in two clicks, and the file."""

from typing import Final

import pandas as pd
import streamlit as st

from components import frame, markup, sql_files
from quantstrip.home import Home
from quantstrip.operations import sql, sql_store
from quantstrip.operations.sql import Result
from quantstrip.operations.sql_runs import Run
from quantstrip.operations.sql_store import Store

PAGE_ROWS: Final = 1_000
_VIEWS: Final = {
    "Table": ":material/table:", "Line": ":material/show_chart:", "Bars": ":material/bar_chart:",
    "Points": ":material/scatter_plot:",
}  # fmt: skip
_POINTS: Final = 5_000
"""Points of a drawing at most: more than a screen has columns."""
_HEIGHT: Final = 420
_KEYS: Final = ("sql-order", "sql-descending", "sql-find", "sql-page")


def show(home: Home, run: Run) -> None:
    """What a query gave, as a table or a chart."""
    store = run.store
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        words = f"{summary(run)}. Times are the ledger's: UTC."
        st.html(markup.tag("div", markup.text(words), "qs-soft", role="status"), width="content")
        view = st.segmented_control(
            "Show as", list(_VIEWS), default="Table", key="sql-view", required=True, label_visibility="collapsed",
            format_func=lambda name: f"{_VIEWS[name]} {name}", width="content",
        )  # fmt: skip
    if store.cut:
        st.html(markup.notice("warn", markup.text(_cut(store))))
    with frame.boundary():
        if view == "Table" or not store.rows:
            table(store)
        else:
            chart(store, kind=str(view))
    sql_files.take(home, run)


def forget() -> None:
    """Another query comes: its pages begin anew."""
    for key in _KEYS:
        st.session_state.pop(key, None)
    sql_files.forget()


def summary(run: Run) -> str:
    """How many rows, and how long they took."""
    count = run.store.rows
    return f"{'the first ' if run.store.cut else ''}{count:,} row{'' if count == 1 else 's'} in {run.seconds:.2f} s"


def table(store: Store) -> None:
    """One page of the rows; where there are more, they are sorted and searched in the store, not in the browser."""
    if store.rows <= PAGE_ROWS:
        data = frame_of(store.page(sql_store.Wanted(), 0, PAGE_ROWS))
        _grid(data)
        return
    labels = sql.labels(store.columns)
    with st.container(horizontal=True, vertical_alignment="bottom", key="sql-pager"):
        order = st.selectbox("Sort by", [None, *range(len(labels))], key="sql-order", width=190,
                             format_func=lambda each: "as it came" if each is None else labels[each])  # fmt: skip
        descending = st.toggle("Largest first", key="sql-descending", disabled=order is None)
        find = st.text_input("Rows that contain", key="sql-find", width=190, placeholder="text in any column")
        wanted = sql_store.Wanted(order, descending, find.strip())
        count = store.count(wanted)
        pages = max(1, -(-count // PAGE_ROWS))
        if st.session_state.get("sql-page", 1) > pages:
            st.session_state["sql-page"] = 1
        page = int(st.number_input(f"Page of {pages:,}", 1, pages, key="sql-page", width=150))
    first = (page - 1) * PAGE_ROWS
    found = store.page(wanted, first, PAGE_ROWS)
    last = first + len(found.rows)
    of = f" of {count:,}" if not wanted.find else f" of {count:,} that contain it, {store.rows:,} in all"
    st.html(markup.tag("div", markup.text(f"Rows {min(first + 1, last):,} to {last:,}{of}"), "qs-soft"))
    _grid(frame_of(found))


def frame_of(result: Result) -> pd.DataFrame:
    """The rows by column: whole numbers stay whole beside empty cells, and what is mixed becomes text."""
    names = sql.labels(result.columns)
    cells = zip(*result.rows, strict=True) if result.rows else ((),) * len(names)
    return pd.DataFrame(
        {name: _series([sql.shown(cell) for cell in column]) for name, column in zip(names, cells, strict=True)}
    )


def chart(store: Store, *, kind: str) -> None:
    """Columns of the result against one of them; plain names, for a chart reads signs in them."""
    head = frame_of(store.page(sql_store.Wanted(), 0, PAGE_ROWS))
    numeric = [name for name in head.columns if pd.api.types.is_numeric_dtype(head[name])]
    if not numeric:
        st.html(
            markup.notice("info", markup.text("No column of this result holds numbers, so there is nothing to draw."))
        )
        return
    labels = list(head.columns)
    across, chosen = _axes(labels, numeric)
    if not chosen:
        return
    sampled = store.sample([labels.index(name) for name in (across, *chosen)], _POINTS)
    drawn = frame_of(Result(tuple(f"c{place}" for place in range(len(chosen) + 1)), sampled.rows, "", 0.0))
    drawn["c0"] = _across(drawn["c0"])
    keys = list(drawn.columns)
    if len(chosen) > 1:
        drawn = drawn.melt("c0", keys[1:], "series", "value")
        drawn["series"] = drawn["series"].map(dict(zip(keys[1:], chosen, strict=True)))
    upright_key, colour = ("value", "series") if len(chosen) > 1 else ("c1", None)
    draw = {"Line": st.line_chart, "Bars": st.bar_chart, "Points": st.scatter_chart}[kind]
    with st.container(key="sql-grid"):
        draw(drawn, x="c0", y=upright_key, color=colour, x_label=across, y_label=chosen[0] if len(chosen) == 1 else "",
             height=_HEIGHT)  # fmt: skip
    if sampled.cut:
        words = f"Drawn from {len(sampled.rows):,} of {store.rows:,} rows, evenly chosen."
        st.html(markup.tag("div", markup.text(words), "qs-soft"))


def _axes(labels: list[str], numeric: list[str]) -> tuple[str, list[str]]:
    """What lies across, and what stands upright."""
    one, two = st.columns([1, 2])
    if st.session_state.get("sql-x") not in labels:
        st.session_state.pop("sql-x", None)
    across = one.selectbox("Across", labels, key="sql-x")
    upright = [name for name in numeric if name != across] or numeric
    likely = [name for name in upright if not name.endswith("_id")] or upright
    st.session_state["sql-y"] = [name for name in st.session_state.get("sql-y", ()) if name in upright] or likely[-1:]
    return across, two.multiselect("Upright", upright, key="sql-y")


def _grid(data: pd.DataFrame) -> None:
    with st.container(key="sql-grid"):
        st.dataframe(data, hide_index=True, width="stretch", height=_HEIGHT if len(data) > 10 else "auto")


def _cut(store: Store) -> str:
    if store.cut == "stopped":
        return "The query was stopped: these are the rows that had come by then."
    most = (
        f"{store.rows:,} rows" if store.cut == "rows" else f"{store.rows:,} rows, which fill the room for one result,"
    )
    return (
        f"There is more: at most {most} are read here. Let the query sum and sort, or take the whole result as a file."
    )


def _series(cells: list[object]) -> pd.Series:
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds == {int}:
        return pd.Series(cells, dtype="Int64")
    if kinds <= {int, float} and kinds:
        return pd.Series(cells, dtype="float64")
    return pd.Series([cell if cell is None else str(cell) for cell in cells], dtype="object")


def _across(column: pd.Series) -> pd.Series:
    """Dates and times as such, so that a chart spaces them by time."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    known = column.dropna().astype(str)
    if len(known) and known.str.match(r"\d{4}-\d\d-\d\d").all():
        return pd.to_datetime(column, errors="coerce", format="ISO8601")
    return column
