"""The nine reference strategies trade as the same rules do under Pine's semantics, bar by bar."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from quantstrip import dialects
from quantstrip.backtest import run_backtest
from quantstrip.backtest.parity import Deal, Parity, compare_deals
from quantstrip.backtest.pine import ours_without_quantity, read_export
from quantstrip.bars import BarTable, read_csv, sample_folder
from quantstrip.cli import cli
from quantstrip.clock import to_text
from quantstrip.home import Home
from quantstrip.matching import CostModel
from quantstrip.risk import OFF

_HERE = Path(__file__).parent
_EXAMPLES = _HERE.parents[2] / "examples" / "pine"
_NAMES = ["bband", "cci", "cmo", "mom", "ppo", "roc", "rsi", "trix", "ultosc"]


@pytest.fixture(scope="module")
def table() -> BarTable:
    """Real prices to the cent, so that neither side rounds."""
    whole = read_csv(sample_folder() / "AAPL.csv", "AAPL", "1d").rows(0, 1_200)
    cents = {name: np.round(getattr(whole, name), 2) for name in ("open", "high", "low", "close")}
    cents["high"] = np.maximum.reduce([cents["high"], cents["open"], cents["close"]])
    cents["low"] = np.minimum.reduce([cents["low"], cents["open"], cents["close"]])
    return replace(whole, **cents)


@pytest.fixture(scope="module")
def exports(table: BarTable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trades of the Pine-style scripts, as CSV like TradingView's."""
    out = tmp_path_factory.mktemp("pine")
    columns = {name: getattr(table, name) for name in ("label", "open", "high", "low", "close", "volume")}
    np.savez(out / "bars.npz", **columns)
    folder = Path(shutil.copytree(_HERE / "scripts", out / "scripts"))  # it writes beside the scripts it runs
    scripts = [str(folder / f"{name}.py") for name in _NAMES]
    command = [sys.executable, str(_HERE / "run_pyne.py"), str(out / "bars.npz"), str(out), *scripts]
    subprocess.run(command, check=True, capture_output=True, text=True, cwd=out)
    return out


def _compare(name: str, table: BarTable, exports: Path) -> Parity:
    strategy = dialects.load(_EXAMPLES / f"{name}.py", symbols=["AAPL"]).strategy
    result = run_backtest(strategy, table, cash=1e7, risk=OFF, costs=CostModel(0.0, 0.0), quantity=1)
    ours = [Deal(fill.ts, fill.symbol, str(fill.side), fill.quantity, fill.price) for fill in result.fills]
    export = read_export(exports / f"{name}.csv", table)
    assert not export.outside
    assert not export.unknown
    theirs = ours_without_quantity(export.deals)
    return compare_deals(ours_without_quantity(ours), theirs, {"AAPL": table.ts}, price_step=0.01)


@pytest.mark.parametrize("name", [name for name in _NAMES if name != "cmo"])
def test_every_trade_is_the_same(name: str, table: BarTable, exports: Path) -> None:
    found = _compare(name, table, exports)
    assert found.ours > 10
    assert found.percent == 100.0, found.causes()


def test_the_cmo_differs_only_where_it_is_exactly_at_its_level(table: BarTable, exports: Path) -> None:
    """Prices in cents make it 50 to the last digit but the noise of adding floats, which decides on either side."""
    found = _compare("cmo", table, exports)
    assert found.percent is not None
    assert found.percent > 90.0
    cents = np.diff(np.round(table.close * 100).astype(np.int64))
    for each in found.mismatches:
        deciding = [int(np.searchsorted(table.ts, deal.ts)) - 1 for deal in (each.ours, each.theirs) if deal]
        around = [row for bar in deciding for row in (bar - 1, bar)]
        assert any(2 * abs(cents[row - 9 : row].sum()) == np.abs(cents[row - 9 : row]).sum() for row in around)


def test_a_folder_of_strategies_is_compared_with_a_folder_of_exports_in_one_table(
    table: BarTable, exports: Path, tmp_path: Path, home: Home
) -> None:
    columns = ["label", "open", "high", "low", "close", "volume"]
    rows = zip(*(getattr(table, name).tolist() for name in columns), strict=True)
    lines = [",".join([to_text(label)[:10], *map(repr, values)]) for label, *values in rows]
    (tmp_path / "AAPL.csv").write_text("\n".join(["time,open,high,low,close,volume", *lines]) + "\n")
    options = ["--cash", "1e7", "--risk", "off", "--quantity", "1", "--tick", "0.01", "--symbols", "AAPL"]
    asked = ["validate", "pine", _EXAMPLES, "--bars", tmp_path, "--trades", exports, *options]
    done = CliRunner().invoke(cli, ["--home", *map(str, (home.root, *asked))], standalone_mode=False)
    head, *found = done.stdout.splitlines()
    assert head.split() == ["STRATEGY", "PARITY", "MATCH", "THERE", "CAUSES"]
    parity = {line.split()[0]: float(line.split()[1]) for line in found}
    assert parity.pop("cmo") > 90.0
    assert parity == dict.fromkeys([name for name in _NAMES if name != "cmo"], 100.0)
    assert done.return_value == 1  # the CMO's
    named_alike = CliRunner().invoke(cli, ["--home", *map(str, (home.root, *asked)), "--trades", str(tmp_path)])
    assert "no strategy in" in str(named_alike.exception)
    one = CliRunner().invoke(cli, ["--home", *map(str, (home.root, *asked)), "--trades", str(exports / "rsi.csv")])
    assert "two files, or two folders" in one.stderr


def test_every_example_has_a_script_that_it_is_compared_with() -> None:
    assert sorted(path.stem for path in _EXAMPLES.glob("*.py")) == _NAMES
    assert sorted(path.stem for path in (_HERE / "scripts").glob("*.py")) == _NAMES
