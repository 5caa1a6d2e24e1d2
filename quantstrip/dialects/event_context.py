"""What an event script is handed: its parameters, bars and books, and the intents that it can have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import TYPE_CHECKING, Any, Final

from quantstrip.dialects.script import Act, Side
from quantstrip.errors import StrategyError
from quantstrip.model import Bar, Leg

if TYPE_CHECKING:
    from quantstrip.dialects.event import EventStrategy

MOST_BARS: Final = 5000
"""Bars that ``ctx.bars`` can give."""
_INTENTS: Final[Mapping[str, tuple[Act, Side]]] = {
    "open_long": ("open", "long"),
    "close_long": ("close", "long"),
    "open_short": ("open", "short"),
    "close_short": ("close", "short"),
}
_BUYS: Final = ("open_long", "close_short")
_SELLS: Final = ("open_short", "close_long")


@dataclass(frozen=True, slots=True)
class Intent:
    """What a script wants done to one leg.

    Attributes:
        amount: value at the close of the deciding bar, in money; None for all of a leg, or for the entry that the
            rules size.

    """

    act: Act
    side: Side
    amount: float | None
    reason: str


class LegPosition:
    """What is held of one symbol on its two legs; as a number, what is held net.

    Attributes:
        long_size, short_size: units, never negative.
        long_entry, short_entry: average entry price, 0 where nothing is held.

    """

    __slots__ = ("long_entry", "long_size", "short_entry", "short_size")

    def __init__(self, long_size: float, long_entry: float, short_size: float, short_entry: float) -> None:
        self.long_size = long_size
        self.long_entry = long_entry
        self.short_size = short_size
        self.short_entry = short_entry

    def has_long(self) -> bool:
        """Something is held long."""
        return self.long_size > 0.0

    def has_short(self) -> bool:
        """Something is held short."""
        return self.short_size > 0.0

    def is_flat(self) -> bool:
        """Nothing is held on either leg."""
        return not (self.has_long() or self.has_short())

    @property
    def net(self) -> float:
        """Units held long less those held short."""
        return self.long_size - self.short_size

    def __int__(self) -> int:
        """1 where it is net long, -1 where net short, else 0: a size below one unit is no flat position."""
        return (self.net > 0.0) - (self.net < 0.0)

    def __float__(self) -> float:
        return self.net

    def __bool__(self) -> bool:
        return not self.is_flat()

    def __eq__(self, other: object) -> bool:
        return self.net == float(other) if isinstance(other, Real | LegPosition) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.net)

    def __lt__(self, other: "float | LegPosition") -> bool:
        return self.net < float(other)

    def __le__(self, other: "float | LegPosition") -> bool:
        return self.net <= float(other)

    def __gt__(self, other: "float | LegPosition") -> bool:
        return self.net > float(other)

    def __ge__(self, other: "float | LegPosition") -> bool:
        return self.net >= float(other)

    def __abs__(self) -> float:
        return abs(self.net)

    def __repr__(self) -> str:
        return (
            f"LegPosition(long_size={self.long_size:g}, long_entry={self.long_entry:g}, "
            f"short_size={self.short_size:g}, short_entry={self.short_entry:g})"
        )


class Context:
    """``ctx`` of an event script, one for each symbol. A script may keep what it likes on it: ``ctx.anchor = 100.0``.

    Attributes:
        symbol: what it trades.

    """

    def __init__(self, strategy: "EventStrategy", symbol: str, params: dict[str, Any]) -> None:
        self.symbol = symbol
        self._strategy = strategy
        self._params = params
        self._intents: list[Intent] | None = None
        """None outside ``on_bar``, where nothing can be ordered."""

    def param(self, name: str, default: Any = None) -> Any:
        """A tunable: what the run gives, else what was asked for first, kept from bar to bar."""
        return self._params.setdefault(name, default)

    def bars(self, n: int = 1) -> Sequence[Bar]:
        """The last ``n`` bars, the one at hand included, oldest first; fewer while there are no more.

        In a bot the one at hand is its pseudo tick, those before it are closed bars.

        Raises:
            StrategyError: so many are not kept.

        """
        if not (0 < n <= MOST_BARS and n == int(n)):
            raise StrategyError(f"ctx.bars({n}): from 1 to {MOST_BARS} bars are kept", hint="Ask for fewer.")
        return self._strategy.last_bars(self.symbol, int(n))

    @property
    def balance(self) -> float:
        """Money that is not in positions."""
        return self._strategy.books.cash

    @property
    def equity(self) -> float:
        """Money, with every position at its last price."""
        return self._strategy.books.equity()

    @property
    def position(self) -> LegPosition:
        """What is held of the symbol; orders of this bar fill at the next open."""
        books = self._strategy.books
        long, short = books.position(self.symbol, Leg.LONG), books.position(self.symbol, Leg.SHORT)
        return LegPosition(long.quantity, long.avg_price, -short.quantity or 0.0, short.avg_price)

    def open_long(self, amount: float | None = None, price: float | None = None, reason: str = "") -> None:
        """Open a long leg or add to it: ``amount`` of money at this bar's close, else what ``entryPct`` makes it."""
        self._want("open_long", amount, price, reason)

    def close_long(self, amount: float | None = None, price: float | None = None, reason: str = "") -> None:
        """Take ``amount`` of money off the long leg, at most all of it; without an amount, all of it."""
        self._want("close_long", amount, price, reason)

    def open_short(self, amount: float | None = None, price: float | None = None, reason: str = "") -> None:
        """Open a short leg or add to it, as ``open_long`` does a long one."""
        self._want("open_short", amount, price, reason)

    def close_short(self, amount: float | None = None, price: float | None = None, reason: str = "") -> None:
        """Cover ``amount`` of money of the short leg, at most all of it; without an amount, all of it."""
        self._want("close_short", amount, price, reason)

    def close_position(self, reason: str = "close_position") -> None:
        """Close both legs."""
        if self.position.has_long():
            self.close_long(reason=reason)
        if self.position.has_short():
            self.close_short(reason=reason)

    def buy(
        self, *, amount: float | None = None, price: float | None = None, intent: str | None = None, reason: str = ""
    ) -> None:  # fmt: skip
        """The older way: covers what is short first, and buys with the rest; ``intent`` says which of the two."""
        self._legacy("buy", intent, _BUYS, amount, price, reason)

    def sell(
        self, *, amount: float | None = None, price: float | None = None, intent: str | None = None, reason: str = ""
    ) -> None:  # fmt: skip
        """The older way: sells what is held first, and goes short with the rest; ``intent`` says which of the two."""
        self._legacy("sell", intent, _SELLS, amount, price, reason)

    def log(self, msg: object) -> None:
        """Write a line to the strategy's log."""
        self._strategy.write(self.symbol, str(msg))

    def _legacy(
        self, name: str, intent: str | None, known: tuple[str, str], amount: float | None, price: float | None,
        reason: str,
    ) -> None:  # fmt: skip
        if intent is not None:
            if intent not in known:
                raise StrategyError(f"ctx.{name}(intent={intent!r})", hint=f"It is one of {', '.join(known)}.")
            self._want(intent, amount, price, reason)
            return
        opens, closes = known
        held = self.position.short_size if name == "buy" else self.position.long_size
        if not held:
            self._want(opens, amount, price, reason)
            return
        self._want(closes, amount, price, reason)
        last = self.bars(1)[-1].close * self._strategy.seat.instrument(self.symbol).multiplier
        rest = 0.0 if amount is None else amount - held * last
        if rest > 0.0:
            self._want(opens, rest, price, reason)

    def _want(self, intent: str, amount: float | None, price: float | None, reason: str) -> None:
        if self._intents is None:
            raise StrategyError(f"ctx.{intent}() outside on_bar", hint="Decide in on_bar, where there is a bar.")
        for name, value in (("amount", amount), ("price", price)):
            if value is not None and (not _is_number(value)):
                raise StrategyError(
                    f"ctx.{intent}({name}={value!r})", hint=f"{name} is a number of money, or left out."
                )
        act, side = _INTENTS[intent]
        self._intents.append(Intent(act, side, None if amount is None else float(amount), reason or intent))


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and isfinite(value)
