"""``# @param`` and ``# @strategy``: typed, in range, and refused with their line."""

from pathlib import Path

import pytest

from quantstrip import dialects
from quantstrip.dialects.script import ScriptStrategy
from quantstrip.errors import StrategyLoadError
from tests.unit.dialects.scripts import loaded, written

BODY = "df = df.copy()\ndf['open_long'] = (df['close'] > 0) & (df['close'].shift(1).isna())\n"


def rules_of(folder: Path, head: str = "", **parameters: object) -> object:
    strategy = loaded(written(folder, head + BODY), **parameters)
    assert isinstance(strategy, ScriptStrategy)
    return strategy.rules


def test_every_type_is_read_with_its_default_and_its_label(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        "# @param period int 14 Bars of the average\n"
        "# @param width float 2 Distance\n"
        "# @param filtered bool true Require a trend\n"
        "# @param venue string BTCUSDT Instrument to trade\n"
        "# @param title string 'two words'\n"
        "x = '# @param inside string text'\n" + BODY,
    )
    found = {each.name: (each.kind, each.default, each.allowed.help) for each in dialects.declared(file)}
    assert found["period"] == ("whole", 14, "Bars of the average")
    assert found["width"] == ("number", 2.0, "Distance")
    assert found["filtered"] == ("truth", True, "Require a trend")
    assert found["venue"] == ("text", "BTCUSDT", "Instrument to trade")
    assert found["title"] == ("text", "two words", "")
    assert "inside" not in found
    assert found["stopLossPct"][:2] == ("number", 0.0)
    assert loaded(file, period=20).get_parameters()["period"] == 20


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("# @param period", "expected '# @param name type default label'"),
        ("# @param period integer 14 Bars", "is of type 'integer'"),
        ("# @param period int 1.5 Bars", "period is int, its default is '1.5'"),
        ("# @param on bool yes Switch", "on is bool, its default is 'yes'"),
        ("# @param 2nd int 1 Bars", "'2nd' is no name"),
        ("# @param x float nan Share", "x is float"),
        ("# @param entryPct float 1 Share", "entryPct is a setting of every script"),
        ("# @strategy stopLossPct", "expected '# @strategy key value'"),
        ("# @strategy stopLossPct 3", "stopLossPct is at least 0 and at most 1, got 3"),
        ("# @strategy takeProfitPct -1", "takeProfitPct is at least 0"),
        ("# @strategy entryPct 0.001", "entryPct is at least 0.01"),
        ("# @strategy entryPct 250", "entryPct is at least 0.01 and at most 1"),
        ("# @strategy trailingEnabled yes", "trailingEnabled is 'yes'"),
        ("# @strategy tradeDirection up", "tradeDirection is one of 'long', 'short', 'both'"),
        ("# @strategy maxLoss 3", "maxLoss is no key of @strategy"),
        ("# @strategy signal_mode confirmed", "signal_mode is given with the run"),
        ("# @strategy trailingEnabled true", "trailingStopPct is not given"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    file = written(tmp_path, "# a comment\n" + line + "\n" + BODY)
    with pytest.raises(StrategyLoadError) as caught:
        dialects.load(file, symbols=["S"])
    assert message in caught.value.message
    assert f"{file}, line 2: " in caught.value.message
    assert caught.value.hint


def test_a_name_declared_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StrategyLoadError, match="line 2: @param n is declared in line 1 already"):
        rules_of(tmp_path, "# @param n int 1 A\n# @param n int 2 B\n")
    with pytest.raises(StrategyLoadError, match="line 2: @strategy entryPct is given twice"):
        rules_of(tmp_path, "# @strategy entryPct 0.1\n# @strategy entryPct 0.2\n")


def test_values_of_a_run_override_the_script_and_are_judged_alike(tmp_path: Path) -> None:
    head = "# @strategy stopLossPct 0.03   # three per cent\n# @param n int 3 Bars\n"
    rules = rules_of(tmp_path, head, stopLossPct=0.05, leverage=3, entryPct=25)
    assert (rules.stop_loss, rules.leverage, rules.entry) == (0.05, 3.0, 0.75)  # type: ignore[attr-defined]
    for wrong, message in (
        ({"n": 1.5}, "n is a whole number"),
        ({"speed": 1}, "takes no speed"),
        ({"stopLossPct": 2}, "stopLossPct is at least 0 and at most 1"),
        ({"leverage": 0}, "leverage is at least 0.01"),
        ({"trailingEnabled": 1}, "trailingEnabled is 1"),
        ({"tradeDirection": "up"}, "tradeDirection is one of"),
        ({"execution": "later"}, "execution is one of 'order', 'signal'"),
    ):
        with pytest.raises(StrategyLoadError, match=message):
            rules_of(tmp_path, head, **wrong)


def test_signals_of_a_bar_that_still_moves_are_refused_with_the_reason(tmp_path: Path) -> None:
    assert rules_of(tmp_path, signal_mode="confirmed", exit_signal_mode="confirmed")
    for name in ("signal_mode", "exit_signal_mode"):
        with pytest.raises(StrategyLoadError, match=f"{name} is one of 'confirmed'") as caught:
            rules_of(tmp_path, **{name: "aggressive"})
        assert "fill at the next open" in str(caught.value.hint)


def test_what_a_reader_should_know_is_noted_with_the_run(tmp_path: Path) -> None:
    head = "# @strategy leverage 5\n# @strategy entryPct 25\n# @strategy takeProfitPct 0.1\n"
    head += "# @strategy trailingEnabled true\n# @strategy trailingStopPct 0.02\n"
    strategy, form = dialects.load(written(tmp_path, head + BODY.replace(".copy()", "")), symbols=["S"])
    assert isinstance(strategy, ScriptStrategy)
    assert (strategy.rules.leverage, strategy.rules.entry) == (1.0, 0.25)
    assert list(form.notes) == [
        "line 1: leverage in @strategy is ignored; give it with the run",
        "line 2: entryPct 25 is read as per cent: 0.25",
        "trailing is armed at takeProfitPct, which is no exit of its own then",
        "df = df.copy() is missing at the top",
    ]
    assert (strategy.rules.activation, strategy.rules.take_profit) == (0.1, None)


def test_a_script_trades_its_own_symbol_where_a_run_names_none(tmp_path: Path) -> None:
    file = written(tmp_path, "# @param symbol string ETHUSDT Instrument\n" + BODY)
    assert dialects.load(file).strategy.symbols == ["ETHUSDT"]
    assert dialects.load(file, symbols=["S"]).strategy.symbols == ["S"]
    assert dialects.load(written(tmp_path, BODY, "bare.py")).strategy.symbols == []
