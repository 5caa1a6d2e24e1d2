"""What a broker's statement says: fills, positions, events that are no trades; one form for every source."""

from typing import NamedTuple

from quantstrip.clock import Micros
from quantstrip.model.enums import OrderSide


class Fee(NamedTuple):
    """What a fill cost: money in ``currency``, positive when paid; ``fee_type`` is COMMISSION or the broker's word."""

    fee_type: str
    currency: str
    amount: float


class StatementFill(NamedTuple):
    """One execution, as the broker or the ledger has it.

    Attributes:
        quantity: units, greater than zero; the direction is ``side``.
        price: in price units of the instrument.
        ts: when it happened.
        trade_date: session ``YYYY-MM-DD``, empty where the source does not say.
        fees: None where the source does not know them (yet).
        reference: ours, as the broker repeats it; empty where it carries none.
        external_order_id: the broker's own id of the order.
        multiplier: money per point and unit, None where the source does not say.

    """

    exec_id: str
    account: str
    symbol: str
    side: OrderSide
    quantity: float
    price: float
    ts: Micros
    trade_date: str = ""
    contract_id: str = ""
    instrument_type: str | None = None
    currency: str | None = None
    fees: tuple[Fee, ...] | None = None
    reference: str = ""
    external_order_id: str = ""
    exchange: str | None = None
    multiplier: float | None = None


class StatementPosition(NamedTuple):
    """What is held of one contract in one account: signed units; ``symbol`` may be empty where ``contract_id`` is not.

    ``avg_price`` is information: brokers count fees and wash sales into it, the ledger does not.
    """

    account: str
    symbol: str
    contract_id: str
    quantity: float
    avg_price: float | None = None


class StatementEvent(NamedTuple):
    """Something that changes what is held and is no trade: a split, a spin-off, a transfer, a cancelled trade."""

    kind: str
    account: str
    symbol: str
    contract_id: str
    date: str
    text: str


class Statement(NamedTuple):
    """All that one source says.

    Attributes:
        source: where it comes from, in words.
        accounts: what it covers.
        fills: None where the source has no executions at all; an empty tuple says that there were none.
        positions: None where it has none; what is not listed is not held.
        first_date, last_date: sessions it covers, ``YYYY-MM-DD``; empty where it has no bound. Positions are those
            after ``last_date``.
        since: the moment it reaches back to, where it is bounded by a moment and not by a session.
        notes: what a person should know of it.

    """

    source: str
    accounts: tuple[str, ...]
    fills: tuple[StatementFill, ...] | None = None
    positions: tuple[StatementPosition, ...] | None = None
    events: tuple[StatementEvent, ...] = ()
    first_date: str = ""
    last_date: str = ""
    since: Micros = 0
    notes: tuple[str, ...] = ()


class LedgerFill(NamedTuple):
    """A fill that counts in the ledger, under the exec_id by which a broker would know it.

    Attributes:
        strategy: whose it is.
        exec_id: the ledger's own id of it, which a correction or an entry by hand makes another one.
        order_id: None where it belongs to no order.
        by_hand: entered in the journal without a broker's id.
        transferred: came or went without a trade; no broker shows it as one.

    """

    fill: StatementFill
    strategy: str
    exec_id: str = ""
    order_id: int | None = None
    by_hand: bool = False
    transferred: bool = False
