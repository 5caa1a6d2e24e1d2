"""``quantstrip strategy check`` as a user types it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

_EXAMPLES = Path(__file__).parents[3] / "examples"


def test_a_file_that_passes_ends_with_0(quantstrip: Callable[..., Any]) -> None:
    done = quantstrip("strategy", "check", str(_EXAMPLES / "ma_cross.py"))
    assert done.returncode == 0
    assert "passes (native form, ma_cross, 1d)" in done.stdout


def test_a_refused_one_ends_with_1_and_names_rule_and_line(quantstrip: Callable[..., Any], tmp_path: Path) -> None:
    file = tmp_path / "sly.py"
    file.write_text("import math\nimport os\n")
    done = quantstrip("strategy", "check", str(file))
    assert done.returncode == 1
    assert f"{file}:2:1: import: os may not be imported" in done.stdout
    told = json.loads(quantstrip("strategy", "check", str(file), "--json").stdout)
    assert told["passed"] is False
    assert told["findings"] == [{"rule": "import", "line": 2, "column": 1, "message": "os may not be imported"}]


def test_a_file_in_an_older_coding_is_checked_and_run_in_the_cell_as_it_is(
    quantstrip: Callable[..., Any], tmp_path: Path
) -> None:
    """Its coding line says how to read it: the bytes reach the cell unchanged."""
    file = tmp_path / "older.py"
    text = (_EXAMPLES / "ma_cross.py").read_text().replace("class ", "# caf\u00e9\nclass ", 1)
    file.write_bytes(f"# -*- coding: latin-1 -*-\n{text}".encode("latin-1"))
    assert quantstrip("strategy", "check", str(file)).returncode == 0
    run = json.loads(quantstrip("backtest", str(file), "--untrusted", "--source", "sample", "--json").stdout)
    assert run["equity_final"] > 0
