"""Whatever is written, an untouched ledger verifies; whatever is touched, the first place is found and named."""

from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from quantstrip.errors import LedgerError
from quantstrip.ledger import Ledger
from quantstrip.ledger.audit_found import Kind, Problem
from quantstrip.ledger.audit_rows import FORMS
from tests.unit.ledger.audit_tools import KEYS, all_keys, audited, columns, from_outside, other, trade, value_of

quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
actions = st.lists(
    st.sampled_from(["trade", "fill", "fee", "external", "confirm", "fail", "correct", "own position", "manual"]),
    max_size=6,
)
places = st.integers(0, 10_000)


def act(ledger: Ledger, action: str, number: int) -> None:
    """One thing that clients and people do; what the ledger refuses changes nothing, and must not be linked either."""
    orders = [row[0] for row in ledger.query("SELECT order_id FROM orders ORDER BY seq_id")[1]]
    order, exec_id = orders[number % len(orders)], f"x{number}"
    with suppress(LedgerError):
        if action == "trade":
            trade(ledger, f"s{number}", fills=number % 3)
        elif action == "fill":
            ledger.insert_execution(exec_id, order, side="SELL", quantity=0.1, price=9.7, trade_date="2024-03-06")
        elif action == "fee":
            ledger.insert_commission(exec_id, 0.1, "USD")
        elif action == "external":
            ledger.update_order_external_id(order, f"E{number}")
        elif action == "confirm":
            ledger.update_strategy_event_status(order)
        elif action == "fail":
            ledger.insert_order_status(order, "CANCELLED", 0.0)
        elif action == "correct":
            ledger.correct_execution(ledger.query("SELECT max(exec_id) FROM execution")[1][0][0], "wrong", price=9.0)
        elif action == "own position":
            ledger.insert_position_event(None, "trend", "SIM", exec_id, order, "AAPL", 5.0)
        else:
            ledger.insert_manual_trade("by hand", "MSFT", "BUY", 1, 10 / 3, broker_id="SIM")


def live(ledger: Ledger, done: list[str]) -> None:
    trade(ledger, "trend")
    for number, action in enumerate(done):
        act(ledger, action, number)


def life_goes_on(ledger: Ledger, order: int | None = None) -> None:
    """What the platform writes afterwards, also to the row that was touched."""
    if order is not None:
        with suppress(LedgerError):
            ledger.update_order_external_id(order, "later")
        with suppress(LedgerError):
            ledger.update_strategy_event_status(order)
    with suppress(LedgerError):
        trade(ledger, "later", fills=1)


def found(ledger: Ledger) -> Problem:
    problem = ledger.verify_audit().problem
    assert problem is not None
    return problem


@quick
@given(done=actions)
def test_an_untouched_ledger_verifies_and_every_row_has_a_link(empty_database: Path, done: list[str]) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        result = ledger.verify_audit(recorded=ledger.audit_head())

        assert result.problem is None
        assert not result.uncovered
        assert result.rows == sum(len(all_keys(ledger, table)) for table in FORMS)


@quick
@given(
    done=actions, table=st.sampled_from(list(FORMS)), row=places, column=places, to_null=st.booleans(), on=st.booleans()
)
def test_a_row_that_was_altered_in_any_column_is_named(
    empty_database: Path, done: list[str], table: str, row: int, column: int, to_null: bool, on: bool
) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        keys = all_keys(ledger, table)
        key, name = keys[row % len(keys)], columns(table)[column % len(columns(table))]
        before = value_of(ledger, table, key, name)
        after = None if to_null and before is not None else other(before)
        order = value_of(ledger, table, key, "order_id") if "order_id" in columns(table) else None
        with from_outside(ledger) as raw:
            needed = next(row[3] for row in raw.execute(f"PRAGMA table_info({table})") if row[1] == name)
            assume(after is not None or not (needed or name == KEYS[table]))
            raw.execute(f"UPDATE {table} SET {name} = ? WHERE {KEYS[table]} = ?", (after, key))
        if on:
            life_goes_on(ledger, order)

        problem = found(ledger)
        assert (problem.table, problem.row_key) == (table, key)
        assert problem.kind is (Kind.REMOVED if name == KEYS[table] else Kind.ALTERED)
        assert "root" in problem.who or " with " in problem.who
        assert problem.written


@quick
@given(done=actions, table=st.sampled_from(list(FORMS)), row=places, on=st.booleans())
def test_a_row_that_was_removed_is_named_also_when_its_key_is_given_again(
    empty_database: Path, done: list[str], table: str, row: int, on: bool
) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        keys = all_keys(ledger, table)
        key = keys[row % len(keys)]
        with from_outside(ledger) as raw:
            raw.execute(f"DELETE FROM {table} WHERE {KEYS[table]} = ?", (key,))
            for sums in ("trade_fill", "round_trip"):  # or the platform would stumble over them
                raw.execute(f"DELETE FROM {sums}")
        if on:
            life_goes_on(ledger)

        problem = found(ledger)
        assert (problem.kind, problem.table, problem.row_key) == (Kind.REMOVED, table, key)


@quick
@given(
    done=actions,
    table=st.sampled_from(list(FORMS)),
    row=places,
    at=st.sampled_from([-5, None, 10**9]),
    on=st.booleans(),
)
def test_a_row_that_was_inserted_with_sql_is_named(
    empty_database: Path, done: list[str], table: str, row: int, at: int | None, on: bool
) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        keys = all_keys(ledger, table)
        names = [name for name in columns(table) if name != KEYS[table]]
        unique = {"exec_id": "exec_id || '~'", "corrects": "NULL", "client_reference": "NULL", "broker_time": "NULL"}
        chosen = ", ".join(unique.get(name, name) for name in names)
        with from_outside(ledger) as raw:
            made = raw.execute(
                f"INSERT INTO {table} ({KEYS[table]}, {', '.join(names)}) SELECT ?, {chosen} FROM {table} "
                f"WHERE {KEYS[table]} = ?",
                (at, keys[row % len(keys)]),
            ).lastrowid
        if on:
            life_goes_on(ledger)

        problem = found(ledger)
        assert (problem.kind, problem.table, problem.row_key) == (Kind.INSERTED, table, made)


@quick
@given(done=actions, table=st.sampled_from(list(FORMS)), first=places, second=places)
def test_two_rows_that_changed_places_are_found_at_the_first(
    empty_database: Path, done: list[str], table: str, first: int, second: int
) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        keys = all_keys(ledger, table)
        one, two = sorted((keys[first % len(keys)], keys[second % len(keys)]))
        assume(one != two)
        with from_outside(ledger) as raw:
            for old, new in ((one, -1), (two, one), (-1, two)):
                raw.execute(f"UPDATE {table} SET {KEYS[table]} = ? WHERE {KEYS[table]} = ?", (new, old))

        sequence = dict(
            ledger.query("SELECT row_key, max(sequence) FROM audit_link WHERE table_name = ? GROUP BY 1", (table,))[1]
        )
        problem = found(ledger)
        assert problem.kind is Kind.ALTERED
        assert (problem.table, problem.row_key) == (table, min(one, two, key=sequence.__getitem__))


@quick
@given(done=actions, place=places, column=places, on=st.booleans())
def test_a_link_that_was_altered_in_any_column_is_named(
    empty_database: Path, done: list[str], place: int, column: int, on: bool
) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        links = all_keys(ledger, "audit_link")
        key, name = links[place % len(links)], columns("audit_link")[column % len(columns("audit_link"))]
        assume(not (on and key == links[-1]))  # the platform would carry on from the altered head
        value = other(value_of(ledger, "audit_link", key, name))
        with from_outside(ledger) as raw:
            raw.execute(f"UPDATE audit_link SET {name} = ? WHERE sequence = ?", (value, key))
        if on and name != "sequence":
            life_goes_on(ledger)

        problem = found(ledger)
        assert problem.sequence == key
        assert problem.kind is (Kind.LINK_REMOVED if name == "sequence" else Kind.LINK_ALTERED)


@quick
@given(done=actions, place=places, on=st.booleans())
def test_a_link_that_was_removed_is_named(empty_database: Path, done: list[str], place: int, on: bool) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        links = all_keys(ledger, "audit_link")
        key = links[:-1][place % (len(links) - 1)]
        with from_outside(ledger) as raw:
            raw.execute("DELETE FROM audit_link WHERE sequence = ?", (key,))
        if on:
            life_goes_on(ledger)

        problem = found(ledger)
        assert (problem.kind, problem.sequence) == (Kind.LINK_REMOVED, key)


@quick
@given(done=actions, first=places, second=places)
def test_two_links_that_changed_places_are_found_at_the_first(
    empty_database: Path, done: list[str], first: int, second: int
) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        links = all_keys(ledger, "audit_link")
        one, two = sorted((links[first % len(links)], links[second % len(links)]))
        assume(one != two)
        with from_outside(ledger) as raw:
            for old, new in ((one, -1), (two, one), (-1, two)):
                raw.execute("UPDATE audit_link SET sequence = ? WHERE sequence = ?", (new, old))

        problem = found(ledger)
        assert (problem.kind, problem.sequence) == (Kind.LINK_ALTERED, one)


@quick
@given(done=actions, kept=places)
def test_a_cut_tail_with_all_of_its_rows_shows_against_a_recorded_head(
    empty_database: Path, done: list[str], kept: int
) -> None:
    with audited(empty_database) as ledger:
        live(ledger, done)
        head = ledger.audit_head()
        assert head is not None
        last = 2 + kept % (head.sequence - 2)
        with from_outside(ledger) as raw:
            for table, key in FORMS.items():
                raw.execute(
                    f"DELETE FROM {table} WHERE {key.key} IN (SELECT row_key FROM audit_link WHERE table_name = ? "
                    "AND sequence > ? AND operation = 'insert')",
                    (table, last),
                )
            raw.execute("DELETE FROM audit_link WHERE sequence > ?", (last,))

        problem = ledger.verify_audit(recorded=head).problem
        assert problem is not None
        assert (problem.kind, problem.sequence) == (Kind.CUT, last + 1)
