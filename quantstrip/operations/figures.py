"""What Home shows, as plain values: moments in microseconds since 1970 UTC, amounts in the ``currency`` beside them."""

from dataclasses import dataclass
from datetime import date

from quantstrip.clock import Micros
from quantstrip.operations.curves import Curve


@dataclass(frozen=True, slots=True)
class StrategyPnl:
    """One strategy's result in its current run.

    Attributes:
        session: the trade date its feed has reached; today's date where it has no feed.
        today: change of equity in that session; where no equity is recorded, realised PnL minus commission.
        realised: gross, of closed quantity.
        unrealised: what open positions would bring at the last bar; None where no equity is recorded.
        total: realised plus unrealised minus commission.
        equity: None where none is recorded.
        initial_cash: what the run began with; None where the client books its own fills.

    """

    strategy: str
    client: str
    account: str
    currency: str
    session: date | None
    today: float
    realised: float
    unrealised: float | None
    commission: float
    total: float
    equity: float | None
    initial_cash: float | None
    fills: int


@dataclass(frozen=True, slots=True)
class OpenPosition:
    """Units held, negative when short; ``cost`` is what they cost, in ``currency``."""

    strategy: str
    account: str
    symbol: str
    leg: str
    quantity: float
    average_price: float
    cost: float
    last_fill_price: float
    currency: str


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
        currency: the currency that ``today`` and ``total`` are in.
        left_out: currencies of other strategies, which are not added to them.
        session: the newest trade date among the strategies; ``today`` adds those that have reached it.
        feed_time: the newest moment among their feeds; nothing of a replay that is shown is later.

    """

    mode: str
    modes: tuple[str, ...]
    currency: str
    left_out: tuple[str, ...]
    session: date | None
    feed_time: Micros | None
    today: float
    total: float
    fill_count: int
    strategies: tuple[StrategyPnl, ...]
    positions: tuple[OpenPosition, ...]
    fills: tuple[FillRow, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """All that Home shows of one mode, at one moment."""

    view: Overview
    curves: tuple[Curve, ...]
