"""Dates as people write them, as moments."""

from quantstrip.clock import DAY, Micros, from_text
from quantstrip.errors import DataError


def moment(given: str | None, name: str = "", *, last: bool = False) -> Micros | None:
    """A label's moment, microseconds UTC; the end of what it names where it is the last one to include.

    Args:
        given: a date, or a date with a time, UTC.
        name: what it is called, for the message.
        last: a date includes its whole day, a time its moment.

    Raises:
        DataError: it is no date and no time.

    """
    if given is None:
        return None
    text = given.strip()
    try:
        found = from_text(text)
    except ValueError:
        wrong = f"{name} is {given!r}, expected a date" if name else f"{given!r} is no date"
        raise DataError(wrong, hint="Write 2005-12-31, or 2005-12-31 14:30.") from None
    return found + (DAY if len(text) == len("2000-01-01") else 1) if last else found
