"""One round trip with all that is known of it: orders and statuses, fills, fees, the code that made it, its bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from quantstrip.bars import BarStore, BarTable, read_csv, timeframe_of
from quantstrip.bars.barfile import find
from quantstrip.clock import DAY, SECOND, Micros, from_text
from quantstrip.errors import DataError, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger.query import Reading
from quantstrip.model import TIMEFRAMES
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.marks import bar_folders, bars_name
from quantstrip.operations.settings import manager_of

AROUND: Final = 60
"""Bars shown before the first fill and after the last."""
_MOST_BARS: Final = 20_000
_SHOWN: Final = 10
"""Bars that a trade should last, so that its chart shows more than a line."""
_CLOSED: Final = (
    "SELECT mode, strategy, broker, account, symbol, contract_id, leg, side, opened, closed, quantity, max_quantity, "
    "avg_entry, avg_exit, currency, gross_pnl, commission, net_pnl, trade_return, mae, mfe, reporting_currency, "
    "reporting_net_pnl, run_key, client, current_run, strategy_run_id FROM v_trades WHERE trade_id = ?"
)
_OPEN: Final = (
    "SELECT mode, strategy, broker, account, symbol, contract_id, leg, "
    "CASE WHEN position > 0 THEN 'LONG' ELSE 'SHORT' END, opened, NULL, ABS(position), NULL, avg_price, NULL, "
    "currency, realized_pnl + COALESCE(unrealized_pnl, 0.0), commission, "
    "ROUND(realized_pnl + unrealized_pnl - commission, 8), NULL, NULL, NULL, reporting_currency, "
    "ROUND((realized_pnl + unrealized_pnl - commission) * rate, 2), run_key, client, current_run, strategy_run_id "
    "FROM v_positions WHERE trade_id = ?"
)
_FLIP: Final = (  # the fill that closed this trade and opened the next: it is linked to that one
    "SELECT f.execution_seq FROM round_trip t JOIN position_event p ON p.strategy_id = t.strategy_id "
    "AND p.symbol = t.symbol AND p.mode = t.mode AND p.account = t.account AND p.contract_id = t.contract_id "
    "AND p.leg = t.leg AND p.broker_id IS t.broker_id AND p.execution_seq > t.trade_id "
    "JOIN trade_fill f ON f.execution_seq = p.execution_seq "
    "WHERE t.trade_id = ?1 AND f.closed_trade_id = ?1 LIMIT 1"
)
_OWN: Final = "SELECT execution_seq FROM trade_fill WHERE trade_id = ? ORDER BY execution_seq"
_FILLS: Final = (
    "SELECT v.exec_id, v.order_id, v.exec_time, v.side, v.quantity, v.price, v.commission, v.net_pnl, v.event_type, "
    "COALESCE(v.group_label, ''), COALESCE(CASE WHEN json_valid(x.metadata) THEN "
    "json_extract(x.metadata, '$.note') END, ''), COALESCE(v.code_hash, ''), v.entry "
    "FROM v_executions v JOIN execution x ON x.seq_id = v.seq_id "
    "WHERE v.seq_id IN ({}) ORDER BY v.exec_time, v.seq_id"
)
_ORDERS: Final = (
    "SELECT order_id, event_time, side, order_type, total_quantity, limit_price, stop_price, status, filled_quantity, "
    "avg_fill_price, COALESCE(reason, ''), parent_order_id FROM v_orders WHERE seq_id IN "
    "(SELECT seq_id FROM orders WHERE order_id IN ({0}) "
    "OR (order_id BETWEEN ? AND ? AND parent_order_id IN ({0}))) ORDER BY order_id"
)
_STATUSES: Final = (
    "SELECT order_id, status, event_time, filled_quantity, COALESCE(reason_held, '') FROM order_status "
    "WHERE order_id IN ({}) ORDER BY order_status_id"
)
_INTENDED: Final = "SELECT group_label FROM strategy_event WHERE order_id IN ({}) AND group_label IS NOT NULL"
_MULTIPLIER: Final = "SELECT multiplier FROM round_trip WHERE trade_id = ?"
_RUN: Final = "SELECT code_hash, parameters, feed FROM strategy_run WHERE strategy_run_id = ?"
_LEGS_AFTER: Final = 20
"""A bracket's orders follow the one they protect at once."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A round trip; amounts in ``currency``, times UTC text. While it is open, ``closed`` and what follows is None.

    Attributes:
        gross_pnl, net_pnl: with the unrealised part while it is open.
        mae, mfe: worst and best unrealised result by daily bars; None where there are none.
        code_hash: the code that made it, "" where it was no client's run.

    """

    mode: str
    strategy: str
    broker: str | None
    account: str
    symbol: str
    contract_id: str
    leg: str
    side: str
    opened: str
    closed: str | None
    quantity: float
    max_quantity: float | None
    avg_entry: float
    avg_exit: float | None
    currency: str
    gross_pnl: float | None
    commission: float
    net_pnl: float | None
    trade_return: float | None
    mae: float | None
    mfe: float | None
    reporting_currency: str
    reporting_net_pnl: float | None
    run_key: str | None
    client: str | None
    current_run: int
    code_hash: str = ""
    parameters: str = ""
    feed: str = ""


@dataclass(frozen=True, slots=True)
class TradeFill:
    """An execution with its fees; ``tag`` and ``note`` as they were given."""

    exec_id: str
    order_id: int | None
    exec_time: str
    side: str
    quantity: float
    price: float
    commission: float
    net_pnl: float | None
    event: str | None
    tag: str
    note: str
    code_hash: str
    entry: str


@dataclass(frozen=True, slots=True)
class TradeOrder:
    """An order as it is now; ``parent`` is the order that it protects."""

    order_id: int
    event_time: str | None
    side: str
    order_type: str | None
    quantity: float
    limit_price: float | None
    stop_price: float | None
    status: str
    filled: float | None
    avg_price: float | None
    reason: str
    parent: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """What became of an order, and when."""

    order_id: int
    status: str
    time: str
    filled: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class TradePage:
    """All that the ledger knows of a round trip; ``tags`` of its fills and orders, the opening one's first.

    ``multiplier`` is money per point and unit.
    """

    trade_id: int
    facts: Facts
    fills: tuple[TradeFill, ...]
    orders: tuple[TradeOrder, ...]
    statuses: tuple[Status, ...]
    tags: tuple[str, ...]
    multiplier: float = 1.0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person wrote beside its fills."""
        return tuple(dict.fromkeys(fill.note for fill in self.fills if fill.note))


@dataclass(frozen=True, slots=True, eq=False)
class TradeBars:
    """Bars around a trade and the file they come from; ``why`` says why there are none."""

    table: BarTable | None
    source: str = ""
    why: str = ""


def trade(home: Home, trade_id: int) -> TradePage:
    """The round trip ``trade_id``, which ``v_trades`` and ``v_positions`` name.

    Raises:
        UnknownRecord: there is none.
        LedgerError: there is no ledger, or it cannot be read.

    """
    with existing_ledger(home).reading() as read:
        found = read.query(_CLOSED, (trade_id,))[1] or read.query(_OPEN, (trade_id,))[1]
        if not found:
            raise UnknownRecord(
                f"no round trip has the id {trade_id}",
                hint="The list of trades on the page Reporting has them all; a correction may have made another of it.",
            )
        *facts, run = found[0]
        code = (read.query(_RUN, (run,))[1] or [("", "", "")])[0] if run is not None else ("", "", "")
        seqs = [row[0] for row in (*read.query(_OWN, (trade_id,))[1], *read.query(_FLIP, (trade_id,))[1])]
        multiplier = float(read.query(_MULTIPLIER, (trade_id,))[1][0][0])
        fills = tuple(TradeFill(*row) for row in read.query(_FILLS.format(_marks(seqs)), seqs)[1])
        orders, statuses, intended = _orders(read, sorted({one.order_id for one in fills if one.order_id is not None}))
    tags = [fill.tag for fill in fills if fill.tag] + intended
    return TradePage(trade_id, Facts(*facts, *code), fills, orders, statuses, tuple(dict.fromkeys(tags)), multiplier)


def bars_around(home: Home, page: TradePage) -> TradeBars:
    """Bars of the instrument from before the first fill to after the last, from the home's files and its bar store.

    The client's own folder comes first, then those that ``mtm_prices`` reads; the first that covers the trade decides.
    """
    facts = page.facts
    first, last = from_text(page.fills[0].exec_time), from_text(page.fills[-1].exec_time)
    with existing_ledger(home).reading() as read:
        name, calendar = bars_name(read, facts.symbol, facts.contract_id)
    refused = []
    for folder in _folders(home, facts.client or ""):
        path = find(folder, name)
        try:
            if path is None:
                stored = _stored(folder, name, first, last)
                if stored is None:
                    continue
                table, source = stored, stored.source
            else:
                stat = path.stat()
                table, source = _read(path, facts.symbol, calendar, stat.st_mtime_ns, stat.st_size), path.name
        except (DataError, OSError) as error:
            refused.append(str(error))
            continue
        start, stop = int(table.ts.searchsorted(first)), int(table.ts.searchsorted(last, side="right"))
        if start < len(table) and stop > 0:
            begin = max(0, start - AROUND)
            return TradeBars(table.rows(begin, min(len(table), stop + AROUND, begin + _MOST_BARS)), source)
        refused.append(f"{source} does not reach this trade.")
    why = " ".join(refused) or f"No file {name}.csv lies in the home's bar folders; data/bars is one."
    return TradeBars(None, why=why)


def _stored(folder: Path, name: str, first: Micros, last: Micros) -> BarTable | None:
    """Bars around a trade of the store that lies in the folder, in the coarsest timeframe that shows it; or None."""
    store = BarStore(folder)
    there = store.timeframes(name)
    if not there:
        return None
    fits = [each for each in there if TIMEFRAMES[each] * SECOND * _SHOWN <= last - first]
    timeframe = fits[-1] if fits else there[0]
    margin = max(14 * DAY, 4 * AROUND * TIMEFRAMES[timeframe] * SECOND)  # nights and weekends lie between
    return store.read(name, timeframe, first - margin, last + margin)


def excursions(page: TradePage, bars: TradeBars) -> tuple[float | None, float | None]:
    """Worst and best unrealised result (MAE, MFE): those of ``v_trades``, or by the same rule from ``bars``.

    The bars from the first fill to the last count whole; a trade that goes on counts to the newest bar.
    """
    facts, table = page.facts, bars.table
    if (facts.mae is not None and facts.mfe is not None) or table is None:
        return facts.mae, facts.mfe
    first, last = from_text(page.fills[0].exec_time), from_text(page.fills[-1].exec_time)
    inside = (table.ts >= first) & ((table.ts_open <= last) | (facts.closed is None))
    if not inside.any():
        return None, None
    units = (facts.max_quantity or facts.quantity) * page.multiplier
    down, up = float(table.low[inside].min()) - facts.avg_entry, float(table.high[inside].max()) - facts.avg_entry
    worst, best = (down, up) if facts.side == "LONG" else (-up, -down)
    return round(min(0.0, worst) * units, 8), round(max(0.0, best) * units, 8)


def _folders(home: Home, client: str) -> list[Path]:
    own = manager_of(home).get(f"clients.{client}.bars", "") if client else ""
    first = [home.root / Path(str(own)).expanduser()] if own else []
    return [each for each in dict.fromkeys([*first, *bar_folders(home)]) if each.is_dir()]


@lru_cache(maxsize=8)
def _read(path: Path, symbol: str, calendar: str, _changed: int, _size: int) -> BarTable:
    """The file's bars; read again when it changed."""
    return read_csv(path, symbol, timeframe_of(path) or "1d", calendar, gaps="accept")


def _orders(read: Reading, ids: Sequence[int]) -> tuple[tuple[TradeOrder, ...], tuple[Status, ...], list[str]]:
    if not ids:
        return (), (), []
    marks = _marks(ids)
    found = read.query(_ORDERS.format(marks), (*ids, ids[0], ids[-1] + _LEGS_AFTER, *ids))[1]
    orders = tuple(TradeOrder(*row) for row in found)
    known = [one.order_id for one in orders]
    statuses = tuple(Status(*row) for row in read.query(_STATUSES.format(_marks(known)), known)[1])
    return orders, statuses, [str(row[0]) for row in read.query(_INTENDED.format(marks), ids)[1]]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
