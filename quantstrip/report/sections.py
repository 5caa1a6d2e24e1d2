"""Reports made section by section: headings with lines, figures, tables and charts, as a page or as text."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup

from quantstrip.errors import ReportError
from quantstrip.report.charts import HEIGHT, WIDTH, Chart

_TEMPLATES = Path(__file__).parent / "templates"


class Section(NamedTuple):
    """A heading and what stands below it.

    Attributes:
        items: lines of text.
        figures: names and values.
        columns, rows: a table, in words; columns of ``numeric`` are set flush right.

    """

    name: str
    items: tuple[str, ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numeric: frozenset[int] = frozenset()
    chart: Chart | None = None


def render_sections(title: str, day: str, sections: Sequence[Section], form: str = "html") -> bytes:
    """The report as ``html`` or ``text``.

    Raises:
        ReportError: another form: such a report is a page, or text.

    """
    if form == "html":
        return _template().render(title=title, day=day, sections=sections).encode()
    if form == "text":
        lines = [f"{title} {day}".strip()]
        for section in sections:
            lines += ["", section.name, *_lines(section)]
        return ("\n".join(lines) + "\n").encode()
    raise ReportError(f"this report is made of sections, it cannot be made as {form!r}", hint="It can be: html, text")


def _lines(section: Section) -> list[str]:
    found = [f"  {item}" for item in section.items]
    found += [f"  {name:<28}{value}" for name, value in section.figures]
    if section.columns:
        table = [section.columns, *section.rows]
        widths = [max(len(row[at]) for row in table) for at in range(len(section.columns))]
        found += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in table]  # noqa: B905
    if section.chart is not None:
        found.append(f"  ({section.chart.label}: see the page)")
    return found


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True)
    environment.globals.update(
        css=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),  # noqa: S704 - our own
        script=Markup((_TEMPLATES / "hover.js").read_text(encoding="utf-8")),  # noqa: S704 - our own
        width=WIDTH,
        height=HEIGHT,
    )
    return environment.get_template("sections.html.j2")
