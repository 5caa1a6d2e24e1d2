"""A kline strategy: buy a breakout that comes with volume, leave by stop, by target, or below the channel.

It shows what a strategy can remember: its own trades in ``on_trade``, and a pause after losses.

    quantstrip backtest examples/kline_breakout.py --symbols IBM --param klineWndSize=60 --param lookback=40
"""

from collections import deque
from decimal import Decimal


class Breakout(IStrategy):
    """Breakouts of the highest high, with a rest after two losses in a row."""

    symbols = ["IBM"]

    def __init__(self):
        super().__init__()
        self.results = deque(maxlen=2)
        self.paid = Decimal(0)
        self.bought_at = 0.0
        self.rest = 0

    def on_trade(self, trade: dict):
        """Keep what a round trip brought, and all fees."""
        self.paid += Decimal(str(trade["fee"]))
        if trade["type"] == "buy":
            self.bought_at = trade["price"]
        else:
            self.results.append(trade["price"] - self.bought_at)

    def run(self, context: BacktestContext, kline: Kline, params: dict):
        """Enter and leave."""
        lookback = params.get("lookback", 20)
        if len(self.kline_cache) < lookback:
            return
        highest = max(self.kline_cache.get_highs()[-lookback:])
        lowest = min(self.kline_cache.get_lows()[-lookback:])
        usual = sum(self.kline_cache.get_volumes()[-lookback:]) / lookback
        if context.position > 0:
            entry = context.get_avg_position_price()
            stopped = kline.close < entry * (1 - params.get("stop_loss", 0.05))
            reached = kline.close > entry * (1 + params.get("take_profit", 0.15))
            if stopped or reached or kline.close < lowest:
                context.sell_all(kline.close, kline.open_time)
            return
        if len(self.results) == 2 and all(result < 0 for result in self.results):
            self.rest, self.results = params.get("rest", 10), deque(maxlen=2)
        if self.rest > 0:
            self.rest -= 1
        elif kline.close > highest and kline.volume > usual * params.get("volume", 1.0):
            equity = float(context.get_equity(kline.close))
            # Within the bar: at the level itself where the bar began below it, else where it opened.
            price = max(highest, kline.open)
            if not context.buy(price, equity * 0.9 / price, kline.open_time):
                self.rest = 1  # refused: the balance or the bar did not allow it, which the run records
