"""Ours against the broker's, as a pure comparison: nothing is changed, every difference is named."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from quantstrip.model import Fill
from quantstrip.model.position import QUANTITY_DIGITS
from quantstrip.ports import BrokerPosition, OpenOrder, OrderUpdate, PositionDifference

_DUST = 10.0**-QUANTITY_DIGITS


class Difference(NamedTuple):
    """One thing that is not the same: the key (reference, exec_id, symbol), what we have, what the broker has."""

    kind: str
    key: str
    ours: str
    theirs: str


class Reconciliation(NamedTuple):
    """Result of a comparison.

    Attributes:
        matched: keys on which both agree, as ``kind:key``.
        missing_here: what the broker has and we do not.
        missing_there: what we have and the broker does not.
        different: what both have, with other values.
        unseen_fills: the broker's fills that we have not booked, oldest first.

    """

    matched: list[str]
    missing_here: list[Difference]
    missing_there: list[Difference]
    different: list[Difference]
    unseen_fills: list[Fill]

    @property
    def clean(self) -> bool:
        """True when both sides agree on everything."""
        return not (self.missing_here or self.missing_there or self.different)


def reconcile(
    our_orders: Iterable[OpenOrder],
    our_fills: Iterable[Fill],
    our_positions: Mapping[str, float],
    broker_orders: Iterable[OrderUpdate],
    broker_fills: Iterable[Fill],
    broker_positions: Iterable[BrokerPosition],
) -> Reconciliation:
    """Compare open orders by reference, executions by exec_id, and net positions by symbol.

    An order of ours that the broker no longer has open, but for which it shows fills, is not missing: it is done.
    """
    result = Reconciliation([], [], [], [], [])
    fills = sorted(broker_fills, key=lambda fill: (fill.ts, fill.exec_id))
    _orders(result, our_orders, {update.reference: update for update in broker_orders}, fills)
    _fills(result, {fill.exec_id: fill for fill in our_fills}, fills)
    _positions(result, our_positions, broker_positions)
    return result


def _orders(
    result: Reconciliation, ours: Iterable[OpenOrder], theirs: dict[str, OrderUpdate], fills: list[Fill]
) -> None:
    filled = {fill.reference for fill in fills}
    seen = set()
    for mine in ours:
        reference = mine.order.reference
        seen.add(reference)
        update = theirs.get(reference)
        if update is None:
            if reference in filled:
                result.matched.append(f"order:{reference}")
            else:
                result.missing_there.append(Difference("order", reference, _order_text(mine.state, mine.filled), "-"))
        elif update.state is mine.state and abs(update.filled - mine.filled) < _DUST:
            result.matched.append(f"order:{reference}")
        else:
            here, there = _order_text(mine.state, mine.filled), _order_text(update.state, update.filled)
            result.different.append(Difference("order", reference, here, there))
    for reference, update in theirs.items():
        if reference not in seen:
            there = _order_text(update.state, update.filled)
            result.missing_here.append(Difference("order", reference, "-", there))


def _fills(result: Reconciliation, ours: dict[str, Fill], fills: list[Fill]) -> None:
    seen = set()
    for fill in fills:
        seen.add(fill.exec_id)
        mine = ours.get(fill.exec_id)
        if mine is None:
            result.missing_here.append(Difference("execution", fill.exec_id, "-", _fill_text(fill)))
            result.unseen_fills.append(fill)
        elif _fill_text(mine) == _fill_text(fill):
            result.matched.append(f"execution:{fill.exec_id}")
        else:
            result.different.append(Difference("execution", fill.exec_id, _fill_text(mine), _fill_text(fill)))
    for exec_id, mine in ours.items():
        if exec_id not in seen:
            result.missing_there.append(Difference("execution", exec_id, _fill_text(mine), "-"))


def compare_positions(
    ours: Mapping[str, float], theirs: Iterable[BrokerPosition]
) -> tuple[list[str], list[PositionDifference]]:
    """Net positions by symbol: the symbols of which both hold the same, and the differences; both sorted by symbol."""
    held: dict[str, float] = {}
    for position in theirs:
        held[position.symbol] = held.get(position.symbol, 0.0) + position.quantity
    agreed, different = [], []
    for symbol in sorted(set(ours) | set(held)):
        here, there = ours.get(symbol, 0.0), held.get(symbol, 0.0)
        if abs(here - there) < _DUST:
            agreed.append(symbol)
        else:
            different.append(PositionDifference(symbol, here, there))
    return agreed, different


def _positions(result: Reconciliation, ours: Mapping[str, float], theirs: Iterable[BrokerPosition]) -> None:
    agreed, different = compare_positions(ours, theirs)
    result.matched.extend(f"position:{symbol}" for symbol in agreed)
    for symbol, here, there in different:
        if abs(here) < _DUST:
            result.missing_here.append(Difference("position", symbol, "0", f"{there:g}"))
        elif abs(there) < _DUST:
            result.missing_there.append(Difference("position", symbol, f"{here:g}", "0"))
        else:
            result.different.append(Difference("position", symbol, f"{here:g}", f"{there:g}"))


def _order_text(state: str, filled: float) -> str:
    return f"{state}, filled {filled:g}"


def _fill_text(fill: Fill) -> str:
    return f"{fill.side} {fill.quantity:g} {fill.symbol} at {fill.price:.10g}"
