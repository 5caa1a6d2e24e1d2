"""The start-up path: before a strategy runs, the broker is asked about every order that was not over."""

from collections.abc import Sequence
from typing import NamedTuple

from quantstrip.clock import Micros
from quantstrip.errors import BrokerUnreachable
from quantstrip.model import Fill, OrderState
from quantstrip.ports import Broker, OpenOrder, OrderUpdate
from quantstrip.trading import reconcile

_NEVER_ARRIVED = "the broker does not know this order: it never arrived"
_ENDED = "ended at the broker while nobody listened"
_UNHEARD = frozenset({OrderState.CREATED, OrderState.SUBMITTED})
"""States of an order of which the broker never said a word."""


class Recovered(NamedTuple):
    """What happened while nobody listened: fills to book first, then changes of state."""

    fills: list[Fill]
    updates: list[OrderUpdate]


def recover(broker: Broker, pending: Sequence[OpenOrder], now: Micros) -> Recovered:
    """Ask a broker whose orders outlive this process what became of ``pending``.

    An order it does not know and shows no fill for never arrived: it is cancelled, not sent again, for the moment it
    was meant for is over. A broker that begins empty (a simulated one) is not asked: the run repeats from its first
    bar and sends the same references again.

    Raises:
        BrokerUnreachable: no answer, or one that lacks executions that are booked; nothing may run on a guess.

    """
    if not pending or not broker.persistent:
        return Recovered([], [])
    ours = {one.order.reference: one for one in pending}
    booked = {exec_id for one in pending for exec_id in one.exec_ids}
    updates = {update.reference: update for update in broker.open_orders() if update.reference in ours}
    executions = broker.executions_since(min(one.order.ts for one in pending))
    fills = [fill for fill in executions if fill.reference in ours]
    _check_complete(pending, fills, updates)
    compared = reconcile(pending, [], {}, updates.values(), fills, [])
    unseen = [fill for fill in compared.unseen_fills if fill.exec_id not in booked]
    changes = list(updates.values())
    changes += [_filled(one, fills, now) for one in pending if _is_done(one, fills, updates)]
    changes += [
        OrderUpdate(
            difference.key,
            OrderState.CANCELLED,
            ours[difference.key].filled,
            ours[difference.key].order.quantity - ours[difference.key].filled,
            ours[difference.key].average_price,
            now,
            _NEVER_ARRIVED if ours[difference.key].state in _UNHEARD else _ENDED,
        )
        for difference in compared.missing_there
    ]
    return Recovered(unseen, changes)


def _check_complete(pending: Sequence[OpenOrder], fills: list[Fill], updates: dict[str, OrderUpdate]) -> None:
    """Refuse an answer that lacks what the broker told us before: an empty one would read as "nothing happened"."""
    shown = {fill.exec_id for fill in fills}
    for one in pending:
        lacking = sorted(set(one.exec_ids) - shown)
        if lacking and one.order.reference not in updates:
            raise BrokerUnreachable(
                f"expected the broker to show execution {lacking[0]} of order {one.order.reference}, which is booked; "
                f"its answer has {len(fills)} executions of ours and not this one, so it is incomplete",
                hint="Nothing was started. Try again; if the broker shows too few days, settle the order by hand.",
            )


def _is_done(one: OpenOrder, fills: list[Fill], updates: dict[str, OrderUpdate]) -> bool:
    reference = one.order.reference
    return reference not in updates and any(fill.reference == reference for fill in fills)


def _filled(one: OpenOrder, fills: list[Fill], now: Micros) -> OrderUpdate:
    """The state of an order that is no longer open, from its fills."""
    mine = [fill for fill in fills if fill.reference == one.order.reference]
    filled = sum(fill.quantity for fill in mine)
    average = sum(fill.quantity * fill.price for fill in mine) / filled
    rest = max(0.0, one.order.quantity - filled)
    state = OrderState.FILLED if rest <= 1e-9 else OrderState.CANCELLED
    reason = "" if state is OrderState.FILLED else _ENDED
    return OrderUpdate(one.order.reference, state, filled, rest, average, now, reason)
