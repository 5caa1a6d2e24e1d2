"""A candle strategy that sends whole signals: limits that wait for a pullback, with a stop and a target of their own.

    quantstrip backtest examples/candle_reversal.py --symbols MSFT

Nothing is imported: the form brings the names.
"""


class Reversal(Strategy):
    """Bids below the close after three falling candles; what has not filled after one more is taken back."""

    parameters = ["pullback", "stop", "target"]
    allowed = {"pullback": Allowed(0, 0.2, help="How far below the close to bid: 0.01 is 1 %.")}

    def __init__(self, symbols=None, pullback=0.005, stop=0.06, target=0.08):
        super().__init__(name="reversal", symbols=symbols or ["GOOG", "MSFT"])
        self.pullback, self.stop, self.target = pullback, stop, target

    def update(self, candle: MidPriceCandle):
        """The same as ``on_candle``, under its other name."""
        last = list(self.candles[candle.symbol])[-4:]
        falling = len(last) == 4 and all(last[row].close < last[row - 1].close for row in (1, 2, 3))
        if not falling or self.position(candle.symbol) > 0:
            return []
        return [
            Signal(
                candle.symbol,
                OrderSide.BUY,
                order_type=OrderType.LIMIT,
                limit_price=candle.close * (1 - self.pullback),
                time_in_force="BAR",
                stop_loss_pct=self.stop,
                take_profit_pct=self.target,
                reason=f"three falling candles, the last one from {candle.open:.2f} to {candle.close:.2f}",
            )
        ]
