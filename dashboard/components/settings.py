"""A setting as the page shows it: its name, its value, and what one must know to change it."""

from typing import Any, Final

from components import markup
from components.markup import Html
from quantstrip.operations.settings_tree import Folder, Leaf

_LONGEST: Final = 200
_MASKED: Final = "\N{BULLET}" * 8


def row(leaf: Leaf, *, whole_path: bool = False) -> Html:
    """One setting; ``whole_path`` where rows of several folders stand together."""
    name = markup.tag("span", markup.text(leaf.path if whole_path else leaf.name), "qs-setting-name")
    about = [markup.text(leaf.help)] if leaf.help else []
    notes = [f"Acts {leaf.acts}."] if leaf.waits else []
    return markup.tag(
        "div",
        markup.join(
            markup.tag("div", markup.join(name, *_chips(leaf))),
            markup.tag("div", value(leaf), "qs-setting-value"),
            *(markup.tag("div", part, "qs-setting-help") for part in about),
            *(markup.tag("div", markup.text(note), "qs-setting-note") for note in notes),
            *([markup.tag("div", markup.text(leaf.problem), "qs-client-error")] if leaf.problem else []),
        ),
        "qs-setting",
    )


def value(leaf: Leaf) -> Html:
    """The value, never a secret's."""
    if leaf.secret:
        return markup.tag("span", markup.text(f"{_MASKED} set" if leaf.value else "not set"), "qs-soft")
    if leaf.value is None:
        return markup.tag("span", markup.text("not set"), "qs-soft")
    if leaf.value in ("", [], {}):
        return markup.tag("span", markup.text("empty"), "qs-soft")
    return markup.tag("code", markup.text(shown(leaf.value)))


def shown(given: Any) -> str:
    """A value in one line, cut where it is long."""
    words = plain(given)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}\N{HORIZONTAL ELLIPSIS}"


def plain(given: Any) -> str:
    """A value as one writes it in the file, text without quotes."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, list):
        return ", ".join(map(plain, given))
    if isinstance(given, dict):
        return ", ".join(f"{name} = {plain(each)}" for name, each in given.items())
    return str(given)


def heading(folder: Folder) -> Html:
    """A folder's path and its lock."""
    words = " \N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} ".join(folder.parts) or "Your own values"
    lock = [markup.chip("locked", "info", title="It cannot be deleted")] if folder.locked else []
    return markup.tag("div", markup.join(markup.tag("h2", markup.text(words), "qs-section"), *lock), "qs-title")


def _chips(leaf: Leaf) -> list[Html]:
    chips = [markup.chip(leaf.type)]
    if leaf.changed and leaf.default is not None:
        chips.append(markup.chip("own value", "info", title=f"The default is {shown(leaf.default) or 'empty'}"))
    if leaf.problem:
        chips.append(markup.chip("refused", "bad"))
    return chips
