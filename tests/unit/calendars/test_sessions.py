"""Exchange sessions: known days of known years."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip.calendars import Calendar, calendar_names, get_calendar
from quantstrip.clock import DAY, HOUR, from_text, to_text
from quantstrip.errors import DataError

NYSE = get_calendar("NYSE")
days = st.dates(date(1990, 1, 1), date(2030, 12, 31))
moments = st.integers(from_text("1990-01-02"), from_text("2030-12-30"))


@pytest.mark.parametrize("name", ["NYSE", "nyse", "XNYS", "US", "NASDAQ", "XNAS", " ARCA "])
def test_american_exchanges_share_one_calendar(name: str) -> None:
    assert get_calendar(name) is NYSE


@pytest.mark.parametrize("name", ["", "NYSX", "24/8", "../x"])
def test_an_unknown_name_says_which_there_are(name: str) -> None:
    with pytest.raises(DataError, match="no exchange calendar is called") as refusal:
        get_calendar(name)
    assert "XNYS" in refusal.value.hint


def test_every_name_is_listed() -> None:
    assert {"NYSE", "XLON", "24/7", "CME", "XTKS"} <= set(calendar_names())


@pytest.mark.parametrize(
    "holiday",
    [
        "2000-07-04",
        "2001-09-11",  # closed for the attacks, with the three days after
        "2012-10-29",  # closed for the storm
        "2013-01-01",
        "2024-03-29",  # Good Friday
        "2024-12-25",
        "2022-06-20",  # Juneteenth, observed
        "2024-01-06",  # a Saturday
    ],
)
def test_holidays_and_weekends_are_no_sessions(holiday: str) -> None:
    assert not NYSE.is_session(date.fromisoformat(holiday))
    assert not NYSE.is_half_day(date.fromisoformat(holiday))


@pytest.mark.parametrize("day", ["2024-11-29", "2024-12-24", "2024-07-03", "2001-11-23"])
def test_half_days_close_at_one_in_new_york(day: str) -> None:
    session = date.fromisoformat(day)
    assert NYSE.is_half_day(session)
    close = datetime.fromisoformat(to_text(NYSE.close_ts(session))).replace(tzinfo=UTC)
    assert close.astimezone(ZoneInfo("America/New_York")).time() == time(13)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("2024-03-08", "2024-03-08 14:30:00", "2024-03-08 21:00:00"),  # the Friday before summer time
        ("2024-03-11", "2024-03-11 13:30:00", "2024-03-11 20:00:00"),  # the Monday after
        ("2024-11-01", "2024-11-01 13:30:00", "2024-11-01 20:00:00"),
        ("2024-11-04", "2024-11-04 14:30:00", "2024-11-04 21:00:00"),
        ("2006-04-03", "2006-04-03 13:30:00", "2006-04-03 20:00:00"),  # the rule before 2007
    ],
)
def test_opens_and_closes_follow_new_yorks_clock(day: str, opens: str, closes: str) -> None:
    session = date.fromisoformat(day)
    assert NYSE.open_ts(session) == from_text(opens)
    assert NYSE.close_ts(session) == from_text(closes)


def test_other_exchanges_have_their_own_hours_and_holidays() -> None:
    london, tokyo = get_calendar("LSE"), get_calendar("XTKS")
    assert to_text(london.close_ts(date(2024, 7, 4))).startswith("2024-07-04 15:30")
    assert to_text(tokyo.open_ts(date(2024, 7, 4))).startswith("2024-07-04 00:00")
    assert not tokyo.is_session(date(2024, 5, 3))  # Constitution Day
    assert not london.is_session(date(2024, 8, 26))  # Summer bank holiday


def test_closes_of_forty_years_at_once_are_the_single_ones() -> None:
    sessions = NYSE.sessions(date(1990, 1, 1), date(2030, 12, 31))
    closes = NYSE.closes(sessions)
    assert closes.dtype == np.int64
    assert len(sessions) == 10_322
    assert closes.tolist() == [NYSE.close_ts(day) for day in sessions]
    assert (np.diff(closes) > 0).all()


def test_closes_come_in_the_order_asked_for() -> None:
    asked = [date(2024, 1, 5), date(2024, 1, 2), date(2024, 1, 5)]
    assert NYSE.closes(asked).tolist() == [NYSE.close_ts(day) for day in asked]
    assert NYSE.closes([]).tolist() == []


def test_closes_of_days_without_session_name_them() -> None:
    wrong = [date(2024, 1, 6), date(2024, 1, 5), date(2024, 1, 1)]
    with pytest.raises(DataError, match="XNYS has no session on 2024-01-06, 2024-01-01"):
        NYSE.closes(wrong)
    with pytest.raises(DataError, match=r"and 95 more"):
        NYSE.closes([date(2024, 1, 6)] * 100)


def test_the_sessions_of_a_week_with_a_holiday() -> None:
    expected = [date(2024, 7, day) for day in (1, 2, 3, 5)]
    assert NYSE.sessions(date(2024, 6, 29), date(2024, 7, 7)) == expected
    assert NYSE.sessions(date(2024, 7, 4), date(2024, 7, 4)) == []


@given(days)
def test_the_next_and_the_previous_session_enclose_a_day(day: date) -> None:
    after, before = NYSE.next_session(day), NYSE.previous_session(day)
    assert before < day < after
    assert NYSE.sessions(before, after) == sorted({before, after} | ({day} if NYSE.is_session(day) else set()))


@given(moments)
def test_a_moment_belongs_to_the_session_that_runs_or_to_the_next_one(moment: int) -> None:
    session = NYSE.session_of(moment)
    assert moment <= NYSE.close_ts(session)
    assert moment > NYSE.close_ts(NYSE.previous_session(session))


@given(moments)
def test_open_means_between_open_and_close_of_a_session(moment: int) -> None:
    session = NYSE.session_of(moment)
    assert NYSE.is_open(moment) == (NYSE.open_ts(session) <= moment < NYSE.close_ts(session))


def test_the_edges_of_a_session() -> None:
    friday, monday = date(2024, 1, 5), date(2024, 1, 8)
    opens, closes = NYSE.open_ts(friday), NYSE.close_ts(friday)
    assert [NYSE.is_open(ts) for ts in (opens - 1, opens, closes - 1, closes)] == [False, True, True, False]
    assert NYSE.session_of(opens - HOUR) == NYSE.session_of(closes) == friday
    assert NYSE.session_of(closes + 1) == NYSE.session_of(closes + DAY) == monday


def test_a_lunch_break_is_closed_and_belongs_to_the_day() -> None:
    tokyo = get_calendar("JPX")
    noon = from_text("2024-07-04 03:00:00")  # twelve in Tokyo
    assert not tokyo.is_open(noon)
    assert tokyo.is_open(noon - HOUR)
    assert tokyo.is_open(noon + HOUR)
    assert tokyo.session_of(noon) == date(2024, 7, 4)


def test_round_the_clock_every_utc_day_is_a_session() -> None:
    always = get_calendar("24/7")
    saturday = date(2024, 1, 6)
    assert always.is_session(saturday)
    assert not always.is_half_day(saturday)
    assert to_text(always.open_ts(saturday)) == "2024-01-06 00:00:00.000000"
    assert to_text(always.close_ts(saturday)) == "2024-01-07 00:00:00.000000"


@given(moments)
def test_round_the_clock_the_trade_date_is_the_utc_date_and_it_is_always_open(moment: int) -> None:
    always = get_calendar("24/7")
    assert always.session_of(moment).isoformat() == to_text(moment)[:10]
    assert always.is_open(moment)


def test_round_the_clock_midnight_belongs_to_the_new_day() -> None:
    assert get_calendar("24/7").session_of(from_text("2024-01-06 00:00:00")) == date(2024, 1, 6)


@given(days)
def test_five_days_a_week_means_monday_to_friday(day: date) -> None:
    assert get_calendar("24/5").is_session(day) == (day.weekday() < 5)


def test_futures_sessions_begin_the_evening_before() -> None:
    futures = get_calendar("CME")
    evening = from_text("2024-01-02 23:00:00")  # five in the afternoon in Chicago: one session ends, the next begins
    assert futures.session_of(evening - 1) == date(2024, 1, 2)
    assert futures.session_of(evening) == date(2024, 1, 3)
    assert futures.is_open(evening)


def test_what_lies_outside_the_known_years_is_refused_not_guessed() -> None:
    early, late = date(1969, 12, 31), date(2041, 1, 1)
    for call in (
        lambda: NYSE.is_session(early),
        lambda: NYSE.is_session(late),
        lambda: NYSE.sessions(early, date(2000, 1, 1)),
        lambda: NYSE.next_session(date(2040, 12, 31)),
        lambda: NYSE.previous_session(date(1970, 1, 1)),
        lambda: NYSE.session_of(from_text("2041-01-05 00:00:00")),
        lambda: NYSE.session_of(from_text("1969-01-05 00:00:00")),
        lambda: NYSE.is_open(from_text("2041-01-05 00:00:00")),
        lambda: NYSE.close_ts(late),
    ):
        with pytest.raises(DataError, match="is known from 1970-01-01 to 2040-12-31"):
            call()


def test_a_day_without_session_has_no_open() -> None:
    with pytest.raises(DataError, match="XNYS has no session on 2024-01-06"):
        NYSE.open_ts(date(2024, 1, 6))


def test_the_date_at_the_exchange_is_not_the_date_in_utc() -> None:
    assert NYSE.date_of(from_text("2024-01-06 03:00:00")) == date(2024, 1, 5)


def test_every_session_lies_on_its_own_day_at_the_exchange() -> None:
    for name in ("NYSE", "LSE", "XTKS"):
        calendar: Calendar = get_calendar(name)
        for day in calendar.sessions(date(2019, 1, 1), date(2027, 12, 31)):
            opens, closes = calendar.open_ts(day), calendar.close_ts(day)
            assert calendar.date_of(opens) == calendar.date_of(closes) == day
            assert timedelta(hours=2) <= timedelta(microseconds=closes - opens) <= timedelta(hours=9)
