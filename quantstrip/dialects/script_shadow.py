"""What a run that orders nothing would hold, had each of its signals been followed.

A script decides by what it holds. Where nothing is ordered it would ask for the same again on every bar, and nobody
would be told of its stops. So its signals are followed here, by the same desk and the same fill rules as an order's.
"""

from collections.abc import Sequence
from typing import Final

from quantstrip.brokers import SimulatedBroker
from quantstrip.errors import OrderRefused
from quantstrip.matching import CostModel, bar_session_end
from quantstrip.model import Bar, Fill, Leg, Order, OrderState, OrderType, Position, Signal
from quantstrip.ports import OrderUpdate
from quantstrip.risk import Guard, Refusal, RiskProfile
from quantstrip.strategy import Seat
from quantstrip.trading import Account, Desk, OrderBook

EXITS: Final = {OrderType.STOP: "stop", OrderType.LIMIT: "target", OrderType.TRAILING_STOP: "trailing stop"}
"""What an exit of the engine is called, by the order that made it."""


class Shadow:
    """Books that follow signals.

    Args:
        seat: of the run; its money is what they begin with.
        name: the strategy's.
        symbols: all that it trades.
        profile: the rules that an order would meet.
        netting: as of the broker that would take the orders.

    """

    def __init__(self, seat: Seat, name: str, symbols: Sequence[str], profile: RiskProfile, *, netting: bool) -> None:
        self._seat = seat
        self._instruments = {symbol: seat.instrument(symbol) for symbol in symbols}
        costs = CostModel(slippage_bps=0.0, commission_per_share=0.0, commission_rate=seat.fee_rate)
        self._broker = SimulatedBroker(self._instruments, costs, netting=netting)
        self._orders = OrderBook()
        self._seen = -1
        self._exits: dict[str, list[Fill]] = {}
        """Of the bars that closed last, by symbol."""
        self._account = Account(seat.cash)
        guard = Guard(profile, seat.cash, self._instruments, bar_session_end)
        self._desk = Desk(
            "shadow", name, self._account, self._orders, guard, self._instruments, quantity=seat.quantity
        )  # fmt: skip
        self._sequence = 0

    @property
    def cash(self) -> float:
        """Money that would not be in positions."""
        return self._account.cash

    def equity(self) -> float:
        """That money, with every position at its last price."""
        return self._account.equity()

    def position(self, symbol: str, leg: Leg = Leg.NET) -> Position:
        """What would be held."""
        return self._account.position(symbol, leg)

    def see(self, bar: Bar) -> Sequence[Fill]:
        """Fill what waits by a bar and those that close with it; returns its exits that are the engine's own."""
        if bar.ts != self._seen:
            self._seen = bar.ts
            self._advance(self._seat.moment or (bar,))
        return self._exits.pop(bar.symbol, [])

    def _advance(self, bars: Sequence[Bar]) -> None:
        self._exits.clear()
        for event in self._broker.advance(self._seen, bars):
            if isinstance(event, Fill):
                self._account.book(event, self._instruments[event.symbol])
                if event.order_type in EXITS:
                    self._exits.setdefault(event.symbol, []).append(event)
            elif isinstance(event, OrderUpdate):
                self._orders.apply(event)
        self._account.prices.update({bar.symbol: bar.close for bar in bars})

    def follow(self, signal: Signal, bar: Bar) -> Refusal | None:
        """Do what an engine would have done about a signal; why not, where it would have refused."""
        self._sequence += 1
        orders, refusal = self._desk.decide(signal, bar.ts, self._sequence)
        for order in orders:
            refusal = self._send(order) or refusal
        return refusal

    def _send(self, order: Order) -> Refusal | None:
        if order.parent and order.parent not in self._orders.open:
            return None  # its entry was refused
        try:
            self._broker.submit(order)
        except OrderRefused as refused:
            return Refusal("broker", str(refused))
        self._orders.add(order, OrderState.SUBMITTED)
        return None
