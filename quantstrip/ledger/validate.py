"""What may enter a row: each function returns the stored form, or refuses with what to do."""

import json
import math
import re
import sys
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from quantstrip.clock import Micros, from_datetime, from_text, to_text
from quantstrip.errors import InvalidRecord
from quantstrip.model import Leg, Mode, OrderSide

Moment = Micros | str | datetime | None
_EARLIEST = from_text("1970-01-02 00:00:00")
_LATEST = from_text("2200-01-01 00:00:00")
_CURRENCY = re.compile(r"[A-Z]{3,5}")
_SIDES = {
    "BUY": OrderSide.BUY, "B": OrderSide.BUY, "BOT": OrderSide.BUY, "BOUGHT": OrderSide.BUY,
    "SELL": OrderSide.SELL, "S": OrderSide.SELL, "SLD": OrderSide.SELL, "SOLD": OrderSide.SELL,
}  # fmt: skip


def finite(name: str, value: Any) -> float:
    """A number that is neither NaN nor infinite; Decimals, numpy numbers and numeric text are welcome."""
    number = value if type(value) is float else _float(name, value)
    if not math.isfinite(number):
        raise InvalidRecord(
            f"{name} must be a finite number, got {value!r}",
            hint=f"Check where {name} comes from; leave it out (None) if unknown.",
        )
    return number


def optional(name: str, value: Any) -> float | None:
    """A finite number, or None; Interactive Brokers' largest double means that there is none."""
    if value is None:
        return None
    number = finite(name, value)
    return None if number == sys.float_info.max else number


def positive(name: str, value: Any) -> float:
    """A finite number above zero: the direction is said by the side, not by a sign."""
    number = finite(name, value)
    if number <= 0.0:
        raise InvalidRecord(
            f"{name} must be greater than zero, got {value!r}",
            hint="Give the size as a positive number and the direction as side.",
        )
    return number


def whole(name: str, value: Any) -> int:
    """An integer; a float or text that is one is taken."""
    if type(value) is int:
        return value
    number = _float(name, value)
    if not math.isfinite(number) or number != int(number):
        raise InvalidRecord(
            f"{name} must be a whole number, got {value!r}", hint="order_id, strategy_id and broker_id are ints."
        )
    return value if isinstance(value, int) else int(number)


def optional_whole(name: str, value: Any) -> int | None:
    """An integer, or None."""
    return None if value is None else whole(name, value)


def words(name: str, value: Any) -> str:
    """Text that says something."""
    text = "" if value is None else str(value).strip()
    if not text:
        raise InvalidRecord(f"{name} must not be empty, got {value!r}", hint=f"Give {name} as text.")
    return text


def optional_words(value: Any) -> str | None:
    """Text, or None; enums and numbers become their text."""
    return None if value is None else str(value)


def currency(value: Any) -> str | None:
    """A currency's code in capitals; None where none is given."""
    code = "" if value is None else str(value).strip().upper()
    if code and _CURRENCY.fullmatch(code) is None:
        raise InvalidRecord(f"a currency is a code such as EUR, got {value!r}", hint="Give three to five letters.")
    return code or None


def side(value: Any) -> OrderSide:
    """BUY or SELL; the words brokers use for them (BOT, SLD) are understood."""
    known = _SIDES.get(value if type(value) is str else "") or _SIDES.get(str(value).strip().upper())
    if known is None:
        raise InvalidRecord(
            f"side must be BUY or SELL, got {value!r}", hint="A short sale is a SELL, covering it a BUY."
        )
    return known


def mode(value: Any) -> Mode:
    """Whose money moves."""
    if isinstance(value, Mode):
        return value
    try:
        return Mode(str(value).lower())
    except ValueError:
        raise InvalidRecord(
            f"mode must be one of {', '.join(Mode)}, got {value!r}", hint="Leave it out for live."
        ) from None


def leg(value: Any) -> Leg:
    """Which position: the netted one, or one side of a hedge."""
    if isinstance(value, Leg):
        return value
    try:
        return Leg(str(value).upper())
    except ValueError:
        raise InvalidRecord(f"leg must be NET, LONG or SHORT, got {value!r}", hint="Leave it out for NET.") from None


def moment(name: str, value: Moment, default: str) -> str:
    """A moment as ledger text: microseconds, a datetime (naive is UTC) or ISO text; None is ``default``."""
    if value is None:
        return default
    try:
        if isinstance(value, str):
            micros = from_text(value)
        elif isinstance(value, datetime):
            micros = from_datetime(value)
        else:
            micros = int(value)
    except (ValueError, TypeError) as error:
        raise _no_moment(name, value) from error
    if not _EARLIEST <= micros <= _LATEST:
        raise _no_moment(name, value)
    return to_text(micros)


def day(name: str, value: date | str | None) -> str | None:
    """A date as ``YYYY-MM-DD``, or None."""
    if value is None:
        return None
    try:
        return (value if isinstance(value, date) else date.fromisoformat(str(value)[:10])).strftime("%Y-%m-%d")
    except ValueError as error:
        raise InvalidRecord(f"{name} must be a date, got {value!r}", hint="Write it as YYYY-MM-DD.") from error


def to_json(name: str, value: Mapping[str, Any] | str | None) -> str | None:
    """A dict as JSON text. What JSON has no word for (dates, Decimals, NaN) is kept as its text."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise InvalidRecord(f"{name} must be a dict or JSON text, got {value!r}", hint="Pass a dict.") from error
    if not isinstance(value, Mapping):
        raise InvalidRecord(f"{name} must be a dict, got {type(value).__name__}", hint='Wrap it: {"value": ...}.')
    try:
        return json.dumps(value, default=str, allow_nan=False)
    except (ValueError, TypeError):
        return json.dumps(_plain(value), default=str, allow_nan=False)


def from_json(value: str | None) -> Any:
    """The dict again, or None."""
    return None if value is None else json.loads(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _float(name: str, value: Any) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError) as error:
        raise InvalidRecord(
            f"{name} must be a number, got {value!r}", hint=f"Give {name} as int, float or Decimal."
        ) from error


def _no_moment(name: str, value: Any) -> InvalidRecord:
    return InvalidRecord(
        f"{name} must be a moment between 1970 and 2200, got {value!r}",
        hint="Pass a datetime (naive is UTC), ISO text such as 2024-01-02 14:30:00, or microseconds since 1970.",
    )
