"""The settings page on a real settings file: walk, search, edit by type, lock, delete and take back, take along."""

from typing import Any

import pytest

from quantstrip.config import SettingsManager
from quantstrip.home import Home
from quantstrip.operations import settings

PAGE = "screens/settings.py"
SECRET = "hunter2-of-the-broker"


def dialog(page: Any, kind: str, subject: str = "") -> Any:
    page.app.session_state["dialog"] = (kind, subject)
    page.app.run()
    assert not page.app.exception
    return page.app


def said(page: Any) -> str:
    return " ".join(toast.value for toast in page.app.toast).replace("\\", "")


def set_of(home: Home, path: str) -> Any:
    return SettingsManager(home).get(path)


def save(page: Any, key: str = "save-setting") -> None:
    page.press(key)


def test_a_home_without_values_of_its_own_says_what_to_do_first(home: Home, show: Any) -> None:
    page = show(PAGE)
    assert "Every setting has its default. Choose a folder" in page.text
    assert {"platform", "dashboard", "clients"} <= {button.label.split()[0] for button in page.app.button}


def test_a_folder_shows_each_setting_with_type_value_meaning_and_when_it_acts(home: Home, show: Any) -> None:
    page = show(PAGE, folder="dashboard")
    assert "port int 8051 Port of the dashboard on 127.0.0.1." in page.text
    assert "Acts when the service is started again (quantstrip down, then quantstrip up)." in page.text
    assert [box.value for box in page.app.selectbox] == ["dashboard"]


def test_folders_open_on_the_way_to_the_one_that_is_shown(home: Home, show: Any) -> None:
    settings.set_setting(home, "mine.deep.x", "1")
    page = show(PAGE)
    assert not any(button.label.startswith("deep") for button in page.app.button)
    next(button for button in page.app.button if button.label.startswith("mine")).click().run()
    assert any(button.label.startswith("deep") for button in page.app.button)
    assert "Here are folders alone" in page.text


def test_names_and_values_with_html_are_shown_as_text(home: Home, show: Any) -> None:
    settings.set_setting(home, "/mine/<b>bold", "<img src=x>")
    page = show(PAGE, folder="mine")
    assert "<b>bold text <img src=x>" in page.text
    assert "<img" not in page.markup
    assert "<b>" not in page.markup


def test_the_search_finds_over_all_folders_and_says_when_it_finds_nothing(home: Home, show: Any) -> None:
    page = show(PAGE)
    page.app.text_input(key="settings-search").set_value("alerts seconds").run()
    assert "notify.batch_seconds" in page.text
    page.app.text_input(key="settings-search").set_value("no such words").run()
    assert "Nothing found" in page.text


@pytest.mark.parametrize(
    ("path", "kind", "before", "widget", "entered", "after"),
    [
        ("dashboard.port", "int", None, "number_input", 9000, 9000),
        ("notify.batch_seconds", "float", None, "number_input", 0.125, 0.125),
        ("ledger.audit", "bool", None, "toggle", False, False),
        ("logs.level", "text", None, "selectbox", "DEBUG", "DEBUG"),
        ("platform.timezone", "text", None, "text_input", "Europe/Zurich", "Europe/Zurich"),
        ("mine.symbols", "list", ["SPY"], "text_area", "SPY\nTLT\n7", ["SPY", "TLT", 7]),
        ("mine.weights", "dict", {"SPY": 1.0}, "text_area", "SPY = 0.6\nTLT = 0.4", {"SPY": 0.6, "TLT": 0.4}),
        ("clients.a.risk.max_order_value", "text", "off", "text_input", "5000", 5000.0),
    ],
)
def test_each_type_has_its_editor(
    home: Home, show: Any, path: str, kind: str, before: Any, widget: str, entered: Any, after: Any
) -> None:
    if before is not None:
        settings.set_setting(home, path, before, kind)
    page = show(PAGE)
    app = dialog(page, "edit", path)
    getattr(app, widget)(key=f"value-{path}").set_value(entered)
    save(page)
    assert set_of(home, path) == after
    assert f"{path} is set." in said(page)
    assert "dialog" not in app.session_state


def test_what_is_refused_is_said_in_the_dialog_which_stays_and_nothing_changes(home: Home, show: Any) -> None:
    page = show(PAGE)
    app = dialog(page, "edit", "dashboard.port")
    assert "Must be a port from 1 to 65535" in page.text
    app.number_input(key="value-dashboard.port").set_value(70000)
    save(page)
    assert "dashboard.port must be a port from 1 to 65535, got 70000" in page.text
    assert app.session_state["dialog"] == ("edit", "dashboard.port")
    assert set_of(home, "dashboard.port") == 8051


def test_a_list_or_dict_that_cannot_be_read_is_refused_with_the_line(home: Home, show: Any) -> None:
    settings.set_setting(home, "mine.weights", {"SPY": 1.0}, "dict")
    page = show(PAGE)
    dialog(page, "edit", "mine.weights").text_area(key="value-mine.weights").set_value("SPY = 1.0\nTLT is big")
    save(page)
    assert "line 2" in page.text
    assert set_of(home, "mine.weights") == {"SPY": 1.0}


def test_a_secret_is_masked_and_can_be_written_and_never_read(home: Home, show: Any) -> None:
    settings.set_setting(home, "broker.password", "old-hunter2-old", "secret")
    page = show(PAGE, folder="broker")
    assert "password secret •••••••• set" in page.text
    app = dialog(page, "edit", "broker.password")
    field = app.text_input(key="value-broker.password")
    assert (field.value, field.proto.type) == ("", field.proto.PASSWORD)
    save(page)
    assert "nothing was entered" in page.text
    app.text_input(key="value-broker.password").set_value(SECRET)
    save(page)
    assert set_of(home, "broker.password") == SECRET
    whole = page.text + said(page) + repr(app.session_state)
    assert SECRET not in whole
    assert "old-hunter2-old" not in whole


def test_a_setting_that_waits_for_a_start_says_so_when_it_is_saved(home: Home, show: Any) -> None:
    page = show(PAGE)
    dialog(page, "edit", "dashboard.port").number_input(key="value-dashboard.port").set_value(9001)
    save(page)
    assert "It acts when the service is started again" in said(page)


def test_a_setting_and_a_folder_of_ones_own_are_added(home: Home, show: Any) -> None:
    page = show(PAGE)
    app = dialog(page, "add-folder")
    app.text_input(key="add-folder-name").set_value("mine")
    save(page, "add-folder-save")
    assert app.query_params["folder"] == "mine"
    assert "Nothing is set here yet" in page.text
    app = dialog(page, "add", "mine")
    app.selectbox(key="add-type").set_value("int").run()
    app.text_input(key="add-name").set_value("x")
    app.number_input(key="add-value-int").set_value(7)
    save(page, "add-save")
    assert set_of(home, "mine.x") == 7
    app = dialog(page, "add", "mine")
    app.text_input(key="add-name").set_value("x")
    app.text_input(key="add-value-text").set_value("again")
    save(page, "add-save")
    assert "mine.x is there already" in page.text
    app.text_input(key="add-name").set_value("a/b")
    save(page, "add-save")
    assert "cannot be the name" in page.text
    assert set_of(home, "mine") == {"x": 7}


def test_a_folder_of_the_platform_takes_no_names_of_ones_own(home: Home, show: Any) -> None:
    page = show(PAGE, folder="dashboard")
    assert not [button for button in page.app.button if button.key in ("add-setting", "add-folder")]
    assert page.app.button(key="delete-folder").disabled


def test_deleting_asks_first_names_what_goes_and_can_be_taken_back(home: Home, show: Any) -> None:
    settings.set_setting(home, "broker.port", 4001, "int")
    settings.set_setting(home, "broker.password", SECRET, "secret")
    page = show(PAGE, folder="broker")
    page.press("delete-folder")
    assert any("broker.password" in text.value for text in page.app.text)
    assert set_of(home, "broker.port") == 4001
    page.press("delete-now")
    assert set_of(home, "broker") is None
    assert "Deleted: broker" in page.text
    page.press("settings-undo")
    assert set_of(home, "broker.password") == SECRET
    assert "broker is back" in said(page)
    assert "Deleted:" not in page.text


def test_a_setting_of_the_platform_goes_back_to_its_default(home: Home, show: Any) -> None:
    settings.set_setting(home, "dashboard.port", 9000)
    page = show(PAGE, folder="dashboard")
    dialog(page, "edit", "dashboard.port")
    page.press("delete-setting")
    assert any("It goes back to its default, 8051." in text.value for text in page.app.text)
    page.press("cancel-delete-now")
    assert set_of(home, "dashboard.port") == 9000
    dialog(page, "delete", "dashboard.port")
    page.press("delete-now")
    assert set_of(home, "dashboard.port") == 8051


def test_a_locked_folder_is_marked_and_cannot_be_deleted_until_it_is_unlocked(home: Home, show: Any) -> None:
    settings.set_setting(home, "broker.port", 4001, "int")
    page = show(PAGE, folder="broker")
    page.press("folder-lock")
    assert "broker locked" in page.text
    assert page.app.button(key="delete-folder").disabled
    dialog(page, "delete", "broker")
    page.press("delete-now")
    assert "the folder broker is locked" in page.text
    assert set_of(home, "broker.port") == 4001
    page.app.session_state["dialog"] = ("", "")
    page.press("folder-lock")
    assert not page.app.button(key="delete-folder").disabled


def test_an_import_shows_what_it_would_change_and_then_sets_it(home: Home, show: Any) -> None:
    page = show(PAGE)
    app = dialog(page, "import")
    app.file_uploader(key="import-file").set_value(("s.toml", b"[dashboard]\nport = 9000\n", "application/toml")).run()
    assert "dashboard.port 8051 9000" in page.text
    assert set_of(home, "dashboard.port") == 8051
    page.press("import-now")
    assert set_of(home, "dashboard.port") == 9000


def test_an_import_that_is_refused_says_why(home: Home, show: Any) -> None:
    page = show(PAGE)
    app = dialog(page, "import")
    app.file_uploader(key="import-file").set_value(("s.toml", b"[dashboard]\nprot = 9000\n", "application/toml")).run()
    assert "there is no setting dashboard.prot" in page.text
    assert "Did you mean dashboard.port?" in page.text


def test_what_was_changed_meanwhile_is_told_before_it_is_overwritten(home: Home, show: Any) -> None:
    page = show(PAGE)
    app = dialog(page, "edit", "dashboard.port")
    settings.set_setting(home, "dashboard.port", 9000)
    app.number_input(key="value-dashboard.port").set_value(9001)
    save(page)
    assert "dashboard.port was changed meanwhile: it is 9000" in page.text
    assert set_of(home, "dashboard.port") == 9000
    app.number_input(key="value-dashboard.port").set_value(9001)
    save(page)
    assert set_of(home, "dashboard.port") == 9001


def test_a_setting_deleted_meanwhile_is_told_in_the_dialog(home: Home, show: Any) -> None:
    page = show(PAGE)
    dialog(page, "edit", "mine.gone")
    assert "there is no setting 'mine.gone'" in page.text


def test_a_broken_settings_file_is_told_with_its_line_and_a_clients_problem_is_named(home: Home, show: Any) -> None:
    home.settings_file.write_text("[clients.pairs]\nmode = 'lief'\n", encoding="utf-8")
    page = show(PAGE, folder="clients.pairs")
    assert "clients.pairs.mode must be one of live" in page.text
    home.settings_file.write_text("[dashboard\n", encoding="utf-8")
    assert "line 1" in show(PAGE).text
