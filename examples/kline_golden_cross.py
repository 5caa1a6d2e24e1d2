"""A kline strategy: buy when the fast average crosses above the slow one, sell all when it crosses back.

Nothing is imported: the form brings ``IStrategy``, the context, the kline, the cache and the indicators. Orders fill
within the bar they are decided on, at their own price; ``--strict`` has them filled at the next open, as live would:

    quantstrip backtest examples/kline_golden_cross.py --symbols AAPL
    quantstrip backtest examples/kline_golden_cross.py --symbols AAPL --param fast_period=5 --strict
"""


class GoldenCross(IStrategy):
    """Long while the fast average is above the slow one, with most of the balance."""

    symbols = ["AAPL"]  # where the run names none

    def run(self, context: BacktestContext, kline: Kline, params: dict):
        """Decide at the kline's close; the cache holds the klines before it."""
        fast, slow = params.get("fast_period", 10), params.get("slow_period", 30)
        closes = [*self.kline_cache.get_closes(), kline.close]
        if len(closes) <= slow:
            return
        above = calculate_sma(closes, fast) > calculate_sma(closes, slow)
        before = calculate_sma(closes[:-1], fast) > calculate_sma(closes[:-1], slow)
        if above and not before and context.position == 0:
            # The balance calculates with floats. A share is left for the fee, without which the order would be refused.
            amount = float(context.balance / kline.close) * params.get("share", 0.95)
            context.buy(kline.close, amount, kline.open_time)
        elif before and not above and context.position > 0:
            context.sell_all(kline.close, kline.open_time)
