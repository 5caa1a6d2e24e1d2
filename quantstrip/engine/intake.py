"""What the broker says: fills are booked once, changes of an order's state recorded; the strategy hears of both."""

from collections.abc import Mapping, Sequence

from quantstrip.clock import Micros
from quantstrip.engine.faults import fault
from quantstrip.engine.oversight import Oversight
from quantstrip.engine.recovery import recover
from quantstrip.engine.summary import RunSummary
from quantstrip.model import Fill, Instrument
from quantstrip.ports import Broker, BrokerEvent, Charge, OrderUpdate, Recorder
from quantstrip.strategy import StrategyBase
from quantstrip.trading import Account, OrderBook


class Intake:
    """Takes in a broker's events for one run.

    Args:
        strategy: hears of fills and, where it asks for it, of states.
        orders: the run's orders.
        account: its books.
        recorder: keeps fills and states.
        summary: counts fills, keeps charges and what is not this run's.
        instruments: by symbol.
        oversight: compares positions after events.

    Attributes:
        follows: somebody wants to know what becomes of an order, besides its fills.

    """

    def __init__(
        self,
        strategy: StrategyBase,
        orders: OrderBook,
        account: Account,
        recorder: Recorder,
        summary: RunSummary,
        instruments: Mapping[str, Instrument],
        oversight: Oversight,
    ) -> None:
        self._strategy = strategy
        self._orders = orders
        self._account = account
        self._recorder = recorder
        self._summary = summary
        self._instruments = instruments
        self._oversight = oversight
        self._hears_orders = type(strategy).on_order is not StrategyBase.on_order or "on_order" in vars(strategy)
        self.follows = recorder.follows_orders or self._hears_orders

    def take(self, events: Sequence[BrokerEvent], ts: Micros) -> None:
        """Take in events, in the order in which they happened."""
        orders = self._orders
        for event in events:
            if isinstance(event, Fill):
                if self._book(event):
                    self.tell_trade(event)
            elif isinstance(event, Charge):
                self._account.charge(event.amount)
                self._summary.charges.append(event)
            elif (tracked := orders.apply(event)) is not None:
                if self.follows:
                    self.tell_order(event, tracked.order.symbol)
            elif event.reference not in orders.open:  # over already: a late word, the recorder knows repeats
                self._recorder.update(event)
        if self._oversight.compares:
            self._oversight.compare(ts)

    def recover(self, broker: Broker) -> list[Fill]:
        """Bring orders and books up to date with the broker; returns the fills the strategy has not heard of.

        Raises:
            BrokerUnreachable: what became of an order is unknown.

        """
        pending = self._recorder.open_orders() if broker.persistent else ()
        for one in pending:
            self._orders.add(one.order, one.state, one.exec_ids).filled = one.filled
        now = max((one.order.ts for one in pending), default=0)
        fills, updates = recover(broker, pending, now)
        missed = [fill for fill in fills if self._book(fill)]
        for update in updates:
            if self._orders.apply(update) is not None:
                self._recorder.update(update)
        self._oversight.compare_at_start(now)
        return missed

    def tell_trade(self, fill: Fill) -> None:
        """Tell the strategy of a fill."""
        symbol, side, quantity, price = fill[3:7]
        try:
            self._strategy.on_trade(symbol, side, price, quantity)
        except (Exception, SystemExit) as error:
            raise fault(self._strategy, "on_trade", error, symbol, fill.ts) from error

    def tell_order(self, update: OrderUpdate, symbol: str) -> None:
        """Have a new state recorded and tell the strategy."""
        self._recorder.update(update)
        if not self._hears_orders:
            return
        try:
            self._strategy.on_order(update.reference, update.state)
        except (Exception, SystemExit) as error:
            raise fault(self._strategy, "on_order", error, symbol, update.ts) from error

    def _book(self, fill: Fill) -> bool:
        """Book a fill once; False where it is known already or not this run's."""
        exec_id, reference, _, symbol = fill[:4]
        executions = self._orders.executions
        booked = executions.get(reference, _FOREIGN)
        if booked is None:
            executions[reference] = exec_id  # of most orders there is one
        elif booked is _FOREIGN:
            self._summary.foreign.append(fill)
            return False
        elif not isinstance(booked, set):
            if exec_id == booked:
                return False
            executions[reference] = {booked, exec_id}
        elif exec_id in booked:
            return False
        else:
            booked.add(exec_id)
        instrument = self._instruments[symbol]
        self._account.book(fill, instrument)
        self._recorder.fill(fill, instrument)
        self._summary.fills += 1
        return True


_FOREIGN = ""
"""What stands for the executions of an order that is not of this run."""
