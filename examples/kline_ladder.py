"""A kline strategy: a ladder of planned orders below the price while weeks rise, sold together at a target.

It shows a second cache beside the engine's, klines and orders of one's own, and orders within the kline at the level
they were planned at.

    quantstrip backtest examples/kline_ladder.py --symbols GOOG --param steps=4
"""


class Ladder(IStrategy):
    """Buys dips of a rising market in parts, and sells all of them at once."""

    symbols = ["GOOG"]

    def initialize(self, kline_wnd_size: int = 50):
        """Called before the first kline: beside the cache of days comes one of weeks."""
        super().initialize(kline_wnd_size)
        self.weeks = KlineCache(kline_wnd_size=12)
        self.days = []
        self.plan = []
        self.diary = []
        self.side = PositionSide.BOTH

    def on_day_end(self, date: str, context: BacktestContext):
        """Write down what a day changed."""
        side = PositionSide.LONG if context.position > 0 else PositionSide.BOTH
        if side != self.side:
            paid = sum(trade["fee"] for trade in context.trades)
            self.diary.append(f"{self.name} {date}: {side}, {paid:.2f} paid in fees")
            self.side = side

    def run(self, context: BacktestContext, kline: Kline, params: dict):
        """Plan, buy what was reached, sell at the target or when the weeks turn."""
        self.add_day(kline)
        if not self.weeks.is_full():
            return
        weeks = self.weeks.get_closes()
        rising = weeks[-1] > calculate_sma(weeks, 10)
        if context.position > 0:
            reached = kline.close > context.get_avg_position_price() * (1 + params.get("target", 0.04))
            if reached or not rising:
                self.plan = []
                context.sell_all(kline.close, kline.open_time)
                return
        for order in [each for each in self.plan if kline.low <= each.price]:
            self.plan.remove(order)
            # Where the kline begins below the level it is had at the open, else at the level itself.
            context.buy(min(order.price, kline.open), order.amount, kline.open_time)
        quiet = all(
            abs(day.close - day.open) < (day.high - day.low) * 0.9 for day in self.kline_cache.get_klines()[-3:]
        )
        if rising and quiet and context.position == 0:
            self.plan = self.ladder(context, kline, params.get("steps", 3), params.get("distance", 0.01))

    def ladder(self, context: BacktestContext, kline: Kline, steps: int, distance: float) -> list:
        """The orders to wait for: equal parts of the first balance, smaller ones after a deep drawdown."""
        share = 0.9 if float(context.max_drawdown) < 0.3 else 0.45
        money = min(float(context.initial_balance), float(context.balance)) * share / steps
        prices = [
            max(self.kline_cache.get_opens()[-1], kline.close) * (1 - distance * step) for step in range(1, steps + 1)
        ]
        return [
            Order(
                kline.close_time, OrderType.BUY, price, money / price / (1 + float(context.fee_rate)), 0, OrderSide.LONG
            )
            for price in prices
        ]

    def add_day(self, kline: Kline):
        """Put five days together to a week."""
        self.days.append(kline)
        if len(self.days) == 5:
            first, last = self.days[0], self.days[-1]
            high, low = max(day.high for day in self.days), min(day.low for day in self.days)
            volume = sum(day.volume for day in self.days)
            self.weeks.append(Kline(first.open_time, first.open, high, low, last.close, volume, last.close_time))
            self.days = []
