"""What a broker says, from each of its sources, in one form: Flex XML, its read side, what a client wrote of it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quantstrip.clock import DAY, Micros, system_clock
from quantstrip.errors import StatementError
from quantstrip.home import Home
from quantstrip.model.statement import Fee, Statement, StatementFill, StatementPosition
from quantstrip.operations.ledger import existing_ledger

if TYPE_CHECKING:
    from quantstrip.ports import Broker

BROKER_DAYS: Final = 7
"""How far back a broker is asked for executions, unless said otherwise."""


def from_flex(files: Iterable[Path], *, accounts: Sequence[str] = (), zone: str = "") -> Statement:
    """Flex XML files of Interactive Brokers as one statement.

    Raises:
        StatementError: a file cannot be used.

    """
    from quantstrip.brokers.flex import ZONE, read_flex

    return read_flex([path.expanduser() for path in files], accounts=accounts, zone=zone or ZONE)


def from_broker(broker: "Broker", since: Micros | None = None) -> Statement:
    """What a broker's read side says: executions since a moment (a week ago when None), and positions as they are.

    Raises:
        BrokerUnreachable: it cannot be asked, or its memory does not reach back that far.

    """
    start = system_clock.now() - BROKER_DAYS * DAY if since is None else since
    fills = [
        StatementFill(
            one.exec_id,
            broker.account,
            one.symbol,
            one.side,
            one.quantity,
            one.price,
            one.ts,
            currency=one.currency,
            # Brokers tell a commission after its fill: nothing said is not nothing paid.
            fees=(Fee("COMMISSION", one.currency, one.commission),) if one.commission else None,
            reference=one.reference,
        )
        for one in broker.executions_since(start)
    ]
    held = broker.positions()
    positions = [StatementPosition(one.account, one.symbol, "", one.quantity, one.avg_price) for one in held]
    return Statement(
        f"broker {broker.name}",
        tuple(sorted({broker.account, *(one.account for one in positions)})),
        tuple(fills),
        tuple(positions),
        since=start,
    )


def from_external(home: Home, *, accounts: Sequence[str] = ()) -> Statement:
    """The broker's positions that a client wrote with ``insert_position_external``; the newest word on each contract.

    Raises:
        StatementError: there are none, of these accounts.

    """
    rows = existing_ledger(home).get_positions_external()
    chosen = rows[rows["account"].isin(list(accounts))] if accounts else rows
    missing = sorted(set(accounts) - set(rows["account"]))
    if missing or chosen.empty:
        raise StatementError(
            f"no broker's positions are in the ledger{' of ' + ', '.join(missing) if missing else ''}",
            hint="A client writes them with db_handler.insert_position_external(account, contract_id, position).",
        )
    oldest = min(chosen["create_time"])
    return Statement(
        "position_external",
        tuple(sorted(set(chosen["account"]))),
        positions=tuple(
            StatementPosition(str(row["account"]), "", str(row["contract_id"]), float(row["position"]))
            for row in chosen.to_dict("records")
        ),
        notes=(f"the oldest of the broker's words is of {oldest[:19]} UTC",),
    )
