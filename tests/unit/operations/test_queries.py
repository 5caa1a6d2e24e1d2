"""The user's own queries: saved, renamed, deleted, found by name, and never outside their folder."""

from pathlib import Path

import pytest

from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.operations import queries


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def test_a_query_is_saved_changed_renamed_and_deleted(home: Home) -> None:
    assert queries.own(home) == []
    saved = queries.save(home, "mine", "-- What I like\nSELECT 1")
    assert (saved.name, saved.title, saved.own) == ("mine", "What I like", True)
    assert queries.save(home, "mine", "SELECT 2", over=saved.sql).sql == "SELECT 2"
    assert queries.rename(home, "mine", "Mine") == queries.Query("Mine", "", "SELECT 2", True)
    assert queries.rename(home, "Mine", "other").name == "other"
    assert [each.name for each in queries.own(home)] == ["other"]
    assert queries.statement("OTHER.sql", home) == "SELECT 2"
    queries.delete(home, "other")
    assert queries.own(home) == []


@pytest.mark.parametrize(
    "name", ["", "../out", "/tmp/out", "a/b", "a\\b", "..", "a.sql", "a b", "näh", "x" * 61, "con", "LPT1", "pnl",
             "PNL", "a\0b", "mine", "MINE"],
)  # fmt: skip
def test_a_name_that_is_none_or_is_taken_is_refused(home: Home, name: str) -> None:
    queries.save(home, "mine", "SELECT 1")
    queries.save(home, "second", "SELECT 2")
    before = sorted(home.root.rglob("*"))
    with pytest.raises(LedgerError):
        queries.save(home, name, "SELECT 3")
    with pytest.raises(LedgerError):
        queries.rename(home, "second", name)
    assert sorted(home.root.rglob("*")) == before
    assert queries.load(home, "mine").sql == "SELECT 1"


@pytest.mark.parametrize("name", ["../settings/settings", "pnl", "gone", "link"])
def test_what_is_not_the_users_own_is_not_changed(home: Home, name: str) -> None:
    outside = home.root / "outside.sql"
    outside.write_text("SELECT 'outside'", encoding="utf-8")
    home.queries.mkdir()
    (home.queries / "link.sql").symlink_to(outside)
    with pytest.raises(LedgerError, match="no query of your own"):
        queries.save(home, name, "SELECT 3", over="")
    with pytest.raises(LedgerError, match="no query of your own"):
        queries.delete(home, name)
    with pytest.raises(LedgerError, match="no query of your own"):
        queries.rename(home, name, "new")
    with pytest.raises(LedgerError):
        queries.save(home, "link", "SELECT 3")
    assert outside.read_text(encoding="utf-8") == "SELECT 'outside'"
    assert queries.own(home) == []


def test_a_file_that_changed_meanwhile_is_not_overwritten(home: Home) -> None:
    queries.save(home, "mine", "SELECT 1")
    (home.queries / "mine.sql").write_text("SELECT 'by another'", encoding="utf-8")
    with pytest.raises(LedgerError, match="changed meanwhile"):
        queries.save(home, "mine", "SELECT 2", over="SELECT 1")
    assert queries.load(home, "mine").sql == "SELECT 'by another'"


def test_a_file_that_is_no_text_or_too_large_is_listed_with_the_reason(home: Home) -> None:
    queries.save(home, "good", "SELECT 1")
    (home.queries / "binary.sql").write_bytes(b"\xff\xfe\x00")
    (home.queries / "large.sql").write_bytes(b"-" * 300_000)
    found = {each.name: each for each in queries.own(home)}
    assert set(found) == {"good", "binary", "large"}
    assert found["binary"].title.startswith("cannot be read: ")
    assert "larger than" in found["large"].title
    with pytest.raises(LedgerError, match="at most"):
        queries.save(home, "huge", "-" * 300_000)
