"""What a report holds, once built: values that every renderer shows and none computes.

Money is in the report's ``currency``, after costs unless named gross; returns are fractions; days are sessions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.report.catalogue import Floats, Value
from quantstrip.report.metrics import LEAST_SESSIONS
from quantstrip.report.periods import Days, Year

PORTFOLIO = "Portfolio"
YEARLY = frozenset({"annualised_return", "calmar"})
"""Metrics that raise a return to the power of a year."""


class Day(NamedTuple):
    """One strategy's session: gross ``realised``, change of ``unrealised``, ``net`` = both minus ``commission``."""

    strategy: str
    day: date
    realised: float
    unrealised: float
    commission: float
    net: float
    fills: int = 0


class Trade(NamedTuple):
    """A round trip, flat to flat; ``side`` is LONG or SHORT, ``pnl`` after ``commission``, times UTC text."""

    strategy: str
    symbol: str
    side: str
    quantity: float
    entry_time: str
    entry_price: float
    exit_time: str
    exit_price: float
    gross: float
    commission: float
    pnl: float


class Position(NamedTuple):
    """What is held; ``price`` is the mark of ``price_date``, and None with ``unrealised`` where none is known."""

    strategy: str
    symbol: str
    leg: str
    quantity: float
    average_price: float
    price: float | None = None
    price_date: date | None = None
    unrealised: float | None = None


class Fall(NamedTuple):
    """A drawdown by its days; ``end`` and ``recovery`` are None while it lasts."""

    start: date
    trough: date
    end: date | None
    depth: float
    length: int
    recovery: int | None


@dataclass(frozen=True, slots=True)
class Horizon:
    """The metrics of the sessions from ``first`` to ``last``; ``complete`` when the history is as long as the name."""

    name: str
    first: date
    last: date
    complete: bool
    figures: Mapping[str, Value]


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One strategy, or all of them.

    Attributes:
        capital: what it began with; None where it has none, and then it has no returns.
        periods: daily returns in a year.
        days: its sessions, ascending.
        pnl: net, of each session.
        equity: one value more than ``days``; from 0 where there is no capital.
        rolling_sharpe: of each session, NaN before the first whole window.
        horizons: in the order of ``periods.HORIZONS``; those without a session are left out.

    """

    name: str
    capital: float | None
    periods: int
    days: Days
    pnl: Floats
    equity: Floats
    drawdown: Floats
    rolling_sharpe: Floats
    horizons: tuple[Horizon, ...]
    years: tuple[Year, ...]
    falls: tuple[Fall, ...]

    def horizon(self, name: str = "ALL") -> Horizon | None:
        """The horizon of that name; None where it holds no session."""
        return next((each for each in self.horizons if each.name == name), None)

    def figure(self, metric: str, horizon: str = "ALL") -> Value:
        """One figure; None where it does not exist."""
        found = self.horizon(horizon)
        return None if found is None else found.figures[metric]

    def shown(self, metric: str, horizon: str = "ALL") -> Value:
        """The figure as readers are shown it: a rate of a year only from ``LEAST_SESSIONS`` sessions on."""
        found = self.horizon(horizon)
        if found is None:
            return None
        within = (self.days >= np.datetime64(found.first, "D")) & (self.days <= np.datetime64(found.last, "D"))
        too_few = metric in YEARLY and np.count_nonzero(within) < LEAST_SESSIONS
        return None if too_few else found.figures[metric]

    @property
    def cumulative(self) -> Floats:
        """Net PnL since the beginning, at the close of each session."""
        gained: Floats = np.round(self.equity[1:] - self.equity[0], 8)
        return gained


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """The portfolio in one mode and one currency, as of one session.

    Attributes:
        created: wall clock, UTC text.
        benchmark: symbol that alpha and beta refer to; "" for none.
        correlation: of the strategies' daily returns, in their order, NaN where it does not exist.
        daily: newest last. trades: newest first, at most as many as were asked for, of ``trade_total``.
        notes: what the reader should know: currencies left out, prices that are missing or old.

    """

    title: str
    mode: str
    currency: str
    as_of: date
    created: str
    portfolio: Scope
    strategies: tuple[Scope, ...]
    daily: tuple[Day, ...]
    trades: tuple[Trade, ...]
    trade_total: int
    positions: tuple[Position, ...]
    correlation: npt.NDArray[np.floating[Any]]
    benchmark: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The portfolio, then each strategy."""
        return (self.portfolio, *self.strategies)
