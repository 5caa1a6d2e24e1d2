"""Several symbols, one decision: which of them to hold is read from the bars of another one. With the guide's names.

A strategy sees the history of every symbol it watches, whichever bar it is called with. This one decides on the
leader's bars alone: while the leader trends it holds growth, in a nervous market the refuge, else nothing.

    quantstrip backtest examples/rotation.py
    quantstrip sweep examples/rotation.py --grid slow=60,90,120 --grid nervous=1.0,1.2
"""

from decimal import Decimal

import numpy as np
from core.enums import OrderSide
from core.models import Bar, Signal
from strategies.base import StrategyBase

LEADER, GROWTH, REFUGE = "MSFT", ["AAPL", "GOOG"], ["IBM"]


class RotationStrategy(StrategyBase):
    """Growth, refuge or cash, by the trend and the nervousness of the leader."""

    author = "Quantstrip"
    parameters = ["fast", "slow", "nervous", "position_size_ratio"]
    variables = ["regime", "strongest"]
    timeframe = "1d"
    _MAX_BAR_HISTORY = 260  # of each symbol; a year is enough here

    def __init__(self, symbols=None, fast=20, slow=90, nervous=1.1, position_size_ratio=0.1):
        super().__init__(name="rotation", symbols=symbols or [LEADER, *GROWTH, *REFUGE])
        self.fast, self.slow, self.nervous = fast, slow, nervous
        self.position_size_ratio = position_size_ratio  # a signal without a quantity is worth a tenth of the equity
        self.regime = "none"
        self.strongest = ""
        self._positions: dict[str, dict] = {}

    def on_trade(self, symbol, side, price, volume):
        """Quantity and average cost of what is held: nobody but the strategy keeps them for it."""
        held = self._positions.get(symbol, {"qty": Decimal(0), "avg_cost": Decimal(0)})
        if str(side) == "BUY":
            paid = held["avg_cost"] * held["qty"] + price * volume
            held = {"qty": held["qty"] + volume, "avg_cost": paid / (held["qty"] + volume)}
        elif str(side) == "SELL":
            held = {"qty": held["qty"] - volume, "avg_cost": held["avg_cost"]}
        self._positions[symbol] = held

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Decide at the leader's close; symbols come in alphabetical order, so that the others' bars are there."""
        if bar.symbol != LEADER or len(self._bars[LEADER]) < self.slow + 14:
            return []
        regime = self._regime()
        if regime == self.regime:
            return []
        self.regime = regime
        wanted = {"growth": GROWTH, "refuge": REFUGE}.get(regime, [])
        held = [symbol for symbol, each in self._positions.items() if each["qty"] > 0]
        signals = [self._leave(symbol) for symbol in held if symbol not in wanted]
        able = sorted((symbol for symbol in wanted if self._above_vwap(symbol)), key=self._momentum, reverse=True)
        self.strongest = able[0] if able else ""
        for rank, symbol in enumerate(able):
            if symbol not in held:
                # The strongest is sized by the run, the others by hand, with half as much.
                half = self._bars[symbol][-1].close * 2
                units = None if rank == 0 else (Decimal(5_000) / half).to_integral_value()
                signals.append(
                    Signal(
                        symbol=symbol,
                        side=OrderSide.BUY,
                        strength=1.0 / (1 + rank),
                        quantity=units,
                        timestamp=bar.timestamp,
                        reason=f"{regime}: number {rank + 1}",
                    )
                )
        return signals

    def _regime(self) -> str:
        ind = self.indicators_for(LEADER)
        fast, slow, atr = ind.sma(self.fast)[-1], ind.sma(self.slow)[-1], ind.atr(14)
        if np.isnan(slow):
            return "none"
        if fast > slow:
            return "growth"
        return "refuge" if atr[-1] > self.nervous * atr[-14] else "none"

    def _leave(self, symbol: str) -> Signal:
        won = self._bars[symbol][-1].close > self._positions[symbol]["avg_cost"]
        return Signal(symbol=symbol, side=OrderSide.SELL, strength=0.8, reason="in profit" if won else "at a loss")

    def _momentum(self, symbol: str) -> float:
        bars = self._bars[symbol]
        return float(bars[-1].close) / float(bars[-60].close) if len(bars) >= 60 else 0.0

    def _above_vwap(self, symbol: str) -> bool:
        recent = self._bars.get(symbol, [])[-20:]  # a symbol may have no bars yet
        volume = sum(float(each.volume) for each in recent)
        if volume <= 0:
            return False
        return float(recent[-1].close) > sum(float(each.close) * float(each.volume) for each in recent) / volume
