"""Dotted and slash paths name the same setting."""

import pytest

from quantstrip.config.paths import join, split
from quantstrip.errors import SettingsError


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("dashboard.port", ("dashboard", "port")),
        ("dashboard/port", ("dashboard", "port")),
        ("/dashboard/port", ("dashboard", "port")),
        ("/config/dashboard/port", ("dashboard", "port")),
        ("/config/Settings/Broker/IBKR/Port", ("Settings", "Broker", "IBKR", "Port")),
        ("/config/config/x", ("config", "x")),
        ("config.x", ("config", "x")),
        ("config/x", ("config", "x")),
        ("/limits/BRK.B", ("limits", "BRK.B")),
        ("a folder/a name", ("a folder", "a name")),
        ("", ()),
        ("/", ()),
        ("/config", ()),
        ("/config/", ()),
    ],
)
def test_a_path_is_read(path: str, parts: tuple[str, ...]) -> None:
    assert split(path) == parts


@pytest.mark.parametrize("path", [".", "a..b", ".a", "a.", "a//b", "a\nb", "a. b", "\x00"])
def test_a_path_with_an_unusable_name_is_refused(path: str) -> None:
    with pytest.raises(SettingsError, match="not a settings path"):
        split(path)


def test_a_path_is_text() -> None:
    with pytest.raises(SettingsError, match="is text"):
        split(5)  # type: ignore[arg-type]


@pytest.mark.parametrize("parts", [("a",), ("a", "b"), ("limits", "BRK.B"), ("config", "x.y")])
def test_a_shown_path_is_read_back_as_the_same_setting(parts: tuple[str, ...]) -> None:
    assert split(join(parts)) == parts
