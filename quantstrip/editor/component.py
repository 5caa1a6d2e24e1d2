"""The editor on a page: the browser's text wins until the caller replaces it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from quantstrip.editor.values import Command, Completion, EditorValue, Language, Mark
from quantstrip.errors import HomeError

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

BUNDLE: Final = Path(__file__).parent / "bundle"
_NAME: Final = "quantstrip.editor"
_FILE: Final = "editor-*.js"
_LABELS: Final[dict[Language, str]] = {"python": "Python code", "sql": "SQL"}
_COMMANDS: Final = ("save", "run")


def editor(
    text: str,
    *,
    key: str,
    language: Language,
    height: int = 420,
    marks: Sequence[Mark] = (),
    completions: Sequence[Completion] = (),
    read_only: bool = False,
    line: int | None = None,
    revision: int = 0,
    label: str = "",
    placeholder: str = "",
    run_keys: Sequence[str] = (),
    on_change: Callable[[], None] | None = None,
) -> EditorValue:
    """Show an editor and tell what it holds.

    The text reaches Python 0.3 s after the last key, and always before a command or a click on anything else. To know
    it before the editor is drawn (for marks), ask :func:`newest`.

    Args:
        text: what to show first, and again when ``revision`` grows; otherwise the browser's text wins.
        key: unique on the page; another file is another key.
        language: what is highlighted and completed.
        height: in pixels.
        marks: findings, in the gutter and under the text.
        completions: names to offer, beside those in the text and the language's own.
        read_only: the text can be read and copied, not changed.
        line: where the cursor goes when this value, or ``revision``, is new; from 1.
        revision: a larger number says that ``text`` takes the place of what is in the editor. A smaller one comes from
            a session that began anew under an open page: the browser's text wins.
        label: what a screen reader calls it; by default the language.
        placeholder: shown while it is empty.
        run_keys: keys beside Ctrl+Enter that mean "run", such as ``F5``.
        on_change: called when the browser tells something new, before the page runs; also when the user leaves the page
            right after typing, so that it may keep what :func:`newest` gives.

    Raises:
        HomeError: the bundle was not built.

    """
    known = _known(key, revision)
    shown = {
        "name": key,
        "text": str(known.get("text", text)),
        "language": language,
        "height": height,
        "marks": [asdict(mark) for mark in marks],
        "completions": [
            {"label": each.label, "kind": each.kind, "detail": each.detail, "info": each.info} for each in completions
        ],  # hundreds at each run of the page: asdict takes ten times as long
        "read_only": read_only,
        "line": line,
        "revision": revision,
        "label": label or _LABELS[language],
        "placeholder": placeholder,
        "run_keys": list(run_keys),
    }
    result = _component()(key=key, data=shown, on_value_change=on_change or _heard, on_command_change=_heard)
    command = result.get("command")
    return _value(known, text, command if command in _COMMANDS else "")


def newest(text: str, *, key: str, revision: int = 0) -> EditorValue:
    """What the editor of that key holds, before it is drawn in this run, and in callbacks; without a command.

    Args:
        text: what it was given.
        key: its key.
        revision: what it was given.

    """
    return _value(_known(key, revision), text, "")


def _value(known: Mapping[str, Any], text: str, command: str) -> EditorValue:
    return EditorValue(
        str(known.get("text", text)),
        str(known.get("selection", "")),
        int(known.get("line", 1)),
        cast("Command", command),
    )


def _known(key: str, revision: int) -> Mapping[str, Any]:
    """What the browser told; nothing where it tells of a text that was replaced since."""
    import streamlit as st

    state = st.session_state.get(key)
    value = state.get("value") if isinstance(state, Mapping) else None
    return value if isinstance(value, Mapping) and value.get("revision") == revision else {}


def _heard() -> None:
    """Streamlit tells of states and triggers only where something listens; the page's run is what matters."""


def bundle(folder: Path = BUNDLE) -> Path:
    """The script that the browser loads.

    Raises:
        HomeError: it was not built.

    """
    found = next(folder.glob(_FILE), None)
    if found is None:
        raise HomeError(
            f"the code editor is not built: {folder} holds no {_FILE}",
            hint="In a checkout run: pip install -e . (it builds it; npm's registry is needed once).",
        )
    return found


@cache
def _component() -> "ComponentRenderer":
    import streamlit as st

    return st.components.v2.component(_NAME, js=bundle().name, isolate_styles=False)
