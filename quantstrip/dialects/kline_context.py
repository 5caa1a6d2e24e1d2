"""``BacktestContext``: what a kline strategy sees of its books, and how it trades."""

from array import array
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

from quantstrip.dialects.kline_types import Amount, Order, OrderSide, OrderType, iso
from quantstrip.model import Bar, Signal
from quantstrip.model import OrderSide as Side
from quantstrip.strategy import Seat

_CENT = 1e-8
"""Money below which rounding does not decide whether cash suffices: USDT's minor unit."""


class EquityCurve:
    """Records ``timestamp, equity, balance, position`` after each kline; kept as columns until somebody reads them."""

    def __init__(self) -> None:
        self._ts = array("q")
        self._values = (array("d"), array("d"), array("d"))
        self._made: list[dict[str, Any]] = []

    def add(self, ts_open: int, equity: float, balance: float, position: float, *, again: bool = False) -> None:
        """Add a record; ``again`` writes the last one anew."""
        columns: tuple[array[Any], ...] = (self._ts, *self._values)
        for column, value in zip(columns, (ts_open, equity, balance, position), strict=True):
            if again:
                column[-1] = value
            else:
                column.append(value)
        if again and len(self._made) == len(self._ts):
            self._made.pop()

    def records(self) -> list[dict[str, Any]]:
        """All of them, in a list that grows with the run; each is made once, by the first who asks."""
        start = len(self._made)
        columns = (self._ts[start:], *(column[start:] for column in self._values))
        for ts_open, equity, balance, position in zip(*columns, strict=True):
            self._made.append({"timestamp": iso(ts_open), "equity": equity, "balance": balance, "position": position})
        return self._made


class Books:
    """What the symbols of one run share: the cash, and so what waiting orders reserve of it.

    Attributes:
        strict: orders wait for the next open.
        waiting: what they reserve.
        contexts: one for each symbol.

    """

    def __init__(self) -> None:
        self.strict = False
        self.waiting: list[_Reserved] = []
        self.contexts: list[BacktestContext] = []


class BacktestContext:
    """Balance, position and orders of a kline strategy, the same in a backtest, a replay and on paper.

    In a run of several symbols each has a context: trades, orders and position are those of its symbol, balance and
    equity those of the account.

    Attributes:
        initial_balance: allocation of the run, in the quote asset.
        fee_rate: commission as a fraction of the traded value.
        trades: a record of each fill: ``timestamp, type, price, amount, balance, fee``.
        orders: every order that was taken.
        max_drawdown: largest fall of equity from its peak, 0 to 1.

    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], books: Books) -> None:
        self.trades: list[dict[str, Any]] = []
        self.orders: list[Order] = []
        self._curve = EquityCurve()
        self.max_drawdown: Decimal = Amount(0)
        self.initial_balance: Decimal = Amount(0)
        self.fee_rate: Decimal = Amount(0)
        self._symbol = ""
        self._tell = tell
        self._books = books
        self._signals: list[Signal] = []
        self._rate = self._peak = 0.0
        self._seat: Seat
        self._bar: Bar

    @property
    def balance(self) -> Decimal:
        """Cash that is free, in the quote asset."""
        return Amount.of(self._free())

    @property
    def equity_curve(self) -> list[dict[str, Any]]:
        """A record after each kline: ``timestamp, equity, balance, position``."""
        return self._curve.records()

    @property
    def position(self) -> Decimal:
        """What is held, in the base asset."""
        return Amount(repr(self._held()))

    def buy(self, price: float, amount: float, timestamp: str) -> bool:
        """Buy ``amount`` at ``price``; False, and a recorded refusal, where bar or balance do not allow it."""
        return self._trade(Side.BUY, float(price), float(amount), timestamp)

    def sell(self, price: float, amount: float, timestamp: str) -> bool:
        """Sell ``amount`` of what is held at ``price``; False where less is held."""
        return self._trade(Side.SELL, float(price), float(amount), timestamp)

    def sell_all(self, price: float, timestamp: str) -> bool:
        """Sell all that is held at ``price``; False where that is nothing."""
        held = self._held() - self._reserved(Side.SELL)
        return held > 0.0 and self._trade(Side.SELL, float(price), held, timestamp)

    def get_position_value(self, price: float) -> Decimal:
        """What the position is worth at ``price``, in the quote asset."""
        return Amount(self.position * Decimal(repr(float(price))))

    def get_equity(self, price: float) -> Decimal:
        """Balance and position at ``price``, other symbols' at their last; cash of waiting orders is still ours."""
        return Amount(Amount.of(self._seat.cash + self._elsewhere()) + self.get_position_value(price))

    def get_avg_position_price(self) -> float:
        """Average price of what is held, 0 where nothing is."""
        return self._seat.position(self._symbol).avg_price

    def get_drawdown(self, current_price: float) -> Decimal:
        """Fall of equity at ``current_price`` from its peak, 0 to 1."""
        return Amount(repr(self._drawdown(float(self.get_equity(current_price)))))

    # ------------------------------------------------------------------------------------------- the adapter's side

    def _sit(self, seat: Seat, symbol: str) -> None:
        """Begin a run."""
        self._seat, self._symbol = seat, symbol
        self._books.contexts.append(self)
        self._rate = seat.fee_rate
        self.fee_rate = Amount(repr(self._rate))
        self.initial_balance = Amount.of(seat.cash)
        self._peak = seat.cash

    def _note(self, *, again: bool = False) -> None:
        """Note equity after a kline; ``again`` after what happened at the end of its day."""
        bar, held, cash = self._bar, self._held(), self._seat.cash
        equity = cash + held * bar.close + self._elsewhere()
        self._curve.add(bar.ts_open, round(equity, 8), round(cash, 8), held, again=again)
        self._peak = max(self._peak, equity)
        drawdown = self._drawdown(equity)
        if drawdown > self.max_drawdown:
            self.max_drawdown = Amount(repr(drawdown))

    def _take(self) -> list[Signal]:
        """The signals that are to be sent."""
        signals, self._signals = self._signals, []
        return signals

    def _filled(self, side: Side, price: float, amount: float, fee: float, timestamp: str) -> dict[str, Any]:
        """Note a fill; its record."""
        kind = OrderType(side)
        self.orders.append(Order(timestamp, kind, price, amount, fee, OrderSide.LONG))
        record = {
            "timestamp": timestamp, "type": kind.lower(), "price": price, "amount": amount,
            "balance": round(self._seat.cash, 8), "fee": fee,
        }  # fmt: skip
        self.trades.append(record)
        return record

    def _release(self, side: Side, amount: float) -> str:
        """Give free what a fill was reserved for; the timestamp of its order."""
        for reserved in self._books.waiting:
            if reserved.side is side and reserved.symbol == self._symbol:
                reserved.amount -= amount
                if reserved.amount <= 0.0:
                    self._books.waiting.remove(reserved)
                return reserved.timestamp
        return iso(self._bar.ts_open)

    # ------------------------------------------------------------------------------------------------------- inside

    def _trade(self, side: Side, price: float, amount: float, timestamp: str) -> bool:
        reason = self._problem(side, price, amount)
        signal = Signal(self._symbol, side, 1.0, "LIMIT", price, amount)
        if reason:
            self._seat.refuse(signal, "context", reason)
            return False
        if self._books.strict:
            cost = price * (1.0 + self._rate)
            self._books.waiting.append(_Reserved(self._symbol, side, amount, cost, timestamp))
            self._signals.append(Signal(self._symbol, side, quantity=amount))
            return True
        fill = self._seat.fill_now(signal, price)
        if fill is None:
            return False
        self._tell(self._filled(side, fill.price, fill.quantity, fill.commission, timestamp))
        return True

    def _problem(self, side: Side, price: float, amount: float) -> str:
        """Why an order cannot be; "" where it can."""
        bar = self._bar
        if not (isfinite(price) and isfinite(amount) and price > 0.0 and amount > 0.0):
            return f"price and amount must be positive numbers, got {price!r} and {amount!r}"
        if not bar.low <= price <= bar.high:
            return f"a price of {price:g} is not to be had in this bar: it ranges from {bar.low:g} to {bar.high:g}"
        if side is Side.SELL:
            held = self._held() - self._reserved(side)
            return "" if amount <= held else f"{amount:g} were to be sold, {held:g} are held"
        cost, free = price * amount * (1.0 + self._rate), self._free()
        if cost <= free + _CENT:
            return ""
        return f"{amount:g} at {price:g} cost {cost:,.2f} with the fee, {free:,.2f} are free"

    def _held(self) -> float:
        return self._seat.position(self._symbol).quantity

    def _free(self) -> float:
        return self._seat.cash - self._reserved(Side.BUY)

    def _reserved(self, side: Side) -> float:
        """Cash that waiting buys of any symbol will take, or units of this one that waiting sells will."""
        waiting = [each for each in self._books.waiting if each.side is side]
        if side is Side.BUY:
            return sum(each.amount * each.cost for each in waiting)
        return sum(each.amount for each in waiting if each.symbol == self._symbol)

    def _elsewhere(self) -> float:
        """What the other symbols' positions are worth at their last known prices."""
        others, price = self._books.contexts, self._seat.price
        if len(others) == 1:
            return 0.0
        return sum(held * price(each._symbol) for each in others if each is not self and (held := each._held()))

    def _drawdown(self, equity: float) -> float:
        return max(0.0, (self._peak - equity) / self._peak) if self._peak > 0.0 else 0.0


class _Reserved:
    """What an order that waits will take: units, and money a unit."""

    __slots__ = ("amount", "cost", "side", "symbol", "timestamp")

    def __init__(self, symbol: str, side: Side, amount: float, cost: float, timestamp: str) -> None:
        self.symbol = symbol
        self.side = side
        self.amount = amount
        self.cost = cost
        self.timestamp = timestamp
