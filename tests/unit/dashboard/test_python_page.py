"""The Python page on a real home: tree, drafts, conflicts, marks, deploy and roll back."""

from typing import Any

import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import clients, files, tasks

PAGE = "screens/python.py"
EDITOR = "python-editor-1"
CLIENT = "from quantstrip import ClientBase\n\n\nclass Client(ClientBase):\n    number = 1\n"


@pytest.fixture
def source(home: Home) -> str:
    (home.clients / "mine.py").write_text(CLIENT, encoding="utf-8")
    return "clients/mine.py"


def on_disk(home: Home, name: str = "mine") -> str:
    return (home.clients / f"{name}.py").read_text(encoding="utf-8")


def address(page: Any) -> str:
    """The file that the page's address names, and nothing else."""
    assert list(page.app.query_params) == ["file"]
    named = page.app.query_params["file"]
    return str(named if isinstance(named, str) else named[0])


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


def test_what_was_not_saved_is_there_again_after_a_reload_until_it_is_saved_or_discarded(
    home: Home, source: str, show: Any
) -> None:
    show(PAGE, file=source).write(EDITOR, CLIENT + "# typed\n")
    again = show(PAGE)  # another window: that one is gone
    assert again.written(EDITOR) == CLIENT + "# typed\n"
    assert "1 not saved" in again.text
    assert "clients/mine.py was not saved when the page was last left" in again.text
    assert on_disk(home) == CLIENT
    again.press("python-draft-discard")
    assert again.written(EDITOR) == CLIENT
    assert "not saved" not in again.text
    assert "not saved" not in show(PAGE, file=source).text


def test_what_came_back_and_is_saved_comes_back_no_more(home: Home, source: str, show: Any) -> None:
    show(PAGE, file=source).write(EDITOR, CLIENT + "# typed\n")
    again = show(PAGE)
    again.press("python-save")
    assert on_disk(home) == CLIENT + "# typed\n"
    assert "Open a file, or begin with one of your own" in show(PAGE).text


def test_a_file_that_changed_meanwhile_is_not_overwritten_by_what_came_back(home: Home, source: str, show: Any) -> None:
    show(PAGE, file=source).write(EDITOR, CLIENT + "# typed\n")
    (home.clients / "mine.py").write_text(CLIENT + "# theirs\n", encoding="utf-8")
    again = show(PAGE)
    assert again.written(EDITOR) == CLIENT + "# typed\n"
    assert "was changed meanwhile" in again.text
    again.press("python-save")
    assert on_disk(home) == CLIENT + "# theirs\n"


def test_the_text_of_a_file_that_was_deleted_meanwhile_is_not_lost(home: Home, source: str, show: Any) -> None:
    show(PAGE, file=source).write(EDITOR, CLIENT + "# typed\n")
    (home.clients / "mine.py").unlink()
    again = show(PAGE)
    assert again.written(EDITOR) == CLIENT + "# typed\n"
    assert "was deleted or renamed meanwhile" in again.text
    again.press("python-overwrite")
    assert on_disk(home) == CLIENT + "# typed\n"


def test_a_mistake_is_marked_and_mended(source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    assert "no findings" in page.text
    page.write(EDITOR, CLIENT + "    def job(self):\n        return undefinedd\n")
    assert "7:16 Undefined name `undefinedd` ruff F821" in page.text
    page.write(EDITOR, CLIENT)
    assert "no findings" in page.text


def test_a_new_file_begins_with_a_template_and_is_opened(home: Home, show: Any) -> None:
    page = show(PAGE)
    page.press("python-new")
    page.app.text_input(key="python-new-name").set_value("../out")
    page.press("python-new-now")
    assert "is refused" in page.text
    page.app.selectbox(key="python-new-template").set_value("strategy")
    page.app.text_input(key="python-new-name").set_value("breakout")
    page.press("python-new-now")
    assert "class MyStrategy(StrategyBase)" in on_disk(home, "breakout")
    assert page.written(EDITOR) == on_disk(home, "breakout")


def test_several_files_are_open_at_once_and_keep_what_is_not_saved(home: Home, source: str, show: Any) -> None:
    (home.clients / "other.py").write_text("x = 1\n", encoding="utf-8")
    page = show(PAGE, file=source)
    page.write(EDITOR, CLIENT + "# mine\n", run=False)
    page.press("file-clients/other.py")
    assert "1 not saved" in page.text
    assert page.app.segmented_control(key="python-tabs").options == ["mine\\.py ●", "other\\.py"]
    page.app.segmented_control(key="python-tabs").set_value(source).run()
    assert page.written(EDITOR) == CLIENT + "# mine\n"
    page.press("python-close")
    assert "is not saved. Close it" in page.app.get("text")[0].value
    page.press("python-close-now")
    assert page.written("python-editor-2") == "x = 1\n"
    assert on_disk(home) == CLIENT


def test_another_page_names_what_is_not_saved(source: str, show: Any) -> None:
    page = show("app.py")
    assert "not saved" not in page.text
    page.app.switch_page("screens/python.py").run()
    page.press(f"file-{source}")
    page.write(EDITOR, CLIENT + "# mine\n", run=False)
    page.app.switch_page("screens/logging.py").run()
    assert not page.app.exception
    assert "1 not saved" in page.text


def test_a_text_that_nobody_touched_follows_the_file(home: Home, source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    (home.clients / "mine.py").write_text("theirs = 1\n", encoding="utf-8")
    page.app.run()
    assert page.written(EDITOR) == "theirs = 1\n"
    assert "not saved" not in page.text


@pytest.fixture
def conflict(home: Home, source: str, show: Any) -> Any:
    """A page whose text was changed, and whose file too."""
    page = show(PAGE, file=source)
    page.write(EDITOR, CLIENT + "mine = 1\n")
    (home.clients / "mine.py").write_text(CLIENT + "theirs = 1  # <b>\n", encoding="utf-8")
    page.press("python-save")
    assert on_disk(home) == CLIENT + "theirs = 1  # <b>\n"
    assert "was changed meanwhile" in page.text
    assert "- theirs = 1 # <b>" in page.text
    assert "<b>" not in page.markup
    return page


def test_taking_theirs_shows_the_file_as_it_is(home: Home, conflict: Any) -> None:
    conflict.press("python-take")
    assert conflict.written(EDITOR) == CLIENT + "theirs = 1  # <b>\n"
    assert "meanwhile" not in conflict.text


def test_overwriting_counts_for_what_was_shown_and_for_nothing_newer(home: Home, conflict: Any) -> None:
    (home.clients / "mine.py").write_text("newer = 1\n", encoding="utf-8")
    conflict.press("python-overwrite")
    assert on_disk(home) == "newer = 1\n"
    assert "- newer = 1" in conflict.text
    conflict.press("python-overwrite")
    assert on_disk(home) == CLIENT + "mine = 1\n"
    assert "meanwhile" not in conflict.text


def test_a_text_in_conflict_is_saved_under_another_name(home: Home, conflict: Any) -> None:
    conflict.press("python-conflict-save-as")
    conflict.app.text_input(key="python-save-as-name").set_value("mine2.py")
    conflict.press("python-save-as-now")
    assert on_disk(home, "mine2") == CLIENT + "mine = 1\n"
    assert on_disk(home) == CLIENT + "theirs = 1  # <b>\n"
    assert "not saved" not in conflict.text


def test_two_windows_on_one_file_the_second_sees_what_the_first_saved(home: Home, source: str, show: Any) -> None:
    first, second = show(PAGE, file=source), show(PAGE, file=source)
    second.write(EDITOR, CLIENT + "second = 1\n")
    first.write(EDITOR, CLIENT + "first = 1\n")
    first.press("python-save")
    second.press("python-save")
    assert on_disk(home) == CLIENT + "first = 1\n"
    assert "- first = 1 + second = 1" in second.text
    second.press("python-overwrite")
    first.app.run()
    assert first.written(EDITOR) == CLIENT + "second = 1\n"


def test_a_file_that_was_deleted_meanwhile_is_saved_again_or_closed(home: Home, source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    (home.clients / "mine.py").unlink()
    page.app.run()
    assert "was deleted or renamed meanwhile" in page.text
    page.press("python-overwrite")
    assert on_disk(home) == CLIENT


def test_an_example_is_copied_to_be_changed(home: Home, show: Any) -> None:
    page = show(PAGE, file="examples/ma_cross.py")
    assert "read only" in page.text
    with pytest.raises(KeyError):
        page.app.button(key="python-save")
    page.press("python-copy")
    page.press("python-save-as-now")
    assert on_disk(home, "ma_cross") == files.read(home, "examples/ma_cross.py").text


def test_a_deleted_file_comes_back(home: Home, source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    page.press("python-delete")
    page.press("python-delete-now")
    assert not (home.clients / "mine.py").exists()
    page.press("python-undo")
    assert on_disk(home) == CLIENT
    assert page.app.selectbox(key="python-choice").value == source


def test_a_file_gets_another_name_with_what_is_not_saved(home: Home, source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    page.write(EDITOR, CLIENT + "# more\n", run=False)
    page.press("python-rename")
    page.app.text_input(key="python-rename-name").set_value("other.py")
    page.press("python-rename-now")
    assert on_disk(home, "other") == CLIENT
    page.press("python-save")
    assert on_disk(home, "other") == CLIENT + "# more\n"
    assert not (home.clients / "mine.py").exists()


def test_a_change_is_deployed_after_its_difference_was_seen_and_rolled_back(home: Home, source: str, show: Any) -> None:
    first = clients.deploy(home, "mine").code_hash
    page = show(PAGE, file=source)
    page.write(EDITOR, CLIENT.replace("number = 1", "number = '<i>'"), run=False)
    page.press("python-deploy")
    assert "- number = 1 + number = '<i>'" in page.text
    assert "<i>" not in page.markup
    page.press("python-deploy-now")
    second = str((open_ledger(home).get_client("mine") or {})["code_hash"])
    assert second != first

    page.press("python-rollback")
    assert "- number = '<i>' + number = 1" in page.text
    page.press("python-rollback-now")
    assert (open_ledger(home).get_client("mine") or {})["code_hash"] == first
    assert "differs" in page.app.button(key=f"file-{source}").label


def test_what_does_not_compile_cannot_be_deployed(home: Home, source: str, show: Any) -> None:
    page = show(PAGE, file=source)
    page.write(EDITOR, "x = (\n", run=False)
    page.press("python-deploy")
    assert "does not compile" in page.text
    with pytest.raises(KeyError):
        page.app.button(key="python-deploy-now")
    assert open_ledger(home).get_client("mine") is None


def test_files_that_change_while_the_difference_is_looked_at_are_not_deployed(
    home: Home, source: str, show: Any
) -> None:
    page = show(PAGE, file=source)
    page.press("python-deploy")
    (home.clients / "mine.py").write_text(CLIENT + "late = 1\n", encoding="utf-8")
    page.press("python-deploy-now")
    assert open_ledger(home).get_client("mine") is None
    assert "+ late = 1" in page.text
    assert "The files changed while you looked" in page.app.toast[0].value
    page.press("python-deploy-now")
    assert open_ledger(home).get_client("mine") is not None


def test_the_address_opens_a_file_at_a_line_and_refuses_what_lies_outside(source: str, show: Any) -> None:
    page = show(PAGE, file=source, line="4")
    assert page._editor(EDITOR)["line"] == 4
    for outside in ("/etc/passwd", "clients/../settings/settings.toml"):
        page = show(PAGE, file=outside)
        assert "Open a file, or begin with one of your own" in page.text
        assert page.app.toast[0].icon == ":material/error:"


def test_without_a_service_a_simulation_says_what_to_do(home: Home, source: str, show: Any) -> None:
    open_ledger(home)
    page = show(PAGE, file=source)
    page.app.toggle(key="python-network").set_value(True).run()
    page.press("python-simulate")
    assert "quantstrip up" in page.app.toast[0].value
    assert page.app.toggle(key="python-network").value, "it was for one run, and none began"


def test_whoever_lets_a_trial_connect_is_told_that_its_orders_could_be_real(home: Home, source: str, show: Any) -> None:
    open_ledger(home)
    page = show(PAGE, file=source)
    said = "A client that talks to a broker by itself could reach it: what it orders there is real."
    assert said in page.app.toggle(key="python-network").help
    page.press("python-rehearse")
    assert said in page.app.toggle(key="python-rehearse-network").help
    for network in (True, False):
        file = str(home.clients / "mine.py")
        task = tasks.run_now(home, "simulation", {"file": file, "network": network, "minutes": 0.01})
        page = show(PAGE, file=source)
        page.app.session_state["python-trials"] = {source: task.task_id}
        page.app.run()
        assert (said in page.text) == network


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_code_is_shown_to_admins_alone(source: str, show: Any, role: str) -> None:
    page = show(PAGE, role, file=source)
    assert "This needs the role admin" in page.text
    assert page.app.get("bidi_component") == []
    assert [each.label for each in page.app.button] == []


def test_the_address_follows_the_tab_and_the_same_link_works_twice(home: Home, source: str, show: Any) -> None:
    (home.clients / "other.py").write_text("x = 1\n", encoding="utf-8")
    page = show(PAGE, file=source, line="4")
    assert address(page) == source
    page.press("file-clients/other.py")
    page.app.run()
    assert address(page) == "clients/other.py"
    page.app.query_params["file"], page.app.query_params["line"] = source, "4"
    page.app.run()
    assert page.app.session_state["python-tabs"] == source


def test_files_are_uploaded_all_of_them_or_none(home: Home, source: str, show: Any) -> None:
    page = show(PAGE)
    page.press("python-upload")
    field = page.app.get("file_uploader")[0]
    field.set_value([("fresh.py", b"x = 1\n", "text/plain"), ("mine.py", b"x = 2\n", "text/plain")]).run()
    page.press("python-upload-now")
    assert "there is a file mine.py already" in page.text
    assert sorted(each.name for each in home.clients.iterdir()) == ["mine.py"]
    page.app.text_input(key="python-upload-folder").set_value("tests")
    page.press("python-upload-now")
    assert sorted(each.name for each in (home.clients / "tests").iterdir()) == ["fresh.py", "mine.py"]
