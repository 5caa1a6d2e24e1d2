"""What is wrong with a script is told with its file and line by the command, and no run of it is kept."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantstrip.bars import sample_folder
from quantstrip.home import Home
from quantstrip.operations import runs

FRAME = "df = df.copy()\ndf['open_long'] = df.index == 40\n"
Quantstrip = Callable[..., Any]
EVENT = "def on_bar(ctx, bar):\n"
EDGE = "df['open_long'] = up & ~up.shift(1, fill_value=False)\n"


@pytest.fixture
def bars(home: Home) -> Home:
    lines = (sample_folder() / "IBM.csv").read_text(encoding="utf-8").splitlines()[:200]
    (home.bars / "IBM.csv").write_text("\n".join(lines), encoding="utf-8")
    return home


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("df = df.copy()\ndf['open_long' = True\n", 2, "SyntaxError"),
        ("df = df.copy()\nx = df['close']\n", 2, "no execution column"),
        ("df = df.copy()\ndf['open_long'] = df['adjusted'] > 1\n", 2, "KeyError: 'adjusted'"),
        ("df = df.copy()\ndf['open_long'] = [True, False]\n", 2, "Length of values (2)"),
        (FRAME + "df = df.iloc[3:]\n", 3, "df has 196 rows, there are 199 bars"),
        ("df = df.copy()\ndf['open_long'] = df['close']\n", 2, "expected bool"),
        ("df = df.copy()\ndf['open_long'] = (df['close'] > 1).where(df.index > 3)\n", 2, "open_long is NaN"),
        ("df = df.copy()\ndf['open_long'] = df['close'] > 1\n", 2, "stays true"),
        ("df = df.copy()\ndf['open_long'] = df['close'].shift(-1) > 1\n", 2, "shift(-1) reads bars of the future"),
        (f"df = df.copy()\nk = -1\nup = df['close'].shift(k) > df['close']\n{EDGE}", 4, "bad.py knows the future"),
        (FRAME + "df['sell'] = df.index == 50\n", 3, "sell is of the two-way form"),
        (FRAME + "x = np.ones((300_000, 300_000))\n", 3, "MemoryError"),
        (FRAME + "output = {'plots': [{'data': [1.0]}]}\n", 3, "has 1 values, there are 199 bars"),
        ("# @strategy stopLossPct 3\n" + FRAME, 1, "stopLossPct is at least 0 and at most 1"),
        ("# @param n int 1.5 Bars\n" + FRAME, 1, "its default is '1.5'"),
        (FRAME + "raise SystemExit(0)\n", 3, "SystemExit"),
        ("def on_bar(ctx, bar)\n    pass\n", 1, "SyntaxError"),
        ("def on_init(ctx):\n    pass\n", 1, "no on_bar(ctx, bar)"),
        (EVENT + "    1 / 0\n", 2, "ZeroDivisionError"),
        (EVENT + "    ctx.open_long(amount='much')\n", 2, "ctx.open_long(amount='much')"),
        (EVENT + "    ctx.open_long(units=3)\n", 2, "unexpected keyword argument 'units'"),
        (EVENT + "    x = [0.0] * 10**14\n", 2, "MemoryError"),
        (EVENT + "    raise SystemExit(0)\n", 2, "ends the process"),
        ("# @strategy tradeDirection up\n" + EVENT + "    pass\n", 1, "tradeDirection is one of"),
    ],
)
def test_with_the_line_and_nothing_kept(quantstrip: Quantstrip, bars: Home, text: str, line: int, message: str) -> None:
    Path("bad.py").write_text(text, encoding="utf-8")  # named as people name files
    done = quantstrip("backtest", "bad.py", "--symbols", "IBM")
    assert done.returncode == 1
    assert message in done.stderr
    assert "bad.py" in done.stderr
    assert f", line {line}" in done.stderr
    assert "report it" not in done.stderr
    assert done.stdout == ""
    assert runs.list_runs(bars) == []


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("stopLossPct=2", "stopLossPct is at least 0 and at most 1, got 2"),
        ("leverage=500", "leverage is at least 0.01 and at most 125"),
        ("signal_mode=aggressive", "signal_mode is one of 'confirmed'"),
        ("n=two", "n is a whole number"),
        ("speed=3", "takes no speed"),
    ],
)
def test_a_value_of_the_run_out_of_its_range_is_told_with_the_file(
    quantstrip: Quantstrip, bars: Home, option: str, message: str
) -> None:
    Path("good.py").write_text("# @param n int 3 Bars\n" + FRAME, encoding="utf-8")
    done = quantstrip("backtest", "good.py", "--symbols", "IBM", "--param", option)
    assert done.returncode == 1
    assert message in done.stderr
    assert "good.py" in done.stderr
    assert runs.list_runs(bars) == []


@pytest.mark.parametrize("text", [FRAME + "while True:\n    pass\n", EVENT + "    while True:\n        pass\n"])
def test_a_loop_that_does_not_end_is_ended_with_its_line(quantstrip: Quantstrip, bars: Home, text: str) -> None:
    Path("bad.py").write_text(text, encoding="utf-8")
    done = quantstrip("backtest", "bad.py", "--symbols", "IBM", "--patience", "1")
    assert done.returncode == 1
    assert re.search(r"bad\.py, line [234]: .* 1 s", done.stderr), done.stderr
    assert runs.list_runs(bars) == []


def test_what_a_script_logs_is_printed_under_its_result(quantstrip: Quantstrip, bars: Home) -> None:
    Path("good.py").write_text(EVENT + "    ctx.log(f'closes at {bar.close:.2f}')\n", encoding="utf-8")
    done = quantstrip("backtest", "good.py", "--symbols", "IBM", "--no-keep")
    lines = [line for line in done.stdout.splitlines() if line.startswith("log ")]
    assert len(lines) == 10
    assert re.fullmatch(r"log +2000-12-\d\d IBM: closes at [0-9.]+", lines[-1])
    told = json.loads(quantstrip("backtest", "good.py", "--symbols", "IBM", "--no-keep", "--json").stdout)["log"]
    assert (len(told), told[0]["time"], told[0]["symbol"]) == (199, "2000-03-01", "IBM")
