"""A strategy with the import names of a published guide, exact decimals and all; it runs as it is.

``core.models``, ``core.enums`` and ``strategies.base`` are given to strategy files: prices are ``Decimal``, the rest is
the contract of ``quantstrip.StrategyBase``. In a terminal: ``quantstrip python examples/guide_names.py``.
"""

from datetime import UTC, datetime
from decimal import Decimal

from core.enums import OrderSide, OrderType
from core.models import Bar, Signal
from strategies.base import StrategyBase


class PullbackStrategy(StrategyBase):
    """Buys below the lower band with a limit that waits, sells at the upper band."""

    author = "Quantstrip"
    parameters = ["period", "width", "discount"]
    variables = ["lower", "upper"]
    timeframe = "1d"

    def __init__(self, symbols=None, period=20, width=2.0, discount=0.01):
        super().__init__(name="pullback", symbols=symbols or ["IBM", "MSFT"])
        self.period, self.width, self.discount = period, width, discount
        self.lower = self.upper = 0.0
        self._held: dict[str, Decimal] = {}

    def on_trade(self, symbol, side, price, volume):
        """Fills come with exact numbers, too."""
        units = volume if str(side) == "BUY" else -volume
        self._held[symbol] = self._held.get(symbol, Decimal(0)) + units

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Decide at the bar's close."""
        if len(self._bars[bar.symbol]) < self.period:
            return []
        upper, _, lower = self.indicators_for(bar.symbol).bbands(self.period, self.width)
        self.lower, self.upper = float(lower[-1]), float(upper[-1])
        held = self._held.get(bar.symbol, Decimal(0))
        if held == 0 and float(bar.close) < self.lower:
            limit = bar.close * (1 - Decimal(str(self.discount)))
            return [
                Signal(
                    symbol=bar.symbol,
                    side=OrderSide.BUY,
                    strength=0.8,
                    order_type=OrderType.LIMIT,
                    limit_price=limit.quantize(Decimal("0.01")),
                    time_in_force="BAR",
                    reason=f"{bar.close:.2f} closed below the band at {self.lower:.2f}",
                )
            ]
        if held > 0 and float(bar.close) > self.upper:
            return [Signal(symbol=bar.symbol, side=OrderSide.SELL, strength=0.8, quantity=held, reason="upper band")]
        return []


if __name__ == "__main__":
    strategy = PullbackStrategy(symbols=["IBM"])
    for day in range(1, 24):
        price = Decimal("80.10") if day < 23 else Decimal("75.55")
        bar = Bar("IBM", "1d", datetime(2024, 1, day, tzinfo=UTC), price, price + day % 3, price, price, Decimal(1000))
        print(day, strategy.feed_bar(bar))
