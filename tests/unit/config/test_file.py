"""The settings file: comments kept, malformed files refused, saves whole or not at all."""

from pathlib import Path

import pytest

from quantstrip.config import SettingsManager
from quantstrip.errors import SettingsError
from quantstrip.home import Home

WRITTEN_BY_HAND = """\
# My settings.

[my_strat]   # the one that works
allocation = 0.25  # a quarter
symbols = [
    "SPY",  # stocks
    "TLT",  # bonds
]

# Last, the dashboard.
[dashboard]
port = 9000
"""


def test_comments_order_and_layout_stay_when_a_value_changes(settings: SettingsManager, home: Home) -> None:
    home.settings_file.write_text(WRITTEN_BY_HAND)
    settings.set_by_path("my_strat.allocation", 0.5, "float")
    assert home.settings_file.read_text() == WRITTEN_BY_HAND.replace("0.25", "0.5")


def test_a_new_value_leaves_the_rest_byte_for_byte(settings: SettingsManager, home: Home) -> None:
    home.settings_file.write_text(WRITTEN_BY_HAND)
    settings.set_by_path("other.name", "x")
    settings.set_by_path("my_strat.on", True, "bool")
    settings.delete("my_strat.on")
    settings.delete("other")
    assert home.settings_file.read_text().rstrip("\n") == WRITTEN_BY_HAND.rstrip("\n")


def test_setting_what_is_set_already_writes_nothing(settings: SettingsManager, home: Home) -> None:
    settings.set_by_path("mine.x", 1, "int")
    before = home.settings_file.stat()
    settings.set_by_path("mine.x", 1, "int")
    assert home.settings_file.stat().st_ino == before.st_ino


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[dashboard]\nport = abc\n", "line 2"),
        ("[dashboard\n", "line 1"),
        ("a = 1\na = 2\n", "line 2"),
        ("[a]\nb = 'x\n", "line 3, the end of the file"),
    ],
)
def test_a_malformed_file_names_the_line_and_is_not_written_to(
    settings: SettingsManager, home: Home, text: str, line: str
) -> None:
    home.settings_file.write_text(text)
    with pytest.raises(SettingsError) as refusal:
        settings.get("dashboard.port")
    assert line in str(refusal.value)
    assert str(home.settings_file) in str(refusal.value)
    with pytest.raises(SettingsError, match=line):
        settings.set_by_path("dashboard.port", 9000, "int")
    assert home.settings_file.read_text() == text


def test_a_file_that_is_no_text_is_refused(settings: SettingsManager, home: Home) -> None:
    home.settings_file.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(SettingsError, match="not UTF-8"):
        settings.get("dashboard.port")


def test_a_folder_in_place_of_the_file_is_refused(settings: SettingsManager, home: Home) -> None:
    home.settings_file.mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.get("dashboard.port")


def test_a_change_by_another_process_is_noticed(settings: SettingsManager, home: Home) -> None:
    assert settings.get("dashboard.port") == 8051
    SettingsManager(home).set_by_path("dashboard.port", 9000, "int")
    assert settings.get("dashboard.port") == 9000
    home.settings_file.unlink()
    assert settings.get("dashboard.port") == 8051


def test_a_new_file_is_readable_by_its_owner_only_and_an_old_one_keeps_its_mode(
    settings: SettingsManager, home: Home
) -> None:
    settings.set_by_path("mine.x", 1, "int")
    assert home.settings_file.stat().st_mode & 0o777 == 0o600
    home.settings_file.chmod(0o640)
    settings.set_by_path("mine.x", 2, "int")
    assert home.settings_file.stat().st_mode & 0o777 == 0o640


def test_a_linked_settings_file_stays_a_link(settings: SettingsManager, home: Home, tmp_path: Path) -> None:
    elsewhere = tmp_path / "dotfiles.toml"
    elsewhere.write_text("[dashboard]\nport = 9000\n")
    home.settings_file.symlink_to(elsewhere)
    settings.set_by_path("dashboard.port", 9001, "int")
    assert home.settings_file.is_symlink()
    assert "9001" in elsewhere.read_text()


def test_no_temporary_file_is_left(settings: SettingsManager, home: Home) -> None:
    settings.set_by_path("mine.x", 1, "int")
    assert sorted(path.name for path in home.settings.iterdir()) == [".lock", "settings.toml"]


def test_a_settings_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match=r"cannot be written: .*unchanged"):
        SettingsManager(Home(tmp_path)).set_by_path("mine.x", 1, "int")


def test_tables_torn_apart_by_hand_are_edited_without_loss(settings: SettingsManager, home: Home) -> None:
    home.settings_file.write_text("[a.b]\nx = 1\n\n[c]\ny = 2\n\n[a.d]\nz = 3\n")
    settings.set_by_path("a.b.new", 5, "int")
    settings.delete("a.d.z")
    settings.set_by_path("a.e", True, "bool")
    assert settings.get("a") == {"b": {"x": 1, "new": 5}, "d": {}, "e": True}
    assert settings.get("c") == {"y": 2}
