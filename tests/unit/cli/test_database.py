"""``db verify, restore, marks`` and ``report eod`` as commands: what they print, refuse, and exit with."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from quantstrip.home import Home, asset
from quantstrip.ledger import open_ledger
from quantstrip.operations import queries

from .conftest import Run


def buy(home: Home, exec_id: str) -> None:
    ledger = open_ledger(home)
    order = ledger.insert_order(None, "trend", None, "U1", "AAPL", "BUY", "MKT", 10)
    ledger.insert_execution(exec_id, order, side="BUY", quantity=10, price=500.0, exec_time="2012-06-04 15:00:00")


def test_verify_lists_the_rows_and_says_that_the_books_agree(quantstrip: Run, home: Home) -> None:
    buy(home, "one")
    done = quantstrip("db", "verify")
    assert done.returncode == 0
    assert "execution" in done.stdout
    assert "its books agree" in done.stdout


def test_verify_of_what_is_not_sound_exits_with_1_and_says_why(quantstrip: Run, home: Home, tmp_path: Path) -> None:
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"no database" * 100)
    done = quantstrip("db", "verify", str(bad))
    assert done.returncode == 1
    assert "WRONG" in done.stdout
    assert "not sound" in done.stdout
    told = json.loads(quantstrip("db", "verify", str(bad), "--json").stdout)
    assert told["problems"]
    assert told["version"] == ""


def test_restore_says_where_the_ledger_of_before_lies(quantstrip: Run, home: Home, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert quantstrip("db", "backup", str(copy)).returncode == 0
    buy(home, "after")
    open_ledger(home).close()
    told = json.loads(quantstrip("db", "restore", str(copy), "--json").stdout)
    assert told["restored"] == str(copy)
    with closing(sqlite3.connect(told["kept"])) as raw:
        assert raw.execute("SELECT exec_id FROM execution").fetchall() == [("after",)]
    assert open_ledger(home).query("SELECT exec_id FROM execution")[1] == []


def test_restore_of_what_is_not_there_changes_nothing_and_says_where_backups_lie(quantstrip: Run, home: Home) -> None:
    done = quantstrip("db", "restore", "nowhere.db")
    assert done.returncode == 1
    assert "there is no file nowhere.db" in done.stderr
    assert "data/backups" in done.stderr
    assert list(home.data.glob("*before-restore*")) == []


def test_marks_are_counted_and_what_is_missing_is_named(quantstrip: Run, home: Home) -> None:
    buy(home, "one")
    done = quantstrip("db", "marks")
    assert done.returncode == 0
    assert "closes of 1 symbols" in done.stdout
    assert quantstrip("db", "marks").stdout.startswith("Written: 0 closes")


def test_the_summary_is_printed_and_written_without_being_sent(quantstrip: Run, home: Home, tmp_path: Path) -> None:
    buy(home, "one")
    printed = quantstrip("report", "eod", "--date", "2012-06-04")
    assert printed.returncode == 0, printed.stderr
    assert "End of day, Monday 2012-06-04" in printed.stdout
    assert "BUY 10 AAPL at 500" in printed.stdout
    page = tmp_path / "eod.html"
    assert f"Written: {page}" in quantstrip("report", "eod", "--html", str(page)).stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert open_ledger(home).message_counts() == {}


def test_the_summary_of_a_holiday_is_refused_with_the_last_session_there_was(quantstrip: Run, home: Home) -> None:
    done = quantstrip("report", "eod", "--date", "2012-07-04")
    assert done.returncode == 1
    assert "XNYS has no session on 2012-07-04" in done.stderr
    assert "The last one that is over: " in done.stderr


def test_a_pre_built_query_is_listed_with_what_it_shows_and_run_by_its_name(quantstrip: Run, home: Home) -> None:
    buy(home, "one")
    listed = json.loads(quantstrip("db", "queries", "--json").stdout)
    assert {each["name"] for each in listed} == {path.stem for path in (asset("schema") / "queries").glob("*.sql")}
    for each in listed:
        assert each["title"], each["name"]
        named = quantstrip("db", "query", each["name"], "--json")
        assert (named.returncode, named.stdout) == (0, quantstrip("db", "query", each["sql"], "--json").stdout)
    assert "one" in quantstrip("db", "query", "executions.sql").stdout
    assert "pnl_by_trade" in quantstrip("db", "queries").stdout


def test_a_name_that_no_query_has_is_answered_with_those_there_are(quantstrip: Run) -> None:
    done = quantstrip("db", "query", "positions")
    assert (done.returncode, "no query 'positions'" in done.stderr) == (1, True)
    assert "all_positions, brokers" in done.stderr


def test_a_query_may_begin_with_a_comment_and_a_misspelt_option_is_still_one(quantstrip: Run) -> None:
    assert quantstrip("db", "query", "-- how many\nSELECT 1 AS one").stdout.split() == ["one", "1"]
    assert quantstrip("db", "query", "SELECT 1", "--jsno").returncode == 2


def test_a_query_of_the_users_own_is_listed_and_run_by_its_name_with_named_values(quantstrip: Run, home: Home) -> None:

    queries.save(home, "twice", "-- A number, doubled\nSELECT :number * 2 AS twice, :word AS word")
    assert "twice yours A number, doubled" in " ".join(quantstrip("db", "queries").stdout.split())
    done = quantstrip("db", "query", "twice", "--param", "number=21", "--param", "word=a=b")
    assert (done.returncode, done.stdout.split()) == (0, ["twice", "word", "42", "a=b"])
    refused = quantstrip("db", "query", "twice", "--param", "number=21")
    assert (refused.returncode, "this query asks for number, word" in refused.stderr) == (2, True)
