"""What people change beside the audited tables is in the audit: who, what, how many rows; and cannot be taken out."""

import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from quantstrip.errors import ConfigError, QuantstripError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import audit, sql_write, static_data, users
from quantstrip.operations.own_password import change_own_password

PASSWORD = "correct-horse-battery"


def told(home: Home) -> list[tuple[str, str, str]]:
    """Kind, who asked and rows of each act, the oldest first."""
    return [(each.kind, each.by, each.rows_in_words) for each in reversed(audit.acts(home))]


@pytest.fixture
def home(made_home: Home) -> Home:
    open_ledger(made_home)
    return made_home


def test_sql_of_a_person_leaves_its_statement_its_values_who_and_the_rows_it_touched(home: Home) -> None:
    static_data.add(home, "strategy", "cross", {}, by="ann")
    text = "UPDATE strategy SET allocation = :much WHERE name = 'cross'"
    sql_write.commit(home, sql_write.preview(home, text, {"much": 7.0}), by="bob")
    sql_write.preview(home, "DELETE FROM strategy")  # looked at and not done
    assert told(home) == [("static", "ann", "strategy: 1 added"), ("sql", "bob", "strategy: 1 changed")]
    newest = audit.acts(home, 1)[0]
    assert newest.what == f"{text} with {{'much': 7.0}}"
    assert newest.user
    assert newest.time.startswith("20")


def test_static_data_leaves_what_was_and_what_is(home: Home) -> None:
    static_data.add(home, "broker", "IBKR", {"full_name": "one"}, by="ann")
    static_data.change(home, "broker", "IBKR", {"full_name": "two"}, by="ann")
    static_data.change(home, "broker", "IBKR", {})  # changes nothing, tells nothing
    static_data.remove(home, "broker", "IBKR", by="bob")
    for wrong in ({"multiplier": 1}, {"full_name": 1, "x": 2}):
        with pytest.raises(QuantstripError):
            static_data.add(home, "broker", "no", wrong, by="ann")
    assert told(home) == [
        ("static", "ann", "broker: 1 added"),
        ("static", "ann", "broker: 1 changed"),
        ("static", "bob", "broker: 1 deleted"),
    ]
    assert "'two'}, it was {'full_name': 'one'}" in audit.acts(home)[1].what


def test_users_leave_what_they_may_and_never_a_password(home: Home) -> None:
    users.add_user(home, "ann", "admin", PASSWORD, by="token")
    users.add_user(home, "bob", "viewer", None, by="ann")
    users.set_role(home, "bob", "operator", by="ann")
    users.set_password(home, "bob", f"{PASSWORD}-2", by="ann")
    change_own_password(home, "ann", PASSWORD, f"{PASSWORD}-3")
    users.remove_user(home, "bob", by="ann")
    with pytest.raises(ConfigError):
        users.remove_user(home, "nobody", by="ann")
    assert [(each.by, each.what) for each in reversed(audit.acts(home))] == [
        ("token", "user ann was added as admin, with a password"),
        ("ann", "user bob was added as viewer, with OIDC alone"),
        ("ann", "user bob has the role operator"),
        ("ann", "user bob has a new password"),
        ("ann", "user ann has a new password"),
        ("ann", "user bob was removed"),
    ]
    assert PASSWORD.encode() not in home.database.read_bytes() + Path(f"{home.database}-wal").read_bytes()


def test_a_home_without_a_ledger_has_users_and_makes_no_ledger_for_them(made_home: Home) -> None:
    with suppress(FileNotFoundError):
        made_home.database.unlink()
    users.add_user(made_home, "ann", "admin", PASSWORD, by="token")
    assert [each.name for each in users.list_users(made_home)] == ["ann"]
    assert not made_home.database.exists()


def test_an_act_is_a_link_like_any_other_and_does_not_go_unnoticed(home: Home, ledger: Ledger) -> None:
    static_data.add(home, "broker", "IBKR", {}, by="ann")
    order = ledger.insert_order(None, "cross", "IBKR", symbol="AAPL", side="BUY", order_type="MKT", total_quantity=1)
    sql_write.commit(home, sql_write.preview(home, "UPDATE broker SET full_name = 'x'"), by="ann")
    ledger.insert_execution("x1", order, side="BUY", quantity=1, price=10)
    assert audit.verify(home).ok
    with closing(sqlite3.connect(home.database)) as raw:
        raw.execute("DROP TRIGGER tr_audit_link_update")
        raw.execute("UPDATE audit_link SET detail = replace(detail, 'ann', 'eve') WHERE operation = 'act'")
        raw.commit()
    found = audit.verify(home)
    assert found.problem is not None
    assert "is not as it was written" in found.problem.what


def test_without_the_key_nothing_is_written(home: Home) -> None:
    static_data.add(home, "broker", "IBKR", {}, by="ann")
    (home.settings / "audit.key").unlink()
    for command in (["static", "add", "broker", "B"], ["sql", "--write", "--yes", "UPDATE broker SET full_name = 'x'"]):
        done = subprocess.run(  # a process that has not read the key yet
            [sys.executable, "-P", "-m", "quantstrip", "--home", str(home.root), *command],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1, done.stdout
        assert "audit.key" in done.stderr
    assert [(each.name, each.values["full_name"]) for each in static_data.rows(home, "broker")] == [("IBKR", None)]


def test_while_the_audit_is_off_nothing_is_told_and_the_chain_still_holds(home: Home, ledger: Ledger) -> None:
    ledger.set_audit(False)
    static_data.add(home, "broker", "IBKR", {}, by="ann")
    sql_write.commit(home, sql_write.preview(home, "UPDATE broker SET full_name = 'x'"), by="ann")
    ledger.set_audit(True)
    static_data.remove(home, "broker", "IBKR", by="bob")
    assert told(home) == [("static", "bob", "broker: 1 deleted")]
    assert audit.verify(home).ok
