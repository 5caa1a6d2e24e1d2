"""One call, one report: the ledger against the broker, what was missed taken over once, the rest told."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.clock import from_text
from quantstrip.errors import StatementError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.model import Fill, OrderSide
from quantstrip.model.statement import Fee, Statement, StatementEvent, StatementFill, StatementPosition
from quantstrip.operations.broker_statements import from_broker, from_external, from_flex
from quantstrip.operations.reconciliation import Reconciled, reconcile
from quantstrip.operations.reconciliation_text import as_text
from quantstrip.ports import BrokerPosition
from tests.unit.brokers.flex_samples import position, positions, response, statement, trade, trades, write

FEE = (Fee("COMMISSION", "USD", 1.0),)


def fill(exec_id: str, side: str = "BUY", quantity: float = 10.0, price: float = 400.0, **other: Any) -> StatementFill:
    given = {"trade_date": "2024-03-06", "currency": "USD", "fees": FEE, **other}
    ts = given.pop("ts", from_text("2024-03-06 15:30:00"))
    return StatementFill(exec_id, "U1", given.pop("symbol", "SPY"), OrderSide(side), quantity, price, ts, **given)


def week(*fills: StatementFill, held: tuple[StatementPosition, ...] | None = None, **other: Any) -> Statement:
    return Statement("test", ("U1",), fills, held, first_date="2024-03-04", last_date="2024-03-08", **other)


def book(ledger: Ledger, one: StatementFill, order_id: int | None = None, strategy: str | None = "trend") -> None:
    ledger.insert_execution(
        one.exec_id, order_id, strategy, symbol=one.symbol, side=one.side, quantity=one.quantity, price=one.price,
        exec_time=one.ts, trade_date=one.trade_date, account="U1", currency=one.currency,
    )  # fmt: skip
    for fee in one.fees or ():
        ledger.insert_commission(one.exec_id, fee.amount, fee.currency, fee.fee_type)


def order(ledger: Ledger, reference: str, quantity: float = 10.0) -> int:
    ledger.insert_broker("IBKR")
    order_id = ledger.insert_order(
        None, "trend", "IBKR", "U1", "SPY", "BUY", "MKT", quantity, client_reference=reference
    )
    ledger.insert_strategy_event(order_id, quantity, "BUY")
    return order_id


def outcomes(result: Reconciled) -> list[tuple[str, str, str]]:
    return [(one.outcome, one.key, one.what) for one in result.differences]


def test_ledger_and_broker_that_agree_confirm_the_intention(made_home: Home, ledger: Ledger) -> None:
    order_id = order(ledger, "ref")
    book(ledger, fill("x1"), order_id, None)

    result = reconcile(made_home, week(fill("x1"), held=(StatementPosition("U1", "SPY", "c1", 10.0),)))

    assert (result.clean, result.executions, result.positions, result.confirmed) == (True, 1, 1, (order_id,))
    assert ledger.get_last_strategy_event("trend", "SPY")["status"] == "CONFIRMED"  # type: ignore[index]
    assert ledger.alerts() == []
    assert as_text(result).endswith("Ledger and broker agree.")


def test_an_intention_stays_executed_while_its_order_is_not_whole_or_does_not_match(
    made_home: Home, ledger: Ledger
) -> None:
    order_id = order(ledger, "ref", 20.0)
    book(ledger, fill("x1"), order_id, None)

    assert reconcile(made_home, week(fill("x1"))).confirmed == ()
    assert ledger.get_last_strategy_event("trend", "SPY")["status"] == "EXECUTED"  # type: ignore[index]


@pytest.mark.parametrize(
    ("theirs", "what"),
    [
        (fill("x1", price=401.0), "price"),
        (fill("x1", quantity=11.0), "quantity"),
        (fill("x1", side="SELL"), "side"),
        (fill("x1", fees=(Fee("COMMISSION", "USD", 2.0),)), "commission"),
        (fill("x1", fees=(Fee("COMMISSION", "EUR", 1.0),)), "commission"),
        (fill("x1", trade_date="2024-03-07"), "date"),
        (fill("x1", price=401.0, quantity=9.0), "quantity, price"),
    ],
)
def test_what_differs_is_named_and_told_and_never_taken_over(
    made_home: Home, ledger: Ledger, theirs: StatementFill, what: str
) -> None:
    book(ledger, fill("x1"))
    before = ledger.query("SELECT * FROM execution")[1]

    result = reconcile(made_home, week(theirs), take_over=True)

    assert outcomes(result) == [("DIFFERENT", "x1", what)]
    assert ledger.query("SELECT * FROM execution")[1] == before
    assert [alert["kind"] for alert in ledger.alerts()] == ["position_mismatch"]


def test_what_one_side_lacks_is_missing_there_or_here(made_home: Home, ledger: Ledger) -> None:
    book(ledger, fill("ours"))

    result = reconcile(made_home, week(fill("theirs", "SELL")))

    assert outcomes(result) == [("MISSING_HERE", "theirs", "execution"), ("MISSING_THERE", "ours", "execution")]


def test_a_fill_with_our_reference_goes_to_that_strategy_and_order(made_home: Home, ledger: Ledger) -> None:
    order_id = order(ledger, "ref")

    result = reconcile(made_home, week(fill("x1", reference="ref")), take_over=True)

    assert result.taken_over == ("x1",)
    assert ledger.query("SELECT strategy, order_id, broker, commission, contract_id FROM v_executions")[1] == [
        ("trend", order_id, "IBKR", 1.0, "")
    ]
    assert (result.clean, result.confirmed) == (True, (order_id,))
    assert ledger.alerts() == []


def test_the_brokers_id_of_an_order_names_it_too(made_home: Home, ledger: Ledger) -> None:
    order_id = order(ledger, "ref")
    ledger.update_order_external_id(order_id, "77")

    reconcile(made_home, week(fill("x1", external_order_id="77")), take_over=True)

    assert ledger.query("SELECT order_id FROM execution")[1] == [(order_id,)]


def test_a_fill_without_a_known_reference_goes_to_unallocated_with_an_alert(made_home: Home, ledger: Ledger) -> None:
    result = reconcile(made_home, week(fill("x1", reference="stranger")), take_over=True, accounts=["U1"])

    assert result.clean
    assert ledger.query("SELECT strategy, broker FROM v_executions")[1] == [("unallocated", "IBKR")]
    assert [alert["kind"] for alert in ledger.alerts()] == ["order_unknown"]


def test_a_fill_in_another_currency_than_those_of_its_symbol_is_told_and_not_added_to_them(
    made_home: Home, ledger: Ledger
) -> None:
    book(ledger, fill("x1", symbol="SAP"))  # booked without a word on its currency, in dollars
    euros = week(fill("x1", symbol="SAP", currency="EUR"), fill("x2", symbol="SAP", currency="EUR"), fill("x3"))

    result = reconcile(made_home, euros, take_over=True)

    assert result.taken_over == ("x3",)
    assert outcomes(result)[1:] == [("DIFFERENT", "x1", "currency"), ("MISSING_HERE", "x2", "execution")]
    assert ["x2 is in EUR, and the ledger has fills of SAP in USD" in note for note in result.notes] == [True]
    assert ledger.query("SELECT currency, position FROM v_positions WHERE symbol = 'SAP'")[1] == [("USD", 10.0)]

    ledger.correct_execution("x1", "in euros", delete=True)
    ledger.insert_manual_trade("trend", "SAP", "BUY", 10, 400.0, account="U1", currency="EUR", exec_time=fill("x1").ts)
    again = reconcile(made_home, euros, take_over=True)

    assert set(again.taken_over) == {"x1", "x2"}, "the fill that was missed, and the fees of the one entered by hand"
    assert ledger.query("SELECT DISTINCT currency FROM v_positions WHERE symbol = 'SAP'")[1] == [("EUR",)]


def test_taking_over_again_takes_nothing(made_home: Home, ledger: Ledger) -> None:
    book(ledger, fill("x2", "SELL", ts=from_text("2024-03-06 16:00:00")))
    both = week(fill("x1"), fill("x2", "SELL", ts=from_text("2024-03-06 16:00:00")))
    first = reconcile(made_home, both, take_over=True)
    rows = [ledger.query(f"SELECT * FROM {table}")[1] for table in ("execution", "commission", "position_event")]

    again = reconcile(made_home, both, take_over=True)

    assert (first.taken_over, first.rebooked, again.taken_over) == (("x1",), (), ())
    assert again.clean
    assert rows == [
        ledger.query(f"SELECT * FROM {table}")[1] for table in ("execution", "commission", "position_event")
    ]


def test_fees_that_never_came_are_taken_over(made_home: Home, ledger: Ledger) -> None:
    book(ledger, fill("x1", fees=()))

    result = reconcile(made_home, week(fill("x1")), take_over=True)

    assert (result.taken_over, result.clean) == (("x1",), True)
    assert ledger.query("SELECT net_pnl FROM v_strategy_pnl")[1] == [(-1.0,)]


def test_fees_in_other_currencies_stay_in_them(made_home: Home, ledger: Ledger) -> None:
    fees = (Fee("COMMISSION", "EUR", 1.5), Fee("TAX", "GBP", 0.25))

    result = reconcile(made_home, week(fill("x1", fees=fees)), take_over=True, accounts=["U1"])

    assert result.clean
    assert ledger.query("SELECT fee_type, currency, amount FROM v_commissions ORDER BY 1")[1] == [
        ("COMMISSION", "EUR", 1.5), ("TAX", "GBP", 0.25),
    ]  # fmt: skip


def test_a_trade_by_hand_meets_the_brokers_report_of_it(made_home: Home, ledger: Ledger) -> None:
    ledger.insert_manual_trade(
        "trend", "SPY", "BUY", 10, 400.0, exec_time="2024-03-06 15:00:00", account="U1", commission=1.0
    )

    result = reconcile(made_home, week(fill("x1")), take_over=True)

    assert (result.clean, result.executions, result.taken_over) == (True, 1, ())


def test_a_corrected_fill_is_compared_as_it_counts_now(made_home: Home, ledger: Ledger) -> None:
    book(ledger, fill("x1", price=40.0))
    ledger.correct_execution("x1", "mistyped", price=400.0)

    assert reconcile(made_home, week(fill("x1"))).clean


def test_a_fill_that_a_person_deleted_is_not_brought_back(made_home: Home, ledger: Ledger) -> None:
    book(ledger, fill("x1"))
    ledger.correct_execution("x1", "never was", delete=True)

    result = reconcile(made_home, week(fill("x1")), take_over=True)

    assert (result.taken_over, outcomes(result)) == ((), [("MISSING_HERE", "x1", "execution")])


def test_positions_are_compared_by_account_and_contract_as_of_the_statements_end(
    made_home: Home, ledger: Ledger
) -> None:
    book(ledger, fill("x1"))
    book(ledger, fill("later", trade_date="2024-03-11", ts=from_text("2024-03-11 15:30:00")))

    held = (StatementPosition("U1", "SPY", "c1", 10.0), StatementPosition("U1", "IBM", "c2", 5.0))
    result = reconcile(made_home, week(fill("x1"), held=held))

    assert (result.positions, outcomes(result)) == (1, [("MISSING_HERE", "c2", "quantity")])
    alert = ledger.alerts()[0]
    assert (alert["kind"], alert["subject"]) == ("position_mismatch", "U1: position in IBM differs from the broker's")
    for _ in range(3):
        reconcile(made_home, week(fill("x1"), held=held))
    assert [(one["kind"], one["occurrences"]) for one in ledger.alerts()] == [("position_mismatch", 4)]


def test_what_clients_wrote_of_the_brokers_positions_is_a_source(made_home: Home, ledger: Ledger) -> None:
    order_id = order(ledger, "ref")
    book(ledger, fill("x1"), order_id, None)
    ledger.insert_position_external("U1", "SPY", 7.0)
    ledger.insert_position_external("U1", "SPY", 10.0)

    result = reconcile(made_home, from_external(made_home))

    assert (result.clean, result.positions, result.confirmed) == (True, 1, (order_id,))
    with pytest.raises(StatementError, match="no broker's positions are in the ledger of U7"):
        from_external(made_home, accounts=["U7"])


class Desk:
    """The read side of a broker."""

    name, account, persistent, idle = "DESK", "U1", True, False

    def executions_since(self, ts: int) -> list[Fill]:
        return [Fill("x1", "ref", "trend", "SPY", OrderSide.BUY, 10.0, 400.0, from_text("2024-03-06 15:30:00"), 1.0)]

    def positions(self) -> list[BrokerPosition]:
        return [BrokerPosition("U1", "SPY", 10.0, 400.0)]


def test_a_brokers_read_side_is_a_source(made_home: Home, ledger: Ledger) -> None:
    order(ledger, "ref")
    said = from_broker(Desk(), from_text("2024-03-01"))  # type: ignore[arg-type]

    result = reconcile(made_home, said, take_over=True)

    assert (result.taken_over, result.clean, result.executions, result.positions) == (("x1",), True, 1, 1)


def test_a_statement_of_an_account_nobody_knows_is_refused_and_nothing_is_written(
    made_home: Home, ledger: Ledger
) -> None:
    order(ledger, "ref")
    strange = Statement("test", ("U9",), (fill("x1")._replace(account="U9"),))

    with pytest.raises(StatementError, match="is of U9; the live ledger knows U1"):
        reconcile(made_home, strange, take_over=True)

    assert ledger.query("SELECT * FROM execution")[1] == []
    assert ledger.reconciliations() == []


def test_a_statement_that_contradicts_itself_is_refused_and_nothing_is_written(made_home: Home, ledger: Ledger) -> None:
    order(ledger, "ref")

    with pytest.raises(StatementError, match="in the statement twice"):
        reconcile(made_home, week(fill("x0"), fill("x1"), fill("x1", price=401.0)), take_over=True)

    assert ledger.query("SELECT * FROM execution")[1] == []
    assert ledger.reconciliations() == []


def test_a_dry_run_writes_nothing(made_home: Home, ledger: Ledger) -> None:
    order(ledger, "ref")

    result = reconcile(made_home, week(fill("x1")), dry_run=True)

    assert outcomes(result) == [("MISSING_HERE", "x1", "execution")]
    assert (result.reconciliation_id, ledger.reconciliations(), ledger.alerts()) == (None, [], [])


def test_events_that_are_no_trades_are_reported_and_booked_by_nobody(made_home: Home, ledger: Ledger) -> None:
    order(ledger, "ref")
    split = StatementEvent("CorporateActions", "U1", "SPY", "c1", "2024-03-05", "SPY SPLIT 2 FOR 1")

    result = reconcile(made_home, week(events=(split,)), take_over=True)

    assert (result.clean, outcomes(result)) == (True, [("NOT_A_TRADE", "2024-03-05", "CorporateActions")])
    assert "Not a trade" in as_text(result)


def test_what_was_found_is_kept_as_rows_that_views_show(made_home: Home, ledger: Ledger) -> None:
    book(ledger, fill("x1"))

    number = reconcile(made_home, week(fill("x1", price=401.0), fill("x2", "SELL")), take_over=True).reconciliation_id

    (run,) = ledger.reconciliations()
    assert (run["reconciliation_id"], run["missing_here"], run["different"], run["taken_over"]) == (number, 1, 1, 1)
    assert run["open_differences"] == 1
    rows = ledger.query("SELECT outcome, reference, what, taken_over, newest FROM v_reconciliation_differences")[1]
    assert sorted(rows) == [("DIFFERENT", "x1", "price", 0, 1), ("MISSING_HERE", "x2", "execution", 1, 1)]


def test_a_contract_with_a_multiplier_is_registered_before_its_fill(made_home: Home, ledger: Ledger) -> None:
    future = fill("x1", symbol="ESH4", contract_id="551601", instrument_type="FUT", multiplier=50.0, price=5000.0)

    reconcile(made_home, week(future), take_over=True, accounts=["U1"])

    assert ledger.query("SELECT amount FROM v_executions")[1] == [(-2_500_000.0,)]


def test_a_flex_file_is_taken_over_from_end_to_end(made_home: Home, ledger: Ledger, tmp_path: Path) -> None:
    order_id = order(ledger, "ref")
    rows = trades(trade("x1", orderReference="ref"), trade("x2", "IBM", "SELL", 5, 190, ibCommission="-0.35"))
    text = response(statement(rows, positions(position("SPY", 10), position("IBM", -5))))

    result = reconcile(made_home, from_flex([write(tmp_path, text)]), take_over=True)

    assert (result.clean, result.executions, result.positions, result.confirmed) == (True, 2, 2, (order_id,))


# Properties

moves = st.lists(
    st.tuples(
        st.sampled_from(["SPY", "IBM"]), st.sampled_from(["BUY", "SELL"]), st.integers(1, 9), st.integers(90, 99)
    ),
    min_size=1,
    max_size=7,
)


@contextmanager
def fresh(blank: Path) -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        shutil.copy(blank, home.database)
        yield home
        open_ledger(home).close()


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=moves, data=st.data())
def test_any_cut_order_and_repetition_of_a_statement_comes_to_the_same(
    empty_database: Path, made: list[tuple[str, str, int, int]], data: st.DataObject
) -> None:
    fills = [
        fill(f"x{n}", side, float(units), float(price), symbol=symbol, ts=from_text(f"2024-03-06 15:{n:02d}:00"))
        for n, (symbol, side, units, price) in enumerate(made)
    ]
    known = data.draw(st.sets(st.sampled_from(fills)))
    mixed = data.draw(st.permutations([*fills, *data.draw(st.lists(st.sampled_from(fills), max_size=3))]))
    cut = data.draw(st.integers(0, len(mixed)))

    def outcome(*parts: list[StatementFill]) -> Any:
        with fresh(empty_database) as home:
            ledger = open_ledger(home)
            ledger.insert_broker("IBKR")
            with ledger.transaction():
                for one in fills:
                    if one in known:
                        ledger.insert_execution(
                            one.exec_id, None, "unallocated", "IBKR", one.symbol, side=one.side,
                            quantity=one.quantity, price=one.price, exec_time=one.ts, account="U1",
                        )  # fmt: skip
                        ledger.insert_commission(one.exec_id, 1.0, "USD")
            for part in parts:
                reconcile(home, week(*part), take_over=True, accounts=["U1"])
            whole = reconcile(home, week(*fills), take_over=True, accounts=["U1"])
            assert (whole.taken_over, whole.clean, whole.executions) == ((), True, len(fills))
            assert ledger.check_totals() == []
            return [
                ledger.query(sql)[1]
                for sql in (
                    "SELECT symbol, position, avg_price, cost, realized_pnl, commission FROM v_positions ORDER BY 1",
                    "SELECT symbol, side, quantity, gross_pnl, opened, closed FROM v_trades ORDER BY 1, 5",
                    "SELECT trade_date, ROUND(total_pnl, 6), fills FROM v_daily_pnl",
                    "SELECT exec_id, side, quantity, price FROM execution ORDER BY 1",
                )
            ]

    assert outcome(list(mixed[:cut]), list(mixed[cut:])) == outcome(fills)
