"""A client's versions, what differs between them, and what a deployment would do before it is done."""

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.errors import ClientError, ClientNotFound, FileChanged, FileError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.operations import clients, versions
from quantstrip.operations.differences import MOST_LINES, compare, compare_texts, unified

CLIENT = "from quantstrip import ClientBase\n{imports}\n\nclass Client(ClientBase):\n    number = {number}\n"


def write(home: Home, number: int, imports: str = "") -> None:
    (home.clients / "x.py").write_text(CLIENT.format(number=number, imports=imports), encoding="utf-8")


@pytest.fixture
def home(made_home: Home) -> Home:
    write(made_home, 1)
    return made_home


def test_the_first_deployment_is_shown_as_all_new(home: Home) -> None:
    seen = versions.preview(home, "x")
    assert (seen.current, seen.refused, seen.files) == ("", "", ("x.py",))
    assert [(each.path, each.kind, each.removed) for each in seen.comparison.files] == [("x.py", "added", 0)]
    assert clients.deploy(home, "x", expect=seen.code_hash).code_hash == seen.code_hash
    assert versions.preview(home, "x").comparison.same


def test_a_preview_shows_helpers_that_came_changed_and_went(home: Home) -> None:
    (home.clients / "old.py").write_text("N = 1\n", encoding="utf-8")
    (home.clients / "same.py").write_text("N = 1\n", encoding="utf-8")
    write(home, 1, "import old\nimport same")
    clients.deploy(home, "x")
    (home.clients / "new.py").write_text("N = undefinedd\n", encoding="utf-8")
    write(home, 1, "import new\nimport same")
    seen = versions.preview(home, "x")
    assert [(each.path, each.kind, each.added, each.removed) for each in seen.comparison.files] == [
        ("new.py", "added", 1, 0),
        ("old.py", "removed", 0, 1),
        ("x.py", "changed", 1, 1),
    ]
    assert [each.source for each in seen.findings["new.py"].findings if each.severity == "error"] == ["ruff F821"]


def test_what_does_not_compile_is_shown_with_its_mark_and_cannot_be_deployed(home: Home) -> None:
    made = clients.deploy(home, "x")
    (home.clients / "x.py").write_text("x = (\n", encoding="utf-8")
    seen = versions.preview(home, "x")
    assert (seen.code_hash, seen.current) == ("", made.code_hash)
    assert "does not compile" in seen.refused
    assert [each.line for each in seen.findings["x.py"].stops] == [1]


def test_files_that_changed_after_they_were_shown_are_not_deployed(home: Home, ledger: Ledger) -> None:
    first = clients.deploy(home, "x").code_hash
    write(home, 2)
    seen = versions.preview(home, "x")
    write(home, 3)
    with pytest.raises(FileChanged, match="nothing was deployed"):
        clients.deploy(home, "x", expect=seen.code_hash)
    assert (ledger.get_client("x") or {})["code_hash"] == first
    assert [row["code_hash"] for row in ledger.deployments("x")] == [first]


def test_only_a_clients_own_file_is_deployed_from_the_editor(home: Home) -> None:
    assert versions.preview_file(home, "clients/x.py").name == "x"
    for path in ("clients/Utils/calc.py", "examples/ma_cross.py", "clients/tests/x.py"):
        with pytest.raises(FileError, match="not the file of a client"):
            versions.preview_file(home, path)


def test_a_package_is_a_client_by_its_init_file(home: Home) -> None:
    (home.clients / "pack").mkdir()
    (home.clients / "pack/__init__.py").write_text(CLIENT.format(number=1, imports=""), encoding="utf-8")
    seen = versions.preview_file(home, "clients/pack/__init__.py")
    assert (seen.name, seen.files) == ("pack", ("pack/__init__.py",))


def test_versions_say_which_is_deployed_and_what_going_back_would_change(home: Home) -> None:
    first = clients.deploy(home, "x").code_hash
    write(home, 2)
    second = clients.deploy(home, "x").code_hash
    found = versions.versions(home, "x")
    assert [(each.code_hash, each.current, each.change) for each in found] == [
        (second, True, ""), (first, False, "x.py +1 -1"),
    ]  # fmt: skip
    clients.rollback(home, "x")
    back = {each.code_hash: each for each in versions.versions(home, "x")}
    assert back[first].current
    assert back[first].note == f"rollback from {second}"
    assert back[first].first < back[first].last


def test_a_difference_is_between_any_two_versions_or_to_the_source(home: Home) -> None:
    first = clients.deploy(home, "x").code_hash
    write(home, 2)
    second = clients.deploy(home, "x").code_hash
    write(home, 3)
    source = versions.difference(home, "x")
    assert (source.old, source.new) == (second, "source")
    assert "-    number = 2\n+    number = 3" in unified(source.files, source.old, source.new)
    older = versions.difference(home, "x", second[:8], first[:8])
    assert "-    number = 2\n+    number = 1" in unified(older.files, older.old, older.new)
    assert versions.difference(home, "x", first, first).same


def test_what_was_never_deployed_and_versions_that_are_none_are_refused(home: Home) -> None:
    for ask in (versions.versions, versions.difference):
        with pytest.raises(ClientNotFound, match="deployed"):
            ask(home, "x")
    clients.deploy(home, "x")
    with pytest.raises(ClientError, match="0 stored versions"):
        versions.difference(home, "x", "ffff")


_TEXT = st.lists(st.sampled_from(["a", "b", "", " x", "---", "+++ y", "@@"]), max_size=12).map("\n".join)


@settings(max_examples=150)
@given(_TEXT, _TEXT)
def test_a_difference_holds_what_diff_u_says(old: str, new: str) -> None:
    found = compare_texts("x.py", old, new)
    if old == new:
        assert found is None
        return
    assert found is not None
    expected = list(difflib.unified_diff(_lines(old), _lines(new), lineterm=""))[2:]
    shown = [line.text if line.sign == "@" else line.sign + line.text for line in found.lines]
    assert shown == expected or (not expected and shown[0].startswith("@@ only line ends"))
    assert (found.added, found.removed) == (
        sum(line.sign == "+" for line in found.lines), sum(line.sign == "-" for line in found.lines),
    )  # fmt: skip


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def test_a_long_difference_says_what_it_leaves_out_and_a_huge_one_is_not_compared_line_by_line() -> None:
    long = compare_texts("x.py", "", "\n".join(map(str, range(6_000))))
    assert long is not None
    assert (len(long.lines), long.added) == (MOST_LINES + 1, 6_000)
    assert "goes on" in long.lines[-1].text
    huge = compare({"x.py": "a\n" * 15_000}, {"x.py": "b\n" * 15_000})
    assert "too many" in huge[0].lines[0].text
