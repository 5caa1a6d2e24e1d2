"""What a process knows from its last fills changes no row: the tables are those of processes that know nothing."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantstrip.clock import HOUR, ManualClock, from_text
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.audit_rows import FORMS
from quantstrip.model import Instrument

START = from_text("2024-03-06 15:00:00")
SYMBOLS = ("AAPL", "IBM")
TABLES = (*FORMS, "position_day", "round_trip", "trade_fill", "alert", "strategy", "instrument")
"""Every table that a fill writes or asks. The chain's own links differ: each process introduces itself."""


class Step(NamedTuple):
    """One thing that happens in one of two processes."""

    what: str
    process: int
    number: int
    units: int
    cents: int


steps = st.lists(
    st.builds(
        Step,
        st.sampled_from([
            "fill", "fill", "fill", "fill and fee", "fill and fee", "two fills", "fee within", "sell", "flip",
            "again", "late", "fee", "fee first",
            "euros", "undone", "stumble", "order", "cancel", "intend", "correct", "correct within", "by hand",
            "instrument", "own position", "from outside",
        ]),
        st.integers(0, 1),
        st.integers(0, 3),
        st.integers(1, 5),
        st.integers(1, 30_000),
    ),
    max_size=16,
)  # fmt: skip
quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def act(ledger: Ledger, step: Step, at: int) -> None:  # noqa: C901 - a list of what may happen
    """What clients and people do; what the ledger refuses changes nothing."""
    order, exec_id, price = 1 + step.number % 2, f"x{at}", step.cents / 100
    side = "SELL" if step.what in ("sell", "flip") else "BUY"
    moment = START + (at - (3 if step.what == "late" else 0)) * 5 * HOUR

    def fill(exec_id: str = exec_id, **more: Any) -> None:
        units = 50 if step.what == "flip" else step.units
        ledger.insert_execution(exec_id, order, side=side, quantity=units, price=price, exec_time=moment, **more)

    def newest() -> str:
        return str(ledger.query("SELECT exec_id FROM execution ORDER BY seq_id DESC LIMIT 1")[1][0][0])

    if step.what in ("fill", "sell", "flip"):
        fill()
    elif step.what == "fill and fee":
        with ledger.transaction():
            fill()
            if step.number == 1:
                assert ledger.check_totals() == []
            ledger.insert_commission(exec_id, 0.35, ("USD", None, "EUR", "USD")[step.number])
            if step.number == 3:
                ledger.insert_commission(exec_id, 0.35, "USD")
                ledger.insert_commission(exec_id, 0.015, "USD", "TAX")
    elif step.what == "two fills":
        with ledger.transaction():
            fill()
            fill(f"{exec_id}b")
            ledger.insert_commission(exec_id, 0.35)
            ledger.insert_commission(f"{exec_id}b", 0.4)
    elif step.what == "fee within":
        with ledger.transaction():
            ledger.insert_commission(exec_id, 1.25, "USD")
            fill()
            ledger.insert_commission(exec_id, 1.25, "USD")
    elif step.what == "again":
        fill(newest())
    elif step.what == "late":
        fill(in_time=True)
    elif step.what == "fee":
        ledger.insert_commission(newest(), 0.1, ("USD", "EUR")[step.number % 2], f"FEE{at}")
    elif step.what == "fee first":
        ledger.insert_commission(exec_id, 1.25, "USD")
        fill()
    elif step.what == "euros":
        fill(currency="EUR")
    elif step.what == "undone":
        with ledger.transaction():
            fill()
            raise LedgerError("the client changed its mind")
    elif step.what == "stumble":
        with ledger.transaction():
            fill()
            with suppress(LedgerError):
                ledger.insert_execution(f"{exec_id}!", order, broker_id="nobody", side=side, quantity=1, price=price)
            fill(f"{exec_id}b")
            ledger.insert_commission(f"{exec_id}b", 0.35)
    elif step.what == "order":
        ledger.insert_order(
            100 + at, f"s{step.number}", "SIM", "U1", SYMBOLS[order - 1], "BUY", "MKT", 10, currency="EUR"
        )
    elif step.what == "cancel":
        ledger.insert_order_status(order, "CANCELLED", 0.0)
    elif step.what == "intend":
        ledger.insert_strategy_event(order, step.units, "BUY", status="FAILED" if step.number else "PENDING")
    elif step.what == "correct":
        ledger.correct_execution(newest(), "wrong", price=price)
    elif step.what == "correct within":
        with ledger.transaction():
            fill()
            ledger.correct_execution(exec_id, "wrong", quantity=step.units + 1)
            ledger.insert_commission(exec_id, 0.35, "USD")
            fill(f"{exec_id}b")
    elif step.what == "by hand":
        ledger.insert_manual_trade(
            "s0", SYMBOLS[order - 1], side, step.units, price, exec_id=exec_id, broker_id="SIM", account="U1"
        )
    elif step.what == "instrument":
        currency = ("USD", "EUR")[step.number % 2]
        ledger.set_instrument(Instrument(SYMBOLS[order - 1], currency=currency, multiplier=float(step.units)))
    elif step.what == "own position":
        ledger.insert_position_event(None, "s0", "SIM", f"x{at + 1}", order, SYMBOLS[order - 1], 5.0)
    else:
        with ledger.get_connection() as raw:
            raw.execute("UPDATE orders SET account = ? WHERE order_id = ?", (f"U{step.number}", order))


@contextmanager
def a_home(template: Path, *, audited: bool) -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        for each in (home.data, home.settings):
            each.mkdir(parents=True)
        shutil.copy(template, home.database)
        with closing(Ledger(home, clock=ManualClock(START))) as ledger:
            ledger.set_audit(audited, "a test")
            ledger.insert_broker("SIM")
            for number, symbol in enumerate(SYMBOLS):
                ledger.insert_order(number + 1, f"s{number}", "SIM", "U1", symbol, "BUY", "MKT", 100)
                ledger.insert_strategy_event(number + 1, 100, "BUY")
        yield home


def rows_after(home: Home, done: list[Step], ledger_of: Callable[[Step], Ledger], clock: ManualClock) -> Any:
    """Every row after the steps, and what they were answered."""
    answers = []
    for at, step in enumerate(done):
        clock.advance(1)
        try:
            act(ledger_of(step), step, at)
            answers.append("")
        except LedgerError as error:
            answers.append(str(error))
        except IndexError:
            answers.append("no fill yet")
    with closing(Ledger(home)) as ledger:
        assert ledger.check_totals() == []
        if ledger.audit_is_on() and "from outside" not in [step.what for step in done]:
            assert ledger.verify_audit().problem is None
        return answers, {table: sorted(ledger.query(f"SELECT * FROM {table}")[1], key=repr) for table in TABLES}


@quick
@given(done=steps, audited=st.booleans())
def test_two_processes_that_remember_write_what_forgetful_ones_write(
    empty_database: Path, done: list[Step], audited: bool
) -> None:
    with a_home(empty_database, audited=audited) as home:
        clock = ManualClock(START)
        with closing(Ledger(home, clock=clock)) as one, closing(Ledger(home, clock=clock)) as other:
            remembering = rows_after(home, done, lambda step: (one, other)[step.process], clock)

    with a_home(empty_database, audited=audited) as home:
        clock, opened = ManualClock(START), []

        def anew(_: Step) -> Ledger:
            opened.append(Ledger(home, clock=clock))
            return opened[-1]

        forgetful = rows_after(home, done, anew, clock)
        for ledger in opened:
            ledger.close()

    assert remembering == forgetful


@pytest.mark.parametrize("audited", [True, False])
def test_a_fill_after_fills_asks_for_no_order_instrument_or_position(empty_database: Path, audited: bool) -> None:
    with a_home(empty_database, audited=audited) as home, closing(Ledger(home, clock=ManualClock(START))) as ledger:
        asked: list[str] = []
        for number in range(4):
            with ledger.transaction() as tx:
                tx.raw.set_trace_callback(asked.append if number == 3 else None)
                ledger.insert_execution(f"x{number}", 1, side="BUY", quantity=1, price=10, exec_time=START)
                ledger.insert_commission(f"x{number}", 0.35, "USD")
                tx.raw.set_trace_callback(None)

        looked = [sql for sql in asked if sql.startswith("SELECT") and "audit_note" not in sql]
        assert len(looked) == 1
        assert "commission" in looked[0]
