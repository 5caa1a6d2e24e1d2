"""Instruments, bars and ticks."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from quantstrip.model import TIMEFRAMES, Bar, Instrument, Tick, minor_digits

CLOSE = datetime(2024, 7, 3, 17, 0, tzinfo=UTC)


def test_a_bar_shows_its_times_in_utc() -> None:
    bar = Bar.at("SPY", CLOSE.astimezone(timezone(timedelta(hours=-4))), 1, 2, 0.5, 1.5, 100, timeframe="1h")
    assert (bar.timestamp, bar.open_time) == (CLOSE, CLOSE - timedelta(hours=1))
    assert [type(value) for value in bar[4:9]] == [float] * 5


def test_a_bar_may_open_when_it_is_said_to() -> None:
    opened = datetime(2024, 7, 3, 13, 30, tzinfo=UTC)
    assert Bar.at("SPY", CLOSE, 1, 2, 0.5, 1.5, open_time=opened).open_time == opened


def test_a_bar_is_built_from_columns() -> None:
    row = ("SPY", "1d", 1, 2, 10.0, 11.0, 9.0, 10.5, 1e6, "csv")
    assert next(map(Bar._make, [row])) == Bar(*row)


def test_a_tick_shows_its_time_in_utc() -> None:
    assert Tick("SPY", 1_720_026_000_000_000, 550.0).timestamp == CLOSE


@pytest.mark.parametrize(
    ("currency", "expected"), [("USD", 2), ("jpy", 0), ("CLP", 0), ("KWD", 3), ("BTC", 8), ("SEK", 2)]
)
def test_the_minor_unit_of_a_currency(currency: str, expected: int) -> None:
    assert minor_digits(currency) == Instrument("X", currency=currency).digits == expected


def test_an_instrument_is_a_share_in_dollars_on_the_nyse_unless_said_otherwise() -> None:
    share = Instrument("SPY")
    assert (share.multiplier, share.lot_size, share.currency, share.calendar) == (1.0, 1.0, "USD", "NYSE")


def test_timeframes_grow() -> None:
    assert list(TIMEFRAMES.values()) == sorted(TIMEFRAMES.values())
    assert TIMEFRAMES["1m"] == 60
