"""A query's result: the grid, a chart in two clicks, and the file."""

from typing import Final

import pandas as pd
import streamlit as st

from components import frame, markup
from quantstrip.home import Home
from quantstrip.operations import sql
from quantstrip.operations.sql import Result

_VIEWS: Final = {"Table": ":material/table:", "Line": ":material/show_chart:", "Bars": ":material/bar_chart:"}
_CSV: Final = "sql-csv"
_HEIGHT: Final = 420


def show(home: Home, result: Result, text: str, values: dict[str, object], seconds: float) -> None:
    """What a query gave, as a table or a chart."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(about(result), width="content")
        view = st.segmented_control(
            "Show as", list(_VIEWS), default="Table", key="sql-view", required=True, label_visibility="collapsed",
            format_func=lambda name: f"{_VIEWS[name]} {name}", width="content",
        )  # fmt: skip
    if result.cut:
        st.html(markup.notice("warn", markup.text(_cut(result))))
    data = frame_of(result)
    if view == "Table" or not result.rows:
        with st.container(key="sql-grid"):
            st.dataframe(data, hide_index=True, width="stretch", height=_HEIGHT if len(data) > 10 else "auto")
    else:
        with st.container(key="sql-grid"):
            chart(data, lines=view == "Line")
    take(home, result, text, values, seconds)


def about(result: Result) -> markup.Html:
    """How many rows, and how long they took."""
    return markup.tag("div", markup.text(f"{summary(result)}. Times are the ledger's: UTC."), "qs-soft", role="status")


def summary(result: Result) -> str:
    """The same in words."""
    count = len(result.rows)
    return f"{'the first ' if result.cut else ''}{count:,} row{'' if count == 1 else 's'} in {result.seconds:.2f} s"


def frame_of(result: Result) -> pd.DataFrame:
    """The rows by column: whole numbers stay whole beside empty cells, and what is mixed becomes text."""
    names: list[str] = []
    for name in result.columns:
        label, number = name, 2
        while label in names:  # two columns of a join may have one name
            label, number = f"{name} ({number})", number + 1
        names.append(label)
    cells = zip(*result.rows, strict=True) if result.rows else ((),) * len(names)
    return pd.DataFrame(
        {name: _series([sql.shown(cell) for cell in column]) for name, column in zip(names, cells, strict=True)}
    )


def chart(data: pd.DataFrame, *, lines: bool) -> None:
    """Columns of the result against one of them; plain names, for a chart reads signs in them."""
    numeric = [name for name in data.columns if pd.api.types.is_numeric_dtype(data[name])]
    if not numeric:
        st.html(
            markup.notice("info", markup.text("No column of this result holds numbers, so there is nothing to draw."))
        )
        return
    one, two = st.columns([1, 2])
    labels = list(data.columns)
    if st.session_state.get("sql-x") not in labels:
        st.session_state.pop("sql-x", None)
    across = one.selectbox("Across", labels, key="sql-x")
    upright = [name for name in numeric if name != across] or numeric
    likely = [name for name in upright if not name.endswith("_id")] or upright
    st.session_state["sql-y"] = [name for name in st.session_state.get("sql-y", ()) if name in upright] or likely[-1:]
    chosen = two.multiselect("Upright", upright, key="sql-y")
    if not chosen:
        return
    drawn = pd.DataFrame({f"c{place}": data[name] for place, name in enumerate((across, *chosen))})
    drawn["c0"] = _across(drawn["c0"])
    keys = list(drawn.columns)
    if len(chosen) > 1:
        drawn = drawn.melt("c0", keys[1:], "series", "value")
        drawn["series"] = drawn["series"].map(dict(zip(keys[1:], chosen, strict=True)))
    upright_key, colour = ("value", "series") if len(chosen) > 1 else ("c1", None)
    draw = st.line_chart if lines else st.bar_chart
    draw(drawn, x="c0", y=upright_key, color=colour, x_label=across, y_label=chosen[0] if len(chosen) == 1 else "",
         height=_HEIGHT)  # fmt: skip


def take(home: Home, result: Result, text: str, values: dict[str, object], seconds: float) -> None:
    """The result as a CSV file: what was read, or all of it where it was cut."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if not result.cut:
            st.download_button(
                "CSV", lambda: sql.csv_of(result).data, "query.csv", "text/csv", icon=":material/download:",
                on_click="ignore", key="sql-take",
            )  # fmt: skip
            return
        if st.button("CSV of the whole result", icon=":material/download:", key="sql-csv-all"):
            with st.spinner("Reading every row..."), frame.boundary():
                st.session_state[_CSV] = (result, sql.whole_csv(home, text, values, seconds=seconds))
        made, file = st.session_state.get(_CSV, (None, None))
        if made is not result or file is None:
            return
        size = f"{file.rows:,} rows, {len(file.data) / 1e6:,.1f} MB"
        st.download_button(
            f"Save {size}",
            lambda: file.data,
            "query.csv",
            "text/csv",
            on_click="ignore",
            key="sql-take",
            type="primary",
        )
    if file.cut:
        most = f"{sql.MOST_BYTES / 1e6:.0f} MB"
        words = f"The file ends after {size}: it holds no more than {most}. Narrow the query for the rest."
        st.html(markup.notice("warn", markup.text(words)))


def forget() -> None:
    """Another query runs: the last one's file is no longer wanted."""
    st.session_state.pop(_CSV, None)


def _cut(result: Result) -> str:
    most = f"{len(result.rows):,} rows" if result.cut == "rows" else f"{sql.MOST_BYTES / 1e6:.0f} MB"
    return f"There is more: at most {most} are read here. Let the query sum and sort, or take the whole result as CSV."


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
