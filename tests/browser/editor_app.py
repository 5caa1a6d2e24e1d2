"""A page with two code editors, for ``test_editor.py``: it shows what Python knows."""

import streamlit as st

from quantstrip.editor import Completion, Mark, editor, newest
from quantstrip.operations.completions import python_completions

FIRST = "import os\nx = 1\n"
TABLES = (
    Completion("v_positions", "view", info="What is held."),
    Completion("v_positions.symbol", "column", "text"),
    Completion("v_positions.quantity", "column", "float"),
    Completion("orders", "table"),
    Completion("orders.order_id", "column", "integer"),
)

st.set_page_config(layout="wide")
state = st.session_state
state.setdefault("revision", 0)
state.setdefault("clicks", 0)
state.setdefault("commands", [])
state.setdefault("text", str(st.query_params.get("text", FIRST)))


def replace() -> None:
    state.text = f"replaced {state.revision + 1}\n{FIRST}"
    state.revision += 1


def forget() -> None:
    """As a server does that was started anew under an open page."""
    state.text, state.revision = "", 0


now = newest(state.text, key="first", revision=state.revision)
if now.text != FIRST:
    st.info("The page is longer now.\n\n" * 4)  # whatever is below moves as soon as Python hears of the text
left, middle, lost, right, away = st.columns(5)
if left.button("Take"):
    state.clicks += 1
    state.taken = now.text
middle.button("Replace", on_click=replace)
lost.button("Forget", on_click=forget)
hidden = right.checkbox("Hide")
away.checkbox("Read only", key="read_only")
marks = [
    Mark(number, line.index("os") + 1, number, line.index("os") + 3, "error", "os is <b>not</b> needed", "F401")
    for number, line in enumerate(now.text.splitlines(), 1)
    if "os" in line
]
if not hidden:
    value = editor(
        state.text, key="first", language="python", height=220, marks=marks, completions=python_completions(),
        revision=state.revision, run_keys=["F5"], read_only=state.read_only, label="Client",
        line=int(st.query_params["line"]) if "line" in st.query_params else None,
    )  # fmt: skip
    state.text = value.text
    if value.command:
        state.commands.append(["first", value.command, value.selection, value.line, value.text])
    st.json({"text": value.text})
query = editor("", key="second", language="sql", height=120, completions=TABLES, placeholder="SELECT 1")
if query.command:
    state.commands.append(["second", query.command, query.selection, query.line, query.text])
st.text(f"second: {query.text!r}")
st.text(f"taken: {state.get('taken')!r} clicks: {state.clicks}")
st.text(f"commands: {state.commands!r}")
