"""A file's form is recognised by its text, and its strategy comes in the native contract."""

from pathlib import Path

import pytest

from quantstrip import dialects
from quantstrip.errors import ConfigError, StrategyLoadError

_CROSS = Path(__file__).parents[3] / "examples" / "ma_cross.py"


def test_a_strategy_class_is_the_native_form() -> None:
    loaded = dialects.load(_CROSS, symbols=["AAPL"])
    assert loaded.form is dialects.recognise(_CROSS) is dialects.form_named("native")
    assert loaded.strategy.symbols == ["AAPL"]


def test_what_is_recognised_does_not_run(tmp_path: Path) -> None:
    file = tmp_path / "loud.py"
    file.write_text("raise SystemExit('it ran')\n")
    assert dialects.recognise(file).name == "native"


def test_the_parameters_are_known_with_their_kinds_and_defaults() -> None:
    found = {each.name: (each.kind, each.default) for each in dialects.declared(_CROSS)}
    assert found == {"fast": ("whole", 10), "slow": ("whole", 30)}


def test_a_syntax_error_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.py"
    file.write_text("x = 1\ndef on_bar(:\n")
    with pytest.raises(StrategyLoadError, match=rf"{file}, line 2: SyntaxError"):
        dialects.load(file)


@pytest.mark.parametrize("code", ["x = " + "-" * 100_000 + "1\n", "x = " + "1+" * 50_000 + "1\n"])
def test_what_is_nested_too_deeply_for_the_parser_is_refused_with_its_file(tmp_path: Path, code: str) -> None:
    file = tmp_path / "deep.py"
    file.write_text(code)
    with pytest.raises(StrategyLoadError, match=f"{file}: nested too deeply"):
        dialects.load(file)


def test_an_unknown_form_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="no strategy form 'pine'") as caught:
        dialects.form_named("pine")
    assert "native" in str(caught.value.hint)
