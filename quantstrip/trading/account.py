"""One strategy's books: its allocation, cash, positions by symbol and leg."""

from quantstrip.model import FLAT, Booking, Fill, Instrument, Leg, Position, apply

_NET = Leg.NET


class Holding:
    """A position with what marking it to market needs.

    Attributes:
        quantity: the position's, signed.
        units: signed quantity times multiplier: money per point of price.

    """

    __slots__ = ("digits", "leg", "multiplier", "position", "quantity", "symbol", "units")

    def __init__(self, instrument: Instrument, leg: Leg) -> None:
        self.symbol = instrument.symbol
        self.leg = leg
        self.multiplier = instrument.multiplier
        self.digits = instrument.digits
        self.position: Position = FLAT
        self.quantity = 0.0
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

    def units(self, symbol: str, leg: Leg) -> float:
        """How much is held of ``symbol`` on ``leg``, negative when short."""
        holding = self._holdings.get((symbol, leg))
        return 0.0 if holding is None else holding.quantity

    def positions(self) -> dict[tuple[str, Leg], Position]:
        """Every position that is or was held."""
        return {key: holding.position for key, holding in self._holdings.items()}

    def book(self, fill: Fill, instrument: Instrument) -> Booking:
        """Book a fill and return what it did.

        Raises:
            InvalidRecord: quantity or price is impossible; nothing is booked.

        """
        symbol, side, quantity, price, _, commission, _, leg = fill[3:11]
        holding = self._holdings.get((symbol, leg))
        if holding is None:
            holding = self._holdings[symbol, leg] = Holding(instrument, leg)
        multiplier = holding.multiplier
        booking = apply(holding.position, side, quantity, price, multiplier, holding.digits)
        holding.position = position = booking.position
        holding.quantity = held = position.quantity
        was, holding.units = holding.units, held * multiplier
        if was == 0.0:
            self.held.append(holding)
            self.prices.setdefault(symbol, price)
        elif held == 0.0:
            self.held.remove(holding)
        self.cash += booking.amount - commission
        self.commission += commission
        return booking

    def charge(self, amount: float) -> None:
        """Take in what holding a position cost (negative) or brought, in money."""
        self.cash += amount

    def equity(self) -> float:
        """Cash plus all positions at the last known prices, in money."""
        prices = self.prices
        total = self.cash
        for holding in self.held:
            total += holding.units * prices[holding.symbol]
        return total

    def marks(self) -> dict[str, float]:
        """Last known price of everything that is held, by symbol."""
        prices = self.prices
        return {holding.symbol: prices[holding.symbol] for holding in self.held}

    def values(self, symbol: str = "") -> tuple[float, float, float]:
        """Equity, gross value of all positions and of those in ``symbol``, at the last known prices, in money."""
        prices = self.prices
        equity, gross, own = self.cash, 0.0, 0.0
        for holding in self.held:
            value = holding.units * prices[holding.symbol]
            equity += value
            gross += abs(value)
            if holding.symbol == symbol:
                own += abs(value)
        return equity, gross, own

    @property
    def realized_pnl(self) -> float:
        """Gross profit of everything closed so far, before commission, in money."""
        return round(sum(holding.position.realized_pnl for holding in self._holdings.values()), 8)
