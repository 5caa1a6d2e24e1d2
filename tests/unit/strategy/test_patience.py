"""One call of a strategy that does not end is ended, and told with its line."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from quantstrip.errors import ConfigError, StrategyFault
from quantstrip.strategy.patience import patience

LOOP = """
def forever(tries=(Exception,)):
    while True:
        try:
            while True:
                pass
        except tries:
            continue

def nap(seconds):
    import time
    time.sleep(seconds)

def calls(what):
    return what()
"""


@pytest.fixture
def code(tmp_path: Path) -> dict[str, Any]:
    """A strategy's file, as its loader runs it."""
    path = tmp_path / "mine.py"
    found: dict[str, Any] = {"file": path}
    exec(compile(LOOP, str(path), "exec"), found)
    return found


def test_an_endless_loop_is_told_with_file_and_line(code: dict[str, Any]) -> None:
    still = r"mine\.py, line [56]: the strategy was still there after 0.1 s"
    with pytest.raises(StrategyFault, match=still) as told, patience(code["file"], 0.1):
        code["forever"]()
    assert "--patience" in str(told.value.hint)


def test_a_loop_in_what_the_strategy_calls_is_its_own_line(code: dict[str, Any]) -> None:
    with pytest.raises(StrategyFault, match=r"mine\.py, line 15: "), patience(code["file"], 0.1):
        code["calls"](lambda: [None for _ in iter(int, 1)])


def test_a_strategy_that_catches_everything_is_ended_once_it_lets_go(code: dict[str, Any]) -> None:
    begun = time.monotonic()

    def stubborn() -> None:
        for _ in range(3):
            try:
                code["forever"]()
            except BaseException:
                continue

    with pytest.raises(StrategyFault), patience(code["file"], 0.05):
        stubborn()
    assert time.monotonic() - begun < 5


def test_many_short_calls_have_each_their_own_time(code: dict[str, Any]) -> None:
    with patience(code["file"], 0.2):
        for _ in range(12):
            code["nap"](0.04)


def test_a_call_that_came_back_too_late_is_told_too(code: dict[str, Any]) -> None:
    with pytest.raises(StrategyFault, match="line 12"), patience(code["file"], 0.1):
        code["nap"](0.5)  # inside a library: ended when it comes back


def test_what_the_strategy_raises_itself_passes(code: dict[str, Any]) -> None:
    with pytest.raises(KeyError, match="its own"), patience(code["file"], 5):
        raise KeyError("its own")


def test_what_lies_around_the_run_is_no_call_of_it() -> None:
    with patience(__file__, 0.1):  # this very file asks for the run, as a script of one's own does
        time.sleep(0.4)


def test_nothing_is_raised_after_the_end(code: dict[str, Any]) -> None:
    for _ in range(20):
        with pytest.raises(StrategyFault), patience(code["file"], 0.02):
            code["nap"](0.05)
        sum(range(1000))


def test_patience_is_above_zero_and_may_be_endless(code: dict[str, Any]) -> None:
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(ConfigError, match="above 0 seconds"), patience(code["file"], wrong):
            pass
    with patience(code["file"], float("inf")), patience(None, 0.05):
        time.sleep(0.1)


PROFILED = """
import cProfile, sys
from quantstrip.errors import StrategyFault
from quantstrip.strategy.patience import patience

def work():
    return sum(len(str(number)) for number in range(10_000))

with patience("mine.py", 60):
    work()
print(cProfile.Profile().runcall(work))
file = sys.argv[1]
made = {}
exec(compile(open(file).read(), file, "exec"), made)
try:
    with patience(file, 0.05):
        made["forever"]()
except StrategyFault:
    print(cProfile.Profile().runcall(work))
"""


def test_the_interpreter_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(LOOP)
    asked = [sys.executable, "-c", PROFILED, str(tmp_path / "mine.py")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["38890", "38890"]
