"""Reports that a client wrote itself, section by section: a plain page of headings and lines."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup

from quantstrip.errors import ReportError

_TEMPLATES = Path(__file__).parent / "templates"


class Section(NamedTuple):
    """A heading and its lines."""

    name: str
    items: tuple[str, ...]


def render_sections(title: str, day: str, sections: Sequence[Section], form: str = "html") -> bytes:
    """The report as ``html`` or ``text``.

    Raises:
        ReportError: another form: such a report holds text only.

    """
    if form == "html":
        return _template().render(title=title, day=day, sections=sections).encode()
    if form == "text":
        lines = [f"{title} {day}".strip()]
        for section in sections:
            lines += ["", section.name, *(f"  {item}" for item in section.items)]
        return ("\n".join(lines) + "\n").encode()
    raise ReportError(f"this report holds text, it cannot be made as {form!r}", hint="It can be: html, text")


@cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True)
    environment.globals["css"] = Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8"))  # noqa: S704 - our own
    return environment.get_template("sections.html.j2")
