"""What is typed and not saved outlives its window, for its owner alone, and never touches a file of that person."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.home import Home
from quantstrip.operations import drafts


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def every_file(home: Home) -> list[Path]:
    return [path for path in home.drafts.rglob("*") if path.is_file()]


def test_the_last_text_of_a_window_is_kept_and_another_windows_beside_it(home: Home) -> None:
    drafts.keep(home, "ann", "clients/a.py", "one", digest="d", window="w1")
    drafts.keep(home, "ann", "clients/a.py", "two", digest="d", window="w1")
    drafts.keep(home, "ann", "clients/a.py", "other", window="w2")
    assert {(each.text, each.digest, each.window) for each in drafts.kept(home, "ann")} == {
        ("two", "d", "w1"), ("other", "", "w2"),
    }  # fmt: skip
    drafts.discard(home, "ann", "clients/a.py", "w1")
    assert [each.text for each in drafts.kept(home, "ann")] == ["other"]
    assert not (home.clients / "a.py").exists()


def test_nobody_is_shown_what_another_person_typed_or_ran(home: Home) -> None:
    drafts.keep(home, "ann", "clients/a.py", "secret plan")
    drafts.remember(home, "ann", "SELECT 1", "1 row")
    assert drafts.kept(home, "bob") == []
    assert drafts.history(home, "bob") == []


def test_only_the_owner_of_the_home_can_read_them(home: Home) -> None:
    drafts.keep(home, "ann", "../../etc/passwd", "text")
    drafts.remember(home, "ann", "SELECT 1", "1 row")
    assert {path.stat().st_mode & 0o077 for path in every_file(home)} == {0}
    assert all(path.parent.parent == home.drafts for path in every_file(home)), "a path names no place"


def test_the_history_has_the_newest_first_and_an_end(home: Home) -> None:
    for number in range(drafts.MOST_RUNS + 5):
        drafts.remember(home, "ann", f"SELECT {number}", "1 row", failed=number % 2 == 0)
    found = drafts.history(home, "ann")
    assert len(found) == drafts.MOST_RUNS
    assert found[0].text == f"SELECT {drafts.MOST_RUNS + 4}"
    assert found[0].failed
    drafts.forget_history(home, "ann")
    assert drafts.history(home, "ann") == []


def test_what_is_too_long_is_not_kept_and_many_long_queries_make_old_ones_go(home: Home) -> None:
    drafts.keep(home, "ann", "a.py", "short")
    drafts.keep(home, "ann", "a.py", "x" * (drafts.LONGEST + 1))
    assert drafts.kept(home, "ann") == []
    for number in range(4):
        drafts.remember(home, "ann", f"{number}" * (drafts.LONGEST // 2), "done")
    assert [each.text[0] for each in drafts.history(home, "ann")] == ["3", "2"]


def test_of_too_many_texts_the_oldest_go(home: Home) -> None:
    for number in range(drafts.MOST_DRAFTS + 3):
        drafts.keep(home, "ann", f"f{number}.py", "text")
    found = {each.path for each in drafts.kept(home, "ann")}
    assert len(found) == drafts.MOST_DRAFTS
    assert f"f{drafts.MOST_DRAFTS + 2}.py" in found


def test_a_file_that_is_none_of_ours_is_left_out(home: Home) -> None:
    drafts.keep(home, "ann", "a.py", "text")
    drafts.remember(home, "ann", "SELECT 1", "1 row")
    folder = next(home.drafts.iterdir())
    (folder / "broken.json").write_text("{", encoding="utf-8")
    (folder / "runs.json").write_text('{"no": "list"}', encoding="utf-8")
    assert [each.path for each in drafts.kept(home, "ann")] == ["a.py"]
    assert drafts.history(home, "ann") == []


def test_a_disk_that_takes_nothing_stops_nobody_from_typing(home: Home) -> None:
    home.drafts.write_text("a file stands where the folder should be", encoding="utf-8")
    drafts.keep(home, "ann", "a.py", "text")
    assert drafts.kept(home, "ann") == []


@settings(max_examples=20)
@given(text=st.text(max_size=40), path=st.text(max_size=10))
def test_any_text_of_any_name_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, text: str, path: str
) -> None:
    home = Home(tmp_path_factory.mktemp("any") / "home").create()
    drafts.keep(home, "ann", path, text)
    assert [(each.path, each.text) for each in drafts.kept(home, "ann")] == [(path, text)]
