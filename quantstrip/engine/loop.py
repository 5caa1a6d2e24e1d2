"""The loop itself.

::

    feed -> broker.advance -> fills -> account, recorder, on_trade -> equity, halts -> on_bar -> signals
         -> desk (validity, sizing, risk) -> recorder -> broker.submit

Nothing in here knows whether money is real: clock, feed, broker and recorder are all that differs.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import chain, islice, repeat

from quantstrip.clock import Clock, ManualClock, Micros
from quantstrip.engine.collecting import seldom
from quantstrip.engine.dispatch import Dispatch
from quantstrip.engine.faults import fault
from quantstrip.engine.intake import Intake
from quantstrip.engine.marks import Marks
from quantstrip.engine.oversight import Oversight, Slices
from quantstrip.engine.seat import EngineSeat
from quantstrip.engine.stopping import stopping
from quantstrip.engine.summary import RunSummary
from quantstrip.errors import DataError
from quantstrip.indicators import History
from quantstrip.matching import SessionEnd, bar_session_end
from quantstrip.model import Bar, Instrument, Tick
from quantstrip.ports import Broker, ColumnFeed, Columns, Feed, Recorder
from quantstrip.risk import NATIVE, Guard, RiskProfile
from quantstrip.strategy import StrategyBase, checked_ratio
from quantstrip.trading import Account, Desk, OrderBook
from quantstrip.trading.desk import Hours


class Engine:
    """Runs one strategy over one feed against one broker, and has everything recorded.

    Args:
        strategy: the strategy; one object serves one run.
        feed: where bars come from; with ``columns()`` indicators are computed as arrays.
        broker: where orders go.
        recorder: what keeps orders, fills and refusals; an order is kept before it is sent.
        instruments: by symbol, for every symbol of the feed.
        cash: the strategy's allocation, in money.
        risk: the limits.
        clock: a ``ManualClock`` is set to each slice's close; any other is left alone.
        run_key: identity of the run (``trading.run_identity``); part of every order's reference.
        size_ratio: share of equity for entries without a quantity; the strategy's own where None.
        quantity: units for entries without a quantity, instead of ``size_ratio``.
        session_end: when a bar's session ends, for the daily loss limit.
        hours: when exchanges are open, for the trading hours rule; None where orders wait for a bar anyway.
        progress_every: slices between two calls of ``recorder.progress``, and between two looks at ``stop``.
        account: books to go on with; None begins with ``cash`` and no position.
        begin: bars that close before this moment only warm up: the strategy has their indicators, and is not asked.

    """

    def __init__(
        self,
        strategy: StrategyBase,
        *,
        feed: Feed,
        broker: Broker,
        recorder: Recorder,
        instruments: Mapping[str, Instrument],
        cash: float,
        risk: RiskProfile = NATIVE,
        clock: Clock | None = None,
        run_key: str = "",
        size_ratio: float | None = None,
        quantity: float | None = None,
        session_end: SessionEnd = bar_session_end,
        hours: Hours | None = None,
        progress_every: int = 1,
        account: Account | None = None,
        begin: Micros = 0,
    ) -> None:
        self.strategy = strategy
        self.feed = feed
        self.broker = broker
        self.recorder = recorder
        self.instruments = instruments
        self.account = account or Account(cash)
        self.guard = Guard(risk, self.account.equity(), instruments, session_end)
        self.orders = OrderBook()
        self.summary = RunSummary(run_key, strategy.name, risk.describe(), self.account)
        self.desk = Desk(
            run_key, strategy.name, self.account, self.orders, self.guard, instruments,
            ratio=checked_ratio(strategy) if size_ratio is None else size_ratio, quantity=quantity, hours=hours,
        )  # fmt: skip
        self._clock = clock if isinstance(clock, ManualClock) else ManualClock()
        self._every = progress_every
        self._begin = begin
        self._oversight = Oversight(broker, recorder, self.account, self.guard, self.desk)
        self.intake = Intake(
            strategy, self.orders, self.account, recorder, self.summary, instruments, self._oversight
        )  # fmt: skip
        self.dispatch = Dispatch(
            strategy, self.desk, broker, self.orders, recorder, self.intake, self.summary, instruments
        )  # fmt: skip
        self.only = History("")
        """History of the run's only symbol, where a feed gives it beforehand."""
        self.alone = False
        """True where there is such a history."""
        self._lines: Iterator[object] = repeat(None)
        """One step a slice moves that history's lines."""
        self.marks = self._new_marks(None)
        self.shown: Sequence[Bar] = ()
        """The slice at hand, in a run of several symbols."""
        strategy._seat = EngineSeat(self, {})

    def run(self, stop: threading.Event | None = None) -> RunSummary:
        """Recover, start the strategy, feed it every slice, stop it; returns what came of it.

        Raises:
            StrategyFault: the strategy raised; names the hook, the symbol and the bar's time.
            DataError: the feed's bars are not what it promised.
            BrokerUnreachable: what became of an order is unknown; start again to have it asked about.

        """
        missed = self.intake.recover(self.broker)
        self._preload()
        self._call("on_init")
        with stopping(self.feed, stop) as stopped, nullcontext() if self.recorder.kept else seldom():
            slices = self._warm_up(iter(self.feed.slices()))
            self._call("on_start")
            self._lines = self.only.drive()
            for fill in missed:
                self.intake.tell_trade(fill)
            try:
                slices = self._oversight.steered(slices, lambda: self.marks.equity)
                while not stopped.is_set() and self._handle_slices(slices):
                    pass
                self.summary.stopped = stopped.is_set()
            finally:
                self.marks.draw(self.only.length)
                self._call("on_stop")
        self.summary.halts = self.guard.halts()
        self.summary.slices = len(self.summary.ts)
        shown = sum(history.length for history in self.strategy._bars.histories.values())
        self.summary.bars = shown - self.summary.warmup
        return self.summary

    def tick(self, tick: Tick) -> None:
        """Show the strategy one tick, between two slices and from the thread that runs them."""
        self.account.prices[tick.symbol] = tick.price
        try:
            signals = self.strategy.on_tick(tick)
        except (Exception, SystemExit) as error:
            raise fault(self.strategy, "on_tick", error, tick.symbol, tick.ts) from error
        if signals:
            self.dispatch.decide(signals, tick.symbol, tick.ts)

    def _handle_slices(self, slices: Iterator[tuple[Micros, Sequence[Bar]]]) -> bool:
        """Handle up to ``progress_every`` slices; False when the feed has ended.

        The hot path. Only a broker with something on its way is asked, and a bar whose equity stays in the calm range
        (see ``Marks``) needs no mark: while nothing waits, it goes straight to the strategy.
        """
        marks, broker, clock, guard, prices = self.marks, self.broker, self._clock, self.guard, self.account.prices
        history, alone, on_bar = self.only, self.alone, self.strategy.on_bar
        decide, take = self.dispatch.decide, self.intake.take
        bars: Sequence[Bar] = ()
        ts: Micros = 0
        row = history.length
        cash, units, low, high, until, edge = marks.calm(row)
        busy = not (alone and broker.idle)
        for (ts, bars), _ in zip(islice(slices, self._every), self._lines, strict=False):
            clock.moment = ts
            bar = bars[0]
            if busy:
                events = broker.advance(ts, bars)
                if events:
                    take(events, ts)
                    cash, units, low, high, until, edge = marks.turn(row)
                busy = not (alone and broker.idle)
            if row >= edge and (row == edge or ts > until or not low <= cash + units * bar.close <= high):
                marks.mark(ts, bars, row)
                if guard.changed:  # noted before what a halt refuses
                    self._oversight.note_halts(ts)
                if not alone:
                    self._show(bars, ts)
                    continue
                cash, units, low, high, until, edge = marks.calm(row + 1)
            row += 1
            history.length = row
            if history.growing:
                history.grow(bar)
            try:
                signals = on_bar(bar)
            except (Exception, SystemExit) as error:
                raise fault(self.strategy, "on_bar", error, bar.symbol, ts) from error
            if signals:
                prices[bar.symbol] = bar.close  # all that a calm bar changes
                decide(signals, bar.symbol, ts)
                busy = not broker.idle
        if bars:
            self._note_progress(ts, bars)
        return bool(bars)

    def _show(self, bars: Sequence[Bar], ts: Micros) -> None:
        """Show the strategy each bar of a slice: several symbols, or one whose history is not known beforehand."""
        self.shown = bars
        histories, on_bar = self.strategy._bars.histories, self.strategy.on_bar
        for bar in bars:
            history = histories.get(bar.symbol) or self._new_history(bar.symbol)
            history.add(bar)
            try:
                signals = on_bar(bar)
            except (Exception, SystemExit) as error:
                raise fault(self.strategy, "on_bar", error, bar.symbol, ts) from error
            if signals:
                self.dispatch.decide(signals, bar.symbol, ts)

    def _note_progress(self, ts: Micros, bars: Sequence[Bar]) -> None:
        """Note how far the run is; ``bars`` are those of the last slice."""
        self.marks.settle(ts, bars)
        for bar in bars:
            self.strategy._bars.histories[bar.symbol].check(bar)
        self._oversight.note_halts(ts)
        self.recorder.progress(ts, self.marks.equity)

    def _preload(self) -> None:
        """Give the strategy's histories the columns of a feed that knows them."""
        given = dict(self.feed.columns()) if isinstance(self.feed, ColumnFeed) else {}
        seat = self.strategy._seat = EngineSeat(self, given)
        for symbol, columns in given.items():
            history = self._new_history(symbol)
            if not history.length:
                history.preload(columns)
                if len(given) == 1 and not seat.same_bar:  # a fill within a bar needs its mark
                    self.only, self.alone = history, True
                    self.marks = self._new_marks(columns)

    def _warm_up(self, slices: Slices) -> Slices:
        """Show the bars that only warm up; returns the rest."""
        if not self._begin:
            return slices
        histories = self.strategy._bars.histories
        rest: Slices = iter(())
        for ts, bars in slices:
            if ts >= self._begin:
                rest = chain([(ts, bars)], slices)
                break
            self._clock.moment = ts
            self.summary.warmup += len(bars)
            for bar in bars:
                (histories.get(bar.symbol) or self._new_history(bar.symbol)).add(bar)
                self.account.prices[bar.symbol] = bar.close
        self.marks.begin(self.only.length)
        return rest

    def _new_marks(self, columns: Columns | None) -> Marks:
        return Marks(self.account, self.guard, self.summary, columns, watched=self.recorder.kept)

    def _new_history(self, symbol: str) -> History:
        if symbol not in self.instruments:
            raise DataError(f"the feed has bars of {symbol}, which is no instrument of this run")
        return self.strategy._bars.history(symbol)

    def _call(self, hook: str) -> None:
        try:
            getattr(self.strategy, hook)()
        except (Exception, SystemExit) as error:
            raise fault(self.strategy, hook, error, "", self.dispatch.moment) from error
