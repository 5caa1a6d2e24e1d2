"""Curves of the portfolio: cumulative PnL and equity of each strategy, and of all together."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from quantstrip.clock import Micros, from_text
from quantstrip.ledger.query import Reading

MOST_POINTS: Final = 800
"""Points of one curve: more than a screen has columns for."""
_MOST_READ: Final = 20_000
"""Points of all curves that are read before the database thins them."""
_PREFIXES: Final = (19, 16, 13, 10)  # of a time's text: its second, minute, hour, day
_ALL: Final = "9999"  # later than any time, as text
_COUNT: Final = (
    "SELECT COUNT(*) FROM (SELECT 1 FROM v_equity WHERE mode = ? AND current_run = 1 AND event_time <= ? "
    "GROUP BY strategy_run_id, substr(event_time, 1, ?))"
)
_EQUITY: Final = (
    "SELECT strategy, account, initial_cash, MAX(event_time), equity, pnl FROM v_equity "
    "WHERE mode = ? AND current_run = 1 AND event_time <= ? GROUP BY strategy_run_id, substr(event_time, 1, ?) "
    "ORDER BY strategy_run_id, 4"
)
_REALISED: Final = (
    "SELECT strategy, account, MAX(exec_time), SUM(net_pnl) FROM v_executions "
    "WHERE mode = ? AND current_run = 1 AND currency = ? AND strategy_run_id IS NULL "
    "GROUP BY strategy, account, trade_date ORDER BY strategy, account, 3"
)


@dataclass(frozen=True, slots=True)
class Curve:
    """Cumulative PnL after commission, and equity where it is recorded (else empty), at ``times``.

    ``portfolio`` marks the sum of all: a strategy counts with its last value, and with 0 before its first.
    """

    name: str
    times: tuple[Micros, ...]
    pnl: tuple[float, ...]
    equity: tuple[float, ...] = ()
    portfolio: bool = False


def curves_of(
    read: Reading, mode: str, currency: str, names: frozenset[tuple[str, str]], until: str | None = None
) -> tuple[Curve, ...]:
    """One curve per strategy and account in ``names``, then the portfolio's where there are several.

    A strategy whose client books its own fills has no equity; its curve is its realised PnL by session. Long curves
    are thinned to the lowest and the highest point of each stretch, so that no drawdown is lost.

    Args:
        currency: of the realised PnL that is added.
        until: UTC text; later equity is left out. None takes all.

    """
    made: dict[tuple[str, str], _Points] = {}
    for strategy, account, initial, moment, equity, pnl in _equity_rows(read, mode, until or _ALL):
        if (strategy, account) in names:
            made.setdefault((strategy, account), _Points(initial)).add(from_text(moment), pnl, equity)
    for strategy, account, moment, pnl in read.query(_REALISED, [mode, currency])[1]:
        points = made.setdefault((strategy, account), _Points())
        if not points.equity:
            points.add(from_text(moment), round(pnl + (points.pnl[-1] if points.pnl else 0.0), 8))
    several = len({strategy for strategy, _ in names}) != len(names)
    curves = [
        points.curve(f"{strategy} ({account})" if several else strategy)
        for (strategy, account), points in sorted(made.items())
    ]
    cash = sum(points.cash for points in made.values())
    if len(curves) > 1:
        curves.append(_portfolio(curves, cash))
    return tuple(_thinned(curve) for curve in curves)


@dataclass(slots=True)
class _Points:
    """A curve while it grows; ``cash`` is what its run began with."""

    cash: float = 0.0
    times: list[Micros] = field(default_factory=list)
    pnl: list[float] = field(default_factory=list)
    equity: list[float] = field(default_factory=list)

    def add(self, moment: Micros, pnl: float, equity: float | None = None) -> None:
        self.times.append(moment)
        self.pnl.append(pnl)
        if equity is not None:
            self.equity.append(equity)

    def curve(self, name: str) -> Curve:
        return Curve(name, tuple(self.times), tuple(self.pnl), tuple(self.equity))


def _equity_rows(read: Reading, mode: str, until: str) -> Sequence[tuple[Any, ...]]:
    """Equity points, thinned to the last one of a minute, an hour or a day where there are too many."""
    prefix = _PREFIXES[-1]
    for prefix in _PREFIXES:
        if read.query(_COUNT, [mode, until, prefix])[1][0][0] <= _MOST_READ:
            break
    return read.query(_EQUITY, [mode, until, prefix])[1]


def _portfolio(curves: Sequence[Curve], cash: float) -> Curve:
    times = tuple(sorted({moment for curve in curves for moment in curve.times}))
    pnl = tuple(round(sum(_value(curve, moment) for curve in curves), 8) for moment in times)
    equity = tuple(round(cash + value, 8) for value in pnl) if all(curve.equity for curve in curves) else ()
    return Curve("Portfolio", times, pnl, equity, portfolio=True)


def _thinned(curve: Curve) -> Curve:
    size = len(curve.times)
    if size <= MOST_POINTS:
        return curve
    stretches = MOST_POINTS // 2 - 1
    kept = {0, size - 1}
    for number in range(stretches):
        stretch = range(number * size // stretches, (number + 1) * size // stretches)
        kept |= {min(stretch, key=curve.pnl.__getitem__), max(stretch, key=curve.pnl.__getitem__)}
    places = sorted(kept)
    times, pnl = tuple(curve.times[place] for place in places), tuple(curve.pnl[place] for place in places)
    equity = tuple(curve.equity[place] for place in places) if curve.equity else ()
    return replace(curve, times=times, pnl=pnl, equity=equity)


def _value(curve: Curve, moment: Micros) -> float:
    place = bisect_right(curve.times, moment)
    return curve.pnl[place - 1] if place else 0.0
