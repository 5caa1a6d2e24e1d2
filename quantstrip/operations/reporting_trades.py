"""Round trips, a page at a time: filtered and sorted by the database, so that it does not matter how many there are."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.ledger.query import Reading
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.report_rows import READ_SECONDS
from quantstrip.operations.reporting_filters import Filters, conditions
from quantstrip.report.model import Trade

Sort = Literal["closed", "opened", "pnl", "return", "hold", "quantity", "symbol", "strategy"]
SORTS: Final[dict[Sort, str]] = {
    "closed": "t.closed",
    "opened": "t.opened",
    "pnl": "t.realized_pnl - t.commission",
    "return": "(t.realized_pnl - t.commission) / NULLIF(ABS(t.opened_value) * t.multiplier, 0.0)",
    "hold": "julianday(t.closed) - julianday(t.opened)",
    "quantity": "t.opened_quantity",
    "symbol": "t.symbol",
    "strategy": "s.name",
}
"""What round trips can be sorted by; amounts in their own currency."""
RESULTS: Final = ("all", "won", "lost")
_RESULTS: Final = {
    "all": "", "won": " AND t.realized_pnl - t.commission > 0.0", "lost": " AND t.realized_pnl - t.commission <= 0.0",
}  # fmt: skip
_FROM: Final = (
    "FROM round_trip t JOIN strategy s ON s.strategy_id = t.strategy_id "
    "LEFT JOIN broker b ON b.broker_id = t.broker_id "
    "LEFT JOIN strategy_run r ON r.strategy_run_id = t.strategy_run_id "
    "WHERE t.mode = ? AND t.closed IS NOT NULL AND (t.mode = 'live' OR r.current IS NULL OR r.current = 1)"
)
_ROWS: Final = (
    "SELECT v.trade_id, v.strategy, v.account, v.broker, v.symbol, v.side, v.quantity, v.opened, v.avg_entry, "
    "v.closed, v.avg_exit, v.hold_seconds, v.commission, v.net_pnl, v.currency, v.reporting_net_pnl, v.trade_return, "
    "v.fills, ROUND(v.gross_pnl * v.rate, 8), ROUND(v.commission * v.rate, 8) FROM v_trades v WHERE v.trade_id IN ({})"
)
_BATCH: Final = 20_000


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A closed round trip; amounts in its own currency, ``reporting_net_pnl`` None where a rate is missing.

    ``opened`` and ``closed`` are UTC text.
    """

    trade_id: int
    strategy: str
    account: str
    broker: str | None
    symbol: str
    side: str
    quantity: float
    opened: str
    avg_entry: float
    closed: str
    avg_exit: float
    hold_seconds: float
    commission: float
    net_pnl: float
    currency: str
    reporting_net_pnl: float | None
    trade_return: float | None
    fills: int
    reporting_gross: float | None
    reporting_commission: float | None


def trades(
    home: Home,
    mode: str,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    sort: str = "closed",
    descending: bool = True,
    result: str = "all",
    limit: int = 50,
    skip: int = 0,
) -> tuple[list[TradeRow], int]:
    """One page of the closed round trips of ``mode``, and how many there are in all.

    Args:
        sort: one of ``SORTS``.
        result: ``all``, ``won`` or ``lost``, after costs.

    Raises:
        ReportError: no such order or result.
        LedgerError: there is no ledger, or it cannot be read.

    """
    with existing_ledger(home).reading(timeout_seconds=READ_SECONDS) as read:
        return trades_in(read, mode, filters, sort=sort, descending=descending, result=result, limit=limit, skip=skip)


def trades_in(
    read: Reading, mode: str, filters: Filters, *, sort: str, descending: bool, result: str, limit: int, skip: int
) -> tuple[list[TradeRow], int]:
    """As ``trades``, in a reading that goes on."""
    order = {str(name): column for name, column in SORTS.items()}
    if sort not in order or result not in _RESULTS:
        raise ReportError(
            f"round trips cannot be sorted by {sort!r} and chosen by {result!r}",
            hint=f"Sort by: {', '.join(order)}. Choose: {', '.join(RESULTS)}.",
        )
    words, given = conditions(filters)
    chosen = _FROM + words + _RESULTS[result]
    direction = "DESC" if descending else "ASC"
    # The ids come from the table alone, for the view works out every row that it looks at.
    ids = read.query(
        f"SELECT t.trade_id {chosen} ORDER BY {order[sort]} {direction}, t.trade_id {direction} LIMIT ? OFFSET ?",
        (mode, *given, limit, skip),
    )[1]
    total = int(read.query(f"SELECT COUNT(*) {chosen}", (mode, *given))[1][0][0])
    wanted = [int(row[0]) for row in ids]
    found: dict[int, TradeRow] = {}
    for start in range(0, len(wanted), _BATCH):
        part = wanted[start : start + _BATCH]
        rows: list[tuple[Any, ...]] = read.query(_ROWS.format(", ".join("?" * len(part))), part)[1]
        found |= {int(row[0]): TradeRow(*row) for row in rows}
    return [found[number] for number in wanted if number in found], total


def as_trades(rows: list[TradeRow]) -> tuple[Trade, ...]:
    """The rows as a report carries them: in the reporting currency, those without a rate left out."""
    return tuple(
        Trade(
            row.strategy, row.symbol, row.side, row.quantity, row.opened, row.avg_entry, row.closed, row.avg_exit,
            row.reporting_gross, row.reporting_commission, row.reporting_net_pnl,
        )
        for row in rows
        if row.reporting_gross is not None and row.reporting_commission is not None
        and row.reporting_net_pnl is not None
    )  # fmt: skip
