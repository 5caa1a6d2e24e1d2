"""``sql``, ``static`` and ``package`` on the command line: shown before it is written, refused in words."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations import drafts
from tests.package_index import served
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def _a_broker(home: Home) -> None:
    open_ledger(home).insert_broker("IBKR")


def test_a_change_is_shown_and_written_after_a_yes_only(quantstrip: Run, home: Home) -> None:
    change = ("sql", "--write", "UPDATE broker SET full_name = :words", "--param", "words=a broker")
    refused = quantstrip(*change, given="n\n")
    assert refused.returncode == 1
    assert "broker_id=1: full_name: None -> 'a broker'" in refused.stdout
    assert open_ledger(home).query("SELECT full_name FROM broker")[1] == [(None,)]
    assert "Written: broker: 1 changed" in quantstrip(*change, given="y\n").stdout
    assert open_ledger(home).query("SELECT full_name FROM broker")[1] == [("a broker",)]
    told = quantstrip("sql", "--write", "--yes", "--json", "DELETE FROM broker")
    assert json.loads(told.stdout) == {"written": [{"table": "broker", "inserted": 0, "updated": 0, "deleted": 1}]}
    assert "SQL by quantstrip sql wrote broker: 1 deleted" in (home.logs / "commands.log").read_text(encoding="utf-8")


def test_without_the_switch_it_only_reads_and_history_is_out_of_reach_with_it(quantstrip: Run, home: Home) -> None:
    assert "IBKR" in quantstrip("sql", "SELECT name FROM broker").stdout
    refused = quantstrip("sql", "UPDATE broker SET name = 'x'")
    assert (refused.returncode, "quantstrip sql --write" in " ".join(refused.stderr.split())) == (1, True)
    refused = quantstrip("sql", "--write", "--yes", "DELETE FROM execution")
    assert "execution is the platform's own record" in refused.stderr
    assert quantstrip("sql", "--write", "--explain", "SELECT 1").returncode == 2
    assert quantstrip("sql", "SELECT :a", "--param", "b=1").returncode == 2


def test_a_result_is_taken_as_a_file_and_cut_only_on_the_screen(quantstrip: Run, tmp_path: Path) -> None:
    text = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000) SELECT i FROM n"
    shown = quantstrip("sql", text, "--limit", "2")
    assert shown.stdout.split() == ["i", "1", "2"]
    assert "only the first 2 rows" in shown.stderr
    assert "3,000 rows" in quantstrip("sql", text, "-o", str(tmp_path / "n.parquet")).stdout
    assert pq.read_table(tmp_path / "n.parquet").num_rows == 3000


def test_static_data_is_listed_added_changed_and_removed(quantstrip: Run, home: Home) -> None:
    assert "instrument ES is added" in quantstrip("static", "add", "instrument", "ES", "multiplier=50").stdout
    assert "tick_size=0.25" in quantstrip("static", "set", "instrument", "ES", "tick_size=0.25").stdout
    assert "ES" in quantstrip("static", "list", "instrument").stdout
    assert "broker IB is changed" in quantstrip("static", "set", "broker", "IBKR", "--rename", "IB").stdout
    assert quantstrip("static", "add", "instrument", "NQ", "multiplier=0").returncode == 1
    assert quantstrip("static", "set", "broker", "IB", "words").returncode == 2
    assert "broker IB is removed." in quantstrip("static", "remove", "broker", "IB").stdout
    assert json.loads(quantstrip("static", "list", "broker", "--json").stdout) == []


def test_a_package_is_found_installed_listed_and_removed(
    quantstrip: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path / "index") as index:
        index.wheel("alpha", "2.0", ["beta>=1"])
        index.wheel("beta", "1.0")
        for name, value in index.environment().items():
            monkeypatch.setenv(name, value)
        found = quantstrip("package", "find", "alpha")
        assert (found.returncode, "brings     beta 1.0" in found.stdout) == (0, True)
        installed = quantstrip("package", "install", "alpha")
        assert "Successfully installed alpha-2.0 beta-1.0" in installed.stdout  # what pip prints, as it prints it
    assert "needed by alpha" in quantstrip("package", "list").stdout
    kept = quantstrip("package", "remove", "alpha", given="n\n")
    assert "Nothing else needs beta. Remove that too?" in kept.stdout
    assert [each["name"] for each in json.loads(quantstrip("package", "list", "--json").stdout)] == ["beta"]
    assert quantstrip("package", "upgrade").returncode == 2


def test_what_was_run_on_the_sql_page_is_told_and_forgotten(quantstrip: Run, home: Home) -> None:
    drafts.remember(home, "owner", "SELECT 1", "1 row")
    drafts.remember(home, "ann", "SELEC 2", "syntax error", failed=True)
    assert "  1 row\nSELECT 1\n" in quantstrip("query", "history").stdout
    (run,) = json.loads(quantstrip("query", "history", "--person", "ann", "--json").stdout)
    assert (run["text"], run["failed"]) == ("SELEC 2", True)
    assert quantstrip("query", "history", "--forget").returncode == 0
    assert quantstrip("query", "history").stdout == ""
    assert len(drafts.history(home, "ann")) == 1
