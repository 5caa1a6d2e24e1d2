"""Moving-average cross: buy when the fast average crosses above the slow one, sell when it crosses back.

A trend follower, and the plainest strategy there is. One of the demo's two. It runs as it is:

    quantstrip backtest examples/ma_cross.py
    quantstrip deploy examples/ma_cross.py

The same file, byte for byte, is backtested, replayed and traded.
"""

from quantstrip import Allowed, Bar, OrderSide, Signal, StrategyBase


class MaCross(StrategyBase):
    """Long while the fast average is above the slow one, flat otherwise; each symbol on its own."""

    author = "Quantstrip"
    # Names of attributes: parameters can be set from outside, variables are shown while it runs.
    parameters = ["fast", "slow"]
    allowed = {
        "fast": Allowed(1, 499, help="Bars of the fast average."),
        "slow": Allowed(2, 500, help="Bars of the slow average; more than those of the fast one."),
    }
    variables = ["crosses"]
    timeframe = "1d"

    def __init__(self, symbols=None, fast=10, slow=30):
        super().__init__(name="ma_cross", symbols=symbols or ["AAPL", "GOOG", "IBM", "MSFT"])
        if fast >= slow:  # what depends on several parameters is checked here, before anything runs
            raise ValueError(f"fast must be shorter than slow, got fast {fast} and slow {slow}")
        self.fast = fast
        self.slow = slow
        self.crosses = 0
        self._was_above: dict[str, bool] = {}
        self._holding: set[str] = set()

    def on_trade(self, symbol, side, price, volume):
        """A fill: the only place where the strategy learns what it holds.

        A signal is a wish. It can be rejected by a risk rule or filled later, so the position is noted here and not
        where the signal is made.
        """
        if side == OrderSide.BUY:
            self._holding.add(symbol)
        else:
            self._holding.discard(symbol)

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Decide at the bar's close; a market order fills at the next bar's open."""
        averages = self.indicators_for(bar.symbol)
        if len(self._bars[bar.symbol]) < self.slow:
            return []  # the slow average does not exist yet
        above = bool(averages.sma(self.fast)[-1] > averages.sma(self.slow)[-1])
        before = self._was_above.get(bar.symbol)
        self._was_above[bar.symbol] = above
        if before is None or above == before:
            return []  # act on the cross itself, not on every bar after it
        self.crosses += 1
        if above and bar.symbol not in self._holding:
            # No quantity: the engine buys for 2 % of the strategy's equity.
            return [Signal(bar.symbol, OrderSide.BUY, reason=f"SMA {self.fast} crossed above SMA {self.slow}")]
        if not above and bar.symbol in self._holding:
            # No quantity on the way out: the whole position.
            return [Signal(bar.symbol, OrderSide.SELL, reason=f"SMA {self.fast} crossed below SMA {self.slow}")]
        return []
