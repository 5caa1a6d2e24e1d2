"""What the Reporting page draws of a report within one horizon: curves, falls, how returns are spread, months."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from quantstrip.operations.curves import Curve
from quantstrip.operations.reporting import Shown
from quantstrip.operations.reporting_cut import By
from quantstrip.report.catalogue import Floats
from quantstrip.report.drawdowns import drawdown_series
from quantstrip.report.metrics import daily_returns
from quantstrip.report.model import Scope
from quantstrip.report.periods import Days, Year

MOST_LINES: Final = 12
"""Lines that can be told apart; of more groups those that earned or lost most are drawn."""
_BINS: Final = 40
_TAIL: Final = 0.002  # what lies further out is counted at the edge


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one horizon, by session.

    Attributes:
        curves: net PnL since the horizon began, of each group, the benchmark and the portfolio.
        left_out: groups that are not drawn.
        days: the portfolio's sessions.
        falls: distance from the highest equity within the horizon: a fraction, money where there is no capital.
        share: whether ``falls`` and ``bins`` are fractions.
        bins: edges and counts of the daily returns, of daily PnL where there is no capital.

    """

    curves: tuple[Curve, ...]
    left_out: int
    days: tuple[str, ...]
    falls: tuple[float, ...]
    share: bool
    bins: tuple[tuple[float, float, int], ...]


def series(shown: Shown, horizon: str = "ALL") -> Series | None:
    """The curves of ``horizon``; None where it has no session."""
    total = shown.report.portfolio
    span = total.horizon(horizon)
    if span is None:
        return None
    first, last = np.datetime64(span.first, "D"), np.datetime64(span.last, "D")
    inside = (total.days >= first) & (total.days <= last)
    days, pnl = total.days[inside], total.pnl[inside]
    begin = int(np.argmax(inside))
    equity = total.equity[begin : begin + len(days) + 1]
    share = total.capital is not None
    falls = drawdown_series(equity)[1:] if share else _money_falls(pnl)
    spread = daily_returns(equity) if share else pnl
    chosen = sorted(shown.groups, key=lambda one: -abs(_net(one.scope, first, last)))[:MOST_LINES]
    drawn = {one.name for one in chosen}
    several = len(shown.groups) != 1 or bool(np.any(shown.rest))
    curves = [
        _curve(group.name, *_within(group.scope, first, last))
        for group in shown.groups
        if group.name in drawn and several
    ]
    if shown.market is not None:
        returns = np.nan_to_num(shown.market.returns(days))
        base = float(equity[0]) if share else 0.0
        gained = base * (np.cumprod(1.0 + np.append(0.0, returns[1:])) - 1.0)
        if share:
            curves.append(Curve(f"{shown.market.symbol} (benchmark)", _moments(days), _rounded(gained)))
    curves.append(_curve(total.name, days, pnl, portfolio=True))
    return Series(
        tuple(curves),
        len(shown.groups) - len(chosen),
        tuple(days.astype(str).tolist()),
        tuple(np.round(np.nan_to_num(falls), 6).tolist()),
        share,
        _bins(spread),
    )


def months(scope: Scope) -> tuple[Year, ...]:
    """Each year's months, newest year first: returns, or net PnL in money where there is no capital."""
    if scope.capital is not None:
        return scope.years
    number = scope.days.astype("datetime64[M]").astype(np.int64)
    found = []
    for year in np.unique(number // 12)[::-1]:
        own = [scope.pnl[number == year * 12 + month] for month in range(12)]
        whole = float(np.round(sum(each.sum() for each in own), 2))
        found.append(
            Year(int(year) + 1970, tuple(float(np.round(one.sum(), 2)) if len(one) else None for one in own), whole)
        )
    return tuple(found)


def _within(scope: Scope, first: np.datetime64, last: np.datetime64) -> tuple[Days, Floats]:
    inside = (scope.days >= first) & (scope.days <= last)
    return scope.days[inside], scope.pnl[inside]


def _net(scope: Scope, first: np.datetime64, last: np.datetime64) -> float:
    return float(_within(scope, first, last)[1].sum())


def _curve(name: str, days: Days, pnl: Floats, *, portfolio: bool = False) -> Curve:
    return Curve(name, _moments(days), _rounded(np.cumsum(pnl)), portfolio=portfolio)


def _moments(days: Days) -> tuple[int, ...]:
    return tuple(days.astype("datetime64[us]").astype(np.int64).tolist())


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(np.round(values, 2).tolist())


def _money_falls(pnl: Floats) -> Floats:
    """Distance of the PnL so far from its highest, in money; it begins at zero."""
    gained = np.concatenate(([0.0], np.cumsum(pnl)))
    falls: Floats = (gained - np.maximum.accumulate(gained))[1:]
    return falls


def _bins(values: Floats) -> tuple[tuple[float, float, int], ...]:
    """How often values fell into each of equal bins, one of which begins at zero."""
    known = values[np.isfinite(values)]
    if not len(known):
        return ()
    low, high = float(np.quantile(known, _TAIL)), float(np.quantile(known, 1.0 - _TAIL))
    width = max((high - low) / _BINS, 1e-9)
    edges = np.arange(np.floor(low / width), np.ceil(high / width) + 2) * width
    counts = np.histogram(np.clip(known, edges[0], edges[-1]), edges)[0]
    return tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True))


def rest_of(shown: Shown, horizon: str) -> float:
    """Net PnL within a horizon that belongs to none of the breakdown's groups; 0.0 for strategies."""
    total = shown.report.portfolio
    span = total.horizon(horizon)
    if span is None:
        return 0.0
    days = total.days.astype(str)
    inside = (days >= span.first.isoformat()) & (days <= span.last.isoformat())
    return round(float(shown.rest[inside].sum()), 2)


def rest_name(by: By) -> str:
    """What that rest is called."""
    return "open or in part closed" if by == "tag" else "not to be told apart"
