"""Files of a home: what may be opened, that nothing is overwritten unseen, the trash, and the tree's marks."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.errors import FileChanged, FileError
from quantstrip.home import Home, asset
from quantstrip.operations import clients, files, files_text, files_trash, files_tree
from quantstrip.operations.files_places import AREAS, KINDS, place_of, root_of

PATH = "clients/mine.py"
TEXT = "x = 1\n"


@pytest.fixture
def home(made_home: Home) -> Home:
    (made_home.clients / "mine.py").write_text(TEXT, encoding="utf-8")
    return made_home


def on_disk(home: Home) -> str:
    return (home.clients / "mine.py").read_bytes().decode("utf-8")


# Which paths lead anywhere


@pytest.mark.parametrize(
    "path",
    [
        "", "clients", "clients/", "/etc/passwd.txt", "../clients/mine.py", "clients/../settings/settings.toml",
        "clients/./mine.py", "clients//mine.py", "settings/settings.toml", "data/quantstrip.db", "clients/.hidden.py",
        "clients/.git/config.txt", "clients/__pycache__/mine.py", "clients\\mine.py", "C:/mine.py", "clients/a:b.py",
        "clients/mine.py\0.py", "clients/mine", "clients/mine.pyc", "clients/mine.so", "clients/a/b/c/d/e/f/g.py",
        "examples/../mine.py", "deployed/../quantstrip.db", "clients/\u202egnp.py", "clients/" + "a" * 400 + ".py",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_or_nowhere_is_refused(home: Home, path: str) -> None:
    for act in (files.read, files.download, files.digest_now, files_trash.delete):
        with pytest.raises(FileError, match="refused"):
            act(home, path)
    for over in (None, "0" * 32):
        with pytest.raises(FileError, match="refused"):
            files.save(home, path, "x", over=over)


def test_a_link_is_not_followed_neither_to_a_file_nor_through_a_folder(home: Home, tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("KEY = 1", encoding="utf-8")
    (home.clients / "link.py").symlink_to(secret)
    (home.clients / "folder").symlink_to(tmp_path)
    for path in ("clients/link.py", "clients/folder/secret.py"):
        with pytest.raises(FileError, match="symbolic link"):
            files.read(home, path)
        with pytest.raises(FileError, match="symbolic link"):
            files.save(home, path, "gone", over=None)
    assert secret.read_text(encoding="utf-8") == "KEY = 1"
    assert [each.path for each in files_tree.tree(home).entries if each.group in ("clients", "helpers")] == [PATH]


_PART = st.sampled_from(
    ["..", ".", "", "clients", "mine.py", "a", "~", ".x", "C:", "\\", "\n", "x.py", "%2e%2e", "..py"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_PART, max_size=7), st.sampled_from([*AREAS, "", "data", "settings"]))
def test_no_path_leads_out_of_its_area(tmp_path_factory: pytest.TempPathFactory, parts: list[str], area: str) -> None:
    home = Home(tmp_path_factory.getbasetemp() / "nowhere")
    try:
        place = place_of(home, "/".join((area, *parts)))
    except FileError:
        return
    root = Path(os.path.normpath(root_of(home, place.area)))
    assert Path(os.path.normpath(place.file)).is_relative_to(root)
    assert place.file.suffix in KINDS
    assert not any(part.startswith(".") for part in place.file.relative_to(root).parts)


@pytest.mark.parametrize(
    "path",
    ["clients/a b.py", "clients/1st.py", "clients/class.py", "clients/nul.txt", "clients/größe.py", "clients/x./y.py",
     "clients/MINE.py", "clients/mine.py/x.py", "clients/mine.py"],
)  # fmt: skip
def test_a_new_file_needs_a_name_that_every_system_can_hold_and_that_is_free(home: Home, path: str) -> None:
    with pytest.raises(FileError):
        files.new(home, path)
    assert on_disk(home) == TEXT


def test_examples_and_deployed_versions_are_read_and_copied_but_never_changed(home: Home) -> None:
    made = clients.deploy(home, "mine")
    for path in ("examples/ma_cross.py", f"deployed/mine/{made.code_hash}/mine.py"):
        opened = files.read(home, path)
        assert not opened.writable
        for change in (
            lambda path=path, opened=opened: files.save(home, path, "x", over=opened.digest),
            lambda path=path: files.save(home, path + ".txt", "x", over=None),
            lambda path=path: files.rename(home, path, "clients/other.py"),
            lambda path=path: files_trash.delete(home, path),
        ):
            with pytest.raises(FileError):
                change()
        copied = files.copy(home, path, f"clients/copy_{len(opened.text)}.py")
        assert copied.text == opened.text
        assert copied.writable


# What a file holds


def test_line_ends_and_byte_order_mark_stay_as_the_file_has_them(home: Home) -> None:
    (home.clients / "mine.py").write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n")
    opened = files.read(home, PATH)
    assert opened.text == "x = 1\ny = 2\n"
    files.save(home, PATH, opened.text + "z = 'ä'\n", over=opened.digest)
    assert (home.clients / "mine.py").read_bytes() == b"\xef\xbb\xbfx = 1\r\ny = 2\r\nz = '\xc3\xa4'\r\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"x = 1\ny = '\xe4'\n", "not in UTF-8: line 2 has byte 0xe4"),
        (b"\x7fELF\0\0", "no text"),
        (b"x" * (files_text.MOST_BYTES + 1), "at most 524,288 are edited"),
    ],
)
def test_what_is_no_text_for_an_editor_is_told_and_neither_opened_nor_uploaded(
    home: Home, data: bytes, said: str
) -> None:
    (home.clients / "mine.py").write_bytes(data)
    with pytest.raises(FileError, match=said):
        files.read(home, PATH)
    with pytest.raises(FileError, match=said):
        files.upload(home, {"clients/good.py": b"", "clients/other.py": data})
    assert sorted(path.name for path in home.clients.iterdir()) == ["mine.py"]


@pytest.mark.parametrize(
    "names",
    [("clients/a.py", "clients/A.py"), ("clients/sub/a.py", "clients/Sub/b.py"), ("clients/a.py", "clients/a.py/b.py")],
)
def test_an_upload_whose_names_stand_in_each_others_way_is_refused_whole(home: Home, names: tuple[str, str]) -> None:
    with pytest.raises(FileError, match="one name on some systems"):
        files.upload(home, dict.fromkeys(("clients/first.py", *names), b"x = 1\n"))
    assert [path.name for path in home.clients.iterdir()] == ["mine.py"]


def test_an_upload_that_fails_in_the_middle_leaves_nothing_of_itself_and_all_that_was_there(home: Home) -> None:
    (home.clients / "old").mkdir()
    (home.clients / "old/.~lock.third.py#").write_text("an office program has it open", encoding="utf-8")
    before = sorted(home.clients.rglob("*"))
    names = ("clients/first.py", "clients/new/sub/second.py", "clients/old/third.py", "clients/fourth.py")
    with pytest.raises(FileError, match="open in another program"):
        files.upload(home, dict.fromkeys(names, b"x = 1\n"))
    assert sorted(home.clients.rglob("*")) == before
    (home.clients / "old/.~lock.third.py#").unlink()
    assert [each.path for each in files.upload(home, dict.fromkeys(names, b"x = 1\n"))] == list(names)


@pytest.mark.parametrize("text", ["x" * (files_text.MOST_BYTES + 1), "half \ud800 sign", "zero \0"])
def test_a_text_that_no_file_can_hold_is_refused_and_the_old_one_stays(home: Home, text: str) -> None:
    opened = files.read(home, PATH)
    with pytest.raises(FileError):
        files.save(home, PATH, text, over=opened.digest)
    assert on_disk(home) == TEXT


def test_a_file_that_cannot_be_written_stays_whole(home: Home) -> None:
    opened = files.read(home, PATH)
    (home.clients / ".~lock.mine.py#").write_text("an office program has it open", encoding="utf-8")
    with pytest.raises(FileError, match="open in another program"):
        files.save(home, PATH, "y", over=opened.digest)
    assert on_disk(home) == TEXT


def test_a_saved_file_keeps_who_may_read_it(home: Home) -> None:
    (home.clients / "mine.py").chmod(0o600)
    opened = files.read(home, PATH)
    files.save(home, PATH, "y = 2\n", over=opened.digest)
    assert (home.clients / "mine.py").stat().st_mode & 0o777 == 0o600


# Nothing is overwritten unseen


def test_a_file_that_changed_meanwhile_is_not_overwritten(home: Home) -> None:
    opened = files.read(home, PATH)
    (home.clients / "mine.py").write_text("theirs\n", encoding="utf-8")
    with pytest.raises(FileChanged, match="changed meanwhile"):
        files.save(home, PATH, "mine\n", over=opened.digest)
    assert on_disk(home) == "theirs\n"
    files.save(home, PATH, "mine\n", over=files.read(home, PATH).digest)
    assert on_disk(home) == "mine\n"


def test_a_file_that_was_deleted_meanwhile_is_not_brought_back_unasked(home: Home) -> None:
    opened = files.read(home, PATH)
    (home.clients / "mine.py").unlink()
    with pytest.raises(FileChanged, match="deleted meanwhile"):
        files.save(home, PATH, "mine\n", over=opened.digest)
    assert files.digest_now(home, PATH) == ""
    assert files.save(home, PATH, "mine\n", over=None).text == "mine\n"


def test_of_many_who_save_at_once_over_the_same_text_one_wins_and_the_others_are_told(home: Home) -> None:
    opened = files.read(home, PATH)
    won: list[int] = []
    told: list[int] = []

    def save(number: int) -> None:
        try:
            files.save(home, PATH, f"saver = {number}\n", over=opened.digest)
            won.append(number)
        except FileChanged:
            told.append(number)

    savers = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for each in savers:
        each.start()
    for each in savers:
        each.join()
    assert len(won) == 1
    assert len(told) == 7
    assert on_disk(home) == f"saver = {won[0]}\n"


_STEP = st.one_of(
    st.tuples(st.sampled_from(["open", "save", "overwrite"]), st.integers(0, 2), st.integers(0, 3)),
    st.tuples(st.sampled_from(["outside", "delete"]), st.just(0), st.integers(0, 3)),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_STEP, max_size=14))
def test_whoever_replaces_a_text_has_seen_it(home: Home, steps: list[tuple[str, int, int]]) -> None:
    """Three editors and a program outside: a save succeeds exactly where the file is what its editor saw last."""
    file = home.clients / "mine.py"
    file.write_text(TEXT, encoding="utf-8")
    seen: dict[int, tuple[str, str]] = {}  # editor: the text that it saw, and its digest
    now: str | None = TEXT
    for act, editor, number in steps:
        text = f"editor {editor} wrote {number}\n"
        if act == "outside":
            now = f"outside wrote {number}\n"
            file.write_text(now, encoding="utf-8")
        elif act == "delete":
            now = None
            file.unlink(missing_ok=True)
        elif now is None:
            assert files.digest_now(home, PATH) == ""
        elif act in ("open", "overwrite"):  # to overwrite is to look at the difference, then to save over it
            opened = files.read(home, PATH)
            assert opened.text == now
            seen[editor] = (now, opened.digest)
        if act in ("save", "overwrite") and editor in seen:
            before, digest = seen[editor]
            if now == before:
                saved = files.save(home, PATH, text, over=digest)
                now, seen[editor] = text, (text, saved.digest)
            else:
                with pytest.raises(FileChanged):
                    files.save(home, PATH, text, over=digest)
        assert (file.read_text(encoding="utf-8") if file.exists() else None) == now


# New, renamed, deleted, brought back


@pytest.mark.parametrize("template", files.TEMPLATES)
def test_a_template_becomes_a_file_that_bears_its_own_name(home: Home, template: str) -> None:
    made = files.new(home, "clients/breakout.py", template)
    assert "my_client" not in made.text
    assert "my_strategy" not in made.text
    assert bool(made.text) == (template != "empty")


def test_a_rename_moves_the_file_also_into_a_folder_and_to_other_capitals(home: Home) -> None:
    assert files.rename(home, PATH, "clients/tests/mine.py").text == TEXT
    assert files.rename(home, "clients/tests/mine.py", "clients/tests/Mine.py").path == "clients/tests/Mine.py"
    assert [each.path for each in files_tree.tree(home).entries if each.group == "tests"] == ["clients/tests/Mine.py"]
    with pytest.raises(FileError, match="no file"):
        files.rename(home, PATH, "clients/other.py")


def test_a_rename_to_other_capitals_replaces_no_other_file(home: Home) -> None:
    (home.clients / "Mine.py").write_text("theirs\n", encoding="utf-8")
    assert not (home.clients / "Mine.py").samefile(home.clients / "mine.py"), "a file system that tells capitals apart"
    with pytest.raises(FileError, match=r"there is a file clients/Mine\.py already"):
        files.rename(home, PATH, "clients/Mine.py")
    assert on_disk(home) == TEXT
    assert (home.clients / "Mine.py").read_text(encoding="utf-8") == "theirs\n"


def test_a_deleted_file_can_be_brought_back_also_under_another_name(home: Home) -> None:
    deleted = files_trash.delete(home, PATH)
    assert not (home.clients / "mine.py").exists()
    assert [each.path for each in files_trash.trash(home)] == [PATH]
    assert files_trash.restore(home, deleted.id) == PATH
    assert on_disk(home) == TEXT
    assert files_trash.trash(home) == []

    files_trash.delete(home, PATH)
    files.new(home, PATH, "empty")
    with pytest.raises(FileError, match="by now"):
        files_trash.restore(home, PATH)
    assert files_trash.restore(home, PATH, to="clients/older.py") == "clients/older.py"
    assert files.read(home, "clients/older.py").text == TEXT


def test_a_file_that_changed_since_it_was_looked_at_is_not_deleted(home: Home) -> None:
    opened = files.read(home, PATH)
    (home.clients / "mine.py").write_text("theirs\n", encoding="utf-8")
    with pytest.raises(FileChanged):
        files_trash.delete(home, PATH, over=opened.digest)
    assert on_disk(home) == "theirs\n"


def test_the_trash_keeps_the_last_ones(home: Home) -> None:
    for number in range(5):
        files.save(home, f"clients/x{number}.py", "", over=None)
        files_trash.delete(home, f"clients/x{number}.py", keep=3)
    assert [each.path for each in files_trash.trash(home)] == ["clients/x4.py", "clients/x3.py", "clients/x2.py"]


# The tree


def test_the_tree_tells_sources_helpers_tests_examples_and_what_is_deployed(home: Home) -> None:
    for name in ("Utils/calc.py", "tests/check.py", "pack/__init__.py", "data.csv", ".hidden.py", "image.png"):
        file = home.clients / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n", encoding="utf-8")
    groups = {each.path: each.group for each in files_tree.tree(home).entries if each.path.startswith("clients/")}
    assert groups == {
        "clients/mine.py": "clients", "clients/pack/__init__.py": "clients", "clients/Utils/calc.py": "helpers",
        "clients/tests/check.py": "tests", "clients/data.csv": "helpers",
    }  # fmt: skip
    shipped = {each.name for each in files_tree.tree(home).entries if each.group == "examples"}
    assert {path.name for path in asset("examples").glob("*.py")} <= shipped


def test_a_source_or_helper_that_differs_from_what_is_deployed_is_marked_with_whose_it_is(home: Home) -> None:
    (home.clients / "Utils").mkdir()
    (home.clients / "Utils/calc.py").write_text("N = 1\n", encoding="utf-8")
    (home.clients / "mine.py").write_text("from Utils import calc\n", encoding="utf-8")
    made = clients.deploy(home, "mine")

    def marks(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        entry = files_tree.tree(home).find(path)
        assert entry is not None
        return entry.used_by, entry.differs

    assert marks(PATH) == (("mine",), ())
    assert marks("clients/Utils/calc.py") == (("mine",), ())
    (home.clients / "Utils/calc.py").write_text("N = 2\n", encoding="utf-8")
    assert marks(PATH) == (("mine",), ())
    assert marks("clients/Utils/calc.py") == (("mine",), ("mine",))
    deployed = files_tree.tree(home).find(f"deployed/mine/{made.code_hash}/Utils/calc.py")
    assert deployed is not None
    assert not deployed.writable


def test_a_home_without_a_ledger_still_shows_its_files(tmp_path: Path) -> None:
    home = Home(tmp_path / "bare").create()
    files.new(home, PATH)
    assert [each.path for each in files_tree.tree(home).entries if each.group == "clients"] == [PATH]
    assert not home.database.exists()


# From a trace to a file


def test_a_trace_of_a_deployed_version_leads_to_the_source_while_that_is_the_same(home: Home) -> None:
    made = clients.deploy(home, "mine")
    deployed = made.folder / "mine.py"
    assert files.locate(home, str(deployed)) == PATH
    (home.clients / "mine.py").write_text("changed = 1\n", encoding="utf-8")
    assert files.locate(home, str(deployed)) == f"deployed/mine/{made.code_hash}/mine.py"
    assert files.locate(home, str(home.clients / "mine.py")) == PATH
    assert files.locate(home, str(asset("examples") / "ma_cross.py")) == "examples/ma_cross.py"
    for elsewhere in ("/etc/passwd", str(home.settings_file), f"{home.clients}/../settings/settings.toml"):
        with pytest.raises(FileError):
            files.locate(home, elsewhere)
