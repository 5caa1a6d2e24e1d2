"""The tree: defaults below, the home's file above, folders, listing, deleting, locking."""

import pytest

from quantstrip.config import SettingsManager, ValueType
from quantstrip.errors import SettingsError
from quantstrip.home import Home


def test_a_home_without_a_file_has_the_shipped_defaults(settings: SettingsManager) -> None:
    assert settings.get("dashboard.port") == settings.get_by_path("/config/dashboard/port") == 8051
    assert settings.get("platform.timezone") == ""
    assert settings.get("service.heartbeat_seconds") == 2
    assert not settings.home.settings_file.exists()


def test_what_is_absent_is_none_or_the_default_given(settings: SettingsManager) -> None:
    assert settings.get_by_path("/config/Settings/Broker/IBKR/Port") is None
    assert settings.get("my_strat.allocation", 0.5) == 0.5
    assert settings.get("dashboard.port.deeper", "x") == "x"


def test_paths_are_case_sensitive(settings: SettingsManager) -> None:
    settings.set_by_path("Mine.Port", 1, "int")
    assert settings.get("mine.port") is None
    assert settings.get("Mine.Port") == 1


def test_a_setting_of_the_home_wins_over_the_default(settings: SettingsManager) -> None:
    settings.set_by_path("dashboard.port", 9000, "int")
    assert settings.get("dashboard.port") == 9000
    assert settings.home.settings_file.read_text().count("=") == 1  # what is as shipped is not copied


def test_a_shipped_setting_keeps_its_type_whatever_type_is_passed(settings: SettingsManager) -> None:
    settings.set_by_path("dashboard.port", "9000")
    settings.set_by_path("service.heartbeat_seconds", 3)
    assert settings.get("dashboard.port") == 9000
    assert isinstance(settings.get("service.heartbeat_seconds"), float)
    with pytest.raises(SettingsError, match=r"dashboard.port is of type int: a port from 1 to 65535, got text 'abc'"):
        settings.set_by_path("dashboard.port", "abc", "text")


def test_a_whole_number_in_the_file_serves_where_a_float_is_shipped(settings: SettingsManager) -> None:
    settings.home.settings_file.write_text("[service]\nstop_seconds = 5\n")
    assert isinstance(settings.get("service.stop_seconds"), float)


def test_a_folder_is_read_as_a_dict(settings: SettingsManager) -> None:
    settings.set_by_path("/config/Settings/Broker/IBKR/Port", 4001, "int")
    settings.set_by_path("Settings.Broker.IBKR.Host", "localhost")
    assert settings.get("Settings.Broker") == {"IBKR": {"Port": 4001, "Host": "localhost"}}
    assert settings.items("marks") == {"folder": "", "delay_minutes": 5.0}
    assert settings.items("dashboard.port") == settings.items("no.such.folder") == {}
    assert {"platform", "dashboard", "Settings"} <= settings.items().keys()


def test_an_empty_folder_can_be_made(settings: SettingsManager) -> None:
    settings.set_by_path("clients.ma_cross", None, "folder")
    assert settings.get("clients.ma_cross") == {}
    settings.set_by_path("clients.ma_cross.cash", 5000, "float")
    settings.set_by_path("clients.ma_cross", None, "folder")
    assert settings.get("clients.ma_cross") == {"cash": 5000.0}


def test_nothing_stands_below_a_value_and_no_value_replaces_a_folder(settings: SettingsManager) -> None:
    settings.set_by_path("mine.x", 1, "int")
    with pytest.raises(SettingsError, match=r"mine.x is a value"):
        settings.set_by_path("mine.x.y", 1, "int")
    with pytest.raises(SettingsError, match="mine is a folder"):
        settings.set_by_path("mine", "text")
    with pytest.raises(SettingsError, match="dashboard is a folder"):
        settings.set_by_path("dashboard", "text")
    assert settings.get("mine") == {"x": 1}


def test_a_dict_is_one_value_that_is_replaced_whole(settings: SettingsManager) -> None:
    settings.set_by_path("mine.weights", {"SPY": 0.6, "TLT": 0.4}, "dict")
    settings.set_by_path("mine.weights", {"GLD": 1.0}, "dict")
    assert settings.get("mine.weights") == {"GLD": 1.0}
    settings.set_by_path("mine.weights.TLT", 0.5, "float")
    assert settings.get("mine.weights") == {"GLD": 1.0, "TLT": 0.5}


def test_the_root_is_no_setting(settings: SettingsManager) -> None:
    for path in ("", "/config", "_quantstrip.locked"):
        with pytest.raises(SettingsError, match="names no setting"):
            settings.set_by_path(path, "x")


def test_the_listing_shows_type_origin_and_change_of_every_node(settings: SettingsManager) -> None:
    settings.set_by_path("dashboard.port", 9000, "int")
    settings.set_by_path("mine.weights", {"SPY": 1.0}, "dict")
    listed = {each.path: each for each in settings.tree()}
    port = listed["dashboard.port"]
    assert (port.type, port.value, port.shipped, port.changed) == (ValueType.INT, 9000, True, True)
    assert listed["platform"].type is ValueType.FOLDER
    assert not listed["platform.timezone"].changed
    weights = listed["mine.weights"]
    assert (weights.type, weights.shipped, weights.changed) == (ValueType.DICT, False, True)
    assert "mine.weights.SPY" not in listed
    paths = list(listed)
    assert paths.index("dashboard") < paths.index("dashboard.port")


def test_deleting_takes_a_value_or_a_whole_folder_away(settings: SettingsManager) -> None:
    settings.set_by_path("mine.a", 1, "int")
    settings.set_by_path("mine.deep.b", 2, "int")
    settings.delete("mine.a")
    assert settings.get("mine") == {"deep": {"b": 2}}
    settings.delete("mine")
    assert settings.get("mine") is None


def test_deleting_a_shipped_setting_goes_back_to_the_default(settings: SettingsManager) -> None:
    settings.set_by_path("dashboard.port", 9000, "int")
    settings.delete("dashboard.port")
    assert settings.get("dashboard.port") == 8051
    with pytest.raises(SettingsError, match="has its default already"):
        settings.delete("dashboard.port")


def test_deleting_what_is_not_there_is_an_error(settings: SettingsManager) -> None:
    with pytest.raises(SettingsError, match=r"there is no setting my\.x"):
        settings.delete("my.x")


@pytest.mark.parametrize("path", ["broker", "broker.ibkr", "broker.ibkr.port"])
def test_a_locked_folder_its_content_and_what_holds_it_cannot_be_deleted(settings: SettingsManager, path: str) -> None:
    settings.set_by_path("broker.ibkr.port", 4001, "int")
    settings.lock("broker.ibkr")
    with pytest.raises(SettingsError, match=r"broker.ibkr is locked"):
        settings.delete(path)
    assert settings.get("broker.ibkr.port") == 4001


def test_values_of_a_locked_folder_change_and_new_ones_are_added(settings: SettingsManager) -> None:
    settings.set_by_path("broker.ibkr.port", 4001, "int")
    settings.lock("broker.ibkr")
    settings.set_by_path("broker.ibkr.port", 4002, "int")
    settings.set_by_path("broker.ibkr.host", "localhost")
    settings.set_by_path("broker.other", 1, "int")
    settings.delete("broker.other")
    assert settings.get("broker") == {"ibkr": {"port": 4002, "host": "localhost"}}


def test_a_lock_is_kept_shown_and_taken_back(settings: SettingsManager, home: Home) -> None:
    settings.set_by_path("broker.ibkr.port", 4001, "int")
    settings.lock("/config/broker/ibkr")
    again = SettingsManager(home)
    assert {each.path for each in again.tree() if each.locked} == {"broker.ibkr", "broker.ibkr.port"}
    assert all("_quantstrip" not in each.path for each in again.tree())
    assert "_quantstrip" not in again.items()
    again.unlock("broker.ibkr")
    settings.delete("broker")
    assert "_quantstrip" not in home.settings_file.read_text()


def test_only_a_folder_that_is_there_can_be_locked(settings: SettingsManager) -> None:
    for path in ("no.such", "dashboard.port"):
        with pytest.raises(SettingsError, match="no folder"):
            settings.lock(path)


def test_a_part_of_the_tree_and_a_single_node_are_listed(settings: SettingsManager) -> None:
    settings.set_by_path("/limits/BRK.B", 1.5, "float")
    settings.set_by_path("limits_of_others", 1, "int")
    assert [each.path for each in settings.tree("marks")] == ["marks", "marks.folder", "marks.delay_minutes"]
    assert [each.path for each in settings.tree("/config/limits")] == ["limits", "/limits/BRK.B"]
    found = settings.find("/limits/BRK.B")
    assert found is not None
    assert (found.path, found.type, found.value) == ("/limits/BRK.B", ValueType.FLOAT, 1.5)
    assert settings.find("limits.BRK") is None
    assert settings.tree("no.such") == []
