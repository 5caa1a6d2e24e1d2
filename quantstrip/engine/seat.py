"""The strategy's seat in an engine's run."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING

from quantstrip.errors import StrategyError
from quantstrip.matching import CostModel
from quantstrip.model import Bar, Fill, Instrument, Leg, Position, Signal
from quantstrip.ports import Columns, InstantBroker

if TYPE_CHECKING:
    from quantstrip.engine.loop import Engine


class EngineSeat:
    """Shows a strategy its books, and fills within the bar at hand where form and broker allow it.

    Args:
        engine: whose run it is.
        columns: what the feed knows beforehand, by symbol.

    """

    def __init__(self, engine: "Engine", columns: Mapping[str, Columns]) -> None:
        self._engine = engine
        self._columns = columns
        self._account = engine.account
        broker = engine.broker
        self._broker = broker if isinstance(broker, InstantBroker) else None
        self.same_bar = engine.strategy.same_bar and self._broker is not None

    @property
    def quantity(self) -> float | None:
        """Units that the run gives to entries without a quantity."""
        return self._engine.desk.quantity

    def instrument(self, symbol: str) -> Instrument:
        """What ``symbol`` is."""
        return self._engine.instruments[symbol]

    @property
    def fee_rate(self) -> float:
        """Commission as a fraction of the traded value; 0 where the broker does not tell it beforehand."""
        costs = getattr(self._engine.broker, "costs", None)
        return costs.commission_rate if isinstance(costs, CostModel) else 0.0

    @property
    def cash(self) -> float:
        """Money that is not in positions."""
        return self._account.cash

    @property
    def paid(self) -> float:
        """Commission of all fills so far, in money."""
        return self._account.commission

    @property
    def moment(self) -> Sequence[Bar]:
        """The bars that closed together with the one at hand, in the order in which they are shown."""
        return self._engine.shown

    def equity(self) -> float:
        """Cash plus every position at its last known price, in money."""
        self._catch_up()
        return self._account.equity()

    def position(self, symbol: str, leg: Leg = Leg.NET) -> Position:
        """What is held of ``symbol`` on ``leg``."""
        return self._account.position(symbol, leg)

    def price(self, symbol: str) -> float:
        """Last known price, NaN before the first."""
        self._catch_up()
        return self._account.prices.get(symbol, nan)

    def lot(self, symbol: str) -> float:
        """Smallest step of the quantity, in units."""
        return self._engine.instruments[symbol].lot_size

    def columns(self, symbol: str) -> Columns | None:
        """The symbol's whole history where the feed knows it beforehand."""
        return self._columns.get(symbol)

    def fill_now(self, signal: Signal, price: float) -> Fill | None:
        """Have ``signal`` filled within the bar at hand, at ``price``."""
        if self._broker is None or not self.same_bar:
            raise StrategyError(
                f"{self._engine.strategy.name} asked for a fill within the bar, which this run does not have",
                hint="Return a signal instead: it fills at the next open.",
            )
        bar, engine = self._bar(signal.symbol), self._engine
        order = engine.dispatch.order(signal, bar.ts, price)
        if order is None:
            return None
        events = self._broker.fill_at(order.reference, price, bar)
        engine.intake.take(events, bar.ts)
        engine.marks.amend()  # the slice has been marked already
        return next((event for event in events if isinstance(event, Fill)), None)

    def refuse(self, signal: Signal, rule: str, reason: str) -> None:
        """Record that ``signal`` was wanted, and why its form does not let it pass."""
        self._engine.dispatch.refuse(signal, self._bar(signal.symbol).ts, rule, reason)

    def _catch_up(self) -> None:
        """Bars that need no mark leave the account's price behind: take it from the history."""
        only = self._engine.only
        if self._engine.alone and only.length:
            symbol = only.symbol
            self._account.prices[symbol] = float(self._columns[symbol].close[only.length - 1])

    def _bar(self, symbol: str) -> Bar:
        bars: list[Bar] = self._engine.strategy._bars.get(symbol, [])
        if not bars:
            raise StrategyError(f"there is no bar of {symbol} yet", hint="Trade a symbol whose bar is at hand.")
        return bars[-1]
