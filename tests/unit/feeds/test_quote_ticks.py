"""A live market's quotes as pseudo ticks: in order, in their bars, and traded by a bot as they come."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantstrip import dialects
from quantstrip.bars import is_first
from quantstrip.brokers import SimulatedBroker
from quantstrip.clock import MINUTE
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.errors import DataError
from quantstrip.feeds import QuoteTicks
from quantstrip.matching import FREE
from quantstrip.model import Bar, Pulse, Quote, Tick

Update = Quote | Tick | Pulse


class Market:
    """A market whose words are known beforehand."""

    def __init__(self, *updates: Update) -> None:
        self._updates = updates
        self.stopped = False

    def stream(self) -> Iterator[Update]:
        return iter(self._updates)

    def stop(self) -> None:
        self.stopped = True


def ticks(*updates: Update) -> list[Bar]:
    return [bar for _, (bar,) in QuoteTicks(Market(*updates), "1m").slices()]


def test_a_quote_is_its_mid_a_trade_its_price_and_neither_a_pulse_nor_an_empty_book_is_a_price() -> None:
    found = ticks(Quote("S", 1000, 9.0, 11.0), Pulse(1500), Tick("S", 2000, 10.5, 3.0), Quote("S", 3000, 0.0, 0.0))
    assert [(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.ts) for bar in found] == [
        (10.0, 10.0, 10.0, 10.0, 0.0, 1000), (10.5, 10.5, 10.5, 10.5, 3.0, 2000),
    ]  # fmt: skip


@given(moments=st.lists(st.tuples(st.integers(0, 5 * MINUTE), st.sampled_from("AB")), min_size=1, max_size=30))
def test_ticks_come_one_after_the_other_and_the_first_of_each_bar_is_known(moments: list[tuple[int, str]]) -> None:
    found = ticks(*(Tick(symbol, ts, 1.0) for ts, symbol in sorted(moments)))
    assert all(earlier.ts <= later.ts_open < later.ts for earlier, later in pairwise(found))
    for symbol in "AB":
        own = [bar for bar in found if bar.symbol == symbol]
        minutes = [bar.ts // MINUTE for bar in own]
        assert [is_first(bar) for bar in own] == [
            row == 0 or minutes[row] != minutes[row - 1] for row in range(len(own))
        ]  # fmt: skip


def test_a_bot_trades_a_live_market_and_is_filled_at_the_next_quote(tmp_path: Path) -> None:
    file = tmp_path / "bot.py"
    file.write_text(
        "def on_bar(ctx, bar):\n"
        "    if bar.close < 99 and ctx.position.is_flat():\n"
        "        ctx.open_long(amount=1000)\n"
        "    if len(ctx.bars(9)) == 3:\n"
        "        closed = ctx.bars(9)[0]\n"
        "        assert (closed.open, closed.high, closed.low, closed.close) == (100.0, 100.0, 98.0, 98.5), closed\n"
        "        ctx.close_long()\n"
    )
    prices = [100.0, 98.0, 98.5, 101.0, 102.0, 103.0, 104.0]  # three in the first minute, two in each later one
    moments = [0, 20, 40, 60, 80, 120, 140]
    market = Market(*(Quote("S", s * 1_000_000 + 10, p - 0.5, p + 0.5) for s, p in zip(moments, prices, strict=True)))
    strategy, form = dialects.load(file, symbols=["S"], parameters={"runtime": "bot"})
    instruments = {"S": form.instrument("S", "24/7")}
    recorder = MemoryRecorder()
    feed = QuoteTicks(market, "1m")
    Engine(
        strategy, feed=feed, broker=SimulatedBroker(instruments, FREE, netting=False), recorder=recorder,
        instruments=instruments, cash=10_000.0, risk=form.risk,
    ).run()  # fmt: skip
    assert [(str(fill.side), fill.price) for fill in recorder.fills] == [("BUY", 98.5), ("SELL", 104.0)]
    feed.stop()
    assert market.stopped


def test_days_are_no_bars_of_ticks() -> None:
    with pytest.raises(DataError, match="cannot be counted in '1d' bars"):
        QuoteTicks(Market(), "1d")
