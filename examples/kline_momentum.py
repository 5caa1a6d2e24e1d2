"""A kline strategy: MACD and RSI decide, half is sold early, and a drawdown makes its positions smaller.

It shows the rest of the form: dates, orders, the day's end, the equity curve and the position's value.

    quantstrip backtest examples/kline_momentum.py --symbols MSFT --json
"""

from datetime import datetime


class Momentum(IStrategy):
    """Buys a rising MACD that is not overbought, sells half of it in strength and the rest in weakness."""

    symbols = ["MSFT"]

    def __init__(self):
        super().__init__()
        self.before = None
        self.halved = False
        self.days = []

    def on_day_end(self, date: str, context: BacktestContext):
        """Note the day's equity; the curve ends with its last kline."""
        last = context.equity_curve[-1]
        self.days.append((date, last["equity"], last["balance"], last["position"]))

    def run(self, context: BacktestContext, kline: Kline, params: dict):
        """Decide with the indicators of all klines in the cache and the current one."""
        closes = [*self.kline_cache.get_closes(), kline.close]
        line, signal, histogram = calculate_macd(closes, params.get("fast", 12), params.get("slow", 26), 9)
        rsi, trend = calculate_rsi(closes, 14), calculate_ema(closes, params.get("trend", 40))
        before, self.before = self.before, histogram
        if line is None or rsi is None or trend is None or before is None:
            return
        moment = datetime.fromisoformat(kline.open_time.replace("Z", "+00:00"))
        if context.position == 0:
            if histogram > 0 >= before and rsi < 70 and kline.close > trend and moment.month != params.get("idle", 0):
                share = 0.45 if context.get_drawdown(kline.close) > params.get("careful", 0.2) else 0.9
                amount = float(context.balance) * share / kline.close
                self.halved = not context.buy(kline.close, amount, kline.open_time)
        elif histogram < 0 and line < signal:
            context.sell_all(kline.close, kline.open_time)
        elif rsi > params.get("strong", 72) and not self.halved:
            bought = [order for order in context.orders if order.type == OrderType.BUY]
            gained = bought[-1].order_side == OrderSide.LONG and kline.close > bought[-1].price
            if gained and context.get_position_value(kline.close) > 100:
                self.halved = context.sell(kline.close, float(context.position) / 2, kline.open_time)
