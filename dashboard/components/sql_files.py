"""A result as a file: what was read at a click, or all of it by a task."""

from typing import Final

import streamlit as st

from components import frame, markup, output, service_state
from quantstrip.home import Home
from quantstrip.operations import sql_export, tasks
from quantstrip.operations.sql_forms import FORMS, Form
from quantstrip.operations.sql_runs import Run

AT_ONCE_ROWS: Final = 50_000
_TASK: Final = "sql-export-task"
_LABELS: Final[dict[Form, str]] = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet"}


def take(home: Home, run: Run) -> None:
    """The result as a file: what was read, or all of it where there is more."""
    if not run.store.cut and run.store.rows <= AT_ONCE_ROWS:
        with st.container(horizontal=True, vertical_alignment="center", key="sql-take-bar"):
            for form in FORMS:
                _button(run, form)
        return
    service_state.needed(home, "worker", "so the whole result cannot be written to a file")
    with st.container(horizontal=True, vertical_alignment="bottom", key="sql-take-bar"):
        form = st.selectbox("File", FORMS, key="sql-form", format_func=lambda each: _LABELS[each], width=130)
        if st.button("Write the whole result", icon=":material/download:", key="sql-export"):
            with frame.boundary():
                given = {"text": run.text, "values": run.values, "form": form}
                st.session_state[_TASK] = tasks.submit(home, "sql_export", given, by="SQL page").task_id
    if _TASK in st.session_state:
        _written(home, st.session_state[_TASK])


def _button(run: Run, form: Form) -> None:
    st.download_button(
        _LABELS[form], lambda: sql_export.data_of(run.store, form), f"query.{form}", sql_export.MEDIA[form],
        icon=":material/download:", on_click="ignore", key=f"sql-take-{form}",
    )  # fmt: skip


def forget() -> None:
    """Another query comes: the last one's file is no longer wanted here."""
    st.session_state.pop(_TASK, None)


def _written(home: Home, task_id: int) -> None:
    task = tasks.get(home, task_id)
    output.follow(home, task, "The whole result as a file")
    if task.state != "done" or task.result is None:
        return
    rows, size = int(task.result["rows"]), int(task.result["bytes"])
    words = f"{rows:,} rows, {size / 1e6:,.1f} MB, on this machine: {task.result['path']}"
    st.html(markup.notice("good", markup.text(words)))
    if task.result["cut"]:
        st.html(markup.notice("warn", markup.text("A sheet holds no more rows: take CSV or Parquet for all of them.")))
    if size <= sql_export.MOST_DOWNLOAD:
        form: Form = task.arguments["form"]
        st.download_button(
            f"Save {rows:,} rows", lambda: sql_export.written(home, task_id), f"query.{form}", sql_export.MEDIA[form],
            icon=":material/download:", on_click="ignore", key="sql-take", type="primary",
        )  # fmt: skip
