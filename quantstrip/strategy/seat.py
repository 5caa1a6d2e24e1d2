"""What the engine lets a strategy see of its own books, for forms whose documents have a balance and a position."""

from collections.abc import Sequence
from typing import Protocol

from quantstrip.model import Bar, Fill, Instrument, Leg, Position, Signal
from quantstrip.ports import Columns


class Seat(Protocol):
    """A strategy's view of the run it sits in, as of the bar at hand.

    Native strategies need none of it: sizing is the engine's. Other forms size by equity or ask what they hold.

    Attributes:
        same_bar: ``fill_now`` is to be had: the broker is simulated and the strategy's class asked for it.

    """

    same_bar: bool

    @property
    def quantity(self) -> float | None:
        """Units that the run gives to entries without a quantity; None where it gives none."""
        ...

    def instrument(self, symbol: str) -> Instrument:
        """What ``symbol`` is: its multiplier, its lot, its currency."""
        ...

    @property
    def fee_rate(self) -> float:
        """Commission as a fraction of the traded value; 0 where the broker does not tell it beforehand."""
        ...

    @property
    def cash(self) -> float:
        """Money that is not in positions; what is short adds to it."""
        ...

    @property
    def paid(self) -> float:
        """Commission of all fills so far, in money."""
        ...

    @property
    def moment(self) -> Sequence[Bar]:
        """In a run of several symbols, the bars that closed together with the one at hand; it is among them."""
        ...

    def equity(self) -> float:
        """Cash plus every position at its last known price, in money."""
        ...

    def position(self, symbol: str, leg: Leg = Leg.NET) -> Position:
        """What is held of ``symbol`` on ``leg``."""
        ...

    def price(self, symbol: str) -> float:
        """Last known price, NaN before the first."""
        ...

    def lot(self, symbol: str) -> float:
        """Smallest step of the quantity, in units; 0 where any quantity can be traded."""
        ...

    def columns(self, symbol: str) -> Columns | None:
        """The symbol's whole history where the feed knows it beforehand, else None.

        For computing ahead what is causal anyway, never for looking ahead: row ``i`` of what is made of it may be used
        from the close of bar ``i`` on.
        """
        ...

    def fill_now(self, signal: Signal, price: float) -> Fill | None:
        """Have ``signal`` filled within the bar at hand, at ``price``; None where it is refused, which is recorded.

        Raises:
            StrategyError: not to be had here (``same_bar`` is False).

        """
        ...

    def refuse(self, signal: Signal, rule: str, reason: str) -> None:
        """Have it recorded that ``signal`` was wanted, and why the form itself does not let it pass."""
        ...
