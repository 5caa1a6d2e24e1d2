"""Feeds, strategies and brokers that engine tests are written with."""

import threading
from typing import Any

import pytest

from quantstrip.brokers import FREE, SimulatedBroker
from quantstrip.clock import DAY
from quantstrip.engine import Engine, MemoryRecorder
from quantstrip.model import Bar, Instrument
from quantstrip.risk import OFF
from quantstrip.strategy import StrategyBase


class ListFeed:
    """A feed of given slices without columns."""

    name = "list"

    def __init__(self, slices: Any) -> None:
        self._slices = slices
        self._stop = threading.Event()

    def slices(self) -> Any:
        for one in self._slices:
            if self._stop.is_set():
                return
            yield one

    def stop(self) -> None:
        self._stop.set()


class Scripted(StrategyBase):
    """Says what a test's function says, and notes every call of the engine."""

    def __init__(self, say: Any = None, symbols: Any = ("S",)) -> None:
        super().__init__("scripted", list(symbols))
        self.say = say or (lambda _strategy, _bar: None)
        self.heard: list[str] = []

    def on_init(self) -> None:
        self.heard.append("init")

    def on_start(self) -> None:
        self.heard.append("start")

    def on_stop(self) -> None:
        self.heard.append("stop")

    def on_trade(self, symbol: str, side: str, price: float, volume: Any) -> None:
        self.heard.append(f"trade {symbol} {side} {volume:g} @ {price:g}")

    def on_order(self, order_id: Any, status: Any) -> None:
        self.heard.append(f"order {status}")

    def on_bar(self, bar: Any) -> Any:
        self.heard.append(f"bar {bar.symbol} {bar.close:g}")
        return self.say(self, bar)


def bar(day: int, close: float, symbol: str = "S", open_: float | None = None) -> Any:
    open_ = close if open_ is None else open_
    return Bar(
        symbol, "1d", day * DAY, (day + 1) * DAY, open_, max(open_, close) + 1, min(open_, close) - 1, close, 1e3
    )


def slices(*closes: Any, symbols: Any = ("S",)) -> Any:
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
    ListFeed = ListFeed
    Scripted = Scripted

    def __init__(self) -> None:
        self.instruments = {name: Instrument(name) for name in ("S", "T", "U")}

    def engine(
        self,
        strategy: Any,
        feed: Any,
        *,
        broker: Any = None,
        recorder: Any = None,
        cash: float = 100_000.0,
        risk: Any = OFF,
        **options: Any,
    ) -> Any:
        self.recorder = recorder if recorder is not None else MemoryRecorder()
        self.broker = broker or SimulatedBroker(self.instruments, FREE)
        feed = ListFeed(feed) if isinstance(feed, list) else feed
        return Engine(
            strategy, feed=feed, broker=self.broker, recorder=self.recorder, instruments=self.instruments, cash=cash,
            risk=risk, run_key="run", **options,
        )  # fmt: skip

    def run(self, say: Any, feed: Any, symbols: Any = ("S",), **options: Any) -> Any:
        """Run a scripted strategy; returns the strategy and the summary."""
        strategy = Scripted(say, symbols)
        return strategy, self.engine(strategy, feed, **options).run()


@pytest.fixture
def lab() -> Any:
    return Lab()
