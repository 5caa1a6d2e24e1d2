"""The same work in nautilus_trader; run by the peer's own Python: ``peer_nautilus.py DATA.npz BARS``.

Prints one JSON object: seconds of processor time of the run, bars and closed positions.
"""

# The peer lives in an environment of its own: nothing here can be checked against it.
# mypy: ignore-errors

import json
import sys
import time
from decimal import Decimal

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy


class Config(StrategyConfig, frozen=True):
    bar_type: BarType


class SmaCross(Strategy):
    def __init__(self, config):
        super().__init__(config)
        self.fast, self.slow = SimpleMovingAverage(10), SimpleMovingAverage(30)
        self.above = None

    def on_start(self):
        self.instrument = self.cache.instrument(self.config.bar_type.instrument_id)
        self.register_indicator_for_bars(self.config.bar_type, self.fast)
        self.register_indicator_for_bars(self.config.bar_type, self.slow)
        self.subscribe_bars(self.config.bar_type)

    def on_bar(self, bar):
        if not self.slow.initialized:
            return
        above = self.fast.value > self.slow.value
        before, self.above = self.above, above
        if before is None or above == before:
            return
        if above:
            order = self.order_factory.market(
                self.config.bar_type.instrument_id, OrderSide.BUY, self.instrument.make_qty(10)
            )
            self.submit_order(order)
        else:
            self.close_all_positions(self.config.bar_type.instrument_id)


def main():
    count = int(sys.argv[2])
    instrument = TestInstrumentProvider.equity("WALK", "XNAS")
    bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    with np.load(sys.argv[1]) as data:
        frame = pd.DataFrame(
            {name: data[name][:count].round(2) for name in ("open", "high", "low", "close", "volume")},
            index=pd.to_datetime(data["ts"][:count], unit="us", utc=True),
        )
    frame["high"] = frame[["open", "high", "close"]].max(axis=1)
    frame["low"] = frame[["open", "low", "close"]].min(axis=1)
    bars = BarDataWrangler(bar_type, instrument).process(frame)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(Venue("XNAS"), OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, USD)], USD, Decimal(1))
    engine.add_instrument(instrument)
    engine.add_data(bars)
    engine.add_strategy(SmaCross(Config(bar_type=bar_type)))
    begin = time.process_time()
    engine.run()
    seconds = time.process_time() - begin
    closed = engine.trader.generate_positions_report()
    print(json.dumps({"seconds": seconds, "bars": count, "trades": len(closed)}))


if __name__ == "__main__":
    main()
