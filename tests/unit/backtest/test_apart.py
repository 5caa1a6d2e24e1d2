"""What is kept apart in a result: strategies in one symbol, daily beside weekly bars."""

from quantstrip.backtest.daily import periods_per_year
from quantstrip.backtest.trades import round_trips
from quantstrip.bars import BarTable
from quantstrip.model import Fill, Instrument, OrderSide

ABC = {"ABC": Instrument("ABC")}


def test_two_strategies_in_one_symbol_have_round_trips_of_their_own() -> None:
    rows = (("a", "BUY", 100.0), ("b", "SELL", 100.0), ("a", "SELL", 110.0), ("b", "BUY", 110.0))
    fills = [
        Fill(f"{ts}", "", strategy, "ABC", OrderSide(side), 10.0, price, ts)
        for ts, (strategy, side, price) in enumerate(rows)
    ]
    done, still_open = round_trips(fills, ABC)
    assert [(trip.side, trip.entry_ts, trip.exit_ts, trip.pnl) for trip in done] == [
        ("LONG", 0, 2, 100.0),
        ("SHORT", 1, 3, -100.0),
    ]
    assert still_open == []


def test_a_year_of_daily_beside_weekly_bars_has_daily_returns() -> None:
    daily, weekly = (BarTable.from_arrays("ABC", frame, [0], [1], [1], [1], [1], [1]) for frame in ("1d", "1w"))
    assert periods_per_year([daily, weekly], ABC.values()) == 252
    assert periods_per_year([weekly, weekly], ABC.values()) == 52
