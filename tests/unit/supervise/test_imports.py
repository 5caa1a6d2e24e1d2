from collections.abc import Callable
from pathlib import Path

import pytest

from quantstrip.errors import ClientLoadError
from quantstrip.supervise.imports import needed_files

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(name: str, text: str = "") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return put


def names(source: Path, *roots: Path) -> set[str]:
    return set(needed_files(source, roots or (source.parent,)))


def test_a_client_without_helpers_is_its_file_alone(write: Write) -> None:
    write("unrelated.py")
    assert names(write("a.py", "import json, numpy\nfrom quantstrip import ClientBase\n")) == {"a.py"}


@pytest.mark.parametrize(
    ("statement", "files"),
    [
        ("import helper", {"helper.py"}),
        ("from helper import f", {"helper.py"}),
        ("import Utils.days", {"Utils/days.py"}),
        ("from Utils import days", {"Utils/days.py"}),
        ("from Utils.days import first", {"Utils/days.py"}),
        ("import pack.deep.leaf", {"pack/__init__.py", "pack/deep/__init__.py", "pack/deep/leaf.py"}),
        ("from pack.deep import leaf as l", {"pack/__init__.py", "pack/deep/__init__.py", "pack/deep/leaf.py"}),
        ("def f():\n    import helper", {"helper.py"}),
        ("try:\n    import helper\nexcept ImportError:\n    helper = None", {"helper.py"}),
    ],
)
def test_imports_of_every_form_are_followed(write: Write, statement: str, files: set[str]) -> None:
    for name in ("helper.py", "Utils/days.py", "pack/__init__.py", "pack/deep/__init__.py", "pack/deep/leaf.py"):
        write(name)
    assert names(write("a.py", statement + "\n")) == {"a.py", *files}


def test_imports_of_helpers_are_followed_too_and_circles_end(write: Write) -> None:
    write("one.py", "import two")
    write("two.py", "import one\nfrom Utils.days import x")
    write("Utils/days.py", "from . import weeks\nfrom .years import y")
    write("Utils/weeks.py")
    write("Utils/years.py")
    assert names(write("a.py", "import one")) == {
        "a.py", "one.py", "two.py", "Utils/days.py", "Utils/weeks.py", "Utils/years.py",
    }  # fmt: skip


def test_a_package_is_a_client_with_all_its_modules(write: Write) -> None:
    write("pairs/__init__.py", "from .model import Model")
    write("pairs/model.py", "from ..pairs import rules")
    write("pairs/rules.py")
    write("pairs/__pycache__/rules.cpython-311.py")
    assert names(write("pairs/__init__.py").parent) == {"pairs/__init__.py", "pairs/model.py", "pairs/rules.py"}


def test_a_client_called_like_a_module_of_python_is_not_taken_for_it(write: Write) -> None:
    write("email.py", "this does not compile")
    assert names(write("a.py", "import email\nimport quantstrip.clock")) == {"a.py"}


def test_what_lies_beside_the_client_comes_before_the_clients_folder(write: Write, tmp_path: Path) -> None:
    write("helper.py", "OLD = 1")
    beside = write("sub/helper.py", "NEW = 1")
    write("Utils/days.py")
    source = write("sub/a.py", "import helper, Utils.days")
    found = needed_files(source, (tmp_path / "sub", tmp_path))
    assert set(found) == {"a.py", "helper.py", "Utils/days.py"}
    assert found["helper.py"].path == beside


def test_a_syntax_error_is_refused_with_file_line_and_the_compilers_words(write: Write) -> None:
    source = write("a.py", "x = 1\ndef broken(:\n    pass\n")
    with pytest.raises(ClientLoadError) as refused:
        names(source)
    message = str(refused.value)
    assert f"{source}:2" in message
    assert "SyntaxError" in message
    assert "def broken(:" in message
    assert isinstance(refused.value.__cause__, SyntaxError)


def test_a_helper_that_does_not_compile_is_refused_like_the_client_itself(write: Write) -> None:
    helper = write("helper.py", "return 1\n")
    with pytest.raises(ClientLoadError, match="helper"):
        names(write("a.py", "import helper"))
    assert helper.exists()


@pytest.mark.parametrize("content", [b"x = '\xff'\n", b"x = 1\x00\n"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(content)
    with pytest.raises(ClientLoadError, match="does not compile"):
        names(path)


def test_nothing_of_the_client_is_run(write: Write, tmp_path: Path) -> None:
    names(write("a.py", f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit(1)\n"))
    assert not (tmp_path / "ran").exists()
