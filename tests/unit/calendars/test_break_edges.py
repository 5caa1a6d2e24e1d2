"""The edges of a lunch break: closed from its first moment, open again at its last."""

from quantstrip.calendars import get_calendar
from quantstrip.clock import from_text

LUNCH_BEGINS = from_text("2024-07-04 02:30:00")  # half past eleven in Tokyo
LUNCH_ENDS = from_text("2024-07-04 03:30:00")


def test_a_break_begins_at_its_first_moment_and_ends_at_its_last() -> None:
    tokyo = get_calendar("JPX")
    moments = (LUNCH_BEGINS - 1, LUNCH_BEGINS, LUNCH_ENDS - 1, LUNCH_ENDS)
    assert [tokyo.is_open(ts) for ts in moments] == [True, False, False, True]
