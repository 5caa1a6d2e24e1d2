"""Tables and how they belong together, drawn by the browser from what the ledger declares."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

import streamlit as st

from components import markup
from quantstrip.home import Home
from quantstrip.operations import sql_schema
from quantstrip.operations.sql_schema import Link, Relation

_ALL: Final = ""
_MOST_COLUMNS: Final = 14
_COLOURS: Final = {
    "light": {"text": "#1b2733", "line": "#9aa7b4", "head": "#e6eef3", "card": "#ffffff", "soft": "#5a6875"},
    "dark": {"text": "#e5ebf1", "line": "#5c6b79", "head": "#22303b", "card": "#141b22", "soft": "#93a2b0"},
}  # fmt: skip


def show(home: Home) -> None:
    """One table with those it belongs to, or all of them."""
    links = sql_schema.links(home)
    known = {each.name: each for each in sql_schema.relations(home) if not each.is_view}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        around = st.selectbox(
            "Table", [_ALL, *known], key="sql-diagram-table", width=280,
            index=list(known).index("execution") + 1 if "execution" in known else 0,
            format_func=lambda name: name or "all that belong together",
        )  # fmt: skip
    chosen = sql_schema.neighbours(links, around) if around else links
    colours = _COLOURS["dark" if st.context.theme.type == "dark" else "light"]
    with st.container(key="sql-diagram"):
        st.graphviz_chart(dot(known, chosen, around, colours), width="content" if around else "stretch")
    words = "A line is a declared reference; a broken one joins rows of one key, which may be written in any order."
    st.html(markup.tag("div", markup.text(words), "qs-soft"))


def dot(known: Mapping[str, Relation], links: Iterable[Link], around: str, colours: Mapping[str, str]) -> str:
    """The drawing as Graphviz reads it; with one table in the middle its columns are named, else the keys alone."""
    links = list(links)
    names = sorted({around or "", *(end for link in links for end in (link.table, link.target))} & known.keys())
    joined = {(link.table, link.column) for link in links} | {(link.target, link.target_column) for link in links}
    nodes = [_node(known[name], joined, colours, whole=name == around) for name in names]
    number = {name: f"t{place}" for place, name in enumerate(sorted(known))}
    edges = [
        f"{number[link.table]} -> {number[link.target]} [style={'solid' if link.declared else 'dashed'}, "
        f'tooltip="{_quoted(f"{link.table}.{link.column} = {link.target}.{link.target_column}")}"]'
        for link in links
        if link.table in known and link.target in known
    ]
    boxes = [f"{number[name]} {node}" for name, node in zip(names, nodes, strict=True)]
    style = (
        f'graph [bgcolor="transparent", rankdir=LR, nodesep=0.25, ranksep=0.6]; '
        f'node [shape=plain, fontname="sans-serif", fontsize=11, fontcolor="{colours["text"]}"]; '
        f'edge [color="{colours["line"]}", arrowsize=0.6]'
    )
    return f"digraph ledger {{ {style}; {'; '.join([*boxes, *edges])} }}"


def _node(table: Relation, joined: set[tuple[str, str]], colours: Mapping[str, str], *, whole: bool) -> str:
    columns = [each for each in table.columns if whole or (table.name, each.name) in joined]
    lines = []
    for each in columns[:_MOST_COLUMNS]:
        colour = colours["text"] if (table.name, each.name) in joined else colours["soft"]
        lines.append(f'<TR><TD ALIGN="LEFT"><FONT COLOR="{colour}">{escape(each.name)}</FONT></TD></TR>')
    if len(columns) > _MOST_COLUMNS:
        more = len(columns) - _MOST_COLUMNS
        lines.append(f'<TR><TD ALIGN="LEFT"><FONT COLOR="{colours["soft"]}">and {more} more</FONT></TD></TR>')
    head = f'<TR><TD BGCOLOR="{colours["head"]}" ALIGN="LEFT"><B>{escape(table.name)}</B></TD></TR>'
    table_tag = f'<TABLE BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="3" COLOR="{colours["line"]}"'
    return f'[label=<{table_tag} BGCOLOR="{colours["card"]}">{head}{"".join(lines)}</TABLE>>]'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
