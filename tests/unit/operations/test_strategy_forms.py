"""What a strategy asks for is read in a process of its own: whatever its file does, this one goes on."""

import os
import sys
import time
from pathlib import Path

import pytest

from quantstrip.errors import DataError, StrategyLoadError
from quantstrip.home import Home, asset
from quantstrip.operations import strategy_forms

STRATEGY = """
{first}
from quantstrip import StrategyBase

class Mine(StrategyBase):
    \"\"\"Does nothing.

    At length.
    \"\"\"
    parameters = ["bars"]
    def __init__(self, symbols=None, bars=10):
        super().__init__(name="mine", symbols=symbols or ["SPY"])
        self.bars = bars
    def on_bar(self, bar):
        return []
"""


def write(folder: Path, first: str = "", name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(STRATEGY.replace("{first}", first))
    return path


def test_a_strategy_is_described_without_its_code_running_here(made_home: Home, tmp_path: Path) -> None:
    path = write(tmp_path, f"import os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))")
    before = set(sys.modules)
    form = strategy_forms.form(made_home, path)
    assert (form.name, form.summary, form.symbols, form.timeframe) == ("mine", "Does nothing.", ("SPY",), "")
    assert [(field.name, field.kind, field.default) for field in form.fields] == [("bars", "whole", 10)]
    assert int((tmp_path / "pid").read_text()) != os.getpid()
    assert not any("strategy_mine" in name for name in set(sys.modules) - before)


def test_what_a_file_prints_does_not_disturb_what_is_read(made_home: Home, tmp_path: Path) -> None:
    noise = "import os; print('{}'); os.write(1, b'noise'); os.write(2, b'noise')"
    assert strategy_forms.form(made_home, write(tmp_path, noise)).name == "mine"


def test_a_file_that_changed_is_read_again(made_home: Home, tmp_path: Path) -> None:
    path = write(tmp_path)
    assert strategy_forms.form(made_home, path).fields[0].default == 10
    path.write_text(path.read_text().replace("bars=10", "bars=25"))
    os.utime(path, ns=(time.time_ns(), time.time_ns()))
    assert strategy_forms.form(made_home, path).fields[0].default == 25


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("raise RuntimeError('no')", "mine.py, line 2: RuntimeError: no"),
        ("import os; os._exit(3)", "its process ended while it was loaded: exit code 3"),
        ("def broken(:", "mine.py, line 2: SyntaxError"),
        ("import sys; sys.exit(4)", "mine.py, line 2: SystemExit: 4"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_and_nothing_else_happens(
    made_home: Home, tmp_path: Path, first: str, words: str
) -> None:
    with pytest.raises(StrategyLoadError, match=words) as refused:
        strategy_forms.form(made_home, write(tmp_path, first))
    assert refused.value.hint


def test_values_are_judged_by_the_strategy_itself(made_home: Home) -> None:
    cross = asset("examples") / "ma_cross.py"
    assert strategy_forms.check(made_home, cross, {"fast": 5}) == {"fast": 5, "slow": 30}
    with pytest.raises(StrategyLoadError, match="fast must be shorter than slow"):
        strategy_forms.check(made_home, cross, {"fast": 30})


def test_only_files_with_a_strategy_are_offered_and_none_is_run(made_home: Home) -> None:
    write(made_home.clients, "raise RuntimeError('never run')", "runs_not.py")
    (made_home.clients / "job.py").write_text("from quantstrip import ClientBase\nclass Job(ClientBase): ...\n")
    (made_home.clients / "half.py").write_text("class Half(StrategyBase:\n")
    found = {each.label: each for each in strategy_forms.files(made_home)}
    assert found["clients/runs_not.py"].summary == "Does nothing."
    assert {"examples/ma_cross.py", "examples/dataframe_bands.py", "examples/event_grid.py"} <= found.keys()
    assert not {"clients/job.py", "clients/half.py"} & found.keys()


def test_a_script_s_parameters_and_settings_are_typed_fields_with_their_bounds(made_home: Home) -> None:
    form = strategy_forms.form(made_home, asset("examples") / "dataframe_breakout.py")
    fields = {field.name: (field.kind, field.default, field.low, field.high) for field in form.fields}
    assert fields["lookback"] == ("whole", 55, None, None)
    assert fields["trend"] == ("truth", True, None, None)
    assert fields["source"] == ("text", "close", None, None)
    assert fields["stopLossPct"] == ("number", 0.06, 0.0, 1.0)
    assert {field.name: field.choices for field in form.fields}["tradeDirection"] == ("long", "short", "both")
    assert form.symbols == ()
    own = [field.name for field in form.fields if not field.setting]
    assert own == ["lookback", "margin", "trend", "source"], "what every script takes is told apart"


def test_symbols_are_those_that_have_bars(made_home: Home, tmp_path: Path) -> None:
    assert strategy_forms.offered(made_home) == strategy_forms.Offered(("AAPL", "GOOG", "IBM", "MSFT"), free=False)
    assert strategy_forms.offered(made_home, "synthetic:3") == strategy_forms.Offered((), free=True)
    made_home.bars.mkdir(exist_ok=True)
    (made_home.bars / "EURUSD.csv").write_text("time,open,high,low,close,volume\n")
    assert strategy_forms.offered(made_home).symbols == ("EURUSD",)
    (made_home.settings / "settings.toml").write_text('[data]\nfeeds = ["yfinance"]\n')
    assert strategy_forms.offered(made_home).free
    assert not strategy_forms.offered(made_home, "store").free
    with pytest.raises(DataError, match="is not a folder of bars"):
        strategy_forms.offered(made_home, str(tmp_path / "none"))
