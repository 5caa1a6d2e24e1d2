"""``quantstrip sweep`` and ``compare``: what is printed, for people and for programs."""

import json

import pytest

from quantstrip.home import asset

from .conftest import Run

EXAMPLE = str(asset("examples") / "ma_cross.py")
WHOLE = str(asset("examples") / "vectorized_cross.py")


def test_a_sweep_prints_the_best_points_how_many_were_tried_and_what_was_refused(quantstrip: Run) -> None:
    asked = ("--param", "fast=5,10,40", "--param", "slow=20:40:20", "--symbols", "IBM", "--end", "2004-01-01")
    done = quantstrip("sweep", EXAMPLE, *asked, "--top", "2", "--workers", "1", "--metric", "total_return")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["FAST", "SLOW", "TOTAL_RETURN", "SHARPE", "MAX_DRAWDOWN", "TRADE_COUNT"]
    best, second = (float(line.split()[2]) for line in lines[1:3])
    assert best >= second
    assert "4 of 6 points ran; the best of so many tries owes a part of it to luck." in done.stdout
    assert "2 did not run" in done.stdout
    assert "fast must be shorter than slow" in done.stdout
    listed = json.loads(quantstrip("task", "list", "--json").stdout)
    assert [(task["kind"], task["state"]) for task in listed] == [("sweep", "done")]


def test_a_sweep_as_json_has_every_point(quantstrip: Run) -> None:
    asked = ("--param", "fast=5:10:5", "--param", "slow=20", "--symbols", "IBM", "--start", "2012-01-01")
    found = json.loads(quantstrip("sweep", EXAMPLE, *asked, "--workers", "1", "--json").stdout)
    assert [point["parameters"] for point in found["points"]] == [{"fast": 5}, {"fast": 10}]
    alone = quantstrip("backtest", EXAMPLE, "--param", "fast=5", *asked[2:], "--json")
    assert found["points"][0]["figures"]["equity_final"] == json.loads(alone.stdout)["equity_final"]
    assert (found["tries"], found["warning"][:19]) == (2, "2 of 2 points ran; ")
    assert found["best"]["sharpe"] == max(point["figures"]["sharpe"] for point in found["points"])


def test_a_sweep_is_estimated_before_it_begins(quantstrip: Run) -> None:
    asked = ("--grid", "fast=1:10:1", "--param", "slow=20", "--symbols", "IBM", "--start", "2012-01-01", "--estimate")
    told = quantstrip("sweep", EXAMPLE, *asked)
    assert (told.returncode, "10 points would take about " in told.stdout) == (0, True), told.stderr
    over = quantstrip("sweep", EXAMPLE, *asked, "--limit", "0.00001", "--json")
    found = json.loads(over.stdout)
    assert (over.returncode, found["points"], found["over"]) == (1, 10, True)
    assert 0 < found["seconds_each"] < found["seconds"]


def test_a_sweep_takes_the_options_of_a_backtest_and_holds_what_nobody_vouches_for(quantstrip: Run) -> None:
    sweep, backtest = ({line.split()[0] for line in quantstrip(name, "--help").stdout.splitlines()
                        if line.startswith("  --")} for name in ("sweep", "backtest"))  # fmt: skip
    assert backtest - sweep == {"--label", "--keep", "--verify"}
    asked = ("--param", "fast=5:10:5", "--symbols", "IBM", "--start", "2012-01-01", "--benchmark", "MSFT", "--json")
    cell = json.loads(quantstrip("sweep", EXAMPLE, *asked, "--untrusted").stdout)
    assert "runs in a cell" in cell["result"]["way"]
    assert cell["points"] == json.loads(quantstrip("sweep", EXAMPLE, *asked).stdout)["points"]


def test_a_sweep_names_its_robust_region_and_is_continued_by_its_number(quantstrip: Run) -> None:
    asked = ("--grid", "fast=5:20:5", "--grid", "slow=30:60:10", "--symbols", "IBM", "--random", "14", "--seed", "1")
    done = quantstrip("sweep", WHOLE, *asked)
    assert done.returncode == 0, done.stderr
    assert "Robust region: fast " in done.stdout
    assert "Compiled, in " in done.stdout
    again = json.loads(quantstrip("sweep", "--resume", "1", "--json").stdout)
    assert (again["result"]["taken_over"], again["result"]["points"]) == (14, 14)
    assert again["robust"]["points"] >= 3
    assert set(again["robust"]["parameters"]) == {"fast", "slow"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name one: a strategy's FILE, a repository with --git URL, or --resume TASK"),
        ((WHOLE, "--resume", "1"), "name one: a strategy's FILE, a repository with --git URL, or --resume TASK"),
        ((WHOLE, "--grid", "fast=5,6", "--param", "fast=7"), "fast is given as --grid and as --param"),
    ],
)
def test_words_that_contradict_each_other_are_refused(quantstrip: Run, words: tuple[str, ...], said: str) -> None:
    refused = quantstrip("sweep", *words)
    assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--param", "fast=5"), "a sweep needs at least one parameter that varies"),
        (("--param", "fast=5:1:2"), "'5:1:2' is no range"),
        (("--param", "fast"), "not of the form name=value"),
    ],
)
def test_a_sweep_of_nothing_is_refused(quantstrip: Run, words: tuple[str, ...], said: str) -> None:
    refused = quantstrip("sweep", EXAMPLE, *words)
    assert refused.returncode in {1, 2}
    assert said in refused.stderr


def test_a_sweep_of_a_parameter_that_there_is_not_is_answered_without_a_trace(quantstrip: Run) -> None:
    refused = quantstrip("sweep", EXAMPLE, "--symbols", "IBM", "--grid", "nothing=1,2")
    assert refused.returncode == 1
    assert refused.stderr.count("takes no nothing") == 1, "said once, to whoever waits for it"
    assert "Traceback" not in refused.stderr


def test_runs_are_compared_with_what_differs_marked(quantstrip: Run) -> None:
    for fast, risk in ((5, "off"), (10, "off"), (10, "cash_only")):
        asked = {"file": EXAMPLE, "symbols": ["IBM"], "end": "2003-01-01", "parameters": {"fast": fast}, "risk": risk}
        assert quantstrip("task", "run", "backtest", "--now", "--arguments", json.dumps(asked)).returncode == 0
    shown = quantstrip("compare", "1", "2").stdout
    assert shown.splitlines()[0].split() == ["RUN", "1", "RUN", "2"]
    marked = next(line for line in shown.splitlines() if line.startswith("*"))
    assert marked.split() == ["*", "parameter", "fast", "5", "10"]
    assert "parameter slow" not in shown
    found = json.loads(quantstrip("compare", "1", "2", "--json").stdout)
    assert [each["differs"] for each in found] == [["parameter fast"]] * 2
    limits = quantstrip("compare", "2", "3").stdout.partition("* risk\n")[2].splitlines()
    assert [line.partition(":")[0] for line in limits[:2]] == ["  RUN 2", "  RUN 3"], "what is long stands by itself"
    assert quantstrip("compare", "1").returncode == 2
    missing = quantstrip("compare", "1", "7")
    assert (missing.returncode, "there is no task 7" in missing.stderr) == (1, True)
