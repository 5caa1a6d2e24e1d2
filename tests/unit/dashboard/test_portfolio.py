"""What Home shows is what the ledger holds: one mode, one currency, to the cent."""

import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.clock import ManualClock, from_text, system_clock, to_datetime
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.operations import reports
from quantstrip.operations.curves import MOST_POINTS, Curve
from quantstrip.operations.figures import Picture
from quantstrip.operations.portfolio import overview, picture
from quantstrip.operations.rates import MissingRate
from tests.unit.dashboard.conftest import Book

FIRST = np.datetime64("2012-02-21")
"""From here on, 32 weekdays are sessions in New York."""


def nth(number: int) -> date:
    """The session so many after the first."""
    return date.fromisoformat(str(np.busday_offset(FIRST, number)))


def test_without_a_ledger_it_says_what_to_do(home: Home) -> None:
    with pytest.raises(LedgerError, match="no ledger") as raised:
        overview(home)
    assert "quantstrip up" in raised.value.hint
    assert not home.database.exists()


def test_an_empty_ledger_has_no_mode(home: Home) -> None:
    open_ledger(home)
    view = overview(home)
    assert (view.mode, view.modes, view.strategies, view.positions, view.fills) == ("", (), (), (), ())
    whole = view.portfolio
    assert (whole.today, whole.total, whole.session, view.currency) == (0.0, 0.0, None, "USD")
    assert picture(home, "").curves == ()


def test_the_result_of_each_strategy(home: Home, traded: Any) -> None:
    cross, rsi = overview(home).strategies
    assert (cross.strategy, cross.realised, cross.commission, cross.fills) == ("ma_cross", 400.0, 1.5, 2)
    assert (cross.total, cross.unrealised, cross.equity) == (998.5, 600.0, 100_998.5)
    assert (rsi.realised, rsi.commission, rsi.unrealised, rsi.total) == (-50.0, 0.5, 0.0, -50.5)
    assert cross.session == rsi.session == date(2012, 5, 3)
    assert (cross.today, rsi.today) == (999.5, -50.25)


def test_the_total_is_the_sum_of_the_strategies_on_the_replays_own_date(home: Home, traded: Any) -> None:
    view = overview(home)
    assert (view.mode, view.portfolio.session) == ("replay", date(2012, 5, 3))
    assert (view.portfolio.total, view.portfolio.today, view.portfolio.fills) == (948.0, 949.25, 4)
    assert (view.portfolio.capital, view.portfolio.equity) == (200_000.0, 200_948.0)


def test_a_strategy_that_has_not_reached_the_session_does_not_count_in_it(home: Home, traded: Any) -> None:
    ahead = traded.run("ahead")
    traded.equity(ahead, {"2012-05-03 20:00:00": 100_000.0, "2012-05-04 20:00:00": 100_007.0})
    view = overview(home)
    assert (view.portfolio.session, view.portfolio.today, view.portfolio.total) == (date(2012, 5, 4), 7.0, 955.0)


def test_replays_side_by_side_are_shown_at_the_last_moment_all_have_reached(home: Home, moving: Any) -> None:
    ahead, behind = moving.run("ahead"), moving.run("behind")
    moving.fill(ahead, "ahead", "2012-05-02 20:00:00", 10, 30.0, commission=1.0)
    moving.equity(behind, {"2012-05-02 20:00:00": 100_000.0, "2012-05-03 20:00:00": 100_002.0})
    moving.equity(ahead, {"2012-05-02 20:00:00": 99_999.0, "2012-05-03 20:00:00": 100_009.0})
    then = picture(home)
    moving.fill(ahead, "ahead", "2012-05-04 20:00:00", -10, 50.0, commission=1.0)
    moving.equity(ahead, {"2012-05-04 20:00:00": 100_198.0})
    again = picture(home)
    assert (again.curves, again.view.portfolio, again.view.strategies) == (
        then.curves, then.view.portfolio, then.view.strategies,
    )  # fmt: skip
    assert again.view.fills == then.view.fills
    (held,) = again.view.positions  # as it was then; what it was worth is not known any more
    assert held == replace(then.view.positions[0], mark=None, mark_age=None, unrealised=None)
    assert (then.view.portfolio.session, then.view.portfolio.today, then.view.portfolio.total) == (
        date(2012, 5, 3),
        12.0,
        11.0,
    )
    assert [(row.session, row.fills) for row in then.view.strategies] == [(date(2012, 5, 3), 1), (date(2012, 5, 3), 0)]
    assert [held.quantity for held in then.view.positions] == [10.0]
    assert [curve.pnl[-1] for curve in then.curves] == [9.0, 2.0, 11.0]

    moving.equity(behind, {"2012-05-04 20:00:00": 100_001.0})
    now = picture(home)
    assert (now.view.portfolio.session, now.view.portfolio.total, now.view.positions) == (date(2012, 5, 4), 199.0, ())
    assert [fill.quantity for fill in now.view.fills] == [10.0, 10.0]
    assert [curve.pnl[-1] for curve in now.curves] == [198.0, 1.0, 199.0]


def test_a_fill_is_shown_with_the_equity_it_changed(home: Home, moving: Any) -> None:
    run = moving.run("alone")
    moving.fill(run, "alone", "2012-05-02 20:00:00", 10, 30.0, commission=1.0)
    assert (overview(home).fills, overview(home).positions, overview(home).portfolio.total) == ((), (), 0.0)
    assert overview(home).portfolio.session is None  # not the calendar's date, either
    moving.equity(run, {"2012-05-02 20:00:00": 99_999.0})
    moving.fill(run, "alone", "2012-05-03 20:00:00", -4, 40.0, commission=1.0)
    view = overview(home)
    whole = view.portfolio
    assert (whole.fills, len(view.fills), whole.total, view.positions[0].quantity) == (
        1,
        1,
        -1.0,
        10.0,
    )
    assert (view.strategies[0].realised, view.strategies[0].commission, view.strategies[0].unrealised) == (
        0.0,
        1.0,
        0.0,
    )
    moving.equity(run, {"2012-05-03 20:00:00": 100_098.0})
    view = overview(home)
    whole = view.portfolio
    assert (whole.fills, len(view.fills), whole.total, view.positions[0].quantity) == (
        2,
        2,
        98.0,
        6.0,
    )
    assert (view.strategies[0].realised, view.strategies[0].unrealised) == (40.0, 60.0)


def test_a_fill_in_the_market_shows_at_once(home: Home, moving: Any) -> None:
    for mode in ("live", "paper"):
        run = moving.run("trader", mode=mode)
        moving.equity(run, {"2026-01-05 15:00:00": 100_000.0})
        moving.fill(run, "trader", "2026-01-05 15:00:30", 5, 10.0)
        view = overview(home, mode)
        assert (view.portfolio.fills, view.fills[0].quantity, view.positions[0].quantity) == (1, 5.0, 5.0)


def test_a_fill_whose_equity_never_came_is_not_hidden_for_ever(home: Home, book: Any) -> None:
    run = book.run("killed")
    book.equity(run, {"2012-05-02 20:00:00": 100_000.0})
    book.fill(run, "killed", "2012-05-03 20:00:00", 10, 30.0)
    assert (overview(home).portfolio.fills, overview(home).positions[0].quantity) == (1, 10.0)


def test_a_replay_that_stopped_or_just_began_does_not_hold_the_others_back(home: Home, book: Any, moving: Any) -> None:
    stopped = book.run("stopped")
    book.equity(stopped, {"2001-05-02 20:00:00": 100_000.0, "2001-05-03 20:00:00": 100_001.0})
    went_on = moving.run("went_on")
    moving.equity(went_on, {"2012-05-02 20:00:00": 100_000.0, "2012-05-03 20:00:00": 100_005.0})
    moving.run("began")
    view = overview(home)
    assert (view.portfolio.session, view.portfolio.today, view.portfolio.total) == (date(2012, 5, 3), 5.0, 6.0)


def test_a_replay_with_one_session_is_waited_for(home: Home, moving: Any) -> None:
    ahead, behind = moving.run("ahead"), moving.run("behind")
    moving.equity(ahead, {"2012-05-02 20:00:00": 100_000.0, "2012-05-03 20:00:00": 100_005.0})
    moving.equity(behind, {"2012-05-02 20:00:00": 100_000.0})
    moving.fill(behind, "behind", "2012-05-03 20:00:00", 10, 30.0, commission=1.0)
    whole = overview(home).portfolio
    assert (whole.session, whole.fills, whole.total) == (date(2012, 5, 2), 0, 0.0)


STEP = st.tuples(st.sampled_from("ab"), st.sampled_from(["wait", "flush", "buy", "sell"]), st.integers(1, 9))


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(STEP, min_size=1, max_size=12))
def test_whenever_it_is_read_a_picture_fits_together(empty_database: Path, steps: list[tuple[str, str, int]]) -> None:
    """Two replays trade at prices that fit their equity; every picture on the way adds up, the last is the ledger."""
    with TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        shutil.copy(empty_database, home.database)
        clock = ManualClock(system_clock.now())  # hardly any time passes, however slow the machine
        book = Book(Ledger(home, clock=clock))
        runs = {name: book.run(name) for name in "ab"}
        day, held, cash = dict.fromkeys("ab", 0), dict.fromkeys("ab", 0), dict.fromkeys("ab", 100_000.0)
        for name, what, units in steps:
            clock.advance(0.001)
            day[name] += 1
            when = f"{nth(day[name])} 20:00:00"
            price = 50.0 + day[name] % 7
            if what in ("buy", "sell"):
                signed = units if what == "buy" else -units
                book.fill(runs[name], name, when, signed, price, commission=0.25)
                held[name], cash[name] = held[name] + signed, cash[name] - signed * price - 0.25
                _fits_together(picture(home, clock=clock))
            runs[name].progress(from_text(when), cash[name] + held[name] * price)
            if what == "flush":
                runs[name].flush()
            _fits_together(picture(home, clock=clock))
        clock.advance(0.001)
        for run in runs.values():
            run.close()
        last = max(day.values())
        for name in "ab":  # the shorter feed goes on to the end of the longer one, without a trade
            if day[name] < last:
                book.equity(runs[name], {f"{nth(last)} 20:00:00": cash[name] + held[name] * (50.0 + last % 7)})
        clock.advance(0.001)
        shown = picture(home, clock=clock)
        _fits_together(shown)
        assert shown.view.portfolio.session == nth(last)
        figures = "strategy, realized_pnl, unrealized_pnl, commission, total_pnl, fills"
        rows = open_ledger(home).query(f"SELECT {figures} FROM v_strategy_pnl ORDER BY 1")[1]
        assert [(row.strategy, row.realised, row.unrealised, row.commission, row.total, row.fills)
                for row in shown.view.strategies] == rows  # fmt: skip
        positions = open_ledger(home).query("SELECT strategy, position FROM v_positions ORDER BY 1")[1]
        assert [(row.strategy, row.quantity) for row in shown.view.positions] == positions
        open_ledger(home).close()


def _fits_together(shown: Picture) -> None:
    """Nothing is later than the session shown, and each figure follows from the others."""
    view, whole = shown.view, shown.view.portfolio
    session = whole.session or date.min
    assert all(to_datetime(fill.time).date() <= session for fill in view.fills)
    assert all(to_datetime(curve.times[-1]).date() <= session for curve in shown.curves)
    assert whole.fills == sum(row.fills for row in view.strategies) >= len(view.fills)
    for name in ("today", "realised", "unrealised", "commission", "total"):
        parts = [getattr(row, name) for row in view.strategies if name != "today" or row.session == session]
        assert getattr(whole, name) == pytest.approx(sum(parts), abs=1e-6), name
    marks = dict.fromkeys("ab", 0.0)
    for held in view.positions:
        row = next(row for row in view.strategies if row.strategy == held.strategy)
        if row.session is None:  # no equity is recorded yet: it is worth what it last traded at
            price = max((fill.time, fill.price) for fill in view.fills if fill.strategy == held.strategy)[1]
        else:
            price = 50.0 + int(np.busday_count(FIRST, row.session)) % 7
        marks[held.strategy] = round(held.quantity * price - held.cost, 8)
    for row in view.strategies:
        assert row.unrealised == pytest.approx(marks[row.strategy], abs=1e-6)
        assert row.total == pytest.approx((row.realised or 0) + (row.unrealised or 0) - (row.commission or 0))
    if shown.curves:
        ends = {curve.name: curve.pnl[-1] for curve in shown.curves}
        if len(ends) == 3:
            assert ends["Portfolio"] == whole.total
        assert all(ends.get(row.strategy, 0.0) == row.total for row in view.strategies)


def test_open_positions_are_rows_of_their_view(home: Home, traded: Any) -> None:
    traded.ledger.insert_mtm_price("2012-05-03", "AAPL", 62.5)
    (held,) = overview(home).positions
    assert (held.strategy, held.symbol, held.quantity, held.average_price, held.cost) == (
        "ma_cross",
        "AAPL",
        60.0,
        50.0,
        3000.0,
    )
    assert (held.mark, held.mark_age, held.unrealised) == (62.5, 0, 750.0)


def test_the_last_fills_come_newest_first(home: Home, traded: Any) -> None:
    fills = overview(home).fills
    assert [(fill.strategy, fill.side, fill.quantity, fill.price) for fill in fills] == [
        ("rsi", "SELL", 10.0, 25.0),
        ("ma_cross", "SELL", 40.0, 60.0),
        ("rsi", "BUY", 10.0, 30.0),
        ("ma_cross", "BUY", 100.0, 50.0),
    ]
    assert fills[1].net_pnl == 399.5


def test_modes_are_never_added(home: Home, traded: Any) -> None:
    live = traded.run("ma_cross", mode="live")
    traded.fill(live, "ma_cross", "2026-01-05 15:00:00", 5, 10.0)
    traded.equity(live, {"2026-01-05 15:00:00": 100_003.0})
    assert overview(home).modes == ("live", "replay")
    assert (overview(home).mode, overview(home).portfolio.total, overview(home).portfolio.fills) == ("live", 3.0, 1)
    assert overview(home, "replay").portfolio.total == 948.0
    assert [fill.quantity for fill in overview(home, "live").fills] == [5.0]
    assert overview(home, "paper").mode == "live"


@pytest.fixture
def euro(traded: Book) -> Book:
    """A third strategy, which trades in euros."""
    run = traded.run("euro")
    traded.fill(run, "euro", "2012-05-02 20:00:00", 1, 10.0, "SAP", currency="EUR")
    traded.fill(run, "euro", "2012-05-03 20:00:00", -1, 15.0, "SAP", currency="EUR")
    traded.equity(run, {"2012-05-02 20:00:00": 100_001.0, "2012-05-03 20:00:00": 100_005.0})
    return traded


def test_what_has_no_rate_is_left_out_and_named(home: Home, euro: Any) -> None:
    view = overview(home)
    assert (view.currency, view.portfolio.total, view.portfolio.fills) == ("USD", 948.0, 6)
    row = view.strategies[0]
    assert (row.strategy, row.currency, row.total, row.today, row.own_total) == ("euro", "EUR", None, None, 5.0)
    assert view.missing == (MissingRate("EURUSD", "euro", "EUR", 2, date(2012, 5, 2), date(2012, 5, 3)),)
    assert view.portfolio.capital is None  # so there is no return: it would leave one capital out
    # The portfolio's line goes on without what has no rate.
    assert [curve.name for curve in picture(home, "replay").curves] == ["ma_cross", "rsi", "Portfolio"]
    assert picture(home, "replay").curves[2].pnl[-1] == 948.0


def test_each_session_converts_at_its_own_rate_as_reports_do(home: Home, euro: Any) -> None:
    euro.ledger.insert_mtm_price("2012-05-02", "EURUSD", 1.5)
    euro.ledger.insert_mtm_price("2012-05-03", "EURUSD", 2.0)
    shown = picture(home)
    assert (shown.view.missing, shown.view.strategies[0].total) == ((), 1.5 + 8.0)
    assert (shown.view.portfolio.total, shown.view.portfolio.today) == (957.5, 957.25)
    assert shown.curves[-1].pnl == (0.0, 0.25, 957.5)
    assert reports.build(home).portfolio.figure("net_pnl") == 957.5


def test_only_the_current_run_counts(home: Home, traded: Any) -> None:
    again = traded.run("rsi", key="rsi-again")
    traded.fill(again, "rsi", "2012-05-02 20:00:00", 10, 30.0, "MSFT")
    traded.equity(again, {"2012-05-02 20:00:00": 100_000.0})
    view = overview(home)
    assert [(row.strategy, row.total, row.fills) for row in view.strategies] == [
        ("ma_cross", 998.5, 2),
        ("rsi", 0.0, 1),
    ]
    assert [row.symbol for row in view.positions] == ["AAPL", "MSFT"]


def test_a_fill_shows_at_once(home: Home, traded: Any) -> None:
    before = overview(home)
    assert overview(home) is before  # nothing was recorded since: nothing is added up again
    run = traded.run("rsi")
    traded.fill(run, "rsi", "2012-05-04 20:00:00", 1, 20.0, "MSFT")
    assert overview(home).portfolio.fills == before.portfolio.fills + 1


def test_curves_of_strategies_and_portfolio(home: Home, traded: Any) -> None:
    cross, rsi, portfolio = picture(home, "replay").curves
    days = tuple(from_text(f"2012-05-0{day}") for day in (1, 2, 3))
    assert cross == Curve("ma_cross", days, (0.0, -1.0, 998.5), (100_000.0, 99_999.0, 100_998.5))
    assert rsi == Curve("rsi", days[1:], (-0.25, -50.5), (99_999.75, 99_949.5))
    assert portfolio.portfolio
    assert (portfolio.times, portfolio.pnl) == (days, (0.0, -1.25, 948.0))
    assert portfolio.equity == (200_000.0, 199_998.75, 200_948.0)


def test_the_first_session_is_drawn_by_the_minute(home: Home, moving: Any) -> None:
    run, day = moving.run("new"), "2012-05-02"
    moving.equity(run, {f"{day} 14:30:05": 100_000.0, f"{day} 14:30:50": 100_002.0, f"{day} 15:00:00": 100_001.0})
    (curve,) = picture(home).curves
    assert (curve.by_session, curve.pnl, curve.equity) == (False, (2.0, 1.0), (100_002.0, 100_001.0))
    assert curve.times == (from_text("2012-05-02 14:30:50"), from_text("2012-05-02 15:00:00"))
    moving.equity(run, {"2012-05-03 15:00:00": 100_004.0})
    (curve,) = picture(home).curves
    assert (curve.by_session, curve.pnl) == (True, (1.0, 4.0))


def test_one_strategy_is_its_own_portfolio(home: Home, book: Any) -> None:
    run = book.run("alone")
    book.equity(run, {"2012-05-02 20:00:00": 100_001.0})
    assert [curve.name for curve in picture(home, "replay").curves] == ["alone"]


def test_a_client_that_books_its_own_fills_is_valued_like_any_other(home: Home, book: Any) -> None:
    db = book.ledger
    db.insert_broker("SIM", "Simulated")
    deals = [("BUY", 5, 10, 5), ("SELL", 5, 12, 5), ("BUY", 5, 10, 6), ("SELL", 3, 9, 6)]
    for number, (side, quantity, price, day) in enumerate(deals):
        order = db.next_order_id()
        db.insert_order(order, "by_hand", "SIM", "U1", "SPY", side, "MKT", quantity)
        db.insert_execution(
            f"e{number}", order, "by_hand", "SIM", "SPY", side=side, quantity=quantity, price=price,
            exec_time=f"2026-01-0{day} 15:0{number}:00",
        )  # fmt: skip
    db.insert_mtm_price("2026-01-07", "SPY", 13.0)
    shown = picture(home)
    (row,) = shown.view.strategies
    assert (shown.view.mode, row.realised, row.unrealised, row.total) == ("live", 7.0, 6.0, 13.0)
    assert (row.capital, row.equity, row.return_on_capital) == (None, None, None)
    (curve,) = shown.curves
    assert (curve.pnl, curve.equity) == ((10.0, 5.0, 13.0), ())
    db.insert_mtm_price("2026-01-07", "SPY", 14.0)
    assert overview(home).portfolio.total == 15.0  # a new mark is news too


def test_an_account_with_several_runs_shows_what_all_of_them_made(home: Home, book: Any) -> None:
    """The newest run's equity knows nothing of those before; the ledger does."""
    for number, key in enumerate(("first", "second")):
        run = book.run("trader", mode="paper", key=key)
        book.fill(run, "trader", f"2026-01-0{5 + number} 15:00:00", 10, 10.0)
        book.fill(run, "trader", f"2026-01-0{5 + number} 15:05:00", -10, 12.0)
        book.equity(run, {f"2026-01-0{5 + number} 15:05:00": 100_020.0})
    shown = picture(home, "paper")
    ((total,),) = book.ledger.query("SELECT SUM(total_pnl) FROM v_daily_pnl WHERE mode = 'paper' AND current_run = 1")[
        1
    ]
    assert shown.view.portfolio.total == total
    assert shown.curves[0].pnl[-1] == total


def test_a_long_run_is_thinned_and_loses_no_drawdown(home: Home, book: Any) -> None:
    run = book.run("days")
    start, day = from_text("2000-01-03"), 86_400_000_000
    for number in range(3000):
        run.progress(start + number * day, 90_000.0 if number == 1234 else 100_000.0 + number % 7)
    run.flush()
    (curve,) = picture(home, "replay").curves
    assert 700 < len(curve.times) <= MOST_POINTS
    assert list(curve.times) == sorted(set(curve.times))
    assert curve.times[-1] == start + 2999 * day
    assert (min(curve.pnl), max(curve.pnl)) == (-10_000.0, 6.0)
    assert curve.times[curve.pnl.index(-10_000.0)] == start + 1234 * day
    assert curve.equity == tuple(100_000.0 + value for value in curve.pnl)


def test_positions_of_a_replay_are_valued_in_the_session_that_is_shown(home: Home, moving: Any) -> None:
    ahead, behind = moving.run("ahead"), moving.run("behind")
    held: dict[str, float] = {}
    ahead.valued_by(lambda: dict(held))
    moving.fill(ahead, "ahead", "2012-05-02 20:00:00", 10, 30.0)
    held["AAPL"] = 30.0
    moving.equity(ahead, {"2012-05-02 20:00:00": 100_000.0})
    held["AAPL"] = 31.0
    moving.equity(ahead, {"2012-05-03 20:00:00": 100_010.0})
    moving.equity(behind, {"2012-05-01 20:00:00": 100_000.0, "2012-05-02 20:00:00": 100_000.0})
    (one,) = overview(home).positions
    assert (overview(home).portfolio.session, one.mark, one.mark_age, one.unrealised) == (
        date(2012, 5, 2),
        30.0,
        0,
        0.0,
    )
    moving.equity(behind, {"2012-05-03 20:00:00": 100_000.0})
    (one,) = overview(home).positions
    assert (one.mark, one.mark_age, one.unrealised) == (31.0, 0, 10.0)
    assert overview(home).strategies[0].unrealised == 10.0
