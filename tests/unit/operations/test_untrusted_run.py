"""Backtests of code that nobody vouches for: the same result as anybody's, made where it reaches nothing."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.errors import LookAheadFound, QuantstripError, SandboxError, StrategyFault, StrategyLoadError
from quantstrip.home import Home, asset
from quantstrip.operations import backtest_run, research, runs, untrusted_cell, untrusted_run
from quantstrip.operations.runs_verify import verify
from quantstrip.operations.untrusted_acts import told
from quantstrip.sandbox import Limits

STRATEGY = """\
from quantstrip import Signal, StrategyBase


class Theirs(StrategyBase):
    timeframe = "1d"

    def __init__(self, symbols=None):
        super().__init__(name="theirs", symbols=symbols or ["IBM"])

    def on_bar(self, bar):
        return []
"""
SPAN: dict[str, Any] = {"symbols": ["IBM"], "end": "2001-06-01"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


def loaded_here(name: str) -> list[str]:
    return [module for module in sys.modules if module.startswith(f"quantstrip_strategy_{name}")]


def write(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "theirs.py"
    path.write_text(STRATEGY.replace(old, new) if old else STRATEGY)
    return path


def copied(folder: Path, name: str) -> Path:
    file = folder / f"copy_of_{name}.py"
    file.write_text((asset("examples") / f"{name}.py").read_text())
    return file


def test_the_result_is_byte_for_byte_that_of_trusted_code_and_it_is_never_loaded_here(
    home: Home, tmp_path: Path
) -> None:
    file = copied(tmp_path, "ma_cross")
    options: dict[str, Any] = {
        "max_volume_share": 0.5,
        "borrow_rate": 0.1,
        "direction": "both",
        "risk": "off",
        "benchmark": "MSFT",
    }
    kept = backtest_run.run(home, file, untrusted=True, **SPAN, **options)
    assert loaded_here(file.stem) == []
    assert verify(home, kept.run_id).equal
    assert loaded_here(file.stem) == [], "to prove it, it is run in a cell too"
    trusted = research.backtest(home, file, **SPAN, **options)
    assert trusted.to_canonical() == kept.result.to_canonical()
    assert len(trusted.fills) > 2


def test_other_forms_run_in_the_cell_too(home: Home, tmp_path: Path) -> None:
    file = copied(tmp_path, "dataframe_bands")
    there = backtest_run.run(home, file, untrusted=True, **SPAN).result
    assert there.to_canonical() == research.backtest(home, file, **SPAN).to_canonical()
    assert there.fills


@pytest.mark.parametrize(
    ("old", "new", "kind", "said"),
    [
        ("class Theirs", "import os\n\n\nclass Theirs", StrategyLoadError, r"theirs\.py, line 4: import: "),
        ("        return []", "        return 1 / 0", StrategyFault, "raised ZeroDivisionError"),
        ("        return []", "        while True:\n            pass", SandboxError, r"line 1[12]: .* more than 1 s"),
        ("        return []", "        return 'x' * 2_000_000_000", QuantstripError, "memory|MemoryError"),
        ("class Theirs(StrategyBase)", "class Theirs(Nothing)", StrategyLoadError, "line 4"),
    ],
)  # fmt: skip
def test_code_that_breaks_out_fails_or_takes_too_much_is_told_and_nothing_is_kept(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    old: str, new: str, kind: type[QuantstripError], said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(untrusted_cell, "RUNNING", Limits(seconds=1.0, memory=1_500, answer=10))
    with pytest.raises(kind, match=said):
        backtest_run.run(home, write(tmp_path, old, new), untrusted=True, **SPAN)
    assert runs.list_runs(home) == []


def test_a_script_that_knows_the_future_is_refused_though_its_text_does_not_show_it(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "knows.py"
    file.write_text(
        "below = df['close'] < df['close'].median()\n"
        "was = below.shift(1).fillna(False).astype(bool)\n"
        "df['buy'] = below & ~was\n"
        "df['sell'] = ~below & was\n"
    )
    with pytest.raises(LookAheadFound, match=r"knows\.py knows the future, line \d: IBM at 200\d-"):
        backtest_run.run(home, file, untrusted=True, **SPAN)
    assert runs.list_runs(home) == []
    assert loaded_here(file.stem) == []


def test_a_call_that_does_not_end_is_told_with_its_line_long_before_the_time_of_the_cell_is_over(
    home: Home, tmp_path: Path
) -> None:
    file = write(tmp_path, "        return []", "        while True:\n            pass")
    with pytest.raises(StrategyFault, match=r"theirs\.py, line 1[12]: the strategy was still there after 0\.5 s"):
        backtest_run.run(home, file, untrusted=True, patience=0.5, **SPAN)


def test_it_tells_how_far_it_is(home: Home, tmp_path: Path) -> None:
    shares: list[float] = []
    slow = "        for _ in range(40_000):\n            pass\n        return []"
    setup = research.prepare(home, write(tmp_path, "        return []", slow), untrusted=True, symbols=["IBM"])
    setup.run(on_progress=shares.append)
    assert shares == sorted(shares)
    assert len({share for share in shares if 0.0 < share < 1.0}) >= 3


def test_it_ends_when_it_is_not_wanted_any_more(home: Home, tmp_path: Path) -> None:
    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backtest_run.run(home, write(tmp_path), untrusted=True, on_progress=stop, **SPAN)
    assert runs.list_runs(home) == []


FORGED: list[Callable[[dict[str, Any]], object]] = [
    lambda found: found.pop("fills"),
    lambda found: found.update(fills=[["a"]]),
    lambda found: found.update(fills=[["a", "b", "c", "OTHER", "BUY", 1, 1, 1, 0, "USD", "NET", "MARKET"]]),
    lambda found: found.update(fills=[["a", "b", "c", "IBM", "BUY", -1, 1, 1, 0, "USD", "NET", "MARKET"]]),
    lambda found: found.update(fills=[["a", "b", "c", "IBM", "BUY", float("nan"), 1, 1, 0, "USD", "NET", "MARKET"]]),
    lambda found: found.update(equity="////"),
    lambda found: found.update(ts=found["equity"]),
    lambda found: found.update(notes="text"),
    lambda found: found.update(parameters=7),
]


@pytest.mark.parametrize("forge", FORGED)
def test_an_answer_that_is_no_result_is_refused(
    home: Home, tmp_path: Path, forge: Callable[[dict[str, Any]], object]
) -> None:
    setup = research.prepare(home, write(tmp_path), **SPAN)
    plain = setup.run()
    found: dict[str, Any] = {
        "name": "theirs", "parameters": {}, "virtual_legs": False, "notes": [], "fills": [], "rejected": [],
        "charges": [], **untrusted_run_curve(plain),
    }  # fmt: skip
    assert untrusted_run._result(setup, found).to_canonical() == plain.to_canonical()
    forge(found)
    with pytest.raises((KeyError, TypeError, ValueError, AttributeError, QuantstripError)):
        untrusted_run._result(setup, found)


def untrusted_run_curve(result: Any) -> dict[str, str]:
    return {name: text for name, text in told(result).items() if name in ("ts", "equity")}
