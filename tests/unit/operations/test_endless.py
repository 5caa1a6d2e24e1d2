"""A strategy that never comes back, in every form: told with its file and line, and nothing is kept as a success."""

from collections.abc import Callable
from pathlib import Path

import pytest

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.backtest.lookahead import look_ahead
from quantstrip.bars import read_folder, sample_folder
from quantstrip.errors import StrategyFault
from quantstrip.strategy import StrategyBase

_NATIVE = "from quantstrip.strategy import StrategyBase\n"
_VECTORIZED = "from quantstrip.strategy.vectorized import VectorizedStrategy\n"
_LOOP = "        while True:\n            pass\n"
FORMS = {
    "dataframe": "df['open_long'] = False\nwhile True:\n    pass\n",
    "event": f"def on_bar(ctx, bar):\n{_LOOP}",
    "native": f"{_NATIVE}class Mine(StrategyBase):\n    def on_bar(self, bar):\n{_LOOP}",
    "vectorized": f"{_VECTORIZED}class Mine(VectorizedStrategy):\n    def generate_signals(self, *given):\n{_LOOP}",
}
AT_ONCE = "while True:\n    pass\n"


@pytest.fixture
def strategy(tmp_path: Path) -> Callable[[str], StrategyBase]:
    """The endless strategy of a form, loaded from its file."""

    def load(form: str) -> StrategyBase:
        path = tmp_path / "endless.py"
        path.write_text(FORMS[form])
        found = dialects.load(path, symbols=["AAPL"])
        assert found.form.name == form
        return found.strategy

    return load


@pytest.mark.parametrize("form", list(FORMS))
def test_it_is_told_with_its_line(strategy: Callable[[str], StrategyBase], form: str) -> None:
    tables = read_folder(sample_folder(), ["AAPL"])
    with pytest.raises(StrategyFault, match=r"endless\.py, line [2345]: the strategy was still there after 0\.1 s"):
        run_backtest(strategy(form), tables, patient=0.1)


@pytest.mark.parametrize("form", ["dataframe", "vectorized"])
def test_the_check_for_look_ahead_ends_it_too(strategy: Callable[[str], StrategyBase], form: str) -> None:
    with pytest.raises(StrategyFault, match="still there"):
        look_ahead(strategy(form), read_folder(sample_folder(), ["AAPL"]), patient=0.1)


def test_a_file_that_does_not_end_while_it_loads_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "endless.py"
    path.write_text(f"{_NATIVE}{AT_ONCE}class Mine(StrategyBase): ...\n")
    with pytest.raises(StrategyFault, match=r"endless\.py, line [23]: "):
        dialects.load(path, symbols=["AAPL"], patient=0.1)
