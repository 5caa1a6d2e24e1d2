"""Loading a strategy's file: what is accepted, and what an author is told, with file and line."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quantstrip.errors import StrategyLoadError
from quantstrip.home import asset
from quantstrip.strategy import StrategyBase, declared, load_strategy

Write = Callable[..., Path]

GOOD = """
from quantstrip import Signal, StrategyBase

class Cross(StrategyBase):
    parameters = ["fast"]
    def __init__(self, symbols=None, fast=10):
        super().__init__(name="cross", symbols=symbols or ["SPY"])
        self.fast = fast
    def on_bar(self, bar):
        return []
"""


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """Write a strategy's file and give its path."""

    def write(text: str, name: str = "mine.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    path_before, modules_before = list(sys.path), set(sys.modules)
    yield write
    sys.path[:] = path_before
    for name in set(sys.modules) - modules_before:
        del sys.modules[name]


def test_a_file_with_one_strategy_is_loaded_and_constructed(write: Write) -> None:
    strategy = load_strategy(write(GOOD))
    assert isinstance(strategy, StrategyBase)
    assert (strategy.name, strategy.symbols, strategy.get_parameters()) == ("cross", ["SPY"], {"fast": 10})


def test_symbols_and_parameters_reach_the_constructor(write: Write) -> None:
    strategy = load_strategy(write(GOOD), symbols=("AAPL", "MSFT"), parameters={"fast": 5})
    assert strategy.symbols == ["AAPL", "MSFT"]
    assert strategy.get_parameters() == {"fast": 5}


def test_each_load_is_a_fresh_object(write: Write) -> None:
    path = write(GOOD)
    assert load_strategy(path) is not load_strategy(path)


def test_imported_and_abstract_strategies_do_not_count(write: Write) -> None:
    write(GOOD, "base_file.py")
    path = write(
        "from base_file import Cross\n"
        "from quantstrip import StrategyBase\n"
        "class Half(StrategyBase):\n    pass\n"
        "class Mine(Cross):\n    pass\n"
    )
    assert type(load_strategy(path)).__name__ == "Mine"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\ndef broken(:\n", 2, "SyntaxError"),
        ("x = 1\n\nraise ValueError('no luck')\n", 3, "ValueError: no luck"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("import package_that_is_not_there\n", 1, "Install the package that provides package_that_is_not_there"),
        (GOOD.replace("self.fast = fast", "raise RuntimeError('in init')"), 8, "RuntimeError: in init"),
        (GOOD.replace("super().__init__(name", "dict(name"), 4, "super().__init__"),
        (GOOD.replace("self.fast = fast", "pass"), 4, "names fast, which the strategy has not stored"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(write: Write, text: str, line: int, message: str) -> None:
    path = write(text)
    with pytest.raises(StrategyLoadError) as caught:
        load_strategy(path)
    assert f"{path}, line {line}" in str(caught.value)
    assert message in str(caught.value)


def test_a_file_without_a_strategy_is_refused(write: Write) -> None:
    with pytest.raises(StrategyLoadError, match="expected one class derived from StrategyBase, found none"):
        load_strategy(write("x = 1\n"))


BASED = """
from quantstrip import StrategyBase

class Base(StrategyBase):
    def __init__(self, symbols=None):
        super().__init__(name="mine", symbols=symbols or ["SPY"])

class Mine(Base):
    def {method}(self, bar):
        return []
"""


def test_a_base_of_ones_own_leaves_on_bar_to_the_strategy(write: Write) -> None:
    assert type(load_strategy(write(BASED.format(method="on_bar")))).__name__ == "Mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BASED.format(method="on_bars"), "line 8: .*and Mine has no on_bar\nIt has on_bars: is on_bar meant"),
        (BASED.format(method="decide"), r"line 8: .*and Mine has no on_bar\nAdd on_bar\(self, \.\.\.\) to it"),
        (
            "class Mine:\n    def on_bar(self, bar): pass\n",
            r"line 1: .*Mine has on_bar and is not derived from it\nWrite: class Mine\(StrategyBase\)",
        ),
        (
            "from quantstrip import StrategyBase\nfrom abc import abstractmethod\nclass Mine(StrategyBase):\n"
            "    @abstractmethod\n    def risk(self): pass\n    def on_bar(self, bar): pass\n",
            "line 3: .*and Mine has no risk",
        ),
    ],
)
def test_a_class_that_is_nearly_a_strategy_is_named_with_what_it_lacks(write: Write, text: str, said: str) -> None:
    with pytest.raises(StrategyLoadError, match=said):
        load_strategy(write(text))


def test_the_line_of_what_runs_is_named_when_the_file_has_been_edited_since(write: Write) -> None:
    path = write(GOOD.replace("self.fast = fast", "pass"))
    source = path.read_bytes()
    path.write_text("\n\n\n" + GOOD)
    with pytest.raises(StrategyLoadError, match=r"line 4: Cross\.parameters names fast"):
        load_strategy(path, source=source)


def test_a_file_with_two_strategies_names_both(write: Write) -> None:
    with pytest.raises(StrategyLoadError, match="found Cross, Other"):
        load_strategy(write(GOOD + "\nclass Other(Cross):\n    pass\n"))


@pytest.mark.parametrize("kept", ["0", "-5", "None", "'x'", "2.5", "True"])
def test_a_history_that_is_no_number_of_bars_is_refused(write: Write, kept: str) -> None:
    path = write(GOOD.replace('parameters = ["fast"]', f'parameters = ["fast"]\n    _MAX_BAR_HISTORY = {kept}'))
    with pytest.raises(
        StrategyLoadError, match=r"line 4: Cross\._MAX_BAR_HISTORY is a whole number of bars of at least"
    ):
        load_strategy(path)


def test_what_pydantic_refuses_is_told_in_a_line(write: Write) -> None:
    text = "from pydantic import BaseModel, Field\nclass Settings(BaseModel):\n    fast: int = Field(ge=5)\n" + GOOD
    path = write(text.replace("self.fast = fast", "self.fast = Settings(fast=fast).fast"))
    assert load_strategy(path).get_parameters() == {"fast": 10}
    with pytest.raises(StrategyLoadError, match=r"line 11: ValidationError: fast: Input should be .* to 5, got 3\n"):
        load_strategy(path, parameters={"fast": 3})


def test_an_unknown_parameter_lists_the_known_ones(write: Write) -> None:
    with pytest.raises(StrategyLoadError, match=r"line 4: Cross takes no fats\nIt takes: symbols, fast"):
        load_strategy(write(GOOD), parameters={"fats": 3})


KINDS = """
from quantstrip import StrategyBase

class Kinds(StrategyBase):
    def __init__(self, symbols="SPY", fast=10, share=0.5, exits=True, side="both", days=(1, 2), anything=None):
        super().__init__(name="kinds", symbols=symbols)
        self.given = (fast, share, exits, side, days, anything)
    def on_bar(self, bar):
        return []
"""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("fast", "abc", r"fast is a whole number \(default 10\), got 'abc'"),
        ("fast", 5.5, r"fast is a whole number \(default 10\), got 5.5"),
        ("fast", True, r"fast is a whole number \(default 10\), got True"),
        ("share", "half", r"share is a number \(default 0.5\), got 'half'"),
        ("share", float("nan"), r"share is a number \(default 0.5\), got nan"),
        ("exits", "yes", r"exits is true or false \(default True\), got 'yes'"),
        ("exits", 1, r"exits is true or false \(default True\), got 1"),
        ("side", ["long"], r"side is text \(default 'both'\), got \['long'\]"),
        ("days", 3, r"days is a list \(default \(1, 2\)\), got 3"),
    ],
)
def test_a_parameter_of_another_kind_than_its_default_is_refused_before_it_runs(
    write: Write, name: str, value: object, said: str
) -> None:
    with pytest.raises(StrategyLoadError, match=rf"line 4: Kinds: {said}"):
        load_strategy(write(KINDS), parameters={name: value})


def test_a_parameter_of_the_kind_of_its_default_arrives_as_it_is(write: Write) -> None:
    given = {"fast": 5, "share": 1, "exits": False, "side": 7, "days": [3], "anything": "abc"}
    strategy = load_strategy(write(KINDS), symbols=["SPY", "IBM"], parameters=given)
    assert vars(strategy)["given"] == (5, 1, False, "7", [3], "abc")
    assert strategy.symbols == ["SPY", "IBM"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StrategyLoadError, match=r"nothing.py: cannot be read: No such file"):
        load_strategy(tmp_path / "nothing.py")


BOUNDED = GOOD.replace("Signal, StrategyBase", "Allowed, StrategyBase").replace(
    '["fast"]', '["fast"]; allowed = {"fast": Allowed(2, 50, help="Bars of the average.")}'
)


@pytest.mark.parametrize(("fast", "fits"), [(2, True), (50, True), (1, False), (51, False)])
def test_a_parameter_beyond_its_bounds_is_refused_with_both_bounds(write: Write, fast: int, fits: bool) -> None:
    path = write(BOUNDED)
    if fits:
        assert load_strategy(path, parameters={"fast": fast}).get_parameters() == {"fast": fast}
        return
    with pytest.raises(StrategyLoadError, match=f"line 4: Cross: fast is at least 2 and at most 50, got {fast}"):
        load_strategy(path, parameters={"fast": fast})


def test_a_parameter_that_is_none_of_its_choices_is_refused_with_all_of_them(write: Write) -> None:
    path = write(BOUNDED.replace("Allowed(2, 50,", "Allowed(choices=(5, 10),"))
    assert load_strategy(path, parameters={"fast": 5}).get_parameters() == {"fast": 5}
    with pytest.raises(StrategyLoadError, match="fast is one of 5, 10, got 7"):
        load_strategy(path, parameters={"fast": 7})


def test_bounds_of_what_is_no_parameter_are_refused(write: Write) -> None:
    with pytest.raises(StrategyLoadError, match=r"Cross\.allowed names fsat, which is no parameter"):
        load_strategy(write(BOUNDED.replace('{"fast"', '{"fsat"')))


def test_a_parameter_is_declared_with_kind_default_bounds_and_help(write: Write) -> None:
    cls = type(load_strategy(write(BOUNDED)))
    (one,) = declared(cls, cls.parameters, cls.allowed)
    assert (one.name, one.kind, one.default, one.allowed.high) == ("fast", "whole", 10, 50)
    assert one.allowed.help == "Bars of the average."


def test_what_depends_on_several_parameters_is_refused_by_the_strategy_with_file_and_line() -> None:
    with pytest.raises(StrategyLoadError, match=r"ma_cross.py, line \d+: ValueError: fast must be shorter than slow"):
        load_strategy(asset("examples") / "ma_cross.py", parameters={"fast": 30, "slow": 30})


def test_an_edit_in_the_same_second_that_keeps_the_size_is_what_runs(write: Write) -> None:
    path = write(GOOD)
    assert load_strategy(path).get_parameters() == {"fast": 10}
    stamp = path.stat().st_mtime_ns
    path.write_text(GOOD.replace("fast=10", "fast=25"))
    os.utime(path, ns=(stamp, stamp))
    assert load_strategy(path).get_parameters() == {"fast": 25}
