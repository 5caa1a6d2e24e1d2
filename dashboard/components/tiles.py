"""Figures at a glance."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from components import markup


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure; ``unit`` stands small behind it, ``note`` under it."""

    name: str
    value: markup.Html | str
    unit: str = ""
    note: str = ""


def tiles(items: Sequence[Tile]) -> None:
    """Show figures side by side, two in a row on a phone."""
    st.html(markup.tag("div", markup.join(*map(_tile, items)), "qs-tiles"))


def _tile(item: Tile) -> markup.Html:
    value = item.value if isinstance(item.value, markup.Html) else markup.text(item.value)
    unit = markup.tag("small", markup.text(f" {item.unit}")) if item.unit else markup.EMPTY
    return markup.tag(
        "div",
        markup.join(
            markup.tag("div", markup.text(item.name), "qs-tile-name"),
            markup.tag("div", markup.join(value, unit), "qs-tile-value"),
            markup.tag("div", markup.text(item.note), "qs-tile-note"),
        ),
        "qs-tile",
    )
