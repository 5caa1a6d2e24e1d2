"""The Reporting page's figures: what a filter leaves and what it leaves out add up to the whole."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.clock import SECOND, ManualClock, from_text, system_clock
from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, LedgerRecorder, open_ledger
from quantstrip.model import Fill, Instrument, Order, OrderSide, OrderType
from quantstrip.operations import portfolio, reporting, reporting_export, reports, sql_write
from quantstrip.operations.reporting_cut import GROUPINGS, WITHOUT
from quantstrip.operations.reporting_filters import Filters
from quantstrip.operations.reporting_trades import SORTS, trades
from quantstrip.report.periods import HORIZONS

DAYS = ("2023-03-06", "2023-09-05", "2024-02-01", "2024-03-04", "2024-03-05", "2024-03-06")
SYMBOLS = {"A": "USD", "B": "USD", "SAP": "EUR"}


class Trade(NamedTuple):
    strategy: str
    symbol: str
    broker: str | None
    tag: str | None
    side: OrderSide
    quantity: int
    cents: int
    fee: int


trade = st.builds(
    Trade,
    st.sampled_from(["trend", "carry"]),
    st.sampled_from(list(SYMBOLS)),
    st.sampled_from([None, "IB", "KRAKEN"]),
    st.sampled_from([None, "breakout", "reversal"]),
    st.sampled_from(OrderSide),
    st.integers(1, 9),
    st.integers(100, 20_000),
    st.integers(0, 300),
)
plan = st.lists(st.lists(trade, max_size=4), min_size=len(DAYS), max_size=len(DAYS))
prices = st.dictionaries(st.tuples(st.sampled_from(DAYS), st.sampled_from(["A", "B", "SAP"])), st.integers(100, 20_000))


@contextmanager
def a_home(template: Path) -> Iterator[Home]:
    """A home of its own for each example."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        shutil.copy(template, home.database)
        yield home
        open_ledger(home).close()


def play(home: Home, days: Sequence[Sequence[Trade]], marks: dict[tuple[str, str], int]) -> None:
    ledger, number = open_ledger(home), count(1)
    for name in ("trend", "carry"):
        ledger.update_strategy(ledger.insert_strategy(name), allocation=10_000.0, currency="USD")
    for broker in ("IB", "KRAKEN"):
        ledger.insert_broker(broker)
    for symbol, currency in SYMBOLS.items():
        ledger.set_instrument(Instrument(symbol, currency=currency))
    ledger.insert_mtm_price(DAYS[0], "EURUSD", close=1.1)
    ledger.insert_mtm_price(DAYS[3], "EURUSD", close=0.93)
    for (day, symbol), cents in marks.items():
        ledger.insert_mtm_price(day, symbol, close=cents / 100)
    for day, done in zip(DAYS, days, strict=True):
        for minute, one in enumerate(done):
            exec_id = f"x{next(number)}"
            ledger.insert_execution(
                exec_id, None, one.strategy, one.broker, symbol=one.symbol, side=one.side, quantity=one.quantity,
                price=one.cents / 100, exec_time=f"{day} 15:{minute:02d}:00", currency=SYMBOLS[one.symbol],
                group_label=one.tag, account="U1",
            )  # fmt: skip
            if one.fee:
                ledger.insert_commission(exec_id, one.fee / 100, SYMBOLS[one.symbol])


@settings(max_examples=10, deadline=None)
@given(plan=plan, marks=prices)
def test_every_breakdown_adds_up_to_the_portfolio_over_every_horizon(
    empty_database: Path, plan: list[list[Trade]], marks: dict[tuple[str, str], int]
) -> None:
    with a_home(empty_database) as home:
        play(home, plan, marks)
        if not any(plan):
            with pytest.raises(ReportError, match="nothing is recorded"):
                reporting.show(home, "live")
            return
        total = open_ledger(home).query("SELECT SUM(reporting_total_pnl) FROM v_daily_pnl")[1][0][0]
        for by in GROUPINGS:
            shown = reporting.show(home, "live", by=by)
            whole = shown.report.portfolio
            assert abs(float(whole.figure("net_pnl") or 0.0) - total) < 1e-6
            for horizon in HORIZONS:
                span = whole.horizon(horizon)
                assert span is not None
                inside = (whole.days.astype(str) >= str(span.first)) & (whole.days.astype(str) <= str(span.last))
                parts = sum(float(each.scope.figure("net_pnl", horizon) or 0.0) for each in shown.groups)
                rest = float(shown.rest[inside].sum())
                assert abs(parts + rest - float(span.figures["net_pnl"] or 0.0)) < 1e-6
                if by != "tag":
                    assert rest == 0.0, "where positions are valued by marks, every cent belongs to an instrument"
                trips = sum(float(each.scope.figure("trade_count", horizon) or 0.0) for each in shown.groups)
                assert trips == span.figures["trade_count"]


@settings(max_examples=10, deadline=None)
@given(plan=plan, marks=prices, by=st.sampled_from(["strategy", "symbol", "broker"]))
def test_filtering_by_each_name_in_turn_shows_everything_once(
    empty_database: Path, plan: list[list[Trade]], marks: dict[tuple[str, str], int], by: Any
) -> None:
    with a_home(empty_database) as home:
        play(home, plan, marks)
        if not any(plan):
            return
        there = reporting.choices(home, "live")
        field = {"strategy": "strategies", "symbol": "symbols", "broker": "brokers"}[by]
        whole = reporting.show(home, "live", by=by)
        rows = {group.name: group.scope.figure("net_pnl") for group in whole.groups}
        found = {}
        for name in getattr(there, field):
            one = reporting.show(home, "live", Filters(**{field: (name,)}))
            found[name or WITHOUT[by]] = one.report.portfolio.figure("net_pnl")
            _, many = trades(home, "live", Filters(**{field: (name,)}))
            assert many == one.report.trade_total == one.report.portfolio.figure("trade_count")
        assert found == pytest.approx(rows), "a row of the breakdown is what filtering by its name shows"
        everything = reporting.show(home, "live", Filters(**{field: getattr(there, field)}))
        assert everything.report.portfolio.pnl.tolist() == pytest.approx(whole.report.portfolio.pnl.tolist())


@settings(max_examples=10, deadline=None)
@given(plan=plan)
def test_pages_of_trades_hold_each_round_trip_once_in_the_order_that_was_asked_for(
    empty_database: Path, plan: list[list[Trade]]
) -> None:
    with a_home(empty_database) as home:
        play(home, plan, {})
        known = {row[0] for row in open_ledger(home).query("SELECT trade_id FROM v_trades")[1]}
        for sort in SORTS:
            found: list[Any] = []
            while len(found) < len(known):
                rows, total = trades(home, "live", sort=sort, descending=False, limit=2, skip=len(found))
                assert (bool(rows), total) == (True, len(known))
                found += rows
            assert {row.trade_id for row in found} == known
            value = {"pnl": "net_pnl", "return": "trade_return", "hold": "hold_seconds"}.get(sort, sort)
            values = [getattr(row, value) for row in found]
            assert values == sorted(values)
        won, lost = (trades(home, "live", result=one, limit=100)[0] for one in ("won", "lost"))
        assert len(won) + len(lost) == len(known)
        assert all(row.net_pnl > 0 for row in won)


@pytest.fixture
def book(made_home: Home) -> Ledger:
    """Two symbols held overnight by one strategy whose run values itself, one of them tagged."""
    ledger = open_ledger(made_home)
    clock = ManualClock(from_text("2024-03-08 17:00:00"))
    run = ledger.open_strategy_run("r1", "pair", "pair", "paper", "", "hash1", {}, "sample", 10_000.0)
    recorder = LedgerRecorder(ledger, run, "SIM")
    held: dict[str, float] = {}
    marks: dict[str, float] = {}
    recorder.valued_by(lambda: {symbol: marks[symbol] for symbol in held})
    equity = 10_000.0
    days = (
        ("2024-03-04", (("A", 10, 50.0, "gap"), ("B", -5, 20.0, "")), {"A": 52.0, "B": 21.0}, 10_000 + 20 - 5 - 2),
        ("2024-03-05", (), {"A": 49.0, "B": 18.5}, 10_000 - 10 + 7.5 - 2),
        ("2024-03-06", (("A", -10, 55.0, ""), ("B", 5, 19.0, "")), {"A": 55.0, "B": 19.0}, 10_000 + 50 + 5 - 4),
    )
    number = count(1)
    for day, fills, closes, equity in days:
        for symbol, units, price, tag in fills:
            ts, seq = from_text(f"{day} 20:00:00"), next(number)
            side = OrderSide.BUY if units > 0 else OrderSide.SELL
            order = Order(f"o{seq}", "pair", symbol, side, abs(units), OrderType.MARKET, ts - SECOND, tag=tag)
            recorder.order(order, Instrument(symbol))
            fill = Fill(f"f{seq}", order.reference, "pair", symbol, side, abs(units), price, ts, 1.0, "USD")
            recorder.fill(fill, Instrument(symbol))
            held[symbol] = held.get(symbol, 0.0) + units
        held = {symbol: units for symbol, units in held.items() if units}
        marks.update(closes)
        recorder.progress(from_text(f"{day} 21:00:00"), equity)
        recorder.flush()
    assert clock
    return ledger


def test_a_run_that_values_itself_is_told_apart_by_the_prices_it_valued_with(made_home: Home, book: Ledger) -> None:
    shown = reporting.show(made_home, "paper", by="symbol")
    assert {group.name: group.scope.pnl.tolist() for group in shown.groups} == {
        "A": [19.0, -30.0, 59.0],
        "B": [-6.0, 12.5, -3.5],
    }
    assert not shown.rest.any()
    assert shown.report.portfolio.figure("net_pnl") == 51.0


def test_the_tag_of_a_signal_is_the_tag_of_the_trade_that_it_opened(made_home: Home, book: Ledger) -> None:
    assert reporting.choices(made_home, "paper").tags == ("gap", "")
    shown = reporting.show(made_home, "paper", by="tag")
    assert {group.name: group.scope.figure("net_pnl") for group in shown.groups} == {"gap": 48.0, "no tag": 3.0}
    assert shown.rest.sum() == 0.0, "nothing is open any more"
    only = reporting.show(made_home, "paper", Filters(tags=("gap",)))
    assert only.report.portfolio.figure("trade_count") == 1
    assert any("closed round trips count" in note for note in only.report.notes)
    assert [row.symbol for row in trades(made_home, "paper", Filters(tags=("gap",)))[0]] == ["A"]


def test_without_filters_it_is_the_report_of_page_workbook_and_home_to_the_cent(made_home: Home, book: Ledger) -> None:
    shown, made = reporting.show(made_home, "paper").report, reports.build(made_home, "paper")
    assert [scope.horizons for scope in shown.scopes] == [scope.horizons for scope in made.scopes]
    assert shown.portfolio.equity.tolist() == made.portfolio.equity.tolist()
    assert shown.portfolio.figure("net_pnl") == portfolio.overview(made_home, "paper").portfolio.total
    exported = reporting_export.build(made_home, "paper")
    assert exported.portfolio.horizons == made.portfolio.horizons
    narrowed = reporting_export.build(made_home, "paper", Filters(symbols=("B",)), title="Only B")
    assert (narrowed.title, len(narrowed.trades), narrowed.trade_total) == ("Only B", 1, 1)
    assert b"Only symbols: B." in reports.render(narrowed, "html")


def test_modes_are_never_mixed(made_home: Home, book: Ledger) -> None:
    book.insert_execution(
        "l1", None, "pair", symbol="A", side="BUY", quantity=1, price=5.0, exec_time="2024-03-06 15:00"
    )
    assert reporting.modes(made_home) == ("live", "paper")
    assert reporting.show(made_home, "paper").report.portfolio.figure("net_pnl") == 51.0
    assert reporting.show(made_home).report.mode == "live"


def test_the_same_question_is_answered_from_memory_until_something_was_recorded(made_home: Home, book: Ledger) -> None:
    clock = ManualClock(system_clock.now())  # by which no reading takes long, so that each question looks at the ledger
    first = reporting.show(made_home, "paper", clock=clock)
    assert reporting.show(made_home, "paper", clock=clock) is first
    book.insert_mtm_price("2024-03-06", "EURUSD", close=1.2)
    later = reporting.show(made_home, "paper", clock=clock)
    assert later is not first
    assert reporting.show(made_home, "paper", anew=True, clock=clock) is not later, "Refresh drops what is kept"


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE strategy SET allocation = 20000",
        "UPDATE broker SET full_name = 'another'",
        "UPDATE instrument SET multiplier = 2 WHERE symbol = 'A'",
        "UPDATE mtm_price SET close = 3 - close",
        "UPDATE mtm_price SET symbol = 'GBPUSD'",
        "UPDATE mtm_price SET date = '2024-03-04' WHERE date = '2024-03-05'",
    ],
)
def test_home_and_reporting_see_what_sql_changed_though_it_names_no_moment(
    made_home: Home, book: Ledger, text: str
) -> None:
    clock = ManualClock(system_clock.now())
    book.set_instrument(Instrument("A"))
    for day, close in (("2024-03-05", 1.0), ("2024-03-06", 2.0)):
        book.insert_mtm_price(day, "EURUSD", close=close)
    pictures = [portfolio.picture(made_home, "paper", clock) for _ in range(2)]
    shown = [reporting.show(made_home, "paper", clock=clock) for _ in range(2)]
    assert pictures[0] is pictures[1]
    assert shown[0] is shown[1]
    sql_write.commit(made_home, sql_write.preview(made_home, text), by="ann")
    assert portfolio.picture(made_home, "paper", clock) is not pictures[0]
    assert reporting.show(made_home, "paper", clock=clock) is not shown[0]


def test_an_order_that_there_is_none_is_refused_with_those_there_are(made_home: Home, book: Ledger) -> None:
    with pytest.raises(ReportError, match="'size'") as told:
        trades(made_home, "paper", sort="size")
    assert "pnl" in str(told.value.hint)
