"""Risk limits by word and from a file."""

from pathlib import Path

import pytest

from quantstrip.backtest import risk_profile
from quantstrip.errors import ConfigError
from quantstrip.risk import CASH_ONLY, NATIVE, OFF


def test_words_choose_profiles() -> None:
    assert risk_profile("form") is risk_profile("NATIVE") is NATIVE
    assert risk_profile("off") is OFF
    assert risk_profile("cash_only") is CASH_ONLY


def test_a_file_names_what_differs_from_the_native_limits(tmp_path: Path) -> None:
    path = tmp_path / "wide.toml"
    path.write_text('max_order_value = 50000\nmax_drawdown = "off"\nallow_short = true\n')
    profile = risk_profile(path)
    assert (profile.name, profile.max_order_value, profile.max_drawdown, profile.allow_short) == (
        "wide", 50_000, None, True,
    )  # fmt: skip
    assert profile.min_cash_ratio == NATIVE.min_cash_ratio


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("max_value = 3", "no risk limit is called max_value"),
        ('max_drawdown = "ten"', "max_drawdown is 'ten'"),
        ("max_drawdown = true", "max_drawdown is True"),
        ("allow_short = 1", "allow_short is 1"),
        ('leverage = "off"', "leverage is None"),
        ("max_drawdown = -0.1", "max_drawdown must be a number of at least 0"),
        ("max_drawdown 0.1", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_what_to_write(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        risk_profile(path)
    assert what in caught.value.message
    assert caught.value.hint


def test_an_unknown_word_lists_the_words() -> None:
    with pytest.raises(
        ConfigError, match="neither a risk profile nor a readable file\nChoose form, native, cash_only, off"
    ):
        risk_profile("sometimes")
