"""What Python knows of an editor's text: the browser's part is in ``tests/browser/test_editor.py``."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from quantstrip.editor import Completion, EditorValue, Mark
from quantstrip.editor.component import bundle
from quantstrip.errors import HomeError


def page() -> None:
    import streamlit as st

    from quantstrip.editor import Completion, Mark, editor, newest

    state = st.session_state
    given = state.get("given", "first")
    revision = state.get("revision", 0)
    early = newest(given, key="code", revision=revision)
    mark = Mark(1, 2, 1, 4, "warning", "careful", "F401")
    state.value = editor(
        given, key="code", language="python", marks=[mark], completions=[Completion("a.b", "method", "()", "does")],
        revision=revision, line=3, run_keys=["F5"],
    )  # fmt: skip
    state.early = early


def told(text: str, revision: int = 0, **more: Any) -> dict[str, Any]:
    return {"value": {"text": text, "selection": "", "line": 1, "revision": revision, **more}}


def value(app: AppTest) -> EditorValue:
    assert not app.exception
    assert app.session_state["early"] == app.session_state["value"]  # what is known before it is drawn
    found = app.session_state["value"]
    assert isinstance(found, EditorValue)
    return found


def sent(app: AppTest) -> dict[str, Any]:
    (element,) = app.get("bidi_component")
    return dict(json.loads(element.proto.json))


def test_it_begins_with_what_it_is_given_and_the_browser_gets_all_it_needs() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    assert value(app) == EditorValue("first", "", 1, "")
    mark = Mark(1, 2, 1, 4, "warning", "careful", "F401")
    assert sent(app) == {
        "name": "code", "text": "first", "language": "python", "height": 420, "read_only": False, "line": 3,
        "revision": 0, "label": "Python code", "placeholder": "", "run_keys": ["F5"],
        "marks": [{field: getattr(mark, field) for field in Mark.__slots__}],
        "completions": [{"label": "a.b", "kind": "method", "detail": "()", "info": "does"}],
    }  # fmt: skip
    assert list(sent(app)["completions"][0]) == list(Completion.__slots__)


def test_the_browsers_text_wins_until_the_caller_replaces_it() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    app.session_state["code"] = told("typed", selection="yp", line=7)
    app.session_state["given"] = "of the caller"
    app.run()
    assert value(app) == EditorValue("typed", "yp", 7)
    assert sent(app)["text"] == "typed"  # so that it stays where the browser draws it anew
    app.session_state["revision"] = 1
    app.run()
    assert value(app) == EditorValue("of the caller")
    app.session_state["code"] = told("typed over it", revision=1)
    app.run()
    assert value(app).text == "typed over it"


@pytest.mark.parametrize("state", [{}, {"value": None}, {"value": "text"}, {"value": {"text": "old", "revision": 9}}])
def test_a_state_that_does_not_fit_is_no_text(state: dict[str, Any]) -> None:
    app = AppTest.from_function(page, default_timeout=30).run()
    app.session_state["code"] = state
    assert value(app.run()).text == "first"


def test_a_checkout_that_was_not_built_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"not built: .* holds no editor-\*\.js") as refused:
        bundle(tmp_path)
    assert "pip install -e ." in str(refused.value)
    assert bundle().suffix == ".js"
