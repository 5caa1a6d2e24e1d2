"""Settings as a person works with them: the tree, what a change asks for, taking back, and taking along."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.config import SettingsManager
from quantstrip.config.bounds import OneOf
from quantstrip.config.known import settings_at
from quantstrip.errors import SettingsError
from quantstrip.home import Home
from quantstrip.operations import settings, settings_text, settings_transfer, settings_tree
from quantstrip.operations.settings_acts import AT_ONCE, SERVICE, acts

SECRET = "hunter2-of-the-broker"


@pytest.fixture
def other(tmp_path: Path) -> Home:
    return Home(tmp_path / "other").create()


def paths(leaves: list[settings_tree.Leaf]) -> list[str]:
    return [leaf.path for leaf in leaves]


def folder(home: Home, path: str) -> settings_tree.Folder:
    return next(each for each in settings_tree.folders(home) if each.path == path)


def test_each_folder_comes_before_what_is_in_it_with_the_number_of_its_settings(home: Home) -> None:
    settings.set_setting(home, "mine.deep.x", 1, "int")
    found = [each.path for each in settings_tree.folders(home)]
    assert found[0] == ""
    assert found.index("mine") < found.index("mine.deep")
    assert {"platform", "dashboard", "notify", "clients"} <= set(found)
    assert folder(home, "mine").count == 1
    assert folder(home, "dashboard").closed
    assert not folder(home, "mine").closed


def test_a_deployed_client_has_a_folder_that_shows_what_can_be_set(home: Home) -> None:
    from quantstrip.ledger import open_ledger

    open_ledger(home).set_client("pairs", mode="paper")
    assert folder(home, "clients.pairs").count == 0
    found = {leaf.name: leaf for leaf in settings_tree.leaves(home, "clients.pairs")}
    assert not found["mode"].is_set
    assert found["mode"].choices == ("live", "paper", "replay", "simulation")
    assert found["mode"].acts == "when the client is started again"
    open_ledger(home).close()


def test_a_secret_is_listed_masked_and_never_searched(home: Home) -> None:
    settings.set_setting(home, "broker.password", SECRET, "secret")
    leaf = settings_tree.leaf_at(home, "broker.password")
    assert (leaf.type, leaf.secret, leaf.value) == ("secret", True, "********")
    assert settings_tree.search(home, "hunter2") == []
    assert paths(settings_tree.search(home, "broker pass")) == ["broker.password"]


def test_the_search_reads_names_meanings_and_values(home: Home) -> None:
    assert "notify.batch_seconds" in paths(settings_tree.search(home, "alerts SECONDS"))
    assert paths(settings_tree.search(home, "8051")) == ["dashboard.port"]


def test_a_dict_that_holds_a_secret_is_not_edited_as_a_whole(home: Home) -> None:
    settings.set_setting(home, "mine.weights", {"SPY": 0.5}, "dict")
    assert settings_tree.leaf_at(home, "mine.weights").editable
    home.settings_file.write_text('[mine]\nweights = { key = { secret = "gAAA" } }\n', encoding="utf-8")
    assert not settings_tree.leaf_at(home, "mine.weights").editable


def test_a_value_that_went_meanwhile_is_told(home: Home) -> None:
    with pytest.raises(SettingsError, match=r"there is no setting 'mine\.x'"):
        settings_tree.leaf_at(home, "mine.x")


def test_every_known_setting_says_when_a_change_acts() -> None:
    assert acts("dashboard.port") == acts("logs.level") == SERVICE
    assert acts("clients.pairs.notify") == acts("notify.recipients") == acts("mine.x") == AT_ONCE
    assert acts("/clients/a.b/mode") == "when the client is started again"
    assert all(each.acts == acts(each.path) for each in settings.known_settings())


# Taking back


def test_what_was_deleted_comes_back_as_it_was_secrets_included(home: Home) -> None:
    settings.set_setting(home, "broker.password", SECRET, "secret")
    settings.set_setting(home, "broker.limits", {"SPY": 0.5}, "dict")
    settings.set_setting(home, "broker.live.port", 4001, "int")
    before = tomllib.loads(home.settings_file.read_text(encoding="utf-8"))
    deleted = settings.delete_setting(home, "broker")
    assert SECRET not in repr(deleted)
    assert "gAAA" not in repr(deleted)
    assert SettingsManager(home).get("broker") is None
    settings.restore_setting(home, deleted)
    assert tomllib.loads(home.settings_file.read_text(encoding="utf-8")) == before
    assert SettingsManager(home).get("broker.password") == SECRET
    assert settings_tree.leaf_at(home, "broker.limits").type == "dict"


def test_what_was_set_again_meanwhile_is_not_overwritten(home: Home) -> None:
    settings.set_setting(home, "mine.x", 1, "int")
    deleted = settings.delete_setting(home, "mine.x")
    settings.set_setting(home, "mine.x", 2, "int")
    with pytest.raises(SettingsError, match="was set again meanwhile"):
        settings.restore_setting(home, deleted)
    assert settings.get_setting(home, "mine.x") == 2


def test_a_locked_folder_is_not_deleted(home: Home) -> None:
    settings.set_setting(home, "broker.port", 1, "int")
    settings.lock_folder(home, "broker")
    assert folder(home, "broker").own_lock
    with pytest.raises(SettingsError, match="the folder broker is locked"):
        settings.delete_setting(home, "broker.port")


@pytest.mark.parametrize("name", ["", " x", "a/b", "a\nb"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be the name"):
        settings.child_path("mine", name)


def test_a_name_with_a_dot_keeps_it() -> None:
    assert settings.child_path("limits", "BRK.B") == "/limits/BRK.B"
    assert settings.child_path("", "mine") == "mine"


# Lists and dicts as text

PLAIN = st.none().map(lambda _: "") | st.text(max_size=8) | st.integers(-9, 9) | st.booleans() | st.floats(-1e6, 1e6)
NAMES = st.text("abcXYZ.- 1", min_size=1, max_size=6)


@given(st.lists(PLAIN | st.lists(PLAIN, max_size=2), max_size=5))
def test_a_list_is_read_back_as_it_was_shown(values: list[Any]) -> None:
    assert repr(settings_text.read_list(settings_text.list_text(values))) == repr(values)


@given(st.dictionaries(NAMES, st.text("ab \"'=#", max_size=5) | st.integers(-9, 9) | st.booleans(), max_size=4))
def test_a_dict_is_read_back_as_it_was_shown(values: dict[str, Any]) -> None:
    assert settings_text.read_dict(settings_text.dict_text(values)) == values


def test_a_line_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingsError, match="line 2"):
        settings_text.read_dict("SPY = 0.6\nTLT = big")


# Taking along


def test_an_export_holds_what_is_set_and_no_secret_and_another_home_takes_it(home: Home, other: Home) -> None:
    settings.set_setting(home, "dashboard.port", 9000)
    settings.set_setting(home, "mine.weights", {"SPY": 0.6}, "dict")
    settings.set_setting(home, "/mine/BRK.B", [1, "a"], "list")
    settings.set_setting(home, "broker.password", SECRET, "secret")
    text = settings_transfer.export_settings(home)
    assert "gAAA" not in text
    assert "broker.password" in text
    assert {each.path for each in settings_transfer.import_settings(other, text)} == {
        "dashboard.port", "mine.weights", "/mine/BRK.B",
    }  # fmt: skip
    assert settings.get_setting(other, "dashboard.port") == 9000
    assert settings_tree.leaf_at(other, "mine.weights").type == "dict"
    assert settings.get_setting(other, "/mine/BRK.B") == [1, "a"]
    assert settings_transfer.preview_import(other, text) == []


def test_an_export_of_one_folder_holds_that_folder(home: Home) -> None:
    settings.set_setting(home, "dashboard.port", 9000)
    settings.set_setting(home, "mine.x", "1")
    assert tomllib.loads(settings_transfer.export_settings(home, "mine")) == {"mine": {"x": "1"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = ", "this is no settings file"),
        ("[dashboard]\nport = 70000\n", "dashboard.port must be a port"),
        ("[dashboard]\nprot = 1\n", "there is no setting dashboard.prot"),
        ("[clients.a]\ncalendar = 'NOWHERE'\n", "must be an exchange's calendar"),
        ('[a]\nb = { secret = "gAAA" }\n', "a.b is a secret of another home"),
        ("[broker]\npassword = 'in the clear'\n", "broker.password is a secret here"),
        ("broker = 1\n", "broker is a folder here"),
        ("day = 2024-01-01\n", "day is a date"),
    ],
)
def test_an_import_that_is_refused_changes_nothing(home: Home, text: str, message: str) -> None:
    settings.set_setting(home, "broker.password", SECRET, "secret")
    before = home.settings_file.read_bytes()
    for attempt in (settings_transfer.preview_import, settings_transfer.import_settings):
        with pytest.raises(SettingsError, match=message):
            attempt(home, "first = 1\n" + text)
    assert home.settings_file.read_bytes() == before


def test_a_preview_changes_nothing_and_tells_before_and_after(home: Home) -> None:
    (change,) = settings_transfer.preview_import(home, "[dashboard]\nport = 9000\n")
    assert (change.path, change.before, change.after) == ("dashboard.port", 8051, 9000)
    assert not home.settings_file.exists()


def test_every_choice_of_a_known_setting_is_accepted_by_it() -> None:
    rules = [each.accepts for each in settings_at(()) if isinstance(each.accepts, OneOf)]
    assert len(rules) > 4
    assert all(rule(choice) and not rule("another") for rule in rules for choice in rule.choices)
