"""The audit chain: what is linked, who is named, what is covered, and whose key it takes."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from quantstrip.errors import InvalidRecord, LedgerError, SecretError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.audit_found import Kind
from quantstrip.ledger.audit_keys import AuditKeys
from quantstrip.ledger.audit_rows import FORMS, canonical
from quantstrip.ledger.audit_trail import parse_head
from tests.unit.ledger.audit_tools import audited, from_outside, trade

LINKS = "SELECT table_name, row_key, operation FROM audit_link ORDER BY sequence"


@pytest.fixture
def ledger(empty_database: Path) -> Iterator[Ledger]:
    with audited(empty_database) as opened:
        yield opened


def links(ledger: Ledger, since: int) -> list[tuple[str, int | None, str]]:
    return ledger.query(LINKS)[1][since:]


def last(ledger: Ledger) -> int:
    head = ledger.audit_head()
    return 0 if head is None else head.sequence


# What is linked


def test_each_row_that_a_transaction_wrote_has_one_link_in_that_transaction(ledger: Ledger) -> None:
    order = trade(ledger, "trend", fills=0)
    before = last(ledger)

    with ledger.transaction():
        ledger.insert_execution("x1", order, side="BUY", quantity=1, price=10, trade_date="2024-03-06")
        ledger.insert_commission("x1", 0.5, "USD")
        assert last(ledger) == before

    assert links(ledger, before) == [
        ("execution", 1, "insert"), ("position_event", 1, "insert"), ("strategy_event", 1, "update"),
        ("commission", 1, "insert"),
    ]  # fmt: skip


def test_a_correction_is_linked_like_any_other_entry(ledger: Ledger) -> None:
    trade(ledger, "trend")
    before = last(ledger)

    ledger.correct_execution(ledger.query("SELECT min(exec_id) FROM execution")[1][0][0], "wrong", price=11.0)

    assert [table for table, _, _ in links(ledger, before)].count("execution") == 2
    assert ledger.verify_audit().ok


def test_what_is_rolled_back_or_written_again_leaves_no_link(ledger: Ledger) -> None:
    order = trade(ledger, "trend")
    before = last(ledger)

    with pytest.raises(InvalidRecord), ledger.transaction():  # noqa: PT012 - the block is the transaction
        ledger.insert_commission("x9", 0.5, "USD")
        ledger.insert_commission("x9", float("nan"), "USD")
    ledger.insert_commission(f"trend-{order}-0", 0.35, "USD")
    ledger.insert_order_status(order, "SUBMITTED", event_time="2024-03-06 15:00:00")

    assert last(ledger) == before
    assert ledger.verify_audit().ok


def test_a_writer_whose_first_transaction_fails_links_the_next(ledger: Ledger) -> None:
    with closing(Ledger(Home(ledger.path.parent.parent))) as other:
        with pytest.raises(RuntimeError), other.transaction():
            raise RuntimeError("the client fails")
        trade(other, "next")

    found = ledger.verify_audit()
    assert found.ok
    assert found.rows == 9


def test_a_statement_that_failed_inside_a_transaction_that_went_on_is_not_linked(ledger: Ledger) -> None:
    order = trade(ledger, "trend")
    before = last(ledger)

    with ledger.transaction() as transaction:
        with pytest.raises(sqlite3.IntegrityError):
            transaction.raw.execute(
                "INSERT INTO strategy_event (event_time, strategy_id, symbol, contract_id, status, create_time, "
                "update_time, mode, leg, account) VALUES ('', 99, '', '', '', '', '', '', '', '')"
            )
        ledger.update_order_external_id(order, "E1")

    assert links(ledger, before) == [("orders", 1, "update")]
    assert ledger.verify_audit().ok


@pytest.mark.parametrize("more", [0, 12])
def test_the_key_of_a_row_that_failed_may_be_the_next_rows(ledger: Ledger, more: int) -> None:
    order = trade(ledger, "trend")

    with ledger.transaction() as transaction:
        for _ in range(more):
            ledger.insert_strategy_event(order, 100, "BUY")
        for strategy in (99, 1):
            with suppress(sqlite3.IntegrityError):
                transaction.raw.execute(
                    "INSERT INTO strategy_event (event_time, strategy_id, symbol, contract_id, status, create_time, "
                    "update_time, mode, leg, account) VALUES ('', ?, ?, '', '', '', '', '', '', '')",
                    (strategy, f"of {strategy}"),
                )

    assert ledger.query("SELECT symbol FROM strategy_event ORDER BY 1 DESC LIMIT 1")[1] == [("of 1",)]
    assert ledger.verify_audit().ok


@pytest.mark.parametrize("given", [5, 5.0, 2**53 + 1, -0.0, "7", "7.50", "seven", 1e300])
def test_a_row_is_hashed_as_its_table_holds_it_however_it_was_given(ledger: Ledger, given: float | str) -> None:
    trade(ledger, "trend")

    with ledger.transaction() as transaction:  # text, numbers and whole numbers, each converted by its column
        transaction.raw.execute(
            "INSERT INTO strategy_event (event_time, strategy_id, order_id, symbol, contract_id, position, status, "
            "create_time, update_time, mode, leg, account) VALUES ('', 1, ?, ?, ?, ?, '', '', '', '', '', '')",
            (given, given, given, given),
        )

    assert ledger.verify_audit().ok


def test_links_are_never_changed_or_removed_by_sql(ledger: Ledger) -> None:
    for statement in ("UPDATE audit_link SET detail = ''", "DELETE FROM audit_link"):
        with pytest.raises(InvalidRecord, match="append-only"), ledger.get_connection() as raw:
            raw.execute(statement)


def test_a_rows_canonical_text_is_the_same_wherever_doubles_are_kept_and_whatever_columns_come_later() -> None:
    form = FORMS["commission"]
    row = dict.fromkeys(form.names) | {"amount": 0.1 + 0.2, "exec_id": 'x"1', "revision": 0, "currency": "é"}

    assert canonical(form, list(row.values())) == (
        '["commission",{"amount":0.30000000000000004,"currency":"\\u00e9","exec_id":"x\\"1","revision":0}]'
    )
    wider = form._replace(names=(*form.names, "later"), labels=(*form.labels, '"later":'))
    assert canonical(wider, [*row.values(), None]) == canonical(form, list(row.values()))


# Who


def test_a_problem_names_the_client_its_run_and_the_hash_of_its_code(ledger: Ledger) -> None:
    run = ledger.start_client_run("sma", 1, "c0de", "paper")
    ledger.context.client_run_id = run
    trade(ledger, "trend", fills=1)
    with from_outside(ledger) as raw:
        raw.execute("UPDATE execution SET price = 11")

    problem = ledger.verify_audit().problem

    assert problem is not None
    assert problem.who.startswith(f"client sma, run {run}, code c0de, as ")
    assert problem.row["price"] == 11.0


def test_a_person_is_named_with_the_program_they_used(ledger: Ledger) -> None:
    trade(ledger, "trend", fills=0)

    ((said,),) = ledger.query("SELECT detail FROM audit_link WHERE operation = 'writer'")[1]

    assert '"user":' in said
    assert '"program":"' in said
    assert '"client"' not in said


# What is covered


def test_what_was_there_before_the_audit_began_is_not_covered_but_counted(empty_database: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    shutil.copy(empty_database, home.database)
    with closing(Ledger(home)) as ledger:
        ledger.insert_broker("SIM")
        trade(ledger, "old")
        ledger.set_audit(True)
        trade(ledger, "new")

        found = ledger.verify_audit()
        assert found.ok
        assert found.uncovered["execution"] == 2
        assert found.rows == 9

        with from_outside(ledger) as raw:
            raw.execute("DELETE FROM execution WHERE seq_id = 1")
        problem = ledger.verify_audit().problem
        assert problem is not None
        assert (problem.kind, problem.table) == (Kind.REMOVED, "execution")
        assert "execution had 2 rows when the audit began" in problem.what


def test_an_older_row_is_covered_from_the_first_change_on_that_is_linked(ledger: Ledger) -> None:
    ledger.set_audit(False)
    order = trade(ledger, "trend")
    ledger.set_audit(True)
    ledger.update_order_external_id(order, "E1")
    assert ledger.verify_audit().ok

    with from_outside(ledger) as raw:
        raw.execute("UPDATE orders SET total_quantity = 7")

    problem = ledger.verify_audit().problem
    assert problem is not None
    assert (problem.kind, problem.table) == (Kind.ALTERED, "orders")


def test_turning_it_off_and_on_is_linked_and_the_gap_is_told(ledger: Ledger) -> None:
    order = trade(ledger, "trend")
    ledger.store.clock.advance(1.0)  # type: ignore[attr-defined]
    ledger.set_audit(False)
    off = ledger.verify_audit()
    ledger.update_order_external_id(order, "while off")
    trade(ledger, "off")
    ledger.store.clock.advance(1.0)  # type: ignore[attr-defined]
    ledger.set_audit(True)
    trade(ledger, "again")

    found = ledger.verify_audit()

    assert not off.is_on
    assert off.gaps == ["the audit has been off since 2024-03-06 17:00:01.000000 UTC"]
    assert found.ok
    assert found.gaps == ["the audit was off from 2024-03-06 17:00:01.000000 to 2024-03-06 17:00:02.000000 UTC"]
    assert found.uncovered["execution"] == 2
    assert found.changed_while_off == {"orders": 1}


def test_a_fill_altered_while_the_audit_was_off_is_still_found(ledger: Ledger) -> None:
    trade(ledger, "trend")
    ledger.set_audit(False)
    with from_outside(ledger) as raw:
        raw.execute("UPDATE execution SET quantity = 100 WHERE seq_id = 2")
    ledger.set_audit(True)

    problem = ledger.verify_audit().problem

    assert problem is not None
    assert (problem.kind, problem.table, problem.row_key) == (Kind.ALTERED, "execution", 2)


def test_a_switch_holds_for_another_writer_from_its_next_transaction(ledger: Ledger) -> None:
    with closing(Ledger(Home(ledger.path.parent.parent))) as other:
        trade(other, "one")
        ledger.set_audit(False)
        trade(other, "two")
        ledger.set_audit(True)
        trade(other, "three")

    found = ledger.verify_audit()
    assert found.ok
    assert found.uncovered["orders"] == 1


def test_only_what_was_written_since_a_moment_is_checked_when_asked(ledger: Ledger) -> None:
    trade(ledger, "old")
    ledger.store.clock.advance(60.0)  # type: ignore[attr-defined]
    order = trade(ledger, "new")
    ledger.update_order_external_id(order, "E1")
    with from_outside(ledger) as raw:
        raw.execute("UPDATE execution SET price = 1 WHERE seq_id = 1")

    assert ledger.verify_audit(since="2024-03-06 17:00:30.000000").ok
    assert not ledger.verify_audit().ok

    with from_outside(ledger) as raw:
        raw.execute("UPDATE execution SET price = 1 WHERE seq_id = 4")
    problem = ledger.verify_audit(since="2024-03-06 17:00:30.000000").problem
    assert problem is not None
    assert problem.row_key == 4


def test_text_that_is_no_text_is_an_altered_row(ledger: Ledger) -> None:
    trade(ledger, "trend")
    with from_outside(ledger) as raw:
        raw.execute("UPDATE execution SET symbol = CAST(x'ff41' AS TEXT) WHERE seq_id = 2")

    problem = ledger.verify_audit().problem

    assert problem is not None
    assert (problem.kind, problem.row_key) == (Kind.ALTERED, 2)


# Heads and copies


def test_a_backup_verifies_with_the_key_of_its_home_and_goes_on_where_it_is_restored(
    ledger: Ledger, tmp_path: Path
) -> None:
    trade(ledger, "trend")
    copy = ledger.backup(tmp_path / "copy.db")
    head = ledger.audit_head()
    trade(ledger, "later")
    keys = AuditKeys(Home(ledger.path.parent.parent))

    with closing(Ledger(copy)) as restored:
        assert restored.verify_audit(keys=keys, recorded=head).ok
        problem = restored.verify_audit(keys=keys, recorded=ledger.audit_head()).problem
        assert problem is not None
        assert problem.kind is Kind.CUT
    ledger.close()
    for leftover in ("-wal", "-shm"):
        Path(f"{ledger.path}{leftover}").unlink(missing_ok=True)
    shutil.copy(copy, ledger.path)
    trade(ledger, "after the restore")
    assert ledger.verify_audit(recorded=head).ok


def test_a_head_is_read_back_as_it_is_printed(ledger: Ledger) -> None:
    head = ledger.audit_head()

    assert head is not None
    assert parse_head(f" {head}\n") == head
    for wrong in ("", "12", "12:", "x:00", "0:" + "0" * 64, f"{head}00"):
        with pytest.raises(LedgerError, match="SEQUENCE:MAC"):
            parse_head(wrong)


# Keys


def test_the_key_is_the_owners_alone_and_in_no_database(ledger: Ledger) -> None:
    trade(ledger, "trend")
    file = AuditKeys(Home(ledger.path.parent.parent)).file
    (key,) = [line for line in file.read_text().splitlines() if not line.startswith("#")]

    assert file.stat().st_mode & 0o777 == 0o600
    for each in ledger.path.parent.iterdir():
        content = each.read_bytes()
        assert bytes.fromhex(key) not in content
        assert key.encode() not in content


def test_a_rotated_key_carries_the_chain_on_and_old_links_stay_verifiable(ledger: Ledger) -> None:
    trade(ledger, "old")
    with closing(Ledger(Home(ledger.path.parent.parent))) as other:
        trade(other, "beside")
        key_id = ledger.rotate_audit_key()
        trade(other, "beside, later")
    trade(ledger, "new")

    assert ledger.verify_audit().ok
    newest = ledger.query("SELECT key_id FROM audit_link ORDER BY sequence DESC LIMIT 1")[1]
    assert newest == [(key_id,)]
    assert ("", None, "rotate") in links(ledger, 0)


def test_without_its_key_an_audited_ledger_is_read_but_not_written(ledger: Ledger) -> None:
    trade(ledger, "trend")
    keys = AuditKeys(Home(ledger.path.parent.parent))
    keys.file.rename(keys.file.with_suffix(".gone"))
    before = last(ledger)

    with closing(Ledger(Home(ledger.path.parent.parent))) as other:
        with pytest.raises(SecretError, match=r"audit\.key is missing"):
            trade(other, "refused")
        assert len(other.get_executions()) == 2
        with pytest.raises(SecretError, match=r"audit\.key is missing"):
            other.verify_audit()
        with pytest.raises(SecretError):
            other.rotate_audit_key()
        assert other.query("SELECT count(*) FROM orders")[1] == [(1,)]

        keys.file.with_suffix(".gone").rename(keys.file)
        trade(other, "with the key back")
        assert last(other) > before
        assert other.verify_audit().ok


def test_another_homes_key_is_a_clear_error(ledger: Ledger, tmp_path: Path) -> None:
    trade(ledger, "trend")
    foreign = AuditKeys(Home(tmp_path / "foreign").create())
    foreign.add()

    with pytest.raises(SecretError, match="holds other ones") as refused:
        ledger.verify_audit(keys=foreign)
    assert "Put back the audit.key" in refused.value.hint


def test_a_lost_key_is_replaced_and_what_cannot_be_checked_any_more_is_told(ledger: Ledger) -> None:
    trade(ledger, "old")
    with pytest.raises(LedgerError, match="is here"):
        ledger.rotate_audit_key(lost=True)
    AuditKeys(Home(ledger.path.parent.parent)).file.unlink()

    with closing(Ledger(Home(ledger.path.parent.parent))) as other:
        other.rotate_audit_key(lost=True)
        trade(other, "new")
        found = other.verify_audit()

        assert found.ok
        assert "was linked with a lost key" in found.gaps[0]
        assert found.uncovered["execution"] == 2
        with from_outside(other) as raw:
            raw.execute("UPDATE execution SET price = 1 WHERE seq_id = 3")
        problem = other.verify_audit().problem
        assert problem is not None
        assert problem.row_key == 3


@pytest.mark.parametrize("content", ["", "# nothing\n", "abc\n", "00" * 31 + "\n", "zz" * 32 + "\n"])
def test_a_key_file_that_is_damaged_is_named(tmp_path: Path, content: str) -> None:
    keys = AuditKeys(Home(tmp_path).create())
    keys.file.write_text(content)
    keys.file.chmod(0o600)

    with pytest.raises(SecretError, match="cannot be read as keys"):
        keys.get("0123")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys = AuditKeys(Home(tmp_path).create())
    key_id, _ = keys.add()
    keys.file.chmod(0o644)

    with pytest.raises(SecretError, match="can be read by others"):
        AuditKeys(Home(tmp_path)).get(key_id)


# The setting


def test_a_home_is_audited_unless_its_setting_says_otherwise(tmp_path: Path) -> None:
    from quantstrip.config import SettingsManager

    home = Home(tmp_path / "home").create()
    assert open_ledger(home).audit_is_on()
    open_ledger(home).close()
    SettingsManager(home).set_by_path("ledger.audit", False)

    # A second process opens it after the setting was changed: here the file's own object stands for it.
    from quantstrip.ledger.audit_trail import follow_audit

    follow_audit(open_ledger(home), home)
    assert not open_ledger(home).audit_is_on()
    open_ledger(home).close()


def test_a_ledger_without_a_home_is_not_audited_and_verifies_as_nothing_covered(empty_database: Path) -> None:
    with closing(Ledger(empty_database)) as ledger:
        assert ledger.audit_head() is None
        assert not ledger.audit_is_on()
        with pytest.raises(SecretError, match="in no home"):
            ledger.set_audit(True)
