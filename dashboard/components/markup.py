"""HTML from plain values: everything that is not ``Html`` already is escaped, so a name or a log line stays text.

Secrets are hidden on the way: a trace may hold one.

Tables here are for the few rows that a screen shows at a glance: real text that a screen reader, a search in the page
and a phone of 390 px can use. Long results belong in ``st.dataframe``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from quantstrip.redaction import scrub

Tone = Literal["good", "warn", "bad", "idle", "info"]
_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|$:~&")
DASH = "\N{EN DASH}"


class Html(str):
    """Text that is HTML on purpose; a plain ``str`` is escaped wherever it is placed."""

    __slots__ = ()


EMPTY = Html()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        numeric: set flush right, in figures of one width.
        minor: left out on a phone.

    """

    title: str
    numeric: bool = False
    minor: bool = False


def text(value: object) -> Html:
    """Any value as text; what is a secret, or named like one, is hidden."""
    return Html(escape(scrub(str(value))))


def plain(words: str) -> str:
    """Words for a part of Streamlit that reads Markdown, with every sign of it made harmless."""
    return "".join(f"\\{sign}" if sign in _MARKDOWN else sign for sign in scrub(words))


def tag(name: str, inner: Html, css: str = "", **attributes: str) -> Html:
    """An element around ``inner``."""
    given = {"class": css, **attributes} if css else attributes
    written = "".join(f' {key.replace("_", "-")}="{escape(value)}"' for key, value in given.items())
    return Html(f"<{name}{written}>{inner}</{name}>")


def join(*parts: Html) -> Html:
    """Parts one after the other."""
    return Html("".join(parts))


def chip(label: str, tone: Tone = "idle", *, title: str = "") -> Html:
    """A small label. The tone is never the only sign: the label says it in words."""
    attributes = {"title": title} if title else {}
    return tag("span", text(label), f"qs-chip qs-{tone}", **attributes)


def state(label: str, tone: Tone) -> Html:
    """A state with its dot."""
    return tag("span", join(tag("i", EMPTY, "qs-dot"), text(label)), f"qs-state qs-{tone}")


def notice(tone: Tone, inner: Html) -> Html:
    """A box that asks for attention."""
    return tag("div", inner, f"qs-notice qs-{tone}", role="status")


def facts(pairs: Iterable[tuple[str, object]]) -> Html:
    """Names and values in a list of definitions; a value that is ``Html`` is taken as it is."""
    items = [tag("div", join(tag("dt", text(name)), tag("dd", _cell(value)))) for name, value in pairs]
    return tag("dl", join(*items), "qs-facts")


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[object]], *, label: str, none: str, total: Sequence[object] = ()
) -> Html:
    """A table; ``label`` names it for those who do not see it, ``none`` is said where there are no rows.

    ``total`` is a last row that stands out.
    """
    head = join(*(_aligned("th", column, text(column.title), scope="col") for column in columns))
    body = [tag("tr", _cells(columns, row)) for row in rows]
    if not body:
        body = [tag("tr", tag("td", text(none), "qs-soft", colspan=str(len(columns))))]
    if total:
        body.append(tag("tr", _cells(columns, total), "qs-total"))
    inner = join(tag("thead", tag("tr", head)), tag("tbody", join(*body)))
    # What may scroll can be reached with the keyboard.
    return tag("div", tag("table", inner, "qs-table", aria_label=label), "qs-scroll", tabindex="0", role="group")


def signed(amount: float | None, *, digits: int = 2) -> Html:
    """An amount with its sign, green above and red below zero; a dash where it is unknown."""
    if amount is None:
        return text(DASH)
    shown = round(amount, digits)
    css = "qs-up" if shown > 0 else "qs-down" if shown < 0 else ""
    return tag("span", text(f"{shown:+,.{digits}f}" if shown else f"{0:.{digits}f}"), css)


def percent(share: float | None, *, digits: int = 2) -> Html:
    """A share as a percentage with its sign, coloured like an amount; a dash where it is unknown."""
    if share is None:
        return text(DASH)
    amount = signed(100 * share, digits=digits)
    return join(amount, text(" %"))


def number(value: float | None, *, digits: int = 2) -> str:
    """A number with its thousands apart; a dash where it is unknown."""
    return DASH if value is None else f"{value:,.{digits}f}"


def quantity(value: float) -> str:
    """Units without zeros that say nothing."""
    return f"{value:,.8f}".rstrip("0").rstrip(".")


def _cells(columns: Sequence[Column], row: Sequence[object]) -> Html:
    return join(*(_aligned("td", column, _cell(value)) for column, value in zip(columns, row, strict=True)))


def _aligned(name: str, column: Column, inner: Html, **attributes: str) -> Html:
    marks = [css for css, given in (("qs-number", column.numeric), ("qs-minor", column.minor)) if given]
    return tag(name, inner, " ".join(marks), **attributes)


def _cell(value: object) -> Html:
    return value if isinstance(value, Html) else text(value)
