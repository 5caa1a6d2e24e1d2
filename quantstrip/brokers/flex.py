"""Flex statements of Interactive Brokers: XML into a ``Statement``, through ibflex.

Only the sections that matter here are given to ibflex; the many others, and those it has never heard of, are named in
the notes. Nothing is guessed: what a query leaves out that is needed is refused with the box to tick.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from quantstrip.brokers.flex_rows import CONFIRMS, EVENTS, POSITIONS, TRADES, day_of, events_of, fills_of, positions_of
from quantstrip.errors import StatementError
from quantstrip.model.statement import Statement

ZONE: Final = "America/New_York"
"""Zone of the times in a Flex statement, unless the account is set to another one."""
LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a file; a statement of a million fills has about as many."""
_READ: Final = frozenset({TRADES, CONFIRMS, POSITIONS, *EVENTS})


def read_flex(files: Iterable[Path], *, accounts: Sequence[str] = (), zone: str = ZONE) -> Statement:
    """Read Flex XML files as one statement; the same execution in several of them is one.

    Args:
        accounts: those that are wanted; statements of others are refused when one of these is missing, else left out.
        zone: IANA zone of the statement's times.

    Raises:
        StatementError: a file cannot be read, is truncated, is no Flex statement, lacks a field that is needed, is of
            another account, or covers other days than the others.

    """
    found, names = [], []
    for path in files:
        found += _statements(_read(path), path.name)
        names.append(path.name)
    if not found:
        raise StatementError("no Flex file was given", hint="Name the XML files that Interactive Brokers made.")
    chosen = [one for one in found if not accounts or one.get("accountId", "") in accounts]
    there = sorted({one.get("accountId", "") for one in found})
    missing = sorted(set(accounts) - set(there))
    if missing:
        raise StatementError(
            f"expected a statement of {', '.join(missing)}, but {', '.join(names)} is of {', '.join(there)}",
            hint="Nothing was written. Choose the account's own query, or name the account with --account.",
        )
    return _joined([_statement(one, ZoneInfo(zone)) for one in chosen], f"Flex: {', '.join(names)}")


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise StatementError(f"{path} is larger than {LARGEST:,} bytes", hint="Ask for shorter periods.")
        return path.read_bytes()
    except OSError as error:
        raise StatementError(f"{path} cannot be read: {error.strerror}", hint="Check the name.") from error


def _statements(content: bytes, name: str) -> list[ElementTree.Element]:
    """The FlexStatement elements of a file."""
    if not content.strip():
        raise StatementError(f"{name} is empty", hint="Nothing was written. Download the statement again.")
    if b"<!DOCTYPE" in content[:4096] or b"<!ENTITY" in content:
        raise StatementError(f"{name} declares entities, which no Flex statement does", hint="Nothing was written.")
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - without entities there is nothing to expand
    except ElementTree.ParseError as error:
        raise StatementError(
            f"{name} is not whole: the XML breaks off or is damaged ({error})",
            hint="Nothing was written. Download the statement again.",
        ) from error
    if root.tag == "FlexStatementResponse":
        told = root.findtext("ErrorMessage") or root.findtext("Status") or "no reason"
        raise StatementError(
            f"{name} is not a statement but the service's answer: {told} (code {root.findtext('ErrorCode') or '-'})",
            hint="Nothing was written. Ask for the statement again in a minute.",
        )
    if root.tag != "FlexQueryResponse":
        raise StatementError(
            f"{name} is not a Flex statement: its root is <{root.tag}>, expected <FlexQueryResponse>",
            hint="Nothing was written. In the query choose the format XML.",
        )
    parts = root.find("FlexStatements")
    said, there = (parts.get("count", ""), parts.findall("FlexStatement")) if parts is not None else ("0", [])
    if not there or (said.isdigit() and int(said) != len(there)):
        raise StatementError(
            f"{name} says that it holds {said or 'no'} statements, and holds {len(there)}",
            hint="Nothing was written. Download the statement again.",
        )
    return there


def _statement(element: ElementTree.Element, zone: ZoneInfo) -> Statement:
    """One account's statement."""
    account = element.get("accountId", "")
    sections = {child.tag for child in element}
    _check_sections(account, sections)
    notes, fills = [], None
    if sections & {TRADES, CONFIRMS}:
        fills = fills_of(element, account, zone)
    other = sorted(sections - _READ)
    if other:
        notes.append(f"{account}: sections that are not compared: {', '.join(other)}")
    first, last = day_of(element.get("fromDate", ""), account), day_of(element.get("toDate", ""), account)
    if fills is None:
        notes.append(f"{account}: the statement has no Trades section; executions were not compared")
    elif not fills:
        notes.append(f"{account}: no executions from {first} to {last}")
    positions = positions_of(element, account) if POSITIONS in sections else None
    if positions is None:
        notes.append(f"{account}: the statement has no Open Positions section; positions were not compared")
    return Statement(
        "", (account,), fills, positions, tuple(events_of(element, account)), first, last, notes=tuple(notes)
    )


def _check_sections(account: str, sections: set[str]) -> None:
    if not account:
        raise StatementError("a FlexStatement without an accountId", hint="Nothing was written.")
    if not sections & {TRADES, CONFIRMS, POSITIONS}:
        raise StatementError(
            f"the statement of {account} has neither trades nor open positions; it has "
            f"{', '.join(sorted(sections)) or 'nothing'}",
            hint="In the Flex query choose the sections Trades (with Executions) and Open Positions (with Summary).",
        )


def _joined(parts: list[Statement], source: str) -> Statement:
    """Several accounts, or several periods of them, as one; all accounts must cover the same days."""
    spans = {account: _span([one for one in parts if account in one.accounts], account) for account in _accounts(parts)}
    if len(set(spans.values())) > 1:
        told = ", ".join(f"{account} {first} to {last}" for account, (first, last) in sorted(spans.items()))
        raise StatementError(
            f"the statements cover different days: {told}", hint="Nothing was written. Reconcile them one by one."
        )
    first, last = next(iter(spans.values()))
    newest = [one for one in parts if one.last_date == last]
    fills = [fill for one in parts for fill in one.fills or ()]
    positions = [position for one in newest for position in one.positions or ()]
    return Statement(
        source,
        tuple(spans),
        None if any(one.fills is None for one in parts) else tuple(fills),
        None if any(one.positions is None for one in newest) else tuple(dict.fromkeys(positions)),
        tuple(dict.fromkeys(event for one in parts for event in one.events)),
        first,
        last,
        notes=tuple(dict.fromkeys(note for one in parts for note in one.notes)),
    )


def _accounts(parts: list[Statement]) -> list[str]:
    return sorted({account for one in parts for account in one.accounts})


def _span(parts: list[Statement], account: str) -> tuple[str, str]:
    """First and last day of an account's statements, which must leave no day out between them."""
    ordered = sorted((one.first_date, one.last_date) for one in parts)
    reached = ordered[0][1]
    for first, last in ordered[1:]:
        gap = (date.fromisoformat(first) - date.fromisoformat(reached)).days
        if gap > 4:  # a long weekend has no statement
            raise StatementError(
                f"the statements of {account} leave out the days from {reached} to {first}",
                hint="Nothing was written. Reconcile them one by one.",
            )
        reached = max(reached, last)
    return ordered[0][0], reached
