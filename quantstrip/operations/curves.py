"""Curves of the portfolio: cumulative PnL and equity of each strategy by session, and of all together.

Points are rows of ``v_equity_daily`` and ``v_portfolio_daily``. In the very first session, which is one point there,
they are those of ``v_equity``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from quantstrip.clock import Micros, from_text
from quantstrip.ledger.query import Reading

MOST_POINTS: Final = 800
"""Points of one curve: more than a screen has columns for."""
_SAME: Final = 0.01
"""Recorded equity differs by less than a cent from the views' total, unless the account had other runs before."""
ALL_SESSIONS: Final = "9999"
"""Later than any session's date, as text."""
_SESSIONS: Final = (
    "SELECT strategy, account, currency, trade_date, cumulative_pnl, capital, equity FROM v_equity_daily "
    "WHERE mode = ? AND current_run = 1 AND trade_date <= ? ORDER BY strategy, account, currency, trade_date"
)
_PORTFOLIO: Final = (
    "SELECT trade_date, cumulative_pnl FROM v_portfolio_daily WHERE mode = ? AND trade_date <= ? "
    "AND cumulative_pnl IS NOT NULL ORDER BY trade_date"
)
_MINUTES: Final = (  # the last point of each minute
    "SELECT strategy, account, MAX(event_time), pnl, equity FROM v_equity v WHERE mode = ? AND current_run = 1 "
    "AND event_time <= (SELECT MAX(d.event_time) FROM equity_day d "
    "WHERE d.strategy_run_id = v.strategy_run_id AND d.trade_date <= ?) "
    "GROUP BY strategy_run_id, substr(event_time, 1, 16) ORDER BY strategy, account, 3"
)
Key = tuple[str, str, str]
"""Strategy, account, currency."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Cumulative PnL after commission, and equity where capital is known (else empty), at ``times``.

    ``portfolio`` marks all together. Times of a curve ``by_session`` are midnights UTC of trade dates.
    """

    name: str
    times: tuple[Micros, ...]
    pnl: tuple[float, ...]
    equity: tuple[float, ...] = ()
    portfolio: bool = False
    by_session: bool = True


@dataclass(frozen=True, slots=True)
class Sessions:
    """A strategy's sessions: dates, cumulative PnL and, where ``capital`` is known, equity; in its own currency."""

    dates: tuple[str, ...]
    pnl: tuple[float, ...]
    equity: tuple[float, ...]
    capital: float | None


def sessions_of(read: Reading, mode: str, until: str = ALL_SESSIONS) -> dict[Key, Sessions]:
    """The sessions of each strategy up to ``until``, by strategy, account and currency."""
    rows: dict[Key, list[tuple[Any, ...]]] = {}
    for strategy, account, currency, *row in read.query(_SESSIONS, [mode, until])[1]:
        rows.setdefault((strategy, account, currency), []).append(tuple(row))
    return {key: _sessions(found) for key, found in rows.items()}


def curves_of(
    read: Reading, mode: str, currency: str, sessions: dict[Key, Sessions], capital: float | None, until: str
) -> tuple[Curve, ...]:
    """One curve per strategy and account whose currency is the reporting one, then the portfolio's.

    The portfolio's, which holds every strategy converted, is there unless the one strategy is all there is. It goes
    on without what has no rate. Long curves are thinned to the lowest and the highest point of each
    stretch, so that no drawdown is lost.

    Args:
        currency: the reporting currency.
        capital: of the portfolio; None where it is not known.
        until: the last session that is shown.

    """
    several = len({key[0] for key in sessions}) != len(sessions)
    label = {key: f"{key[0]} ({key[1]})" if several else key[0] for key in sessions}
    own = {key: found for key, found in sessions.items() if key[2] == currency}
    if len({day for found in sessions.values() for day in found.dates}) == 1:
        minutes = [
            curve
            for curve, total in _first_session(
                read, mode, until, {key[:2]: (label[key], own[key].pnl[-1]) for key in own}
            )
            if abs(curve.pnl[-1] - total) < _SAME
        ]
        if minutes:
            return tuple(minutes)
    curves = [_curve(label[key], found.dates, found.pnl, found.equity) for key, found in own.items()]
    if len(curves) != 1 or len(sessions) != 1:
        curves.extend(_portfolio(read.query(_PORTFOLIO, [mode, until])[1], capital))
    return tuple(curves)


def _sessions(rows: Sequence[tuple[Any, ...]]) -> Sessions:
    dates, pnl, capital, equity = zip(*rows, strict=True)
    known = capital[-1]
    return Sessions(dates, pnl, equity if known is not None else (), known)


def _first_session(
    read: Reading, mode: str, until: str, named: dict[tuple[str, str], tuple[str, float]]
) -> Iterable[tuple[Curve, float]]:
    """What was recorded within the only session, with the total it should end at; nothing where that is one moment."""
    rows: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for strategy, account, *row in read.query(_MINUTES, [mode, until])[1]:
        if (strategy, account) in named:
            rows.setdefault((strategy, account), []).append(tuple(row))
    if max(map(len, rows.values()), default=0) < 2:
        return
    for key, found in rows.items():
        times, pnl, equity = zip(*found, strict=True)
        name, total = named[key]
        yield Curve(name, tuple(map(from_text, times)), pnl, equity, by_session=False), total


def _portfolio(rows: Sequence[tuple[Any, ...]], capital: float | None) -> Iterable[Curve]:
    if rows:
        dates, pnl = zip(*rows, strict=True)
        equity = () if capital is None else tuple(round(capital + value, 8) for value in pnl)
        yield replace(_curve("Portfolio", dates, pnl, equity), portfolio=True)


def _curve(name: str, times: Sequence[str], pnl: Sequence[float], equity: Sequence[float]) -> Curve:
    """A curve by session, thinned to what a screen can show."""
    places = _kept(pnl)
    moments = tuple(from_text(times[place]) for place in places)
    return Curve(name, moments, tuple(pnl[place] for place in places), tuple(equity[at] for at in places if equity))


def _kept(pnl: Sequence[float]) -> Sequence[int]:
    """Which points to draw: all, or the first, the last and the extremes of each stretch."""
    size = len(pnl)
    if size <= MOST_POINTS:
        return range(size)
    stretches = MOST_POINTS // 2 - 1
    kept = {0, size - 1}
    for number in range(stretches):
        stretch = range(number * size // stretches, (number + 1) * size // stretches)
        kept |= {min(stretch, key=pnl.__getitem__), max(stretch, key=pnl.__getitem__)}
    return sorted(kept)
