"""The shipped settings, and what a home's file may say about them."""

import pytest

from quantstrip.config import SettingsManager, ValueType
from quantstrip.config.shipped import overlay, shipped
from quantstrip.errors import SettingsError

EXPECTED = {
    "platform.timezone": "",
    "platform.reporting_currency": "USD",
    "dashboard.port": 8051,
    "service.heartbeat_seconds": 2.0,
    "service.heartbeat_stale_seconds": 30.0,
    "service.stop_seconds": 20.0,
    "service.restart_delays": [0, 1, 2, 5, 15],
    "service.restart_window_seconds": 300.0,
    "logs.retention_days": 30,
    "logs.max_megabytes": 50,
}


def test_the_documented_defaults(settings: SettingsManager) -> None:
    assert {path: settings.get(path) for path in EXPECTED} == EXPECTED


def test_no_default_is_a_dict_so_that_every_shipped_table_is_a_folder(settings: SettingsManager) -> None:
    assert not [each for each in settings.tree() if each.type is ValueType.DICT]
    assert overlay({}, "file") == (shipped(), [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[dashboard]\nport = "abc"\n', "dashboard.port is of type int: a port from 1 to 65535, got text 'abc'"),
        ('[dashboard]\nport = "8051"\n', "dashboard.port is of type int: a port from 1 to 65535, got text '8051'"),
        ("[dashboard]\nport = true\n", "dashboard.port is of type int: a port from 1 to 65535, got bool True"),
        ("[dashboard]\nport = 70000\n", "dashboard.port must be a port from 1 to 65535, got 70000"),
        ("dashboard = 3\n", "dashboard is of type folder, got int 3"),
        ('dashboard = {secret = "x"}\n', "dashboard is of type folder"),
        ('[platform]\ntimezone = "America/NewYork"\n', "platform.timezone must be an IANA zone"),
        ('[platform]\ntimezone = "America"\n', "platform.timezone must be an IANA zone"),
        ('[platform]\ntimezone = "../etc"\n', "platform.timezone must be an IANA zone"),
        ("[service]\nrestart_delays = [1, -2]\n", "service.restart_delays must be a list of seconds"),
        ("[service]\nrestart_delays = []\n", "service.restart_delays must be a list of seconds"),
        ("[service]\nheartbeat_seconds = nan\n", "service.heartbeat_seconds is of type float"),
        ("[mine]\nstarted = 2024-01-02\n", "mine.started is a date: 2024-01-02"),
    ],
)
def test_a_mistyped_setting_names_file_path_type_and_what_came(
    settings: SettingsManager, text: str, message: str
) -> None:
    settings.home.settings_file.write_text(text)
    with pytest.raises(SettingsError) as refusal:
        settings.get("logs.level")
    assert message in str(refusal.value)
    assert str(settings.home.settings_file) in str(refusal.value) or "mine.started" in message


def test_a_name_that_no_shipped_folder_has_is_taken_for_a_typo(settings: SettingsManager) -> None:
    settings.home.settings_file.write_text("[dashboard]\nprot = 9000\n")
    with pytest.raises(SettingsError, match=r"no setting dashboard.prot\nDid you mean dashboard.port\?"):
        settings.get("dashboard.port")
    settings.home.settings_file.unlink()
    with pytest.raises(SettingsError, match=r"no setting logs.colour\nKnown there: level, retention_days"):
        settings.set_by_path("logs.colour", "red")


def test_clients_and_folders_of_ones_own_are_free(settings: SettingsManager) -> None:
    settings.set_by_path("clients.ma_cross.symbols", ["AAPL"], "list")
    settings.set_by_path("my_strat.allocation", 0.25, "float")
    assert settings.get("clients.ma_cross.symbols") == ["AAPL"]
    assert settings.get("my_strat.allocation") == 0.25


def test_a_refused_file_refuses_a_save_too_and_stays_as_it_is(settings: SettingsManager) -> None:
    settings.home.settings_file.write_text("[dashboard]\nprot = 9000\n")
    with pytest.raises(SettingsError, match="prot"):
        settings.set_by_path("mine.x", 1, "int")
    assert settings.home.settings_file.read_text() == "[dashboard]\nprot = 9000\n"
