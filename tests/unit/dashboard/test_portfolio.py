"""What Home shows is what the ledger holds: one mode, one currency, to the cent."""

from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantstrip.clock import SECOND, from_text, to_datetime, to_text
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import open_ledger
from quantstrip.operations.curves import MOST_POINTS, Curve
from quantstrip.operations.figures import Picture
from quantstrip.operations.portfolio import overview, picture
from tests.unit.dashboard.conftest import Book

START, DAY = from_text("2012-01-01 20:00:00"), 86_400 * SECOND


def test_without_a_ledger_it_says_what_to_do(home: Home) -> None:
    with pytest.raises(LedgerError, match="no ledger") as raised:
        overview(home)
    assert "quantstrip up" in raised.value.hint
    assert not home.database.exists()


def test_an_empty_ledger_has_no_mode(home: Home) -> None:
    open_ledger(home)
    view = overview(home)
    assert (view.mode, view.modes, view.strategies, view.positions, view.fills) == ("", (), (), (), ())
    assert (view.today, view.total, view.session, view.currency) == (0.0, 0.0, None, "USD")
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
    assert (view.mode, view.session) == ("replay", date(2012, 5, 3))
    assert view.feed_time == from_text("2012-05-03 20:00:00")
    assert view.total == 948.0
    assert view.today == 949.25
    assert view.fill_count == 4


def test_a_strategy_that_has_not_reached_the_session_does_not_count_in_it(home: Home, traded: Any) -> None:
    ahead = traded.run("ahead")
    traded.equity(ahead, {"2012-05-03 20:00:00": 100_000.0, "2012-05-04 20:00:00": 100_007.0})
    view = overview(home)
    assert (view.session, view.today, view.total) == (date(2012, 5, 4), 7.0, 955.0)


def test_replays_side_by_side_are_shown_at_the_last_moment_all_have_reached(home: Home, moving: Any) -> None:
    ahead, behind = moving.run("ahead"), moving.run("behind")
    moving.fill(ahead, "ahead", "2012-05-02 20:00:00", 10, 30.0, commission=1.0)
    moving.equity(behind, {"2012-05-02 20:00:00": 100_000.0, "2012-05-03 20:00:00": 100_002.0})
    moving.equity(ahead, {"2012-05-02 20:00:00": 99_999.0, "2012-05-03 20:00:00": 100_009.0})
    then = picture(home)
    moving.fill(ahead, "ahead", "2012-05-04 20:00:00", -10, 50.0, commission=1.0)
    moving.equity(ahead, {"2012-05-04 20:00:00": 100_198.0})
    assert picture(home) == then
    assert (then.view.session, then.view.today, then.view.total) == (date(2012, 5, 3), 12.0, 11.0)
    assert [(row.session, row.fills) for row in then.view.strategies] == [(date(2012, 5, 3), 1), (date(2012, 5, 3), 0)]
    assert [held.quantity for held in then.view.positions] == [10.0]
    assert [curve.pnl[-1] for curve in then.curves] == [9.0, 2.0, 11.0]

    moving.equity(behind, {"2012-05-04 20:00:00": 100_001.0})
    now = picture(home)
    assert (now.view.session, now.view.total, now.view.positions) == (date(2012, 5, 4), 199.0, ())
    assert [fill.quantity for fill in now.view.fills] == [10.0, 10.0]
    assert [curve.pnl[-1] for curve in now.curves] == [198.0, 1.0, 199.0]


def test_a_fill_is_shown_with_the_equity_it_changed(home: Home, moving: Any) -> None:
    run = moving.run("alone")
    moving.fill(run, "alone", "2012-05-02 20:00:00", 10, 30.0, commission=1.0)
    assert (overview(home).fills, overview(home).positions, overview(home).total) == ((), (), 0.0)
    assert overview(home).session is None  # not the calendar's date, either
    moving.equity(run, {"2012-05-02 20:00:00": 99_999.0})
    moving.fill(run, "alone", "2012-05-03 20:00:00", -4, 40.0, commission=1.0)
    view = overview(home)
    assert (view.fill_count, len(view.fills), view.total, view.positions[0].quantity) == (1, 1, -1.0, 10.0)
    assert (view.strategies[0].realised, view.strategies[0].commission, view.strategies[0].unrealised) == (
        0.0,
        1.0,
        0.0,
    )
    moving.equity(run, {"2012-05-03 20:00:00": 100_098.0})
    view = overview(home)
    assert (view.fill_count, len(view.fills), view.total, view.positions[0].quantity) == (2, 2, 98.0, 6.0)
    assert (view.strategies[0].realised, view.strategies[0].unrealised) == (40.0, 60.0)


def test_a_fill_in_the_market_shows_at_once(home: Home, moving: Any) -> None:
    for mode in ("live", "paper"):
        run = moving.run("trader", mode=mode)
        moving.equity(run, {"2026-01-05 15:00:00": 100_000.0})
        moving.fill(run, "trader", "2026-01-05 15:00:30", 5, 10.0)
        view = overview(home, mode)
        assert (view.fill_count, view.fills[0].quantity, view.positions[0].quantity) == (1, 5.0, 5.0)


def test_a_fill_whose_equity_never_came_is_not_hidden_for_ever(home: Home, book: Any) -> None:
    run = book.run("killed")
    book.equity(run, {"2012-05-02 20:00:00": 100_000.0})
    book.fill(run, "killed", "2012-05-03 20:00:00", 10, 30.0)
    assert (overview(home).fill_count, overview(home).positions[0].quantity) == (1, 10.0)


def test_a_replay_that_stopped_or_just_began_does_not_hold_the_others_back(home: Home, book: Any, moving: Any) -> None:
    stopped = book.run("stopped")
    book.equity(stopped, {"2001-05-02 20:00:00": 100_000.0, "2001-05-03 20:00:00": 100_001.0})
    went_on = moving.run("went_on")
    moving.equity(went_on, {"2012-05-02 20:00:00": 100_000.0, "2012-05-03 20:00:00": 100_005.0})
    moving.run("began")
    view = overview(home)
    assert (view.session, view.today, view.total) == (date(2012, 5, 3), 5.0, 6.0)


STEP = st.tuples(st.sampled_from("ab"), st.sampled_from(["wait", "flush", "buy", "sell"]), st.integers(1, 9))


@settings(max_examples=25, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=30))
def test_whenever_it_is_read_a_picture_fits_together(steps: list[tuple[str, str, int]]) -> None:
    """Two replays trade at prices that fit their equity; every picture on the way adds up, the last is the ledger."""
    with TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home").create()
        book = Book(open_ledger(home))
        runs = {name: book.run(name) for name in "ab"}
        day, held, cash = dict.fromkeys("ab", 0), dict.fromkeys("ab", 0), dict.fromkeys("ab", 100_000.0)
        for name, what, units in steps:
            day[name] += 1
            when = to_text(START + day[name] * DAY)
            price = 50.0 + day[name] % 7
            if what in ("buy", "sell"):
                signed = units if what == "buy" else -units
                book.fill(runs[name], name, when, signed, price, commission=0.25)
                held[name], cash[name] = held[name] + signed, cash[name] - signed * price - 0.25
                _fits_together(picture(home))
            runs[name].progress(from_text(when), cash[name] + held[name] * price)
            if what == "flush":
                runs[name].flush()
            _fits_together(picture(home))
        for run in runs.values():
            run.close()
        last = max(day.values())
        for name in "ab":  # the shorter feed goes on to the end of the longer one, without a trade
            if day[name] < last:
                book.equity(runs[name], {to_text(START + last * DAY): cash[name] + held[name] * (50.0 + last % 7)})
        shown = picture(home)
        _fits_together(shown)
        assert shown.view.session == to_datetime(START + last * DAY).date()
        rows = open_ledger(home).query("SELECT strategy, net_pnl, fills, equity_pnl FROM v_strategy_pnl ORDER BY 1")[1]
        assert [(row.strategy, round(row.realised - row.commission, 8), row.fills, row.total)
                for row in shown.view.strategies] == rows  # fmt: skip
        positions = open_ledger(home).query("SELECT strategy, position FROM v_positions ORDER BY 1")[1]
        assert [(row.strategy, row.quantity) for row in shown.view.positions] == positions
        open_ledger(home).close()


def _fits_together(shown: Picture) -> None:
    """Nothing is later than the moment shown, and each figure follows from the others."""
    view, moment = shown.view, shown.view.feed_time or 0
    assert all(fill.time <= moment for fill in view.fills)
    assert all(curve.times[-1] <= moment for curve in shown.curves)
    assert view.fill_count == sum(row.fills for row in view.strategies) >= len(view.fills)
    assert view.total == round(sum(row.total for row in view.strategies), 8)
    marks = dict.fromkeys("ab", 0.0)
    for held in view.positions:
        row = next(row for row in view.strategies if row.strategy == held.strategy)
        assert row.session is not None
        price = 50.0 + (row.session - to_datetime(START).date()).days % 7
        marks[held.strategy] = round(held.quantity * price - held.cost, 8)
    for row in view.strategies:
        assert row.unrealised is None or row.unrealised == pytest.approx(marks[row.strategy], abs=1e-6)
    if shown.curves:
        ends = {curve.name: curve.pnl[-1] for curve in shown.curves}
        if len(ends) == 3:
            assert ends["Portfolio"] == pytest.approx(view.total, abs=1e-6)
        assert all(ends.get(row.strategy, 0.0) == pytest.approx(row.total, abs=1e-6) for row in view.strategies)


def test_open_positions(home: Home, traded: Any) -> None:
    (held,) = overview(home).positions
    assert (held.strategy, held.symbol, held.quantity, held.average_price, held.cost) == (
        "ma_cross",
        "AAPL",
        60.0,
        50.0,
        3000.0,
    )


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
    assert (overview(home).mode, overview(home).total, overview(home).fill_count) == ("live", 3.0, 1)
    assert overview(home, "replay").total == 948.0
    assert [fill.quantity for fill in overview(home, "live").fills] == [5.0]
    assert overview(home, "paper").mode == "live"


def test_currencies_are_never_added(home: Home, traded: Any) -> None:
    euro = traded.run("euro")
    traded.fill(euro, "euro", "2012-05-03 20:00:00", 1, 10.0, "SAP", currency="EUR")
    traded.fill(euro, "euro", "2012-05-03 20:01:00", -1, 15.0, "SAP", currency="EUR")
    traded.equity(euro, {"2012-05-03 20:00:00": 100_005.0})
    view = overview(home)
    assert (view.currency, view.left_out, view.total) == ("USD", ("EUR",), 948.0)
    assert [curve.name for curve in picture(home, "replay").curves] == ["ma_cross", "rsi", "Portfolio"]


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
    assert overview(home).fill_count == before.fill_count + 1


def test_curves_of_strategies_and_portfolio(home: Home, traded: Any) -> None:
    cross, rsi, portfolio = picture(home, "replay").curves
    days = tuple(from_text(f"2012-05-0{day} 20:00:00") for day in (1, 2, 3))
    assert cross == Curve("ma_cross", days, (0.0, -1.0, 998.5), (100_000.0, 99_999.0, 100_998.5))
    assert rsi == Curve("rsi", days[1:], (-0.25, -50.5), (99_999.75, 99_949.5))
    assert portfolio.portfolio
    assert portfolio.pnl == (0.0, -1.25, 948.0)
    assert portfolio.equity == (200_000.0, 199_998.75, 200_948.0)


def test_one_strategy_is_its_own_portfolio(home: Home, book: Any) -> None:
    run = book.run("alone")
    book.equity(run, {"2012-05-02 20:00:00": 100_001.0})
    assert [curve.name for curve in picture(home, "replay").curves] == ["alone"]


def test_a_client_that_books_its_own_fills_has_a_curve_of_realised_pnl(home: Home, book: Any) -> None:
    db = book.ledger
    db.insert_broker("SIM", "Simulated")
    for number, (side, price, day) in enumerate([("BUY", 10, 2), ("SELL", 12, 2), ("BUY", 10, 3), ("SELL", 9, 3)]):
        order = db.next_order_id()
        db.insert_order(order, "by_hand", "SIM", "U1", "SPY", side, "MKT", 5)
        db.insert_execution(
            f"e{number}", order, "by_hand", "SIM", "SPY", side=side, quantity=5, price=price,
            exec_time=f"2026-01-0{day} 15:0{number}:00",
        )  # fmt: skip
    view = overview(home)
    assert (view.mode, view.total, view.strategies[0].equity, view.strategies[0].unrealised) == (
        "live",
        5.0,
        None,
        None,
    )
    (curve,) = picture(home, "live").curves
    assert (curve.name, curve.pnl, curve.equity) == ("by_hand", (10.0, 5.0), ())


def test_a_long_run_is_thinned_to_what_a_screen_can_show(home: Home, book: Any) -> None:
    run = book.run("minutes")
    start, minute = from_text("2012-05-01 00:00:00"), 60_000_000
    for number in range(25_000):
        run.progress(start + number * minute, 100_000.0 + number)
    run.flush()
    (curve,) = picture(home, "replay").curves
    assert len(curve.times) <= MOST_POINTS
    assert list(curve.times) == sorted(set(curve.times))
    assert curve.pnl[-1] == 24_999.0
    assert curve.times[-1] == start + 24_999 * minute


def test_thinning_loses_no_drawdown(home: Home, book: Any) -> None:
    run = book.run("days")
    start, day = from_text("2000-01-03 21:00:00"), 86_400_000_000
    for number in range(3000):
        run.progress(start + number * day, 90_000.0 if number == 1234 else 100_000.0 + number % 7)
    run.flush()
    (curve,) = picture(home, "replay").curves
    assert 700 < len(curve.times) <= MOST_POINTS
    assert (min(curve.pnl), max(curve.pnl)) == (-10_000.0, 6.0)
    assert curve.times[curve.pnl.index(-10_000.0)] == start + 1234 * day
    assert curve.equity == tuple(100_000.0 + value for value in curve.pnl)
