"""The trade journal for a person: trades by hand, positions taken over, corrections; what each does, before it is done.

``preview`` makes the entry in a transaction that is undone, so that what it shows is what booking would do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quantstrip.clock import Micros, to_text
from quantstrip.errors import LedgerError, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.ledger.journal import MANUAL, TRANSFER
from quantstrip.operations.journal_checks import place_of, trade_fits
from quantstrip.operations.ledger import existing_ledger

_HELD = (
    "SELECT s.name, r.mode, r.account, r.symbol, r.contract_id, r.leg, r.currency, "
    "ROUND(SUM(r.position), 9) AS position, "
    "MAX(CASE WHEN r.closed IS NULL THEN r.avg_price END) AS avg_price, "
    "ROUND(SUM(r.realized_pnl), 8) AS realized_pnl, ROUND(SUM(r.commission), 8) AS commission "
    "FROM round_trip r JOIN strategy s ON s.strategy_id = r.strategy_id "
    "GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7"
)
_ROWS = (
    "SELECT e.create_time, e.exec_id, e.strategy, e.account, e.symbol, e.side, e.quantity, e.price, e.commission, "
    "e.trade_date, CASE WHEN e.corrects IS NOT NULL THEN 'CORRECTION' WHEN e.replaces IS NOT NULL THEN 'REPLACEMENT' "
    "WHEN x.order_type IN (?, ?) THEN x.order_type ELSE 'FILL' END AS kind, e.entry, "
    "COALESCE(e.corrects, e.replaces, '') AS refers_to, COALESCE(json_extract(x.metadata, '$.note'), '') AS note, "
    "e.exec_time, COALESCE((SELECT c.exec_id FROM execution c WHERE c.corrects = e.exec_id), '') AS corrected_by, "
    "e.currency FROM v_executions e JOIN execution x ON x.seq_id = e.seq_id "
)
_ENTRIES = _ROWS + (  # noqa: S608 - both are constants
    "WHERE x.seq_id IN (SELECT i.seq_id FROM execution i JOIN strategy s ON s.strategy_id = i.strategy_id "
    "WHERE i.mode = ? AND {} AND (? = '' OR s.name = ?) AND (? = '' OR UPPER(i.symbol) = UPPER(?)) "
    "AND i.create_time >= ? ORDER BY i.seq_id DESC LIMIT ? OFFSET ?) ORDER BY e.seq_id DESC"
)  # the rows are chosen in the table alone, for the view works out every row that it looks at
_ENTERED = "i.order_type IN ('MANUAL', 'TRANSFER') OR i.corrects IS NOT NULL OR i.replaces IS NOT NULL"
_ONE = _ROWS + "WHERE x.exec_id = ?"
_STRATEGIES = "SELECT name FROM strategy ORDER BY name"
Entry = Callable[[Ledger], Any]


@dataclass(frozen=True, slots=True)
class Holding:
    """A position and what it has made so far, gross and in commission, in its own currency."""

    strategy: str
    mode: str
    account: str
    symbol: str
    contract_id: str
    leg: str
    currency: str
    position: float
    avg_price: float | None
    realized_pnl: float
    commission: float


@dataclass(frozen=True, slots=True)
class Change:
    """A position before and after an entry; None where there is none."""

    before: Holding | None
    after: Holding | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A row of the journal: MANUAL, TRANSFER, CORRECTION or REPLACEMENT; FILL where a broker told of it.

    Attributes:
        entry: FILL, CORRECTED (it counts no more) or CORRECTION (the reversing row).
        refers_to: the fill that it corrects, or whose place it takes.
        corrected_by: the row that reversed it.

    """

    created: str
    exec_id: str
    strategy: str
    account: str
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    trade_date: str
    kind: str
    entry: str
    refers_to: str
    note: str
    exec_time: str
    corrected_by: str
    currency: str


class _UndoneError(Exception):
    """Ends a preview's transaction without keeping it."""


def trade(**given: Any) -> Entry:
    """An entry of ``Ledger.insert_manual_trade``, in one currency with the position that it belongs to."""

    def entry(ledger: Ledger) -> list[str]:
        known = given | {"symbol": ledger.known_symbol(given["symbol"])}
        return [ledger.insert_manual_trade(**trade_fits(ledger, known["strategy_id"], known))]

    return entry


def transfer(*, out: bool = False, **given: Any) -> Entry:
    """An entry of ``Ledger.transfer_position``; what gives away must hold it, and says where.

    Args:
        out: ``to_strategy`` gives the position away, to outside.

    """

    def entry(ledger: Ledger) -> list[str]:
        known = given | {"symbol": ledger.known_symbol(given["symbol"])}
        taker, giver = known["to_strategy"], known["to_strategy"] if out else known.get("from_strategy")
        if giver is None:
            return list(ledger.transfer_position(**trade_fits(ledger, taker, known)))
        if giver == taker and not out:
            raise LedgerError(f"{giver} gives to itself: nothing would move", hint="Name two strategies.")
        placed = trade_fits(ledger, taker, place_of(ledger, giver, known))
        return list(ledger.transfer_position(**placed | ({"to_strategy": None, "from_strategy": giver} if out else {})))

    return entry


def correct(**given: Any) -> Entry:
    """An entry of ``Ledger.correct_execution``."""
    return lambda ledger: [one for one in ledger.correct_execution(**given) if one is not None]


def preview(home: Home, entry: Entry) -> list[Change]:
    """What the entry would do to positions and their PnL; nothing is written.

    Raises:
        LedgerError: the entry would be refused.

    """
    ledger = existing_ledger(home)
    changes: list[Change] = []
    try:
        with ledger.transaction():
            before = _holdings(ledger)
            entry(ledger)
            changes = _changes(before, _holdings(ledger))
            raise _UndoneError
    except _UndoneError:
        return changes


def book(home: Home, entry: Entry, expected: list[Change] | None = None) -> tuple[list[str], list[Change]]:
    """Make the entry: its exec_ids, and what it did.

    Args:
        expected: what a person agreed to; where the ledger has changed since, nothing is written.

    Raises:
        LedgerError: the entry is refused, or does something else than was agreed to; nothing was written.

    """
    ledger = existing_ledger(home)
    with ledger.transaction():
        before = _holdings(ledger)
        exec_ids = entry(ledger)
        changes = _changes(before, _holdings(ledger))
        if expected is not None and changes != expected:
            raise LedgerError(
                "the position has changed since it was shown; nothing was booked", hint="Look again, then decide."
            )
    return exec_ids, changes


def entries(
    home: Home,
    *,
    mode: str = "live",
    strategy: str = "",
    symbol: str = "",
    since: Micros = 0,
    fills: bool = False,
    limit: int = 50,
    skip: int = 0,
) -> list[JournalEntry]:
    """Entries of the journal, the newest first.

    Args:
        since: entered at that moment or later.
        fills: those that brokers told of, too.
        skip: how many of the newest are left out.

    """
    kinds, same = (MANUAL, TRANSFER), (strategy, strategy, symbol, symbol)
    # Word for word what the index of entered rows is made for: with it, they are found among any number of fills.
    entries = _ENTRIES.format("1" if fills else f"({_ENTERED})")
    rows = existing_ledger(home).query(entries, (*kinds, mode, *same, to_text(since), limit, skip))[1]
    return [JournalEntry(*row) for row in rows]


def entry_of(home: Home, exec_id: str) -> JournalEntry:
    """One fill, whoever told of it.

    Raises:
        UnknownRecord: there is none.

    """
    rows = existing_ledger(home).query(_ONE, (MANUAL, TRANSFER, exec_id))[1]
    if not rows:
        raise UnknownRecord(f"no execution {exec_id!r} in the ledger", hint="v_executions lists them all.")
    return JournalEntry(*rows[0])


def strategies(home: Home) -> list[str]:
    """The strategies that the ledger knows, by name."""
    return [str(row[0]) for row in existing_ledger(home).query(_STRATEGIES)[1]]


def _holdings(ledger: Ledger) -> dict[tuple[Any, ...], Holding]:
    with ledger.store.read() as tx:  # sees what the open transaction wrote
        rows = tx.raw.execute(_HELD).fetchall()
    return {row[:7]: Holding(*row) for row in rows}


def _changes(before: dict[tuple[Any, ...], Holding], after: dict[tuple[Any, ...], Holding]) -> list[Change]:
    keys = sorted(set(before) | set(after))
    return [Change(before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]
