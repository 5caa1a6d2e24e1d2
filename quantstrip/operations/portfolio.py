"""What the portfolio did: PnL per strategy, equity curves, open positions, last fills.

Every amount comes from a view of ``schema/views``; this module picks rows and adds up strategies of one mode and one
currency, nothing else. Moments are microseconds since 1970 UTC, amounts are in ``currency``.
"""

from dataclasses import dataclass
from datetime import date

from quantstrip.clock import Micros
from quantstrip.home import Home


@dataclass(frozen=True, slots=True)
class StrategyPnl:
    """One strategy's result in its current run, in money of ``currency``.

    ``today`` is the PnL of ``trade_date``, the session of the newest bar the strategy has seen; ``total`` is realised
    plus unrealised minus commission.
    """

    strategy: str
    client: str
    account: str
    currency: str
    trade_date: date | None
    today: float
    realised: float
    unrealised: float
    commission: float
    total: float
    equity: float
    fills: int


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """Units held; ``quantity`` is negative when short."""

    strategy: str
    account: str
    symbol: str
    leg: str
    quantity: float
    average_price: float
    last_price: float | None
    unrealised: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class FillRow:
    """One fill; ``time`` is the feed's, not the wall clock's."""

    time: Micros
    strategy: str
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    realised: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class Overview:
    """One mode at a glance. ``mode`` is empty when nothing was ever recorded."""

    mode: str
    modes: tuple[str, ...]
    currency: str
    trade_date: date | None
    feed_time: Micros | None
    today: float
    total: float
    fill_count: int
    strategies: tuple[StrategyPnl, ...]
    positions: tuple[OpenPosition, ...]
    fills: tuple[FillRow, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Cumulative PnL and equity of one strategy, or of the whole portfolio where ``portfolio`` is set."""

    name: str
    times: tuple[Micros, ...]
    equity: tuple[float, ...]
    pnl: tuple[float, ...]
    portfolio: bool = False


def overview(home: Home, mode: str | None = None) -> Overview:
    raise NotImplementedError


def equity_curves(home: Home, mode: str) -> list[Curve]:
    raise NotImplementedError
