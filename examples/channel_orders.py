"""Every order type and every hook of the contract, in one strategy: a channel breakout whose entries and exits wait.

    quantstrip backtest examples/channel_orders.py
    quantstrip backtest examples/channel_orders.py --symbols IBM --param entry=STOP_LIMIT --param trail=0.12

An entry waits above the channel as a stop (or stop-limit) order, and is cancelled when the trend ends first. What was
bought is protected from the entry bar on: it leaves with a trailing stop, or at a target with a limit.
"""

from quantstrip import Allowed, Bar, OrderSide, OrderType, Signal, StrategyBase


class ChannelOrders(StrategyBase):
    """Stops into a rising channel; out by trailing stop, target, or at the market when volume leaves."""

    author = "Quantstrip"
    parameters = ["channel", "entry", "trail", "target"]
    allowed = {
        "channel": Allowed(5, 200, help="Bars whose highest high is the entry's stop."),
        "entry": Allowed(choices=("STOP", "STOP_LIMIT"), help="How an entry waits."),
        "trail": Allowed(0.01, 0.5, help="Distance of the trailing stop: 0.1 is 10 %."),
        "target": Allowed(0.01, 2.0, help="Distance of the limit that takes the profit."),
    }
    variables = ["waiting", "held", "states"]
    timeframe = "1d"

    def __init__(self, symbols=None, channel=20, entry="STOP", trail=0.1, target=0.25):
        super().__init__(name="channel_orders", symbols=symbols or ["AAPL", "IBM", "MSFT"])
        self.channel, self.entry, self.trail, self.target = channel, entry, trail, target
        self.waiting: dict[str, int] = {}
        self.held: dict[str, float] = {}
        self.states: dict[str, int] = {}
        self.trading = False

    def on_init(self):
        """Lines are the cheapest way to read an indicator bar by bar."""
        self.fast = {symbol: self.indicators_for(symbol).line("ema", 20) for symbol in self.symbols}

    def on_start(self):
        """After a warm-up, before the first bar that trades."""
        self.trading = True

    def on_stop(self):
        """After the last bar."""
        self.trading = False

    def on_tick(self, tick):
        """Live feeds have ticks; this strategy decides on bars alone."""
        return []

    def on_order(self, order_id, status):
        """What became of orders, counted by state."""
        self.states[str(status)] = self.states.get(str(status), 0) + 1

    def on_trade(self, symbol, side, price, volume):
        """Units held; when one exit has filled, the engine takes the others back with the position."""
        self.waiting.pop(symbol, None)
        self.held[symbol] = self.held.get(symbol, 0.0) + (volume if side == OrderSide.BUY else -volume)

    def on_bar(self, bar: Bar) -> list[Signal]:
        """Decide at the bar's close."""
        bars, symbol = self._bars[bar.symbol], bar.symbol
        if not self.trading or len(bars) <= max(self.channel, 40):
            return []
        found = self.indicators_for(symbol)
        rising = self.fast[symbol][-1] > self.fast[symbol][-2] and found.macd()[2][-1] > 0
        if self.held.get(symbol, 0.0) > 0:
            quiet = bar.volume < 0.3 * found.volume_sma(20)[-1] and found.obv()[-1] < found.obv()[-5]
            return [Signal(symbol, OrderSide.SELL, reason="volume has left")] if quiet else []
        if symbol in self.waiting:
            if rising and found.rsi(14)[-1] < 80:
                return []
            del self.waiting[symbol]
            return [Signal(symbol, cancel=symbol)]
        if not rising:
            return []
        stop = max(each.high for each in bars[-self.channel :]) + 0.1 * self._calculate_atr(bars, 14)
        self.waiting[symbol] = 1
        return [
            Signal(
                symbol,
                OrderSide.BUY,
                order_type=OrderType(self.entry),
                stop_price=stop,
                limit_price=stop * 1.01 if self.entry == "STOP_LIMIT" else None,
                trailing_pct=self.trail,
                take_profit_pct=self.target,
                tag="breakout",
                reason=f"above the channel of {self.channel} bars at {stop:.2f}",
            )
        ]
