"""``quantstrip backtest`` and ``runs``: what is printed, kept and proven, for people and for programs."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from quantstrip.home import Home

from .conftest import Run

STRATEGY = """\
from quantstrip import Signal, StrategyBase


class Flips(StrategyBase):
    timeframe = "1d"
    parameters = ["every"]

    def __init__(self, symbols=None, every=3):
        super().__init__(name="flips", symbols=symbols or ["ABC"])
        self.every = every
        self.count = 0

    def on_bar(self, bar):
        self.count += 1
        turn, rest = divmod(self.count, self.every)
        return [Signal(bar.symbol, "BUY" if turn % 2 else "SELL", quantity=20)] if rest == 0 else []
"""


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    """A strategy, bars and costs, as a user gives them."""
    bars = tmp_path / "bars"
    bars.mkdir()
    rows = [f"2024-01-{day:02},{p},{p + 2},{p - 2},{p + 1},1000" for day, p in enumerate(range(100, 128), 1)]
    for symbol in ("ABC", "XYZ"):
        (bars / f"{symbol}.csv").write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    (tmp_path / "flips.py").write_text(STRATEGY)
    return ["backtest", str(tmp_path / "flips.py"), "--bars", str(bars), "--timeframe", "1d", "--calendar", "none",
            "--cash", "1000000", "--fee-rate", "0.001", "--slippage-bps", "0", "--risk", "off"]  # fmt: skip


def test_one_object_with_the_keys_of_the_guide_and_the_same_bytes_each_time(quantstrip: Run, asked: list[str]) -> None:
    done = quantstrip(*asked, "--symbols", "ABC,XYZ", "--param", "every=4", "--json")
    assert (done.returncode, done.stderr) == (0, ""), "a bar of progress is for a terminal"
    found = json.loads(done.stdout)
    assert list(found) == ["run", "fills", "trades", "rejected", "equity_final", "metrics"]
    assert list(found["fills"][0]) == ["time", "symbol", "side", "quantity", "price", "fee"]
    assert list(found["trades"][0]) == [
        "symbol", "side", "quantity", "entry_time", "entry_price", "exit_time", "exit_price", "pnl",
    ]  # fmt: skip
    assert {"code_hash", "data_hash", "result_hash", "run_id", "engine_version"} <= set(found["run"])
    assert found["fills"][0]["fee"] == round(found["fills"][0]["price"] * 20 * 0.001, 2)
    assert quantstrip(*asked, "--symbols", "ABC,XYZ", "--param", "every=4", "--json").stdout == done.stdout


def test_each_direction_refuses_and_records_the_others_entries(quantstrip: Run, asked: list[str]) -> None:
    def run(*direction: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(quantstrip(*asked, *direction, "--json").stdout)
        return found

    both, long, short = (run("--direction", each) for each in ("both", "long", "short"))
    assert {each["side"] for each in both["trades"]} == {"LONG"}, "a sell of as much only closes"
    assert {each["side"] for each in long["trades"]} == {"LONG"}
    assert {each["side"] for each in short["trades"]} == {"SHORT"}
    assert [each["rule"] for each in short["rejected"]] == ["allow_long"]
    assert [each["run"]["direction"] for each in (both, long, short)] == ["both", "long", "short"]
    native = json.loads(quantstrip(*asked[:-2], "--direction", "short", "--quantity", "5", "--json").stdout)
    assert native["run"]["direction"] == "short", "the direction stands above the profile"


def test_a_run_is_kept_shown_compared_proven_and_deleted(quantstrip: Run, asked: list[str], tmp_path: Path) -> None:
    first = json.loads(quantstrip(*asked, "--json").stdout)["run"]["run_id"]
    said = quantstrip(*asked, "--param", "every=5").stdout
    second = said.splitlines()[-1].split()[2].rstrip(";")
    listed = json.loads(quantstrip("runs", "list", "--json").stdout)
    assert {each["run_id"] for each in listed} == {first, second}
    assert "flips" in quantstrip("runs", "list").stdout
    assert json.loads(quantstrip("runs", "show", first, "--json").stdout)["run"]["run_id"] == first
    assert "parameter every    5" in quantstrip("runs", "show", second[:6]).stdout
    compared = quantstrip("compare", first, second)
    assert "* parameter every" in compared.stdout, compared.stderr
    proven = quantstrip("backtest", "--verify", first)
    assert (proven.returncode, "run again, the same byte for byte" in proven.stdout) == (0, True)
    (tmp_path / "flips.py").write_text(STRATEGY + "# edited\n")
    edited = quantstrip("backtest", "--verify", first, "--json")
    told = json.loads(edited.stdout)
    assert (edited.returncode, told["equal"], [each["kind"] for each in told["differs"]]) == (3, True, ["code"])
    assert quantstrip("runs", "delete", first, second).returncode == 0
    gone = quantstrip("backtest", "--verify", first)
    assert (gone.returncode, f"there is no kept run '{first}'" in gone.stderr) == (1, True)


def test_a_backtest_of_the_background_is_kept_in_the_same_place_and_proven_by_its_number(
    quantstrip: Run, asked: list[str]
) -> None:
    given = {"file": asked[1], "bars": asked[3], "calendar": None, "risk": "off", "benchmark": "XYZ", "strict": True}
    assert quantstrip("task", "run", "backtest", "--now", "--arguments", json.dumps(given)).returncode == 0
    proven = quantstrip("backtest", "--verify", "1")
    assert (proven.returncode, "run again, the same byte for byte" in proven.stdout) == (0, True), proven.stderr
    kept = json.loads(quantstrip("runs", "list", "--json").stdout)
    assert [each["run"]["benchmark"] for each in kept] == ["XYZ"]
    assert quantstrip("backtest", "--verify", "7").returncode == 1


def test_a_home_is_not_needed_and_none_is_made(
    quantstrip: Run, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTSTRIP_HOME", str(tmp_path / "none"))
    done = quantstrip(*asked)
    assert (done.returncode, "kept as" in done.stdout, (tmp_path / "none").exists()) == (0, False, False)
    assert quantstrip("backtest", "--verify", "r1").returncode == 1


def test_nothing_is_kept_where_it_is_not_wanted_or_the_run_fails(
    quantstrip: Run, asked: list[str], home: Home, tmp_path: Path
) -> None:
    assert quantstrip(*asked, "--no-keep").returncode == 0
    (tmp_path / "flips.py").write_text(STRATEGY.replace("self.count += 1", "self.count += 1 / 0"))
    failed = quantstrip(*asked, "--json")
    assert (failed.returncode, json.loads(failed.stdout)["error"]["type"]) == (1, "StrategyFault")
    assert "flips.py, line 14" in failed.stderr
    for wrong in (["--param", "every=x"], ["--symbols", "NONE"], ["--max-volume-share", "2"], ["--benchmark", "NONE"]):
        assert quantstrip(*asked, *wrong).returncode == 1
    assert not home.runs.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backtest"], "name one"),
        (["backtest", "--verify", "r1", "--git", "https://example.org/a"], "name one"),
        (["backtest", __file__, "--branch", "main"], "belong to --git"),
        (["backtest", __file__, "--direction", "up"], "is not one of"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(quantstrip: Run, words: list[str], said: str) -> None:
    refused = quantstrip(*words)
    assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr


def test_a_strategy_comes_from_a_repository(quantstrip: Run, asked: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (tmp_path / "flips.py").rename(folder / "flips.py")
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        names = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *names, *words], cwd=folder, check=True, timeout=30)
    done = quantstrip("backtest", "--git", folder.as_uri(), *asked[2:], "--json")
    assert done.returncode == 0, done.stderr
    shown = quantstrip("runs", "show", json.loads(done.stdout)["run"]["run_id"]).stdout
    assert "git path           flips.py" in shown
    refused = quantstrip("backtest", "--git=--upload-pack=x", *asked[2:])
    assert (refused.returncode, "is no address of a repository" in refused.stderr) == (1, True)


def test_an_endless_strategy_is_told_with_its_line_and_nothing_is_kept(quantstrip: Run, tmp_path: Path) -> None:
    file = tmp_path / "endless.py"
    file.write_text("def on_bar(ctx, bar):\n    while True:\n        pass\n")
    asked = (str(file), "--symbols", "IBM", "--patience", "0.3", "--json")
    refused = quantstrip("backtest", *asked)
    error = json.loads(refused.stdout)["error"]
    assert (refused.returncode, error["type"]) == (1, "StrategyFault")
    assert "endless.py, line 2" in error["message"] or "endless.py, line 3" in error["message"]
    assert json.loads(quantstrip("runs", "list", "--json").stdout) == []
    assert quantstrip("backtest", *asked[:3], "--patience", "0").returncode == 1
