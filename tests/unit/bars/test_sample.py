"""The sample that ships is the public source under one stated rule, and nothing else."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from quantstrip.bars import read_folder, sample_folder

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_sample_data.py"
MAKER = runpy.run_path(str(SCRIPT))


def test_the_script_reproduces_every_byte(tmp_path: Path) -> None:
    written = MAKER["write"](tmp_path)
    assert [path.name for path in written] == ["AAPL.csv", "GOOG.csv", "IBM.csv", "MSFT.csv"]
    for path in written:
        assert path.read_bytes() == (sample_folder() / path.name).read_bytes()


@pytest.mark.parametrize("symbol", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_the_close_is_the_sources_adjusted_close(symbol: str) -> None:
    rows = list(MAKER["source_rows"](symbol))
    table = read_folder(sample_folder(), [symbol], calendar=None)[symbol]
    source = {name: np.array([float(row[name]) for row in rows]) for name in ("Open", "Close", "Adj Close", "Volume")}

    np.testing.assert_allclose(table.close, source["Adj Close"], rtol=1e-6)
    np.testing.assert_allclose(table.open / table.close, source["Open"] / source["Close"], rtol=2e-6)
    np.testing.assert_array_equal(table.volume, source["Volume"])


def test_the_real_fall_of_apple_is_kept_and_its_split_leaves_no_jump() -> None:
    table = read_folder(sample_folder(), ["AAPL"], calendar=None)["AAPL"]
    change = {table.label_text(row + 1): table.close[row + 1] / table.close[row] - 1 for row in range(len(table) - 1)}

    assert change["2000-09-29"] == pytest.approx(25.75 / 53.50 - 1, abs=1e-6)
    assert change["2005-02-28"] == pytest.approx(44.86 / (88.99 / 2) - 1, abs=1e-4)  # two for one


def test_the_sample_has_every_session_and_no_flaw() -> None:
    tables = read_folder(sample_folder())
    assert {symbol: len(table) for symbol, table in tables.items()} == {
        "AAPL": 3270,
        "GOOG": 2148,
        "IBM": 3270,
        "MSFT": 3270,
    }
    assert all(table.gaps.clean and table.gaps.calendar == "NYSE" for table in tables.values())
