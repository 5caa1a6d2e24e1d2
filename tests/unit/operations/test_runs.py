"""Kept runs: pinned to all that decides them, run again byte for byte, and every changed byte is told."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest

from quantstrip.errors import RunError
from quantstrip.home import Home, asset
from quantstrip.operations import backtest_run, runs
from quantstrip.operations.backtest_run import Kept
from quantstrip.operations.runs_verify import Verified, verify

STRATEGY = """\
from quantstrip import Signal, StrategyBase
from lots_of_mine import LOT


class Swings(StrategyBase):
    timeframe = "1d"
    parameters = ["every"]

    def __init__(self, symbols=None, every=3):
        super().__init__(name="swings", symbols=symbols or ["ABC"])
        self.every = every
        self.count = 0

    def on_bar(self, bar):
        self.count += 1
        if self.count % self.every:
            return []
        return [Signal(bar.symbol, "BUY" if self.count // self.every % 2 else "SELL", quantity=LOT)]
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a strategy, its helper and bars."""
    folder = tmp_path / "work"
    (folder / "bars").mkdir(parents=True)
    (folder / "swings.py").write_text(STRATEGY)
    (folder / "lots_of_mine.py").write_text("LOT = 5\n")
    rows = [f"2024-01-{day:02},{p},{p + 2},{p - 2},{p + 1},1000" for day, p in enumerate(range(100, 128), 1)]
    (folder / "bars" / "ABC.csv").write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    return folder


@pytest.fixture
def backtest(home: Home, place: Path) -> Callable[..., Kept]:
    def run(**asked: Any) -> Kept:
        return backtest_run.run(home, place / "swings.py", bars=place / "bars", calendar=None, risk="off", **asked)

    return run


def told(found: Verified) -> list[str]:
    return [each.kind for each in found.differs]


def test_a_run_again_is_the_same_run_byte_for_byte(backtest: Callable[..., Kept], home: Home) -> None:
    first, second = backtest(), backtest()
    assert first.result.to_canonical() == second.result.to_canonical()
    assert first.run_id == second.run_id
    assert [one.run_id for one in runs.list_runs(home)] == [first.run_id]
    found = verify(home, first.run_id)
    assert (found.equal, found.differs, found.exit_code, found.again) == (True, (), 0, found.result_hash)
    assert first.run_id[1:] == found.result_hash[:12]


@pytest.mark.parametrize(
    "change",
    [{"parameters": {"every": 2}}, {"direction": "short"}, {"fee_rate": 0.001}, {"cash": 5e4}, {"strict": True}],
)
def test_what_decides_a_run_gives_it_another_name(
    backtest: Callable[..., Kept], home: Home, change: dict[str, object]
) -> None:
    plain, changed = backtest(), backtest(**change)
    assert plain.run_id != changed.run_id
    assert verify(home, changed.run_id).equal


def test_an_edited_strategy_or_helper_is_told_though_the_kept_text_proves_the_result(
    backtest: Callable[..., Kept], home: Home, place: Path
) -> None:
    made = backtest()
    (place / "lots_of_mine.py").write_text("LOT = 6\n")
    found = verify(home, made.run_id)
    assert (found.equal, told(found), found.exit_code) == (True, ["code"], 3)
    assert "lots_of_mine.py was edited since" in found.differs[0].text
    (place / "lots_of_mine.py").unlink()
    assert verify(home, made.run_id).exit_code == 0, "a file that is gone is nothing to compare with"


def test_one_changed_byte_of_the_kept_code_is_told(backtest: Callable[..., Kept], home: Home) -> None:
    made = backtest()
    path = home.runs / made.run_id / "code" / "lots_of_mine.py"
    path.write_bytes(path.read_bytes().replace(b"5", b"6"))
    found = verify(home, made.run_id)
    assert (found.equal, found.exit_code) == (False, 3)
    assert "the kept text of lots_of_mine.py was changed since" in [each.text for each in found.differs]
    assert "result" in told(found)


def test_one_changed_byte_of_the_bars_is_told_and_the_kept_ones_prove_the_result(
    backtest: Callable[..., Kept], home: Home, place: Path
) -> None:
    made = backtest()
    path = place / "bars" / "ABC.csv"
    path.write_text(path.read_text().replace("2024-01-09,108,110,106,109,", "2024-01-09,108,110,106,108,"))
    found = verify(home, made.run_id)
    assert (found.equal, told(found), found.exit_code) == (True, ["data"], 4)
    for kept in (home.runs / ".bars").glob("*.npz"):
        whole = bytearray(kept.read_bytes())
        whole[len(whole) // 2] ^= 1
        kept.write_bytes(whole)
    found = verify(home, made.run_id)
    assert (found.equal, set(told(found)), found.again) == (False, {"data"}, "")
    assert "are not to be had any more" in found.differs[-1].text


def test_bars_that_were_not_kept_are_read_again_and_known_by_their_hash(
    backtest: Callable[..., Kept], home: Home
) -> None:
    made = backtest(start="2024-01-05", end="2024-01-20", warmup=2)
    for kept in (home.runs / ".bars").glob("*.npz"):
        kept.unlink()
    assert (verify(home, made.run_id).equal, verify(home, made.run_id).exit_code) == (True, 0)


def test_one_changed_parameter_is_told(backtest: Callable[..., Kept], home: Home) -> None:
    made = backtest(parameters={"every": 3})
    path = home.runs / made.run_id / "run.json"
    kept = json.loads(path.read_text())
    kept["pins"]["parameters"]["every"] = 4
    path.write_text(json.dumps(kept))
    found = verify(home, made.run_id)
    assert (found.equal, found.exit_code) == (False, 6)
    assert any(each.text.startswith("parameters was {'every': 3}") for each in found.differs)


def test_one_changed_byte_of_the_kept_result_is_told(backtest: Callable[..., Kept], home: Home) -> None:
    made = backtest()
    path = home.runs / made.run_id / "result.json"
    text = path.read_text()
    path.write_text(
        text.replace('"fee":0.03', '"fee":0.04', 1) if '"fee":0.03' in text else text.replace("5.0", "6.0", 1)
    )
    found = verify(home, made.run_id)
    assert (found.equal, told(found)[0], found.exit_code) == (False, "result", 7)


def test_another_version_of_the_engine_is_told(backtest: Callable[..., Kept], home: Home) -> None:
    made = backtest()
    path = home.runs / made.run_id / "result.json"
    path.write_text(path.read_text().replace('"engine_version":"', '"engine_version":"0.0.'))
    assert "version" in told(verify(home, made.run_id))


def test_another_version_of_a_package_that_the_strategy_imports_is_told(
    backtest: Callable[..., Kept], home: Home, place: Path
) -> None:
    (home.packages / "magic_lots.py").write_text("MORE = 1\n")
    (home.packages / "plain_lots.py").write_text("LESS = 1\n")
    about = home.packages / "magic_lots-1.0.dist-info" / "METADATA"
    about.parent.mkdir()
    about.write_text("Metadata-Version: 2.1\nName: magic_lots\nVersion: 1.0\n")
    file = place / "swings.py"
    file.write_text("import json\nimport magic_lots, plain_lots\nimport numpy as np\n" + file.read_text())
    made = backtest()
    pinned = runs.get(home, made.run_id).pins["packages"]
    assert list(pinned) == ["magic_lots", "numpy", "plain_lots"], "no helper, nothing of Python, nothing of ours"
    assert (pinned["magic_lots"], pinned["numpy"]) == ("1.0", numpy.__version__)
    assert verify(home, made.run_id).exit_code == 0
    about.write_text(about.read_text().replace("1.0", "1.1"))
    (home.packages / "plain_lots.py").write_text("LESS = 2\n")
    found = verify(home, made.run_id)
    assert (found.equal, set(told(found)), found.exit_code) == (True, {"package"}, 8)
    assert found.differs[0].text == "magic_lots was 1.0 when it ran, is 1.1 now"
    assert found.differs[1].text.startswith("plain_lots was sha256:")


def test_the_same_bars_from_another_place_are_no_other_outcome(
    backtest: Callable[..., Kept], home: Home, place: Path
) -> None:
    one = backtest()
    (place / "bars").rename(place / "moved")
    (place / "moved" / "ABC.csv").rename(place / "moved" / "ABC.csv.gz")
    path = place / "moved" / "ABC.csv.gz"
    path.write_bytes(gzip.compress(path.read_bytes()))
    other = backtest_run.run(home, place / "swings.py", bars=place / "moved", calendar=None, risk="off")
    assert one.run_id != other.run_id
    assert other.notes == ()


def test_a_strategy_that_does_not_do_the_same_twice_is_found_out(
    backtest: Callable[..., Kept], home: Home, place: Path
) -> None:
    text = STRATEGY.replace("quantity=LOT", "quantity=LOT + next(counter)").replace("class", COUNTER + "class", 1)
    (place / "swings.py").write_text(text)
    (place / "number").write_text("0")
    first, second = backtest(), backtest()
    assert first.run_id != second.run_id
    assert second.notes == (f"the same code, data and parameters gave another result before: {first.run_id}",)
    found = verify(home, first.run_id)
    assert (found.equal, found.exit_code) == (False, 7)


COUNTER = """\
import itertools, pathlib
place = pathlib.Path(__file__).with_name("number")
counter = itertools.count(int(place.read_text()))
place.write_text(str(int(place.read_text()) + 1))


"""


def test_a_run_is_found_by_the_beginning_of_its_name_and_deleted_with_bars_that_no_other_was_on(
    backtest: Callable[..., Kept], home: Home
) -> None:
    one, other = backtest(), backtest(end="2024-01-20")
    assert runs.get(home, one.run_id[:8]).run_id == one.run_id
    with pytest.raises(RunError, match="2 kept runs begin with 'r'"):
        runs.get(home, "r")
    assert runs.delete(home, [one.run_id]) == [one.run_id]
    with pytest.raises(RunError, match="there is no kept run"):
        runs.get(home, one.run_id)
    assert len(list((home.runs / ".bars").glob("*.npz"))) == 1
    assert verify(home, other.run_id).exit_code == 0


def test_nothing_is_kept_of_a_run_that_fails_is_stopped_or_has_no_home(
    backtest: Callable[..., Kept], home: Home, place: Path, tmp_path: Path
) -> None:
    def stop(fraction: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backtest(on_progress=stop)
    with pytest.raises(Exception, match="every is a whole number"):
        backtest(parameters={"every": "x"})
    with pytest.raises(Exception, match="holds no bars of XYZ"):
        backtest(symbols=["XYZ"])
    assert backtest(keep=False).run_id == ""
    nowhere = backtest_run.run(Home(tmp_path / "none"), place / "swings.py", bars=place / "bars", calendar=None)
    assert (nowhere.run_id, (tmp_path / "none").exists(), list(home.runs.glob("*"))) == ("", False, [])


def test_a_home_that_cannot_keep_a_run_says_so_and_gives_the_result(backtest: Callable[..., Kept], home: Home) -> None:
    home.runs.write_text("a file where the folder should be")
    made = backtest()
    assert (made.run_id, made.result.equity_final > 0) == ("", True)
    assert "could not be kept" in made.notes[0]


@pytest.mark.parametrize("name", ["dataframe_bands", "event_grid", "vectorized_cross", "ma_cross"])
def test_every_form_of_strategy_is_kept_and_proven(home: Home, name: str) -> None:
    file = asset("examples") / f"{name}.py"
    made = backtest_run.run(home, file, symbols=["IBM"], end="2001-06-01")
    found = verify(home, made.run_id)
    assert (found.equal, found.differs) == (True, ())
