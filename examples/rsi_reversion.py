"""RSI mean reversion: buy what has fallen too fast, sell when it has recovered, get out when it has not.

The opposite bet to ``ma_cross.py``, and the other half of the demo. It runs as it is:

    quantstrip backtest examples/rsi_reversion.py
    quantstrip backtest examples/rsi_reversion.py --param oversold=25 --param stop=0.1
"""

from quantstrip import Allowed, Bar, OrderSide, Signal, StrategyBase


class RsiReversion(StrategyBase):
    """Long from an oversold RSI until it is overbought, with a protective stop from the first bar on."""

    author = "Quantstrip"
    parameters = ["period", "oversold", "overbought", "stop"]
    allowed = {
        "period": Allowed(2, 400, help="Bars of the RSI."),
        "oversold": Allowed(0, 100, help="RSI below which it buys."),
        "overbought": Allowed(0, 100, help="RSI above which it sells."),
        "stop": Allowed(0.001, 0.99, help="Distance of the stop below the entry: 0.15 is 15 %."),
    }
    variables = ["rsi"]
    timeframe = "1d"

    def __init__(self, symbols=None, period=14, oversold=35.0, overbought=60.0, stop=0.15):
        super().__init__(name="rsi_reversion", symbols=symbols or ["AAPL", "GOOG", "IBM", "MSFT"])
        if oversold >= overbought:
            raise ValueError(f"oversold must lie below overbought, got {oversold:g} and {overbought:g}")
        self.period = period
        self.oversold = oversold
        self.overbought = overbought
        self.stop = stop
        self.rsi: dict[str, float] = {}
        self._holding: set[str] = set()

    def on_trade(self, symbol, side, price, volume):
        """A fill: our own entry or exit, or the stop that the engine has kept for us."""
        if side == OrderSide.BUY:
            self._holding.add(symbol)
        else:
            self._holding.discard(symbol)

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Decide at the bar's close."""
        before = self.rsi.get(bar.symbol)
        rsi = float(self.indicators_for(bar.symbol).rsi(self.period)[-1])
        self.rsi[bar.symbol] = rsi
        if bar.symbol in self._holding:
            if rsi > self.overbought:
                return [Signal(bar.symbol, OrderSide.SELL, reason=f"RSI {rsi:.0f} is above {self.overbought:g}")]
            return []
        # NaN while warming up compares as False. Only the crossing buys: after a stop the fall may go on for long,
        # and buying again each day of it would be a different strategy.
        if before is not None and before >= self.oversold > rsi:
            return [
                Signal(
                    bar.symbol,
                    OrderSide.BUY,
                    stop_loss_pct=self.stop,  # counted from the fill price, live from the entry bar
                    reason=f"RSI {rsi:.0f} fell below {self.oversold:g}",
                )
            ]
        return []
