"""What is held and what was filled last, up to the session that a screen shows."""

from collections.abc import Sequence
from typing import Any, Final

from quantstrip.clock import SECOND, Micros, from_text, to_text
from quantstrip.ledger.query import Reading
from quantstrip.operations.figures import FillRow, OpenPosition

LAST_FILLS: Final = 12
_RECORDED_LAST: Final = 400  # replays that started at different times record side by side
_RECENT_SECONDS: Final = 60  # wall time in which fills that are not shown yet were recorded; far more than it takes
_POSITIONS: Final = (
    "SELECT strategy, account, symbol, leg, position, avg_price, cost, currency, mark_price, mark_age_days, "
    "unrealized_pnl, mark_date, mark_source, strategy_run_id, strategy_id, contract_id, broker_id FROM v_positions "
    "WHERE mode = ? AND current_run = 1"
)
_MARK_THEN: Final = (  # the arithmetic of v_positions, with the mark that it had in an earlier session
    "SELECT k.price AS mark_price, CAST(julianday(?4) - julianday(k.trade_date) AS INTEGER) AS mark_age_days, "
    "ROUND(ROUND(t.position * k.price * t.multiplier, COALESCE(n.digits, 8)) - t.cost, 8) AS unrealized_pnl "
    "FROM run_mark k JOIN v_positions t ON t.strategy_run_id = k.strategy_run_id AND t.symbol = k.symbol "
    "LEFT JOIN reporting n ON n.currency = t.currency "
    "WHERE k.strategy_run_id = ?1 AND k.symbol = ?2 AND t.leg = ?3 AND k.trade_date <= ?4 "
    "ORDER BY k.trade_date DESC LIMIT 1"
)
_UNMARKED: Final = {"mark_price": None, "mark_age_days": None, "unrealized_pnl": None}
_POSITION_THEN: Final = (
    "SELECT position, avg_price, cost FROM v_position_history WHERE strategy_id = ? AND symbol = ? AND account = ? "
    "AND contract_id = ? AND leg = ? AND broker_id = ? AND mode = ? AND execution_seq < ? "
    "ORDER BY execution_seq DESC LIMIT 1"
)
_AHEAD: Final = (
    "SELECT seq_id, strategy, account, symbol, leg, currency, strategy_id, contract_id, broker_id FROM v_executions "
    "WHERE mode = ? AND current_run = 1 AND trade_date > ? AND seq_id > "
    "COALESCE((SELECT seq_id FROM execution WHERE create_time < ? ORDER BY seq_id DESC LIMIT 1), 0) ORDER BY seq_id"
)
_FILLS: Final = (
    "SELECT exec_time, strategy, symbol, side, quantity, price, commission, net_pnl, currency FROM v_executions "
    "WHERE mode = ? AND current_run = 1 AND trade_date <= ? ORDER BY seq_id DESC LIMIT ?"
)
_KEY: Final = ("strategy_id", "symbol", "account", "contract_id", "leg", "broker_id")
_SHOWN: Final = (
    "strategy", "account", "symbol", "leg", "position", "avg_price", "cost", "currency", "mark_price", "mark_age_days",
    "unrealized_pnl",
)  # fmt: skip
_Row = dict[str, Any]


def held_positions(read: Reading, mode: str, session: str | None, now: Micros) -> tuple[OpenPosition, ...]:
    """What is held; where fills of later sessions are recorded already, what was held before the first of them.

    A run that is ahead of the session has its positions valued as it valued them then.

    Args:
        session: the last one that is shown; None shows all.
        now: the wall's time.

    """
    held = {_key(row): row for row in read.dicts(_POSITIONS, (mode,))}
    for row in held.values():
        if session is not None and row["mark_source"] == "run" and row["mark_date"] > session:
            then = (row["strategy_run_id"], row["symbol"], row["leg"], session)
            row |= next(iter(read.dicts(_MARK_THEN, then)), _UNMARKED)
    first: dict[tuple[Any, ...], _Row] = {}
    for fill in _ahead(read, mode, session, now):
        first.setdefault(_key(fill), fill)
    for key, fill in first.items():
        held.pop(key, None)
        found = read.dicts(_POSITION_THEN, (*key, mode, fill["seq_id"]))
        if found and found[0]["position"]:
            held[key] = {**dict.fromkeys(_SHOWN), **fill, **found[0]}
    shown = (OpenPosition(*(row[name] for name in _SHOWN)) for row in held.values())
    return tuple(sorted(shown, key=lambda one: (one.strategy, one.symbol, one.leg)))


def last_fills(read: Reading, mode: str, until: str) -> tuple[FillRow, ...]:
    """The newest fills by the feed's time, among those recorded last: the key finds these without a sort of all."""
    rows = read.query(_FILLS, (mode, until, _RECORDED_LAST))[1]
    fills = (FillRow(from_text(row[0]), *row[1:]) for row in rows)
    return tuple(sorted(fills, key=lambda fill: fill.time, reverse=True)[:LAST_FILLS])


def _ahead(read: Reading, mode: str, session: str | None, now: Micros) -> Sequence[_Row]:
    """Fills that are recorded, but of later sessions than are shown; oldest first."""
    if session is None:
        return []
    return read.dicts(_AHEAD, (mode, session, to_text(now - _RECENT_SECONDS * SECOND)))


def _key(row: _Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)
