"""The settings that the platform reads: checked when they are set and when the file was edited by hand."""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.config import SettingsManager
from quantstrip.config.shipped import check_value, overlay, shipped
from quantstrip.config.table import KNOWN
from quantstrip.config.values import ValueType
from quantstrip.errors import SettingsError
from quantstrip.home import asset

ROOT = Path(__file__).parents[3]

REFUSED = [
    ("mode", "bogus", "must be one of live, paper, replay, simulation, got 'bogus'"),
    ("mode", "Live", "must be one of live"),
    ("cash", "-5", "must be money of at least 0.01, got -5.0"),
    ("cash", "much", "is of type float: money of at least 0.01, got text 'much'"),
    ("cash", "nan", "is of type float"),
    ("quantity", "0", "must be a number of units above 0, got 0.0"),
    ("replay_seconds", "-1", "must be 0 or more seconds"),
    ("feed", "tape", "must be one of replay, history, got 'tape'"),
    ("symbols", ",", "must be a list of names"),
    ("symbols", "[1]", "must be a list of names"),
    ("strategy", "", "must be the path of a file"),
    ("risk", "BOLD", "must be one of NATIVE, CASH_ONLY, OFF, or a table of limits"),
    ("risk", '{"max_drawdown": -1}', 'clients.mine.risk.max_drawdown must be 0 or more, or "off", got -1'),
    ("risk", '{"max_drawdwn": 1}', "Did you mean clients.mine.risk.max_drawdown?"),
    ("risk.max_order_value", "none", "must be 0 or more, or \"off\", got 'none'"),
    ("risk.allow_short", "maybe", "is of type bool, got text 'maybe'"),
    ("risk.leverage", "off", "is of type float"),
    ("costs.slippage_bps", "-1", "must be 0 or more"),
    ("costs.slipage_bps", "1", "Did you mean clients.mine.costs.slippage_bps?"),
    ("parameters", "[1]", "is of type dict, got text"),
]

ACCEPTED = [
    ("mode", "replay", "replay"),
    ("cash", "5000", 5000.0),
    ("symbols", '["AAPL"]', ["AAPL"]),
    ("symbols", "AAPL, MSFT", "AAPL, MSFT"),
    ("risk", "cash_only", "cash_only"),
    ("risk", '{"profile": "native", "max_drawdown": "off"}', {"profile": "native", "max_drawdown": "off"}),
    ("risk.max_order_value", "off", "off"),
    ("risk.max_order_value", "5e4", 50_000.0),
    ("parameters", '{"fast": 5}', {"fast": 5}),
    ("costs.slippage_bps", "0", 0.0),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_a_clients_setting_that_means_nothing_is_refused_when_it_is_set_and_changes_nothing(
    settings: SettingsManager, name: str, value: str, message: str
) -> None:
    settings.set_by_path("clients.mine.note", "free")
    before = settings.home.settings_file.read_bytes()
    with pytest.raises(SettingsError) as refusal:
        settings.set_by_path(f"clients.mine.{name}", value)
    assert message in str(refusal.value)
    assert "clients.mine." in str(refusal.value)
    assert settings.home.settings_file.read_bytes() == before


@pytest.mark.parametrize(("name", "value", "stored"), ACCEPTED)
def test_a_clients_setting_has_its_own_type_whatever_type_is_asked_for(
    settings: SettingsManager, name: str, value: str, stored: object
) -> None:
    settings.set_by_path(f"clients.mine.{name}", value, "text")
    found = settings.get(f"clients.mine.{name}")
    assert (found, type(found)) == (stored, type(stored))


def test_names_of_ones_own_stay_free_beside_the_known_ones(settings: SettingsManager) -> None:
    settings.set_by_path("clients.mine.moods", "bogus")
    settings.set_by_path("mine.mode", "bogus")
    settings.set_by_path("mine.clients.x.cash", -5, "int")
    assert settings.get("clients.mine.moods") == settings.get("mine.mode") == "bogus"


def test_a_value_of_the_file_is_refused_where_it_is_read_and_stops_no_other_client(settings: SettingsManager) -> None:
    settings.home.settings_file.write_text(
        '[clients.good]\ncash = 5\n\n[clients.bad]\ncash = -5\nmode = "replay"\nsince = 2024-01-02\n'
    )
    for path in ("clients.bad", "clients.bad.cash"):
        for read in (settings.get, settings.items):
            with pytest.raises(SettingsError, match=r"settings\.toml: clients\.bad\.cash must be money .*got -5\.0"):
                read(path)
    assert settings.get("clients.bad.mode") == "replay"
    assert settings.items("clients.good") == {"cash": 5.0}
    assert settings.get("dashboard.port") == 8051
    assert [each.partition("clients.")[2].split()[0] for each in settings.problems()] == ["bad.cash", "bad.since"]
    rows = {row.path: row for row in settings.tree()}
    assert "must be money" in rows["clients.bad.cash"].problem
    assert (rows["clients.bad.since"].value, rows["clients.good.cash"].problem) == ("2024-01-02", "")


def test_what_is_wrong_with_one_client_keeps_nothing_else_from_being_saved_and_can_be_mended(
    settings: SettingsManager,
) -> None:
    settings.home.settings_file.write_text('[clients.bad]\ncash = -5\nmode = "bogus"\n')
    settings.set_by_path("clients.good.cash", 7)
    settings.set_by_path("clients.bad.cash", 7)
    assert settings.get("clients.bad.cash") == settings.get("clients.good.cash") == 7.0
    assert len(settings.problems()) == 1
    settings.delete("clients.bad.mode")
    assert settings.items("clients.bad") == {"cash": 7.0}


def test_a_client_is_a_folder(settings: SettingsManager) -> None:
    with pytest.raises(SettingsError, match=r"clients\.mine is a folder"):
        settings.set_by_path("clients.mine", "bogus")
    settings.home.settings_file.write_text("[clients]\nmine = 3\n")
    with pytest.raises(SettingsError, match=r"clients\.mine is of type folder, got int 3"):
        settings.items("clients.mine")


def test_a_secret_is_refused_where_the_platform_has_another_type_and_not_shown(settings: SettingsManager) -> None:
    with pytest.raises(SettingsError, match=r"clients\.mine\.cash is of type float and cannot be a secret") as refusal:
        settings.set_by_path("clients.mine.cash", "hunter22", "secret")
    assert "hunter22" not in str(refusal.value)
    settings.home.settings_file.write_text('[clients.mine]\ncash = {secret = "gAAAA"}\n')
    with pytest.raises(SettingsError, match="got secret") as refusal:
        settings.get("clients.mine.cash")
    assert "gAAAA" not in str(refusal.value)


def test_a_secret_stays_one_until_it_is_deleted(settings: SettingsManager) -> None:
    settings.set_by_path("broker.password", "hunter22", "secret")
    settings.set_by_path("broker.password", "hunter33")
    assert "hunter33" not in settings.home.settings_file.read_text()
    assert settings.get("broker.password") == "hunter33"


def test_every_default_fulfils_its_own_rule() -> None:
    assert len({each.path for each in KNOWN}) == len(KNOWN)
    for each in KNOWN:
        assert each.help
        assert (each.default is None) == (each.parts[0] == "clients"), each.path
        if each.default is not None:
            assert each.accepts(each.default), each.path
            assert overlay(_tree(each.parts, each.default), "file") == (shipped(), [])


def _tree(parts: tuple[str, ...], value: Any) -> dict[str, Any]:
    return {parts[0]: _tree(parts[1:], value)} if parts else value


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
anything = st.recursive(
    plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner), max_leaves=5
)


@given(st.sampled_from(KNOWN), anything, st.sampled_from(list(ValueType)))
def test_whatever_is_set_is_refused_with_a_message_or_reads_back_as_its_type(
    known: Any, value: Any, asked: ValueType
) -> None:
    parts = (*known.parts[:1], "mine", *known.parts[2:]) if known.parts[0] == "clients" else known.parts
    try:
        stored, kind = check_value(parts, value, asked)
    except SettingsError as error:
        message = error.message
    else:
        message = ".".join(parts)
        assert kind in known.types or kind is ValueType.FOLDER
        again = (stored, kind) if kind is ValueType.FOLDER else check_value(parts, stored, ValueType.TEXT)
        assert repr(again[0]) == repr(stored)
    assert ".".join(parts) in message or "/".join(parts) in message, "slashes where a name holds a dot"


def test_the_example_file_and_the_guide_are_the_table() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "render_settings.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")
    assert tomllib.loads((asset("settings") / "settings.example.toml").read_text()) == shipped()
