"""Feeds, strategies and brokers that engine tests are written with."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY, Micros
from quantstrip.engine import Engine, MemoryRecorder, RunSummary
from quantstrip.model import Bar, Instrument, OrderSide, OrderState
from quantstrip.ports import Broker, Feed, Recorder
from quantstrip.risk import OFF, RiskProfile
from quantstrip.strategy import StrategyBase
from quantstrip.strategy.base import Signals

Slices = list[tuple[Micros, list[Bar]]]
"""What a feed is made of: moments and the bars that close at them."""
Say = Callable[["Scripted", Bar], Signals]
"""What a scripted strategy answers to a bar."""


class ListFeed:
    """A feed of given slices without columns."""

    name = "list"

    def __init__(self, slices: Slices) -> None:
        self._slices = slices
        self._stop = threading.Event()

    def slices(self) -> Iterator[tuple[Micros, Sequence[Bar]]]:
        for one in self._slices:
            if self._stop.is_set():
                return
            yield one

    def stop(self) -> None:
        self._stop.set()


class Scripted(StrategyBase):
    """Says what a test's function says, and notes every call of the engine."""

    engine: Engine
    """Where a test wants its strategy to look into the engine."""

    def __init__(self, say: Say | None = None, symbols: Sequence[str] = ("S",)) -> None:
        super().__init__("scripted", list(symbols))
        self.say: Say = say or (lambda _strategy, _bar: None)
        self.heard: list[str] = []

    def on_init(self) -> None:
        self.heard.append("init")

    def on_start(self) -> None:
        self.heard.append("start")

    def on_stop(self) -> None:
        self.heard.append("stop")

    def on_trade(self, symbol: str, side: OrderSide, price: float, volume: float) -> None:
        self.heard.append(f"trade {symbol} {side} {volume:g} @ {price:g}")

    def on_order(self, order_id: str, status: OrderState) -> None:
        self.heard.append(f"order {status}")

    def on_bar(self, bar: Bar) -> Signals:
        self.heard.append(f"bar {bar.symbol} {bar.close:g}")
        return self.say(self, bar)


def bar(day: int, close: float, symbol: str = "S", open_: float | None = None) -> Bar:
    open_ = close if open_ is None else open_
    return Bar(
        symbol, "1d", day * DAY, (day + 1) * DAY, open_, max(open_, close) + 1, min(open_, close) - 1, close, 1e3
    )


def slices(*closes: float, symbols: Sequence[str] = ("S",)) -> Slices:
    """One slice a close, for every symbol; each bar opens at the close before it."""
    made, before = [], closes[0]
    for day, close in enumerate(closes):
        made.append(((day + 1) * DAY, [bar(day, close, symbol, before) for symbol in symbols]))
        before = close
    return made


class Lab:
    """Builds an engine around a strategy and keeps its parts."""

    bar = staticmethod(bar)
    slices = staticmethod(slices)

    def __init__(self) -> None:
        self.instruments = {name: Instrument(name) for name in ("S", "T", "U")}

    def engine(
        self,
        strategy: StrategyBase,
        feed: Feed | Slices,
        *,
        broker: Broker | None = None,
        recorder: Recorder | None = None,
        cash: float = 100_000.0,
        risk: RiskProfile = OFF,
        **options: Any,
    ) -> Engine:
        recorder = MemoryRecorder() if recorder is None else recorder
        if isinstance(recorder, MemoryRecorder):
            self.recorder = recorder
        self.broker = broker or SimulatedBroker(self.instruments, FREE)
        feed = ListFeed(feed) if isinstance(feed, list) else feed
        return Engine(
            strategy, feed=feed, broker=self.broker, recorder=recorder, instruments=self.instruments, cash=cash,
            risk=risk, run_key="run", **options,
        )  # fmt: skip

    def run(
        self, say: Say | None, feed: Feed | Slices, symbols: Sequence[str] = ("S",), **options: Any
    ) -> tuple[Scripted, RunSummary]:
        """Run a scripted strategy; returns the strategy and the summary."""
        strategy = Scripted(say, symbols)
        return strategy, self.engine(strategy, feed, **options).run()


@pytest.fixture
def lab() -> Lab:
    return Lab()
