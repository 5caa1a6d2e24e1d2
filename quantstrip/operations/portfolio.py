"""What the portfolio did: PnL per strategy, equity curves, open positions, last fills.

Every amount is a column of a view in ``schema/views``; this module picks rows and adds up strategies of one mode and
one currency. Moments are microseconds since 1970 UTC, amounts are in the ``currency`` beside them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

from quantstrip.clock import Micros, from_text, now_text
from quantstrip.config import SettingsManager
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.model.enums import Mode

LAST_FILLS: Final = 12
_RECORDED_LAST: Final = 400  # replays that started at different times record side by side
_ORDER: Final = {str(mode): place for place, mode in enumerate(Mode)}  # live first
_STAMP: Final = (
    "SELECT (SELECT MAX(position_event_id) FROM position_event), (SELECT MAX(commission_id) FROM commission), "
    "(SELECT MAX(update_time) FROM strategy_run), (SELECT COUNT(*) FROM strategy_run)"
)
_PNL: Final = (
    "SELECT mode, strategy, client, account, currency, feed_date, feed_time, realized_pnl, commission, net_pnl, fills, "
    "today_pnl, today_equity_change, equity_pnl, last_equity FROM v_strategy_pnl WHERE current_run = 1 "
    "ORDER BY strategy, account, currency"
)
_POSITIONS: Final = (
    "SELECT strategy, account, symbol, leg, position, avg_price, cost, last_fill_price, currency FROM v_positions "
    "WHERE mode = ? AND current_run = 1 ORDER BY strategy, symbol, leg"
)
_FILLS: Final = (
    "SELECT exec_time, strategy, symbol, side, quantity, price, commission, net_pnl, currency FROM v_executions "
    "WHERE mode = ? AND current_run = 1 ORDER BY seq_id DESC LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class StrategyPnl:
    """One strategy's result in its current run.

    Attributes:
        session: the trade date its feed has reached; today's date where it has no feed.
        today: change of equity in that session; where no equity is recorded, realised PnL minus commission.
        realised: gross, of closed quantity.
        unrealised: what open positions would bring at the last bar; None where no equity is recorded.
        total: realised plus unrealised minus commission.
        equity: None where none is recorded.

    """

    strategy: str
    client: str
    account: str
    currency: str
    session: date | None
    today: float
    realised: float
    unrealised: float | None
    commission: float
    total: float
    equity: float | None
    fills: int


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """Units held, negative when short; ``cost`` is what they cost, in ``currency``."""

    strategy: str
    account: str
    symbol: str
    leg: str
    quantity: float
    average_price: float
    cost: float
    last_fill_price: float
    currency: str


@dataclass(frozen=True, slots=True)
class FillRow:
    """One fill; ``time`` is the feed's, ``net_pnl`` what it realised minus its commission."""

    time: Micros
    strategy: str
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    net_pnl: float
    currency: str


@dataclass(frozen=True, slots=True)
class Overview:
    """One mode at a glance.

    Attributes:
        mode: "" when nothing was ever recorded.
        modes: every mode with a current run, live first.
        currency: the currency that ``today`` and ``total`` are in.
        left_out: currencies of other strategies, which are not added to them.
        session: the newest trade date among the strategies; ``today`` adds those that have reached it.
        feed_time: the newest moment among their feeds.

    """

    mode: str
    modes: tuple[str, ...]
    currency: str
    left_out: tuple[str, ...]
    session: date | None
    feed_time: Micros | None
    today: float
    total: float
    fill_count: int
    strategies: tuple[StrategyPnl, ...]
    positions: tuple[OpenPosition, ...]
    fills: tuple[FillRow, ...]


def overview(home: Home, mode: str | None = None) -> Overview:
    """The portfolio in ``mode``; in the first of live, paper, replay and simulation that has a run where it is None.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.

    """
    ledger = _ledger(home)
    reporting = str(SettingsManager(home).get("platform.reporting_currency", "USD"))
    return _overview(ledger, mode, reporting, stamp(home))


def stamp(home: Home) -> tuple[object, ...]:
    """A value that changes when a fill, a commission or an equity point is recorded, and at midnight UTC."""
    _, rows = _ledger(home).query(_STAMP)
    return (*rows[0], now_text()[:10])


@lru_cache(maxsize=16)
def _overview(ledger: Ledger, mode: str | None, reporting: str, _stamp: tuple[object, ...]) -> Overview:
    # Cached: pages ask every other second, and adding up a year of fills takes longer than seeing that none came.
    rows = _dicts(ledger, _PNL)
    modes = tuple(sorted({row["mode"] for row in rows}, key=lambda name: _ORDER.get(name, len(_ORDER))))
    chosen = mode if mode and mode in modes else next(iter(modes), "")
    mine = [row for row in rows if row["mode"] == chosen]
    strategies = tuple(_strategy(row) for row in mine)
    currencies = sorted({row.currency for row in strategies}, key=lambda name: (name != reporting, name))
    currency = currencies[0] if currencies else reporting
    added = [row for row in strategies if row.currency == currency]
    session = max((row.session for row in added if row.session), default=None)
    return Overview(
        mode=chosen,
        modes=modes,
        currency=currency,
        left_out=tuple(currencies[1:]),
        session=session,
        feed_time=max((from_text(row["feed_time"]) for row in mine if row["feed_time"]), default=None),
        today=_sum(row.today for row in added if row.session == session),
        total=_sum(row.total for row in added),
        fill_count=sum(row.fills for row in strategies),
        strategies=strategies,
        positions=tuple(OpenPosition(*row) for row in ledger.query(_POSITIONS, [chosen])[1]),
        fills=_fills(ledger, chosen),
    )


def _fills(ledger: Ledger, mode: str) -> tuple[FillRow, ...]:
    """The newest fills by the feed's time, among those recorded last: the key finds these without a sort of all."""
    rows = (FillRow(from_text(row[0]), *row[1:]) for row in ledger.query(_FILLS, [mode, _RECORDED_LAST])[1])
    return tuple(sorted(rows, key=lambda fill: fill.time, reverse=True)[:LAST_FILLS])


def _strategy(row: dict[str, Any]) -> StrategyPnl:
    marked = row["equity_pnl"] is not None
    return StrategyPnl(
        strategy=row["strategy"],
        client=row["client"] or "",
        account=row["account"],
        currency=row["currency"],
        session=date.fromisoformat(row["feed_date"]) if row["feed_date"] else None,
        today=row["today_equity_change"] if marked else row["today_pnl"],
        realised=row["realized_pnl"],
        unrealised=round(row["equity_pnl"] - row["net_pnl"], 8) if marked else None,
        commission=row["commission"],
        total=row["equity_pnl"] if marked else row["net_pnl"],
        equity=row["last_equity"],
        fills=row["fills"],
    )


def _ledger(home: Home) -> Ledger:
    if not home.database.is_file():
        raise LedgerError(
            f"there is no ledger at {home.database}",
            hint="Starting the service makes it: quantstrip up. If the file was moved away, stop the service, "
            "put the file (or a backup of it) back, and start again.",
        )
    return open_ledger(home)


def _dicts(ledger: Ledger, sql: str, params: tuple[object, ...] = ()) -> list[dict[str, Any]]:
    columns, rows = ledger.query(sql, params)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _sum(amounts: Iterable[float]) -> float:
    return round(sum(amounts, 0.0), 8)
