"""What Home shows, as plain values: moments in microseconds since 1970 UTC, amounts in the ``currency`` named there."""

from dataclasses import dataclass
from datetime import date

from quantstrip.clock import Micros
from quantstrip.operations.curves import Curve
from quantstrip.operations.rates import MissingRate


@dataclass(frozen=True, slots=True)
class StrategyPnl:
    """What a strategy, or all of them together, made of its sessions; the sum of its rows in ``v_daily_pnl``.

    Amounts are in the reporting currency. Sessions whose rate is missing are left out of them; an amount of which
    nothing is known is None.

    Attributes:
        client, account: "" for all together.
        currency: the strategy's own.
        session: the trade date its feed has reached; today's date where it has no feed.
        today: result of that session, unrealised part and commission included.
        realised: gross, of closed quantity.
        unrealised: what open positions would bring.
        total: realised plus unrealised minus commission.
        fills: corrected ones do not count.
        capital, equity, own_total: in its own currency; None where no capital is known, or nothing happened yet.

    """

    strategy: str
    client: str
    account: str
    currency: str
    session: date | None
    today: float | None
    realised: float | None
    unrealised: float | None
    commission: float | None
    total: float | None
    fills: int
    capital: float | None = None
    equity: float | None = None
    own_total: float | None = None

    @property
    def return_on_capital(self) -> float | None:
        """Total as a fraction of the capital, both in the strategy's own currency."""
        return self.own_total / self.capital if self.capital and self.own_total is not None else None


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """Units held, negative when short; amounts are in the position's ``currency``.

    ``mark`` is the price that it is valued at and ``mark_age`` how many days old that is. While a replay moves, these
    and ``unrealised`` are None where the position has changed since the session that is shown.
    """

    strategy: str
    account: str
    symbol: str
    leg: str
    quantity: float
    average_price: float
    cost: float
    currency: str
    mark: float | None = None
    mark_age: int | None = None
    unrealised: float | None = None


@dataclass(frozen=True, slots=True)
class FillRow:
    """One fill; ``time`` is the feed's, ``net_pnl`` what it realised minus its commission."""

    time: Micros
    strategy: str
    symbol: str
    side: str
    quantity: float
    price: float
    commission: float
    net_pnl: float
    currency: str


@dataclass(frozen=True, slots=True)
class Overview:
    """One mode at a glance.

    Attributes:
        mode: "" when nothing was ever recorded.
        modes: every mode with a current run, live first.
        currency: the reporting currency.
        portfolio: all strategies together. Its session is the newest among them; its ``today`` counts those that have
            reached it. It has a capital where each strategy has one in the reporting currency.
        missing: rates that are not known; what they would convert is left out.

    """

    mode: str
    modes: tuple[str, ...]
    currency: str
    portfolio: StrategyPnl
    missing: tuple[MissingRate, ...]
    strategies: tuple[StrategyPnl, ...]
    positions: tuple[OpenPosition, ...]
    fills: tuple[FillRow, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All that Home shows of one mode, up to one session."""

    view: Overview
    curves: tuple[Curve, ...]
