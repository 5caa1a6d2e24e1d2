"""What the documents say of the ledger is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.ledger.dictionary import written
from quantstrip.ledger.tables import metadata
from quantstrip.ledger.views import read_view, view_files

ROOT = Path(__file__).parents[3]
DICTIONARY = (asset("schema") / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(metadata.tables))
def test_the_data_dictionary_has_every_column_of_a_table(name: str) -> None:
    section = re.search(rf"^### {name}\n(.*?)(?=^##|\Z)", DICTIONARY, re.MULTILINE | re.DOTALL)

    assert section is not None
    (listed,) = [line for line in section[1].splitlines() if line.startswith("`")][-1:]
    columns = re.findall(r"`(\w+)`", listed)
    assert columns == [column.name for column in metadata.tables[name].c]


def test_the_data_dictionary_has_every_view() -> None:
    assert set(re.findall(r"^### (v_\w+)", DICTIONARY, re.MULTILINE)) == {path.stem for path in view_files()}


def test_the_data_dictionary_is_what_the_definitions_say() -> None:
    assert written(DICTIONARY) == DICTIONARY, "run python -m quantstrip.ledger.dictionary"


@pytest.mark.parametrize("path", view_files(), ids=lambda path: path.stem)
def test_every_column_of_a_view_is_documented_in_its_place(home: Home, path: Path) -> None:
    ledger = open_ledger(home)

    columns, _ = ledger.query(f"SELECT * FROM {path.stem}")

    assert [column.name for column in read_view(path).columns] == columns
    ledger.close()


def test_the_example_of_the_guide_runs(home: Home) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/ledger.md").read_text(encoding="utf-8"), re.DOTALL)
    program = (
        "report_time = fill_time = '2024-03-06 15:00:00'\n"
        + example
        + "print(db.query('SELECT strategy, position FROM v_positions')[1])\n"
        + "print(db.get_last_strategy_event('my_strat')['status'])\n"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "QUANTSTRIP_HOME": str(home.root)}, check=True,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert answer.stdout.splitlines() == ["[('my_strat', 100.0)]", "CONFIRMED"]
