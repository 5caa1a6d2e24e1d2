"""The one table of order states: which may follow which."""

from quantstrip.errors import InvalidRecord
from quantstrip.model.enums import OrderState

_S = OrderState
ALLOWED: dict[OrderState, frozenset[OrderState]] = {
    _S.CREATED: frozenset(
        {_S.SUBMITTED, _S.ACCEPTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED}
    ),
    _S.SUBMITTED: frozenset({_S.ACCEPTED, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED}),
    _S.ACCEPTED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED}),
    # A broker may report fills out of order, and cancel what is left of an order.
    _S.PARTIALLY_FILLED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.EXPIRED}),
    # The execution can outrun the cancellation on the wire: a fill after a cancel is a fact, not an error.
    _S.CANCELLED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED}),
    _S.EXPIRED: frozenset({_S.PARTIALLY_FILLED, _S.FILLED}),
    _S.FILLED: frozenset(),
    _S.REJECTED: frozenset(),
}

FINAL = frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED, _S.REJECTED})


def advance(current: OrderState, new: OrderState) -> OrderState:
    """The state after a report ``new``; a repeated report changes nothing.

    Raises:
        InvalidRecord: the change is impossible, so one of the two reports is wrong.

    """
    if new is current:
        return current
    if new not in ALLOWED[current]:
        allowed = ", ".join(sorted(ALLOWED[current])) or "nothing"
        raise InvalidRecord(f"an order cannot go from {current} to {new}; allowed: {allowed}")
    return new
