"""The loop itself.

::

    feed -> broker.advance -> fills -> account, recorder, on_trade -> equity, halts -> on_bar -> signals
         -> desk (validity, sizing, risk) -> recorder -> broker.submit

Nothing in here knows whether money is real: clock, feed, broker and recorder are all that differs.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from math import nan
from typing import Any

from quantstrip.clock import Clock, ManualClock, Micros, from_datetime
from quantstrip.engine.faults import fault, plain
from quantstrip.engine.marks import Marks
from quantstrip.engine.oversight import Oversight, Slices
from quantstrip.engine.recovery import recover
from quantstrip.engine.seat import EngineSeat
from quantstrip.engine.stopping import stopping
from quantstrip.engine.summary import RunSummary
from quantstrip.errors import DataError, OrderRefused
from quantstrip.indicators import History
from quantstrip.matching import SessionEnd, bar_session_end
from quantstrip.model import Bar, Fill, Instrument, Order, OrderState, Signal, Tick
from quantstrip.ports import Broker, BrokerEvent, Charge, ColumnFeed, Columns, Feed, OrderUpdate, Recorder, new_update
from quantstrip.risk import NATIVE, Guard, RiskProfile
from quantstrip.strategy import StrategyBase
from quantstrip.trading import Account, Desk, OrderBook
from quantstrip.trading.desk import Hours
from quantstrip.trading.sizing import DEFAULT_RATIO


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
        size_ratio: share of equity for entries without a quantity.
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
        size_ratio: float = DEFAULT_RATIO,
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
        self._desk = Desk(
            run_key, strategy.name, self.account, self.orders, self.guard, instruments,
            ratio=size_ratio, quantity=quantity, hours=hours,
        )  # fmt: skip
        self._clock = clock if isinstance(clock, ManualClock) else ManualClock()
        self._every = progress_every
        self._begin = begin
        self._oversight = Oversight(broker, recorder, self.account, self.guard, self._desk)
        self._references: set[str] = set()
        self._booked: set[str] = set()
        self._moment: Micros = -1
        self._sequence = 0
        self._only = History("")
        """History of the run's only symbol, where a feed gives it beforehand."""
        self._alone = False
        """True where there is such a history."""
        self._lines: Iterator[object] = repeat(None)
        """One step a slice moves that history's lines."""
        self._marks = self._new_marks(None)
        self.shown: Sequence[Bar] = ()
        """The slice at hand, in a run of several symbols."""
        strategy._seat = EngineSeat(self, {})
        self._hears_orders = type(strategy).on_order is not StrategyBase.on_order or "on_order" in vars(strategy)
        self._follows_orders = recorder.follows_orders or self._hears_orders
        """Somebody wants to know what becomes of an order, besides its fills."""

    def run(self, stop: threading.Event | None = None) -> RunSummary:
        """Recover, start the strategy, feed it every slice, stop it; returns what came of it.

        Raises:
            StrategyFault: the strategy raised; names the hook, the symbol and the bar's time.
            DataError: the feed's bars are not what it promised.
            BrokerUnreachable: what became of an order is unknown; start again to have it asked about.

        """
        missed = self._recover()
        self._preload()
        self._call("on_init")
        with stopping(self.feed, stop) as stopped:
            slices = self._warm_up(iter(self.feed.slices()))
            self._call("on_start")
            self._lines = self._only.drive()
            for fill in missed:
                self._tell_trade(fill)
            try:
                slices = self._oversight.steered(slices, lambda: self._marks.equity)
                while not stopped.is_set() and self._handle_slices(slices):
                    pass
                self.summary.stopped = stopped.is_set()
            finally:
                self._call("on_stop")
        self.summary.halts = self.guard.halts()
        self.summary.slices = len(self.summary.curve_ts)
        shown = sum(history.length for history in self.strategy._bars.histories.values())
        self.summary.bars = shown - self.summary.warmup
        return self.summary

    def tick(self, tick: Tick) -> None:
        """Show the strategy one tick, between two slices and from the thread that runs them."""
        self.account.prices[tick.symbol] = tick.price
        try:
            signals = self.strategy.on_tick(tick)
        except Exception as error:
            raise fault(self.strategy, "on_tick", error, tick.symbol, tick.ts) from error
        if signals:
            self._decide(signals, tick.symbol, tick.ts)

    def _handle_slices(self, slices: Iterator[tuple[Micros, Sequence[Bar]]]) -> bool:
        """Handle up to ``progress_every`` slices; False when the feed has ended.

        The hot path. Only a broker with something on its way is asked, and a bar whose close stays in the calm range
        (see ``Marks``) needs no mark: while nothing waits, it goes straight to the strategy.
        """
        marks, broker, clock, guard, prices = self._marks, self.broker, self._clock, self.guard, self.account.prices
        history, alone, on_bar = self._only, self._alone, self.strategy.on_bar
        bars: Sequence[Bar] = ()
        ts: Micros = 0
        row = history.length
        low, high, until, edge = marks.calm(row)
        busy = not (alone and broker.idle)
        for (ts, bars), _ in zip(islice(slices, self._every), self._lines, strict=False):
            clock.moment = ts
            bar = bars[0]
            if busy:
                events = broker.advance(ts, bars)
                if events:
                    self._handle_events(events, ts)
                    low, high, until, edge = marks.turn(row)
                busy = not (alone and broker.idle)
            if row >= edge and (ts > until or not low <= bar.close <= high):
                marks.mark(ts, bars, row)
                if guard.changed:  # noted before what a halt refuses
                    self._oversight.note_halts(ts)
                if not alone:
                    self._show(bars, ts)
                    continue
                low, high, until, edge = marks.calm(row)
            row += 1
            history.length = row
            if history.growing:
                history.grow(bar)
            try:
                signals = on_bar(bar)
            except Exception as error:
                raise fault(self.strategy, "on_bar", error, bar.symbol, ts) from error
            if signals:
                prices[bar.symbol] = bar.close  # all that a calm bar changes
                self._decide(signals, bar.symbol, ts)
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
            except Exception as error:
                raise fault(self.strategy, "on_bar", error, bar.symbol, ts) from error
            if signals:
                self._decide(signals, bar.symbol, ts)

    def _note_progress(self, ts: Micros, bars: Sequence[Bar]) -> None:
        """Note how far the run is; ``bars`` are those of the last slice."""
        self._marks.settle(ts, bars, self._only.length)
        for bar in bars:
            self.strategy._bars.histories[bar.symbol].check(bar)
        self._oversight.note_halts(ts)
        self.recorder.progress(ts, self._marks.equity)

    def _decide(self, signals: Sequence[Any], symbol: str, ts: Micros) -> None:
        """Turn signals into orders or recorded refusals."""
        if type(signals) is not list and (isinstance(signals, Signal) or not isinstance(signals, tuple)):
            signals = (signals,)
        sequence = self._sequence if ts == self._moment else 0
        self._moment = ts
        for signal in signals:
            signal = signal if type(signal) is Signal else plain(self.strategy, signal, symbol, ts)
            sequence += 1
            if signal.cancel is not None:
                self._cancel(signal, ts)
                continue
            decided = None if signal.timestamp is None else self._price_at(signal)
            orders, refusal = self._desk.decide(signal, ts, sequence, decided)
            if refusal is not None:
                self._refuse(signal, ts, *refusal)
            if orders:
                self._send(orders, signal, ts)
        self._sequence = sequence

    def _send(self, orders: list[Order], signal: Signal, ts: Micros) -> None:
        """Commit all orders of a signal, then submit them: a crash in between leaves nothing unknown."""
        if self.recorder.follows_orders:
            instrument = self.instruments[signal.symbol]
            for order in orders:
                self.recorder.order(order, instrument)
        self.summary.orders += len(orders)
        for order in orders:
            reference, parent = order.reference, order.parent
            state, reason = _SUBMITTED, ""
            if parent and parent not in self.orders.open:
                state, reason = _CANCELLED, "the entry was refused"
            else:
                try:
                    self.broker.submit(order)
                except OrderRefused as refused:
                    state, reason = _REJECTED, str(refused)
                    self._refuse(signal, ts, "broker", reason)
                else:
                    self._references.add(reference)
                    self.orders.add(order, state)
            if self._follows_orders:
                news = new_update((reference, state, 0.0, order.quantity, 0.0, ts, reason, ""))
                self._tell_order(news, order.symbol)

    def _cancel(self, signal: Signal, ts: Micros) -> None:
        waiting = self.orders.matching(signal.cancel or "")
        if not waiting:
            self._refuse(signal, ts, "cancel", f"no order waits for {signal.cancel!r}; give a reference or a symbol")
        for tracked in waiting:
            self.broker.cancel(tracked.order.reference)

    def _refuse(self, signal: Signal, ts: Micros, rule: str, reason: str) -> None:
        self.summary.rejections += 1
        self.recorder.rejected(signal, ts, rule, reason)

    def _handle_events(self, events: Sequence[BrokerEvent], ts: Micros) -> None:
        """Take in what the broker says: fills are booked, changes of an order's state recorded; the strategy hears."""
        orders = self.orders
        for event in events:
            if isinstance(event, Fill):
                if self._book(event):
                    self._tell_trade(event)
            elif isinstance(event, Charge):
                self.account.charge(event.amount)
                self.summary.charges.append(event)
            elif (tracked := orders.apply(event)) is not None:
                if self._follows_orders:
                    self._tell_order(event, tracked.order.symbol)
            elif event.reference not in orders.open:  # over already: a late word, the recorder knows repeats
                self.recorder.update(event)
        if self._oversight.compares:
            self._oversight.compare(ts)

    def _book(self, fill: Fill) -> bool:
        """Book a fill once; False where it is known already or not this run's."""
        exec_id, reference, _, symbol = fill[:4]
        if exec_id in self._booked:
            return False
        if reference not in self._references:
            self.summary.foreign.append(fill)
            return False
        self._booked.add(exec_id)
        instrument = self.instruments[symbol]
        self.account.book(fill, instrument)
        self.recorder.fill(fill, instrument)
        self.summary.fills += 1
        return True

    def _tell_trade(self, fill: Fill) -> None:
        symbol, side, quantity, price = fill[3:7]
        try:
            self.strategy.on_trade(symbol, side, price, quantity)
        except Exception as error:
            raise fault(self.strategy, "on_trade", error, symbol, fill.ts) from error

    def _tell_order(self, update: OrderUpdate, symbol: str) -> None:
        """Have a new state recorded and tell the strategy."""
        self.recorder.update(update)
        if not self._hears_orders:
            return
        try:
            self.strategy.on_order(update.reference, update.state)
        except Exception as error:
            raise fault(self.strategy, "on_order", error, symbol, update.ts) from error

    def _recover(self) -> list[Fill]:
        """Bring orders and books up to date with the broker; returns the fills the strategy has not heard of."""
        pending = self.recorder.open_orders() if self.broker.persistent else ()
        for one in pending:
            self.orders.add(one.order, one.state).filled = one.filled
            self._references.add(one.order.reference)
            self._booked.update(one.exec_ids)
        now = max((one.order.ts for one in pending), default=0)
        fills, updates = recover(self.broker, pending, now)
        missed = [fill for fill in fills if self._book(fill)]
        for update in updates:
            if self.orders.apply(update) is not None:
                self.recorder.update(update)
        self._oversight.compare_at_start(now)
        return missed

    def _preload(self) -> None:
        """Give the strategy's histories the columns of a feed that knows them."""
        given = dict(self.feed.columns()) if isinstance(self.feed, ColumnFeed) else {}
        seat = self.strategy._seat = EngineSeat(self, given)
        for symbol, columns in given.items():
            history = self._new_history(symbol)
            if not history.length:
                history.preload(columns)
                if len(given) == 1 and not seat.same_bar:  # a fill within a bar needs its mark
                    self._only, self._alone = history, True
                    self._marks = self._new_marks(columns)

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
        self._marks.begin(self._only.length)
        return rest

    def _new_marks(self, columns: Columns | None) -> Marks:
        summary = self.summary
        return Marks(
            self.account, self.guard, summary.curve_ts, summary.curve_equity, columns, watched=self.recorder.kept
        )

    def _new_history(self, symbol: str) -> History:
        if symbol not in self.instruments:
            raise DataError(f"the feed has bars of {symbol}, which is no instrument of this run")
        return self.strategy._bars.history(symbol)

    def _price_at(self, signal: Signal) -> float:
        """Close of the last bar known at the signal's own timestamp, NaN where that is not in the window."""
        moment = from_datetime(signal.timestamp) if signal.timestamp is not None else 0
        window: list[Bar] = self.strategy._bars.get(signal.symbol, [])
        return next((float(bar.close) for bar in reversed(window) if bar.ts <= moment), nan)

    def _call(self, hook: str) -> None:
        try:
            getattr(self.strategy, hook)()
        except Exception as error:
            raise fault(self.strategy, hook, error, "", self._moment) from error


_SUBMITTED, _REJECTED, _CANCELLED = OrderState.SUBMITTED, OrderState.REJECTED, OrderState.CANCELLED
