"""Figures as words: one form for every page, mail and terminal."""

from datetime import date

from quantstrip.report.catalogue import Unit, Value

ABSENT = "-"
"""What stands where a figure does not exist."""


def shown(value: Value, unit: Unit) -> str:
    """The figure for a reader: money with cents, fractions in percent, ratios with two decimals."""
    if value is None or value != value:
        return ABSENT
    match unit:
        case Unit.MONEY:
            return money(value)
        case Unit.FRACTION:
            return percent(value)
        case Unit.RATIO:
            return decimals(value, 2)
        case Unit.DAYS:
            return f"{value:,.1f}"
        case _:
            return f"{value:,.0f}"


def decimals(value: float, places: int) -> str:
    """A number with so many decimals."""
    return f"{_signed_zero(value, places):,.{places}f}"


def money(value: float | None) -> str:
    """An amount with thousands separators and cents."""
    return ABSENT if value is None else decimals(value, 2)


def short_money(value: float) -> str:
    """An amount for an axis: 1.5k, 2M; as many decimals as it has."""
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{letter}"
    return f"{value:g}"


def percent(value: float | None, places: int = 2) -> str:
    """A fraction in percent."""
    return ABSENT if value is None or value != value else f"{decimals(value * 100, places)} %"


def quantity(value: float | None) -> str:
    """Units or a price, with as many decimals as it has, ten at most."""
    if value is None:
        return ABSENT
    text = f"{value:,.10f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 fill``, ``2,000 fills``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def day(value: date | None) -> str:
    """A date as ISO 8601."""
    return ABSENT if value is None else value.isoformat()


def sign(value: Value) -> str:
    """``up``, ``down`` or nothing: how a value is coloured."""
    if value is None or value != value or value == 0:
        return ""
    return "up" if value > 0 else "down"


def _signed_zero(value: float, places: int) -> float:
    """-0.00 is shown as 0.00."""
    return 0.0 if abs(value) < 0.5 * 10**-places else value
