"""What the portfolio did: PnL per strategy, curves, open positions, last fills.

Every amount is that of a view in ``schema/views``, or the sum of its rows, made by the database as the shipped query
``pnl.sql`` makes it: so it is to the cent what reports, SQL, Excel and mail say. Amounts of strategies are in the
reporting currency; sessions without a rate are left out and named. All of a picture comes from one read transaction
and, while replays move, ends with one session (see ``moment``).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from quantstrip.clock import Clock, Micros, system_clock, to_text
from quantstrip.home import Home
from quantstrip.ledger.query import Reading
from quantstrip.model.enums import Mode
from quantstrip.operations.curves import ALL_SESSIONS, Key, Sessions, curves_of, sessions_of
from quantstrip.operations.figures import Overview, Picture, StrategyPnl
from quantstrip.operations.holdings import held_positions, last_fills
from quantstrip.operations.ledger import REPORTING_CURRENCY, existing_ledger
from quantstrip.operations.moment import shown_session
from quantstrip.operations.rates import missing_rates
from quantstrip.operations.stamp import stamp_of

_ORDER: Final = {str(mode): place for place, mode in enumerate(Mode)}  # live first
_MODES: Final = "SELECT DISTINCT mode FROM v_strategy_pnl WHERE current_run = 1"
_FIGURES: Final = (  # ?1 is the mode, ?2 the last session that is shown; the row without a strategy is all together
    "WITH s AS MATERIALIZED (SELECT strategy, account, currency, client, "
    "CASE WHEN ?2 < '9999' AND feed_time IS NULL THEN '' WHEN feed_date > ?2 THEN ?2 ELSE feed_date END AS session "
    "FROM v_strategy_pnl "
    "WHERE mode = ?1 AND current_run = 1), "
    "g AS (SELECT strategy, account, currency, client, session FROM s "
    "UNION ALL SELECT NULL, '', '', '', MAX(session) FROM s), "
    "d AS MATERIALIZED (SELECT strategy, account, currency, trade_date, fills, rate, reporting_realized_pnl, "
    "reporting_unrealized_change, reporting_commission, reporting_total_pnl FROM v_daily_pnl "
    "WHERE mode = ?1 AND current_run = 1 AND trade_date <= ?2) "
    "SELECT g.strategy, g.account, g.currency, g.client, g.session, "
    "COALESCE(SUM(d.fills), 0) AS fills, COUNT(d.rate) AS rated, COUNT(d.trade_date) AS sessions, "
    "COALESCE(ROUND(SUM(d.reporting_realized_pnl), 8), 0.0) AS realised, "
    "COALESCE(ROUND(SUM(d.reporting_unrealized_change), 8), 0.0) AS unrealised, "
    "COALESCE(ROUND(SUM(d.reporting_commission), 8), 0.0) AS commission, "
    "COALESCE(ROUND(SUM(d.reporting_total_pnl), 8), 0.0) AS total, "
    # A strategy that has no session yet counts in no session, in its own row and in the portfolio's.
    "ROUND(SUM(CASE WHEN d.trade_date = g.session AND (g.strategy IS NOT NULL OR EXISTS (SELECT 1 FROM s "
    "WHERE s.strategy = d.strategy AND s.account = d.account AND s.currency = d.currency AND s.session <> '')) "
    "THEN d.reporting_total_pnl END), 8) AS today, "
    "COUNT(CASE WHEN d.trade_date = g.session AND d.rate IS NULL THEN 1 END) AS today_missing "
    "FROM g LEFT JOIN d ON g.strategy IS NULL "
    "OR (d.strategy = g.strategy AND d.account = g.account AND d.currency = g.currency) "
    "GROUP BY g.strategy, g.account, g.currency, g.client, g.session ORDER BY g.strategy, g.account, g.currency"
)
_AMOUNTS: Final = ("realised", "unrealised", "commission", "total")
_Row = dict[str, Any]
_seen: dict[tuple[Path, str | None], tuple[tuple[object, ...], Picture]] = {}
"""The last picture of each ledger and mode: pages ask every other second, and mostly nothing was recorded since."""


def picture(home: Home, mode: str | None = None, clock: Clock = system_clock) -> Picture:
    """The portfolio in ``mode``; in the first of live, paper, replay and simulation that has a run where it is None.

    ``clock`` says the wall time, by which runs count as moving and marks have an age.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.

    """
    ledger = existing_ledger(home)
    place = (ledger.path, mode)
    with ledger.reading() as read:
        now = clock.now()
        modes = tuple(sorted((row[0] for row in read.query(_MODES)[1]), key=lambda one: _ORDER.get(one, len(_ORDER))))
        chosen = mode if mode and mode in modes else next(iter(modes), "")
        session = shown_session(read, chosen, now)
        stamp = (*stamp_of(read), session, modes, to_text(now)[:10])
        seen = _seen.get(place)
        if seen is not None and seen[0] == stamp:
            return seen[1]
        made = _picture(read, chosen, modes, session, now)
    _seen[place] = (stamp, made)
    return made


def overview(home: Home, mode: str | None = None) -> Overview:
    """The figures of ``picture``."""
    return picture(home, mode).view


def _picture(read: Reading, mode: str, modes: tuple[str, ...], session: str | None, now: Micros) -> Picture:
    until = ALL_SESSIONS if session is None else session
    currency = str(read.query(REPORTING_CURRENCY)[1][0][0])
    sessions = sessions_of(read, mode, until)
    rows = list(read.dicts(_FIGURES, (mode, until)))
    together = next(row for row in rows if row["strategy"] is None)
    rows.remove(together)
    strategies = tuple(_strategy(row, sessions.get(_key(row))) for row in rows)
    portfolio = _together(together, currency, strategies)
    view = Overview(
        mode=mode,
        modes=modes,
        currency=currency,
        portfolio=portfolio,
        missing=missing_rates(read, mode, until) if together["rated"] < together["sessions"] else (),
        strategies=strategies,
        positions=held_positions(read, mode, session, now),
        fills=last_fills(read, mode, until),
    )
    return Picture(view, curves_of(read, mode, currency, sessions, portfolio.capital, until))


def _key(row: _Row) -> Key:
    return row["strategy"], row["account"], row["currency"]


def _strategy(row: _Row, sessions: Sessions | None) -> StrategyPnl:
    made = _figures(row, row["strategy"], row["currency"])
    if sessions is None:
        return made
    equity = sessions.equity[-1] if sessions.equity else None
    return replace(made, capital=sessions.capital, equity=equity, own_total=sessions.pnl[-1])


def _together(row: _Row, currency: str, strategies: Sequence[StrategyPnl]) -> StrategyPnl:
    """All strategies; a capital is the sum of theirs, where none is missing and all are in the reporting currency."""
    made = _figures(row, "Portfolio", currency)
    capitals = [each.capital for each in strategies if each.currency == currency and each.capital is not None]
    if not capitals or len(capitals) != len(strategies) or made.total is None:
        return made
    capital = sum(capitals)
    return replace(made, capital=capital, equity=round(capital + made.total, 8), own_total=made.total)


def _figures(row: _Row, name: str, currency: str) -> StrategyPnl:
    known = row["rated"] > 0 or row["sessions"] == 0
    amounts = {each: row[each] if known else None for each in _AMOUNTS}
    amounts["today"] = 0.0 if row["today"] is None and not row["today_missing"] else row["today"]
    session = date.fromisoformat(row["session"]) if row["session"] else None
    return StrategyPnl(name, row["client"] or "", row["account"], currency, session, fills=row["fills"], **amounts)
