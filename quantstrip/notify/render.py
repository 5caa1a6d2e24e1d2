"""Templates to text: escaped HTML with a plain-text twin, and a way out when a template is wrong."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from quantstrip.log import logger
from quantstrip.redaction import scrub

if TYPE_CHECKING:
    from jinja2 import Environment

OVERRIDES = "templates"
"""Folder in a home's settings: a template there takes the place of the shipped one of that name."""


class Rendered(NamedTuple):
    """A body as text and as HTML ("" where its template failed); ``problem`` says what was wrong, "" for nothing."""

    text: str
    html: str
    problem: str


def render(name: str, values: Mapping[str, Any], plain: str, overrides: Path | None = None) -> Rendered:
    """Fill ``NAME.html.j2`` and ``NAME.txt.j2``.

    A template with an error costs the look of a message, never the message: without the HTML one it is plain text that
    says so; without the text one, ``plain``.

    Args:
        plain: the message without any template.
        overrides: a folder whose templates come first.

    """
    # Made anew for a user's templates: one that is added later would not be noticed.
    environment = _shipped() if overrides is None or not overrides.is_dir() else _environment(overrides)
    html, wrong_html = _filled(environment, f"{name}.html.j2", values)
    text, wrong_text = _filled(environment, f"{name}.txt.j2", values)
    problem = "; ".join(filter(None, (wrong_html, wrong_text)))
    if not problem:
        return Rendered(text, html, "")
    logger.error("a message is sent as plain text: {}", problem)
    told = (
        f"{plain if wrong_text else text}\n\n(This message is plain text because a template has an error: {problem})\n"
    )
    return Rendered(told, "", problem)


def _filled(environment: "Environment", name: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """The text, and what went wrong."""
    try:
        return environment.get_template(name).render(values), ""
    except Exception as error:  # noqa: BLE001 - a template can raise whatever its expressions raise
        line = getattr(error, "lineno", None)
        where = f"{name}, line {line}" if line else name
        return "", scrub(f"{where}: {type(error).__name__}: {error}")


@cache
def _shipped() -> "Environment":
    return _environment(None)


def _environment(overrides: Path | None) -> "Environment":
    from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    own = [FileSystemLoader(overrides)] if overrides is not None else []
    return SandboxedEnvironment(
        loader=ChoiceLoader([*own, PackageLoader("quantstrip.notify", "templates")]),
        autoescape=lambda name: name is None or not name.endswith(".txt.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
