"""One strategy's books: its allocation, cash, positions by symbol and leg."""

from quantstrip.model import FLAT, Booking, Fill, Instrument, Leg, Position, apply

_NET = Leg.NET


class Holding:
    """A position with what marking it to market needs.

    Attributes:
        units: signed quantity times multiplier: money per point of price.

    """

    __slots__ = ("leg", "position", "symbol", "units")

    def __init__(self, symbol: str, leg: Leg) -> None:
        self.symbol = symbol
        self.leg = leg
        self.position: Position = FLAT
        self.units = 0.0


class Account:
    """Cash and positions of one strategy, booked by ``model.apply`` as the ledger books them.

    Attributes:
        allocation: money the strategy started with.
        cash: allocation plus and minus every booked amount and commission.
        commission: commission paid so far.
        prices: last known price by symbol; the engine keeps it.
        held: holdings that are not flat.

    """

    def __init__(self, allocation: float) -> None:
        self.allocation = allocation
        self.cash = allocation
        self.commission = 0.0
        self.prices: dict[str, float] = {}
        self.held: list[Holding] = []
        self._holdings: dict[tuple[str, Leg], Holding] = {}

    def position(self, symbol: str, leg: Leg = _NET) -> Position:
        """What is held of ``symbol`` on ``leg``."""
        holding = self._holdings.get((symbol, leg))
        return FLAT if holding is None else holding.position

    def positions(self) -> dict[tuple[str, Leg], Position]:
        """Every position that is or was held."""
        return {key: holding.position for key, holding in self._holdings.items()}

    def book(self, fill: Fill, instrument: Instrument) -> Booking:
        """Book a fill and return what it did.

        Raises:
            InvalidRecord: quantity or price is impossible; nothing is booked.

        """
        key = (fill.symbol, fill.leg)
        holding = self._holdings.get(key)
        if holding is None:
            holding = self._holdings[key] = Holding(fill.symbol, fill.leg)
        digits = instrument.digits
        booking = apply(holding.position, fill.side, fill.quantity, fill.price, instrument.multiplier, digits)
        if holding.units == 0.0:
            self.held.append(holding)
        holding.position = booking.position
        holding.units = booking.position.quantity * instrument.multiplier
        if holding.units == 0.0:
            self.held.remove(holding)
        self.cash = round(self.cash + booking.amount - fill.commission, digits)
        self.commission = round(self.commission + fill.commission, digits)
        self.prices.setdefault(fill.symbol, fill.price)
        return booking

    def equity(self) -> float:
        """Cash plus all positions at the last known prices, in money."""
        prices = self.prices
        total = self.cash
        for holding in self.held:
            total += holding.units * prices[holding.symbol]
        return total

    def gross_value(self, symbol: str | None = None) -> float:
        """Absolute value of all positions (of one symbol's, where given) at the last known prices, in money."""
        return sum(
            abs(holding.units) * self.prices[holding.symbol]
            for holding in self.held
            if symbol is None or holding.symbol == symbol
        )

    @property
    def realized_pnl(self) -> float:
        """Gross profit of everything closed so far, before commission, in money."""
        return round(sum(holding.position.realized_pnl for holding in self._holdings.values()), 8)
