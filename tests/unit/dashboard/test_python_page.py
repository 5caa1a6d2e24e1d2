"""The Python page on a real home: tree, drafts, conflicts, marks, deploy and roll back."""

from typing import Any

import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import clients, files

PAGE = "screens/python.py"
EDITOR = "python-editor-1"
CLIENT = "from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    number = 1\n"


@pytest.fixture
def source(home: Home) -> str:
    (home.clients / "mine.py").write_text(CLIENT, encoding="utf-8")
    return "clients/mine.py"


def on_disk(home: Home, name: str = "mine") -> str:
    return (home.clients / f"{name}.py").read_text(encoding="utf-8")


def test_an_empty_home_says_what_to_do_first(show: Any) -> None:
    assert "Open a file, or begin with one of your own" in show(PAGE).text


def test_a_file_is_opened_changed_and_saved(home: Home, source: str, show: Any) -> None:
    page = show(PAGE)
    page.press(f"file-{source}")
    assert page.written(EDITOR) == CLIENT
    page.write(EDITOR, CLIENT + "# more\n")
    assert "1 not saved" in page.text
    assert on_disk(home) == CLIENT
    page.press("python-save")
    assert on_disk(home) == CLIENT + "# more\n"
    assert "not saved" not in page.text


def test_what_was_typed_just_before_the_click_is_saved_too(home: Home, source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    page.write(EDITOR, CLIENT + "# last\n", run=False)
    page.press("python-save")
    assert on_disk(home) == CLIENT + "# last\n"


def test_a_mistake_is_marked_and_mended(source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    assert "no findings" in page.text
    page.write(EDITOR, CLIENT + "    def job(self):\n        return undefinedd\n")
    assert "7:16 Undefined name `undefinedd` ruff F821" in page.text
    page.write(EDITOR, CLIENT)
    assert "no findings" in page.text
