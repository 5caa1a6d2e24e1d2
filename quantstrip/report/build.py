"""From daily PnL and round trips to a ``Report``: pure, nothing is read here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from quantstrip.report.catalogue import Floats, Sample, measure_all
from quantstrip.report.drawdowns import deepest_drawdowns, drawdown_series
from quantstrip.report.metrics import CALENDAR_DAYS, TRADING_DAYS, daily_returns, rolling_sharpe
from quantstrip.report.model import PORTFOLIO, Day, Fall, Horizon, Position, Report, Scope, Trade
from quantstrip.report.periods import HORIZONS, Days, horizon_start, yearly_table
from quantstrip.report.trades import held_days
from quantstrip.report.versus import correlation


def no_days() -> Days:
    """An empty array of days."""
    return np.empty(0, dtype="datetime64[D]")


@dataclass(frozen=True, slots=True, eq=False)
class Trips:
    """Every round trip as columns of one length: result after costs, seconds held, first and last day."""

    pnl: Floats = field(default_factory=lambda: np.empty(0))
    seconds: Floats = field(default_factory=lambda: np.empty(0))
    entered: Days = field(default_factory=no_days)
    left: Days = field(default_factory=no_days)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What one strategy did, day by day.

    Attributes:
        capital: money it began with; None where it has none.
        always_open: its market never closes: 365 returns a year.
        days: sessions, ascending, those without a trade among them.
        pnl, traded: net PnL and value bought plus sold, for each session.
        trips: its round trips.
        open_since: the day on which each open position was opened.

    """

    name: str
    capital: float | None
    days: Days
    pnl: Floats
    traded: Floats
    trips: Trips = field(default_factory=Trips)
    open_since: Days = field(default_factory=no_days)
    always_open: bool = False

    @property
    def periods(self) -> int:
        """Daily returns in a year."""
        return CALENDAR_DAYS if self.always_open else TRADING_DAYS


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark:
    """Closing prices that alpha and beta refer to; days ascending."""

    symbol: str
    days: Days
    closes: Floats

    def returns(self, days: Days) -> Floats:
        """Return over each of ``days`` since the one before; NaN where a price is missing, and over the first."""
        if not len(self.days) or not len(days):
            return np.full(len(days), np.nan)
        place = np.searchsorted(self.days, days, side="right") - 1
        known = (place >= 0) & (days - self.days[np.maximum(place, 0)] <= np.timedelta64(7, "D"))
        prices = np.where(known, self.closes[np.maximum(place, 0)], np.nan)
        changes: Floats = np.append(np.nan, prices[1:] / prices[:-1] - 1.0)
        return changes


def build_report(
    histories: Sequence[History],
    *,
    mode: str,
    currency: str,
    created: str,
    title: str = "Portfolio report",
    daily: Sequence[Day] = (),
    trades: Sequence[Trade] = (),
    positions: Sequence[Position] = (),
    benchmark: Benchmark | None = None,
    notes: Sequence[str] = (),
    as_of: date | None = None,
) -> Report:
    """Measure the strategies and all of them together.

    Args:
        histories: one a strategy; the portfolio is the sum of those that have a session.
        daily, trades, positions: rows to show, as they are; figures are of the histories alone.
        as_of: the last session; the newest of all where None.

    """
    ordered = sorted(histories, key=lambda each: each.name)
    total = together([each for each in ordered if len(each.days)])
    last = as_of or (_date(total.days[-1]) if len(total.days) else date.fromisoformat(created[:10]))
    strategies = tuple(_scope(each, last, benchmark) for each in ordered)
    return Report(
        title=title,
        mode=mode,
        currency=currency,
        as_of=last,
        created=created,
        portfolio=_scope(total, last, benchmark),
        strategies=strategies,
        daily=tuple(daily),
        trades=tuple(trades),
        trade_total=len(total.trips.pnl),
        positions=tuple(positions),
        correlation=_correlation(strategies),
        benchmark=benchmark.symbol if benchmark else "",
        notes=tuple(notes),
    )


def together(histories: Sequence[History]) -> History:
    """All strategies as one: sums on the union of their sessions, capital where each has some."""
    days = np.unique(np.concatenate([no_days(), *(each.days for each in histories)]))
    pnl, traded = np.zeros(len(days)), np.zeros(len(days))
    for each in histories:
        place = np.searchsorted(days, each.days)
        pnl[place] += each.pnl
        traded[place] += each.traded
    capitals = [each.capital for each in histories if each.capital is not None]
    trips = [each.trips for each in histories]
    return History(
        PORTFOLIO,
        sum(capitals) if capitals and len(capitals) == len(histories) else None,
        days,
        np.round(pnl, 8),
        traded,
        Trips(
            np.concatenate([np.empty(0), *(one.pnl for one in trips)]),
            np.concatenate([np.empty(0), *(one.seconds for one in trips)]),
            np.concatenate([no_days(), *(one.entered for one in trips)]),
            np.concatenate([no_days(), *(one.left for one in trips)]),
        ),
        np.concatenate([no_days(), *(each.open_since for each in histories)]),
        any(each.always_open for each in histories),
    )


def equity_of(history: History) -> Floats:
    """Capital, then capital plus the PnL so far at each session's close; from 0 where there is no capital."""
    begun = history.capital or 0.0
    equity: Floats = np.round(begun + np.concatenate(([0.0], np.cumsum(history.pnl))), 8)
    return equity


def _scope(history: History, last: date, benchmark: Benchmark | None) -> Scope:
    equity = equity_of(history)
    falls = drawdown_series(equity)
    rolling = rolling_sharpe(equity, periods=history.periods)
    size = len(history.days)
    return Scope(
        name=history.name,
        capital=history.capital,
        periods=history.periods,
        days=history.days,
        pnl=history.pnl,
        equity=equity,
        drawdown=falls[1:] if len(falls) else np.full(size, np.nan),
        rolling_sharpe=np.concatenate((rolling, np.full(size - len(rolling), np.nan))),
        horizons=_horizons(history, equity, last, benchmark),
        years=yearly_table(history.days, equity),
        falls=_falls(history.days, equity),
    )


def _horizons(history: History, equity: Floats, last: date, benchmark: Benchmark | None) -> tuple[Horizon, ...]:
    held_until = np.full(len(history.open_since), np.datetime64(last, "D"))
    held = held_days(
        history.days,
        np.concatenate((history.trips.entered, history.open_since)),
        np.concatenate((history.trips.left, held_until)),
    )
    market = benchmark.returns(history.days) if benchmark else np.empty(0)
    end = int(np.searchsorted(history.days, np.datetime64(last, "D"), side="right"))
    found: list[Horizon] = []
    for name in HORIZONS:
        before = horizon_start(last, name)
        first = 0 if before is None else int(np.searchsorted(history.days, np.datetime64(before, "D"), side="right"))
        if first >= end:
            continue
        if found and found[-1].first == _date(history.days[first]):  # as far back as the shorter one: the same figures
            figures = found[-1].figures
        else:
            chosen = slice(first, end)
            # Without capital the PnL so far is not what later sessions earn their returns on.
            base = 0.0 if history.capital is not None else equity[first]
            ended = history.trips.left >= history.days[first]
            figures = measure_all(
                Sample(
                    equity[first : end + 1] - base,
                    history.periods,
                    history.trips.pnl[ended],
                    history.trips.seconds[ended],
                    held[chosen],
                    history.traded[chosen],
                    market[chosen],
                )
            )
        complete = before is None or bool(history.days[0] <= np.datetime64(before, "D") + 5)  # a long week-end
        found.append(Horizon(name, _date(history.days[first]), _date(history.days[end - 1]), complete, figures))
    return tuple(found)


def _falls(days: Days, equity: Floats) -> tuple[Fall, ...]:
    def day(place: int) -> date:
        return _date(days[max(place - 1, 0)])  # the capital stands before the first session

    return tuple(
        Fall(day(one.peak), day(one.trough), None if one.end is None else day(one.end), *one[3:])
        for one in deepest_drawdowns(equity)
    )


def _correlation(strategies: Sequence[Scope]) -> npt.NDArray[np.floating[Any]]:
    days = np.unique(np.concatenate([no_days(), *(each.days for each in strategies)]))
    table = np.full((len(strategies), len(days)), np.nan)
    for row, each in zip(table, strategies, strict=True):
        returns = daily_returns(each.equity)
        row[np.searchsorted(days, each.days[: len(returns)])] = returns
    found = np.full((len(strategies), len(strategies)), np.nan)
    for one in range(len(strategies)):
        for other in range(one, len(strategies)):
            value = correlation(table[one], table[other])
            found[one, other] = found[other, one] = np.nan if value is None else value
    return found


def _date(day: np.datetime64) -> date:
    return date.fromisoformat(str(day))
