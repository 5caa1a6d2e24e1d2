"""SQL: the pre-built queries and the user's own; they only read, unless the switch for writing is on. Static data."""

from typing import Any, Final

import streamlit as st

from components import (
    dialogs,
    frame,
    markup,
    roles,
    sql_diagram,
    sql_dialogs,
    sql_draft,
    sql_editor,
    sql_history,
    sql_run,
    sql_write,
    static_data,
)
from components.sql_dialogs import CHOICE, NEXT, OPENED
from quantstrip.editor import Completion
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import client_history, completions, queries, sql, sql_schema
from quantstrip.operations import sql_write as writes
from quantstrip.operations.queries import Query

_ASKED: Final = "sql-asked"
_PARTS: Final = {
    "Query": ":material/terminal:", "Static data": ":material/list_alt:", "Diagram": ":material/account_tree:",
}  # fmt: skip
_NEW: Final = ""
_SECONDS: Final = {1: "1 s", 10: "10 s", 30: "30 s", 120: "2 min"}
_ROWS: Final = (1_000, 10_000, 100_000, 1_000_000)


def main(home: Home) -> None:
    """Show the page."""
    with frame.boundary():
        allowed = bool(st.session_state.get(sql_write.SWITCH)) and roles.may("admin")
        chip = markup.chip("writing is allowed", "warn", title="What would change is shown before it is written")
        frame.title("SQL", chip if allowed else markup.chip("read only", "info", title="Nothing is changed from here"))
        frame.say_notice()
        with st.container(key="sql-said"):  # what is in the editor stays at hand
            answers = frame.ledger_answers(home)
        sql_dialogs.show(home)
        dialogs.show(
            {**static_data.bodies(home), "sql-write": ("Write to the ledger", lambda _: sql_write.confirm(home))}
        )
        take_over()
        sql_draft.bring_back(home)
        part = st.segmented_control(
            "Part", list(_PARTS), default="Query", key="sql-part", required=True, label_visibility="collapsed",
            format_func=lambda name: f"{_PARTS[name]} {name}",
        )  # fmt: skip
        if part == "Query":
            query(home, answers=answers)
        elif not answers:
            return
        elif part == "Diagram":
            sql_diagram.show(home)
        else:
            static_data.show(home)


def take_over() -> None:
    """What a client's page asks for, once: all that the client named in the address traded, as a text of its own."""
    for what in ("orders", "fills"):
        if name := st.query_params.get(f"{what}_of", ""):
            del st.query_params[f"{what}_of"]
            sql_history.put_aside()
            st.session_state.pop(OPENED, None)
            st.session_state[NEXT] = _NEW
            st.session_state["sql-part"] = "Query"
            sql_editor.put(client_history.sql_of(name, what))


def query(home: Home, *, answers: bool) -> None:
    """The editor and what it is about."""
    wide, narrow = st.columns([2.6, 1], gap="medium")
    with wide:
        choose(home)
        work(home, answers=answers)
        with st.expander("History", icon=":material/history:"):
            sql_history.show(home)
    if answers:
        with narrow, frame.boundary():
            browse(home)


def choose(home: Home) -> None:
    """Which query is in the editor, and its file."""
    known = {each.name: each for each in (*queries.own(home), *queries.pre_built())}
    query: Query | None = st.session_state.get(OPENED)
    wanted = st.session_state.pop(NEXT, st.session_state.get(CHOICE, query.name if query else _NEW))
    st.session_state[CHOICE] = wanted if wanted in known else _NEW
    with st.container(horizontal=True, vertical_alignment="bottom", key="sql-files"):
        st.selectbox(
            "Query", [_NEW, *known], key=CHOICE, format_func=lambda name: _label(known.get(name)),
            on_change=_open, args=(home,), width=420,
        )  # fmt: skip
        mine = query is not None and query.own
        name = query.name if query else ""
        if mine:
            st.button("Save", icon=":material/save:", key="sql-save", on_click=_save, args=(home,))
        st.button("Save as", icon=":material/save_as:", key="sql-save-as", on_click=dialogs.ask, args=("sql-save-as",))
        if mine:
            st.button(
                "Rename", icon=":material/edit:", key="sql-rename", on_click=dialogs.ask, args=("sql-rename", name)
            )
            st.button("Delete", icon=":material/delete:", key="sql-delete", on_click=dialogs.ask,
                      args=("sql-delete", name))  # fmt: skip


def work(home: Home, *, answers: bool) -> None:
    """The editor, what it asks for, and what came of it; nothing is asked of a ledger that does not answer."""
    value = sql_editor.show(names_known(home) if answers else ())
    if value.command == "save":
        save(home)
    sql_draft.keep()
    sql_draft.offer()
    query: Query | None = st.session_state.get(OPENED)
    if query and query.own and query.sql != value.text:
        st.html(markup.tag("div", markup.text(f"{query.name} is not saved yet"), "qs-soft", role="status"))
    text = value.selection if value.selection.strip() else value.text
    allowed = bool(st.session_state.get(sql_write.SWITCH)) and roles.may("admin")
    if not allowed:
        text = sql.chosen(value.text, value.selection, value.line)
    names = sql.parameters(text)
    given = ask(names)
    with st.container(horizontal=True, vertical_alignment="bottom", key="sql-run-bar"):
        start = st.button("Run", type="primary", icon=":material/play_arrow:", key="sql-run", shortcut="Ctrl+Enter",
                          help="What is selected, else the statement at the cursor")  # fmt: skip
        explain = st.button(
            "Explain", icon=":material/account_tree:", key="sql-explain", help="How rows would be found"
        )
        seconds = st.selectbox("Stop after", list(_SECONDS), index=2, key="sql-seconds",
                               format_func=lambda each: _SECONDS[each], width=120)  # fmt: skip
        most = st.selectbox(
            "Rows at most", _ROWS, index=1, key="sql-rows", format_func=lambda each: f"{each:,}", width=130
        )
        sql_write.switch()
    start, explain = answers and (start or value.command == "run"), answers and explain
    if start or explain:
        sql_write.forget()
    if start and set(names) - set(st.session_state.get(_ASKED, ())):
        sql_run.forget()
        st.html(markup.notice("info", markup.text(f"The query asks for {', '.join(names)}: fill in and run again.")))
    elif start and allowed and writes.would_write(text):
        sql_run.forget()
        sql_write.look(home, text, given)
    elif start:
        sql_run.begin(home, text, given, most, float(seconds))
    elif explain:
        show_plan(home, text, float(seconds))
    st.session_state[_ASKED] = names
    sql_write.show()
    sql_run.show(home)


def names_known(home: Home) -> tuple[Completion, ...]:
    """Tables, views and columns to offer; none where there is no ledger yet, which the page says elsewhere."""
    try:
        return completions.sql_completions(sql_schema.relations(home))
    except QuantstripError:
        return ()


def save(home: Home) -> None:
    """Ctrl+S in the editor: into its file, or under a new name."""
    query: Query | None = st.session_state.get(OPENED)
    if query is not None and query.own:
        _save(home)
    else:
        dialogs.ask("sql-save-as")
    st.rerun()


def ask(names: tuple[str, ...]) -> dict[str, Any]:
    """A field for each parameter."""
    if not names:
        return {}
    with st.container(horizontal=True, key="sql-parameters"):
        return {
            name: sql.value(
                st.text_input(
                    f":{markup.plain(name)}", key=f"sql-param-{name}", width=200,
                    help="A number, or text; 'in quotes' it is text in any case. Empty is NULL.",
                )
            )
            for name in names
        }  # fmt: skip


def show_plan(home: Home, text: str, seconds: float) -> None:
    """How the rows would be found."""
    try:
        steps = sql.plan(home, text, seconds=seconds)
    except QuantstripError as error:
        frame.problem(error)
        return
    frame.section("Plan", "SEARCH uses an index, SCAN reads every row")
    st.code(steps, language=None, wrap_lines=True)


def browse(home: Home) -> None:
    """Tables and views, with the meaning of their columns."""
    known = {each.name: each for each in sql_schema.relations(home)}
    name = st.selectbox("Tables and views", list(known), key="sql-relation",
                        format_func=lambda name: f"{name} ({'view' if known[name].is_view else 'table'})")  # fmt: skip
    about = known[name]
    st.html(
        markup.tag(
            "p", markup.text(about.about or "A table of a client's own: the dictionary does not know it."), "qs-soft"
        )
    )
    st.button(
        "Show its rows", icon=":material/table_view:", key="sql-peek", on_click=_peek, args=(name,), width="stretch"
    )
    rows = [markup.join(
        markup.tag("div", markup.join(
            markup.tag("code", markup.text(each.name)), markup.tag("small", markup.text(each.kind))
        ), "qs-sql-column"),
        markup.tag("div", markup.text(each.meaning), "qs-setting-help"),
    ) for each in about.columns]  # fmt: skip
    with st.container(height=430, border=True, key="sql-columns"):
        none = markup.text("Its columns cannot be read: it may use a table that is gone.")
        st.html(markup.join(*(markup.tag("div", row, "qs-sql-row") for row in rows)) or none)


def _label(query: Query | None) -> str:
    if query is None:
        return "A new query"
    title = f": {query.title.partition(': ')[2] or query.title}" if query.title else ""
    return f"{query.name}{' (yours)' if query.own else ''}{title}"


def _open(home: Home) -> None:
    """Another query was chosen: its text takes the editor, and what was in it goes to the history."""
    sql_history.put_aside()
    name = st.session_state[CHOICE]
    sql_run.forget()
    try:
        query = queries.load(home, name) if name else None
    except QuantstripError as error:
        st.session_state[NEXT] = _NEW
        frame.keep_notice(str(error), failed=True)
        query = None
    st.session_state[OPENED] = query
    sql_editor.put(query.sql if query else "")


def _save(home: Home) -> None:
    query: Query | None = st.session_state.get(OPENED)
    if query is None:
        return
    try:
        sql_dialogs.opened(queries.save(home, query.name, sql_editor.text(), over=query.sql))
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    else:
        frame.keep_notice(f"{query.name} is saved")


def _peek(name: str) -> None:
    """A query for the rows of a table; quotes, for a client's own may have any name."""
    sql_history.put_aside()
    quoted = name if name.isidentifier() else '"' + name.replace('"', '""') + '"'
    st.session_state[OPENED] = None
    st.session_state[NEXT] = _NEW
    sql_run.forget()
    sql_editor.put(f"SELECT *\nFROM {quoted}\nLIMIT 100")


main(frame.home())
