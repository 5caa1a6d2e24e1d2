"""What the portfolio did: PnL per strategy, equity curves, open positions, last fills.

Every amount is a column of a view in ``schema/views``; this module picks rows and adds up strategies of one mode and
one currency. All of a picture comes from one read transaction and, while replays move, from one moment of their feeds
(see ``moment``). Moments are microseconds since 1970 UTC, amounts are in the ``currency`` beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from quantstrip.clock import SECOND, Micros, from_text, now_text, system_clock, to_text
from quantstrip.config import SettingsManager
from quantstrip.errors import LedgerError
from quantstrip.home import Home
from quantstrip.ledger import Ledger, open_ledger
from quantstrip.ledger.query import Reading
from quantstrip.model.enums import Mode
from quantstrip.operations.curves import curves_of
from quantstrip.operations.figures import FillRow, OpenPosition, Overview, Picture, StrategyPnl
from quantstrip.operations.moment import Moment, shown_moment

LAST_FILLS: Final = 12
_RECORDED_LAST: Final = 400  # replays that started at different times record side by side
_RECENT_SECONDS: Final = 60  # wall time in which fills that are not shown yet were recorded; far more than it takes
_ORDER: Final = {str(mode): place for place, mode in enumerate(Mode)}  # live first
_STAMP: Final = (
    "SELECT (SELECT MAX(position_event_id) FROM position_event), (SELECT MAX(commission_id) FROM commission), "
    "(SELECT MAX(update_time) FROM strategy_run), (SELECT COUNT(*) FROM strategy_run)"
)
_MODES: Final = "SELECT DISTINCT mode FROM v_strategy_pnl WHERE current_run = 1"
_PNL: Final = (
    "SELECT mode, strategy, client, account, currency, feed_date, feed_time, realized_pnl, commission, net_pnl, fills, "
    "today_pnl, today_equity_change, equity_pnl, last_equity, initial_cash, strategy_run_id FROM v_strategy_pnl "
    "WHERE current_run = 1 ORDER BY strategy, account, currency"
)
_POSITIONS: Final = (
    "SELECT strategy, account, symbol, leg, position, avg_price, cost, last_fill_price, currency, "
    "strategy_id, contract_id, broker_id FROM v_positions WHERE mode = ? AND current_run = 1"
)
_POSITION_BEFORE: Final = (
    "SELECT position, avg_price, cost, trade_price FROM position_event WHERE strategy_id = ? AND symbol = ? "
    "AND mode = ? AND account = ? AND contract_id = ? AND leg = ? AND broker_id = ? AND execution_seq < ? "
    "ORDER BY execution_seq DESC LIMIT 1"
)
_FILLS: Final = (
    "SELECT exec_time, strategy, symbol, side, quantity, price, commission, net_pnl, currency, strategy_run_id "
    "FROM v_executions WHERE mode = ? AND current_run = 1 ORDER BY seq_id DESC LIMIT ?"
)
_RECENT: Final = (
    "SELECT seq_id, strategy_run_id, exec_time, strategy, account, symbol, leg, currency, realized_pnl, commission, "
    "net_pnl, strategy_id, contract_id, broker_id FROM v_executions WHERE mode = ? AND current_run = 1 AND seq_id > "
    "COALESCE((SELECT seq_id FROM execution WHERE create_time < ? ORDER BY seq_id DESC LIMIT 1), 0) ORDER BY seq_id"
)
_KEY: Final = ("strategy_id", "symbol", "account", "contract_id", "leg", "broker_id")
_ADDED: Final = ("realized_pnl", "commission", "net_pnl")
_SHOWN: Final = (
    "strategy", "account", "symbol", "leg", "position", "avg_price", "cost", "last_fill_price", "currency",
)  # fmt: skip
_FILL: Final = ("strategy", "symbol", "side", "quantity", "price", "commission", "net_pnl", "currency")
_Row = dict[str, Any]
_seen: dict[tuple[Path, str | None, str], tuple[tuple[object, ...], Picture]] = {}
"""The last picture of each ledger and mode: pages ask every other second, and mostly nothing was recorded since."""


def picture(home: Home, mode: str | None = None) -> Picture:
    """The portfolio in ``mode``; in the first of live, paper, replay and simulation that has a run where it is None.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.

    """
    ledger = _ledger(home)
    reporting = str(SettingsManager(home).get("platform.reporting_currency", "USD"))
    place = (ledger.path, mode, reporting)
    with ledger.reading() as read:
        now = system_clock.now()
        modes = tuple(sorted((row[0] for row in read.query(_MODES)[1]), key=lambda one: _ORDER.get(one, len(_ORDER))))
        chosen = mode if mode and mode in modes else next(iter(modes), "")
        moment = shown_moment(read, chosen, now)
        stamp = (*read.query(_STAMP)[1][0], moment, modes, now_text()[:10])
        seen = _seen.get(place)
        if seen is not None and seen[0] == stamp:
            return seen[1]
        view = _overview(read, chosen, modes, reporting, moment, now)
        names = frozenset((row.strategy, row.account) for row in view.strategies if row.currency == view.currency)
        made = Picture(view, curves_of(read, chosen, view.currency, names, moment.until))
    _seen[place] = (stamp, made)
    return made


def overview(home: Home, mode: str | None = None) -> Overview:
    """The figures of ``picture``."""
    return picture(home, mode).view


def _overview(
    read: Reading, mode: str, modes: tuple[str, ...], reporting: str, moment: Moment, now: Micros
) -> Overview:
    rows = [row for row in _dicts(read, _PNL) if row["mode"] == mode]
    ahead = _ahead(read, mode, moment, now)
    if moment.until is not None:
        rows = [_cut(read, row, moment, ahead) for row in rows]
    strategies = tuple(_strategy(row) for row in rows)
    currencies = sorted({row.currency for row in strategies}, key=lambda name: (name != reporting, name))
    currency = currencies[0] if currencies else reporting
    added = [row for row in strategies if row.currency == currency]
    session = max((row.session for row in added if row.session), default=None)
    return Overview(
        mode=mode,
        modes=modes,
        currency=currency,
        left_out=tuple(currencies[1:]),
        session=session,
        feed_time=max((from_text(row["feed_time"]) for row in rows if row["feed_time"]), default=None),
        today=_sum(row.today for row in added if row.session == session),
        total=_sum(row.total for row in added),
        fill_count=sum(row.fills for row in strategies),
        strategies=strategies,
        positions=_positions(read, mode, ahead),
        fills=_fills(read, mode, moment.cuts),
    )


def _ahead(read: Reading, mode: str, moment: Moment, now: Micros) -> list[_Row]:
    """Fills that are recorded, but later than what is shown of their run; oldest first."""
    cuts = moment.cuts
    if not cuts:
        return []
    since = to_text(now - _RECENT_SECONDS * SECOND)
    return [row for row in _dicts(read, _RECENT, (mode, since)) if _hidden(row["exec_time"], row, cuts)]


def _hidden(when: str, row: Mapping[str, Any], cuts: Mapping[int, str]) -> bool:
    cut = cuts.get(row["strategy_run_id"])
    return cut is not None and when > cut


def _cut(read: Reading, row: _Row, moment: Moment, ahead: Sequence[_Row]) -> _Row:
    """A strategy's row as it was at the shown moment: without the fills ahead of it, with the equity of then."""
    run = row["strategy_run_id"]
    if run not in moment.cuts:
        return row
    later = [fill for fill in ahead if (fill["strategy_run_id"], fill["currency"]) == (run, row["currency"])]
    equity = moment.equity(read, run)
    cut = row | {"fills": row["fills"] - len(later), "feed_time": moment.cuts[run] or None, "today_pnl": 0.0}
    cut |= {name: _sum([row[name], *(-fill[name] for fill in later)]) for name in _ADDED}
    if equity is None:
        return cut | {"feed_date": None, "equity_pnl": None, "last_equity": None}
    return cut | {
        "feed_date": equity.session,
        "last_equity": equity.value,
        "equity_pnl": round(equity.value - row["initial_cash"], 8),
        "today_equity_change": equity.today,
    }


def _positions(read: Reading, mode: str, ahead: Sequence[_Row]) -> tuple[OpenPosition, ...]:
    """What is held; where fills are ahead, what was held before the first of them."""
    held = {tuple(row[name] for name in _KEY): row for row in _dicts(read, _POSITIONS, (mode,))}
    first: dict[tuple[Any, ...], _Row] = {}
    for fill in ahead:
        first.setdefault(tuple(fill[name] for name in _KEY), fill)
    for key, fill in first.items():
        strategy_id, symbol, account, contract, leg, broker = key
        found = read.query(
            _POSITION_BEFORE, (strategy_id, symbol, mode, account, contract, leg, broker, fill["seq_id"])
        )[1]
        held.pop(key, None)
        if found and found[0][0]:
            held[key] = fill | dict(zip(("position", "avg_price", "cost", "last_fill_price"), found[0], strict=True))
    shown = (OpenPosition(*(row[name] for name in _SHOWN)) for row in held.values())
    return tuple(sorted(shown, key=lambda one: (one.strategy, one.symbol, one.leg)))


def _fills(read: Reading, mode: str, cuts: Mapping[int, str]) -> tuple[FillRow, ...]:
    """The newest fills by the feed's time, among those recorded last: the key finds these without a sort of all."""
    rows = [row for row in _dicts(read, _FILLS, (mode, _RECORDED_LAST)) if not _hidden(row["exec_time"], row, cuts)]
    fills = (FillRow(from_text(row["exec_time"]), *(row[name] for name in _FILL)) for row in rows)
    return tuple(sorted(fills, key=lambda fill: fill.time, reverse=True)[:LAST_FILLS])


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
        initial_cash=row["initial_cash"],
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


def _dicts(read: Reading, sql: str, params: tuple[object, ...] = ()) -> list[_Row]:
    columns, rows = read.query(sql, params)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _sum(amounts: Iterable[float]) -> float:
    return round(sum(amounts, 0.0), 8)
