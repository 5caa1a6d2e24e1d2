"""Static data: brokers, strategies and instruments, added, changed and removed with their checks.

What the ledger's history refers to is not removed: the refusal says how many rows do.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from quantstrip.calendars import get_calendar
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger, validate
from quantstrip.ledger.tables import metadata
from quantstrip.log import logger
from quantstrip.model import Instrument
from quantstrip.operations.ledger import existing_ledger

Kind = Literal["broker", "strategy", "instrument"]
KINDS: Final[tuple[Kind, ...]] = ("broker", "strategy", "instrument")
FIELDS: Final[Mapping[Kind, Mapping[str, type]]] = {
    "broker": {"full_name": str},
    "strategy": {"description": str, "allocation": float, "currency": str},
    "instrument": {"instrument_type": str, "currency": str, "multiplier": float, "tick_size": float,
                   "lot_size": float, "calendar": str},
}  # fmt: skip
"""What can be set of each, beside its name."""
_INSTRUMENT_TABLES: Final = ("orders", "execution", "position_event", "strategy_event")


@dataclass(frozen=True, slots=True)
class Row:
    """A broker, a strategy or an instrument.

    Attributes:
        name: a broker's or strategy's name, an instrument's symbol.
        contract: an instrument's contract; "" for the row of its symbol, and for the others.
        values: by the names in ``FIELDS``.

    """

    kind: Kind
    name: str
    values: Mapping[str, Any]
    contract: str = ""


def rows(home: Home, kind: Kind) -> list[Row]:
    """All of a kind, by name.

    Raises:
        LedgerError: there is no ledger.

    """
    ledger = existing_ledger(home)
    if kind == "instrument":
        return [_row(kind, each["symbol"], each, each["contract_id"]) for each in ledger.instruments()]
    with ledger.reading() as read:
        found = read.dicts(f"SELECT * FROM {kind} ORDER BY name")  # noqa: S608 - one of three names
    return [_row(kind, each["name"], each) for each in found]


def find(home: Home, kind: Kind, name: str, contract: str = "") -> Row:
    """One of a kind.

    Raises:
        UnknownRecord: there is none of that name; those that are there are listed.

    """
    known = rows(home, kind)
    found = next((each for each in known if (each.name, each.contract) == (name, contract)), None)
    if found is None:
        there = ", ".join(_shown(each.name, each.contract) for each in known[:20]) or "none yet"
        raise UnknownRecord(f"there is no {kind} {_shown(name, contract)!r}; there are: {there}",
                            hint="Check the spelling, or add it.")  # fmt: skip
    return found


def add(home: Home, kind: Kind, name: str, values: Mapping[str, Any], contract: str = "", *, by: str = "") -> Row:
    """Add one; ``by`` is who asks, for the audit.

    Raises:
        InvalidRecord: a value is wrong, or the name is taken; nothing is written.

    """
    name = validate.words("the name", name).strip()
    if any((each.name, each.contract) == (name, contract) for each in rows(home, kind)):
        raise InvalidRecord(f"there is a {kind} {_shown(name, contract)!r} already", hint="Change that one instead.")
    given = _checked(kind, values)
    ledger = existing_ledger(home)
    with _recorded(ledger, kind, f"{kind} {_shown(name, contract)} was added: {given}", by, "added"):
        if kind == "broker":
            ledger.insert_broker(name, given.get("full_name"))
        elif kind == "strategy":
            ledger.insert_strategy(name, **given)
        else:
            ledger.set_instrument(Instrument(name, contract_id=contract, **_kept(given)))
    return find(home, kind, name, contract)


def change(
    home: Home, kind: Kind, name: str, values: Mapping[str, Any], contract: str = "", *, to: str = "", by: str = ""
) -> Row:
    """Change values of one; those not named stay.

    Args:
        to: another name for a broker or a strategy.
        by: who asks, for the audit.

    Raises:
        UnknownRecord: there is none of that name.
        InvalidRecord: a value is wrong, or another name is given to a strategy that has runs, orders or an open
            position; nothing is written.

    """
    old = find(home, kind, name, contract)
    given, ledger = _checked(kind, values), existing_ledger(home)
    renamed = to.strip() if to.strip() != name else ""
    if not given and not renamed:
        return old
    was = {field: old.values[field] for field in given}
    words = f"{kind} {_shown(name, contract)} was changed: {given}, it was {was}" + (
        f", now {renamed}" if renamed else ""
    )
    with _recorded(ledger, kind, words, by, "changed"):
        if kind == "broker":
            ledger.update_broker(name, renamed or None, **_kept(given))
        elif kind == "strategy":
            ledger.update_strategy(name, renamed or None, **_kept(given))
        else:
            if renamed:
                raise InvalidRecord(
                    "an instrument keeps its symbol: fills are booked under it", hint="Add another one."
                )
            ledger.set_instrument(Instrument(name, contract_id=contract, **{**old.values, **_kept(given)}))
    return find(home, kind, renamed or name, contract)


def remove(home: Home, kind: Kind, name: str, contract: str = "", *, by: str = "") -> None:
    """Remove one that nothing refers to; ``by`` is who asks, for the audit.

    Raises:
        UnknownRecord: there is none of that name.
        InvalidRecord: the ledger's history refers to it; the tables are told, with how many rows.

    """
    find(home, kind, name, contract)
    ledger = existing_ledger(home)
    if refers := references(ledger, kind, name, contract):
        said = ", ".join(f"{count:,} of {table}" for table, count in refers.items())
        raise InvalidRecord(
            f"{kind} {_shown(name, contract)!r} stays: rows refer to it ({said})",
            hint="History is never removed. Leave it.",
        )
    with _recorded(ledger, kind, f"{kind} {_shown(name, contract)} was removed", by, "deleted"):
        if kind == "broker":
            ledger.delete_broker(name)
        elif kind == "strategy":
            ledger.delete_strategy(name)
        else:
            ledger.delete_instrument(name, contract)


def references(ledger: Ledger, kind: Kind, name: str, contract: str = "") -> dict[str, int]:
    """How many rows of each table refer to one."""
    counts = {}
    with ledger.reading() as read:
        for table, sql in _counting(kind):
            count = int(read.query(sql, {"name": name, "contract": contract})[1][0][0])
            if count:
                counts[table] = count
    return counts


@contextmanager
def _recorded(ledger: Ledger, kind: Kind, words: str, by: str, what: str) -> Iterator[None]:
    """One transaction of a change and the link of the audit that says who made it; the log has it too."""
    with ledger.transaction():
        yield
        ledger.record_act("static", words, by, {kind: {what: 1}})
    logger.info("{} (by {})", words, by or "somebody")


def _counting(kind: Kind) -> list[tuple[str, str]]:
    """SQL that counts, by table."""
    if kind == "instrument":
        fits = "symbol = :name AND coalesce(contract_id, '') = :contract"
        return [(name, f"SELECT COUNT(*) FROM {name} WHERE {fits}") for name in _INSTRUMENT_TABLES]  # noqa: S608
    column = f"{kind}_id"
    own = f"(SELECT {column} FROM {kind} WHERE name = :name AND :contract = '')"  # noqa: S608 - our own names
    tables = [name for name, table in metadata.tables.items() if column in table.c and name != kind]
    return [(name, f"SELECT COUNT(*) FROM {name} WHERE {column} IN {own}") for name in sorted(tables)]  # noqa: S608


def _row(kind: Kind, name: str, found: Mapping[str, Any], contract: str = "") -> Row:
    return Row(kind, name, {field: found[field] for field in FIELDS[kind]}, contract)


def _checked(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of the right type; None where one is to stay as it is.

    Raises:
        InvalidRecord: no such field, or a value that means nothing.

    """
    if unknown := sorted(values.keys() - FIELDS[kind].keys()):
        raise InvalidRecord(
            f"a {kind} has no {', '.join(unknown)}", hint=f"What can be set: {', '.join(FIELDS[kind])}."
        )
    given: dict[str, Any] = {}
    for name, value in values.items():
        if value is None or (FIELDS[kind][name] is float and value == ""):
            continue
        if FIELDS[kind][name] is float:
            given[name] = validate.finite(name, _number(name, value))
        else:
            given[name] = str(value).strip()
    if "currency" in given:
        given["currency"] = validate.currency(given["currency"] or None)
    if kind == "instrument":
        _check_instrument(given)
    return given


def _check_instrument(given: Mapping[str, Any]) -> None:
    if "multiplier" in given:
        validate.positive("multiplier", given["multiplier"])
    for name in ("tick_size", "lot_size"):
        if given.get(name, 0.0) < 0:
            raise InvalidRecord(f"{name} must be zero or above, got {given[name]!r}")
    if given.get("calendar"):
        get_calendar(given["calendar"])


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidRecord(f"{name} must be a number, got {value!r}") from None


def _kept(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _shown(name: str, contract: str) -> str:
    return f"{name} ({contract})" if contract else name
