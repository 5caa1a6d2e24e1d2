"""What differs between two states of files, line by line in colour; each line says by its sign too what it is."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from components import markup
from quantstrip.operations.differences import FileDifference

_CSS: Final = {"+": "qs-diff-new", "-": "qs-diff-old", "@": "qs-diff-head", " ": ""}


def show(files: Sequence[FileDifference], *, label: str) -> None:
    """Every file that differs; ``label`` names the two states for those who do not see colours."""
    for each in files:
        st.html(of_file(each, label))


def of_file(file: FileDifference, label: str) -> markup.Html:
    """One file: what happened to it, then its lines, all as text."""
    lines = [
        markup.tag("div", markup.text(line.text if line.sign == "@" else f"{line.sign} {line.text}"), _CSS[line.sign])
        for line in file.lines
    ]
    body = markup.tag(
        "div", markup.join(*lines), "qs-diff", role="group", tabindex="0", aria_label=f"{label}: {file.path}"
    )
    return markup.join(markup.tag("div", markup.text(file.words), "qs-diff-file"), body)
