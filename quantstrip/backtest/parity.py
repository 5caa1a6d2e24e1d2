"""Do two ways of running a strategy trade alike? Their deals side by side, and what every difference is."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from quantstrip.clock import Micros

if TYPE_CHECKING:
    from quantstrip.backtest.result import BacktestResult

Kind = Literal["missing", "extra", "time", "side", "price", "quantity"]
REACH: Final = 5
"""Bars within which the same deal at another time is taken for the same one, come early or late."""


class Deal(NamedTuple):
    """A fill, or a signal: then without quantity and price (0)."""

    ts: Micros
    symbol: str
    side: str
    quantity: float = 0.0
    price: float = 0.0


class Mismatch(NamedTuple):
    """One difference.

    Attributes:
        kind: missing over there, extra over there, another bar, another side, another price or quantity.
        ours, theirs: the two deals; None where there is none.
        cause: what it looks like, in words.

    """

    kind: Kind
    ours: Deal | None
    theirs: Deal | None
    cause: str


@dataclass(frozen=True, slots=True)
class Parity:
    """What a comparison came to.

    Attributes:
        matched: deals that are the same in time, side, quantity and price.
        ours, theirs: how many there are.
        mismatches: the others, oldest first.
        signals: the same of the signals behind them; None where they are not known.

    """

    matched: int
    ours: int
    theirs: int
    mismatches: tuple[Mismatch, ...]
    signals: "Parity | None" = None

    @property
    def percent(self) -> float | None:
        """Matched deals as a percentage of the longer list; None where both are empty."""
        longer = max(self.ours, self.theirs)
        return 100.0 * self.matched / longer if longer else None

    def causes(self) -> Mapping[str, int]:
        """How often each cause occurs, the commonest first."""
        found: dict[str, int] = defaultdict(int)
        for each in self.mismatches:
            found[each.cause] += 1
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def deals_of(result: "BacktestResult") -> list[Deal]:
    """The fills of a backtest."""
    return [Deal(fill.ts, fill.symbol, str(fill.side), fill.quantity, fill.price) for fill in result.fills]


def compare_deals(
    ours: Iterable[Deal],
    theirs: Iterable[Deal],
    moments: Mapping[str, npt.NDArray[np.int64]] | None = None,
    *,
    price_tolerance: float = 1e-9,
    quantity_tolerance: float = 1e-9,
    price_step: float = 0.0,
) -> Parity:
    """Match deals by symbol, time and side, then those left over by the nearest bar.

    Each deal is matched once at most. Of what is matched in time, quantity and price are compared.

    Args:
        ours, theirs: the deals, in any order.
        moments: close of each bar by symbol, to count bars by; without it only equal times match.
        price_tolerance, quantity_tolerance: relative differences that are none.
        price_step: in price units: prices that differ by half of it are the same, rounded.

    """
    mine, others = sorted(ours), sorted(theirs)
    pairs, left, right = _same_time(mine, others)
    matched = 0
    found: list[Mismatch] = []
    for one, other in pairs:
        difference = _difference(one, other, price_tolerance, quantity_tolerance, price_step)
        matched += difference is None
        found += [difference] if difference else []
    found += _opposed(left, right)
    found += _shifted(left, right, moments or {})
    found += [Mismatch("missing", one, None, "not traded there") for one in left]
    found += [Mismatch("extra", None, one, "not traded here") for one in right]
    found.sort(key=lambda each: (each.ours or each.theirs or _NOTHING)[:3])
    return Parity(matched, len(mine), len(others), tuple(found))


_NOTHING: Final = Deal(0, "", "")


def _same_time(mine: Sequence[Deal], others: Sequence[Deal]) -> tuple[list[tuple[Deal, Deal]], list[Deal], list[Deal]]:
    """Pairs of equal symbol, time and side; and what is left of each list."""
    waiting: dict[tuple[str, Micros, str], list[Deal]] = defaultdict(list)
    for one in others:
        waiting[one.symbol, one.ts, one.side].append(one)
    pairs, left = [], []
    for one in mine:
        same = waiting[one.symbol, one.ts, one.side]
        if same:
            pairs.append((one, same.pop(0)))
        else:
            left.append(one)
    return pairs, left, sorted(one for same in waiting.values() for one in same)


def _difference(one: Deal, other: Deal, price: float, quantity: float, step: float) -> Mismatch | None:
    if abs(one.quantity - other.quantity) > quantity * max(abs(one.quantity), abs(other.quantity)):
        return Mismatch("quantity", one, other, "another quantity: sizing, equity or lot differ")
    if abs(one.price - other.price) > price * max(abs(one.price), abs(other.price)) + 0.5 * step:
        return Mismatch("price", one, other, "another price: costs, ticks or the fill rule differ")
    return None


def _opposed(left: list[Deal], right: list[Deal]) -> list[Mismatch]:
    """Deals of one bar with opposite sides; they are taken out of both lists."""
    found = []
    at = {(one.symbol, one.ts): one for one in right}
    for one in list(left):
        other = at.pop((one.symbol, one.ts), None)
        if other is not None:
            left.remove(one)
            right.remove(other)
            found.append(Mismatch("side", one, other, "the other side at the same bar"))
    return found


def _shifted(left: list[Deal], right: list[Deal], moments: Mapping[str, npt.NDArray[np.int64]]) -> list[Mismatch]:
    """The same deal some bars earlier or later; what is found is taken out of both lists."""
    found = []
    by_key: dict[tuple[str, str], list[tuple[int, Deal]]] = defaultdict(list)
    for one in right:
        if one.symbol in moments:
            by_key[one.symbol, one.side].append((_bar(moments, one), one))
    for one in list(left):
        near = by_key.get((one.symbol, one.side), [])
        if one.symbol not in moments or not near:
            continue
        here = _bar(moments, one)
        place = bisect_left(near, (here,))
        around = near[max(0, place - 1) : place + 1]
        bar, other = min(around, key=lambda each: abs(each[0] - here))
        if abs(bar - here) <= REACH:
            near.remove((bar, other))
            left.remove(one)
            right.remove(other)
            found.append(Mismatch("time", one, other, _bars_apart(bar - here)))
    return found


def _bar(moments: Mapping[str, npt.NDArray[np.int64]], deal: Deal) -> int:
    return int(np.searchsorted(moments[deal.symbol], deal.ts))


def _bars_apart(bars: int) -> str:
    if bars == 0:
        return "within the same bar there"
    return f"{abs(bars)} bar{'s' if abs(bars) > 1 else ''} {'later' if bars > 0 else 'earlier'} there"
