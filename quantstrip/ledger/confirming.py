"""A run's part in reconciliation: intentions are CONFIRMED where positions agree with the broker's, else an alert."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from quantstrip.clock import Micros, to_text
from quantstrip.ledger.alerts import raise_alert
from quantstrip.ledger.booking import KEY, position_of
from quantstrip.ledger.events import confirm_orders, executed_orders
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Store
from quantstrip.ledger.tables import position_event
from quantstrip.ports import PositionDifference

_P = position_event.c
_KEYS = Statement(
    lambda: (
        select(*(_P[name] for name in KEY), _P.broker_id)
        .where(
            _P.mode == bindparam("mode"), _P.account == bindparam("account"), _P.broker_id == bindparam("broker_id"),
            _P.execution_seq.is_not(None),
        )
        .distinct()
    )
)  # fmt: skip


class Confirming:
    """Filled orders of one run that wait for their confirmation.

    Args:
        store: the ledger's.
        run: the row of ``open_strategy_run``.
        broker_id: the broker whose positions are compared.
        over: orders with a final status.

    """

    def __init__(self, store: Store, run: Mapping[str, Any], broker_id: int, over: set[int]) -> None:
        self._store, self._run, self._broker_id = store, run, broker_id
        self._over = over
        self._symbols: dict[int, str] = {}
        """Symbols of the orders that have filled in this process and are not confirmed."""
        with store.read() as tx:
            self._executed = executed_orders(tx, int(run["strategy_run_id"]))

    def filled(self, order_id: int | None, symbol: str, *, new: bool) -> None:
        """An order has filled; ``new`` is False where the ledger knew, as in a repeated run."""
        if order_id is not None and (new or order_id in self._executed):
            self._symbols[order_id] = symbol

    def ended(self, order_id: int) -> None:
        """An order has its final status."""
        self._over.add(order_id)

    def compared(
        self, ts: Micros, agreed: Collection[str], differences: Sequence[PositionDifference], *, whole: bool
    ) -> None:
        """Confirm what is over in the symbols that agree; tell of those that differ.

        Args:
            ts: moment of the comparison, on the feed's clock.
            agreed: symbols of which both hold the same.
            differences: symbol, units we hold, units the broker holds.
            whole: every fill on record was part of the comparison, not only those of this process.

        """
        waiting = {**self._executed, **self._symbols} if whole else self._symbols
        chosen = [one for one, symbol in waiting.items() if symbol in agreed and one in self._over]
        if not chosen and not differences:
            return
        with self._store.write(durable=bool(differences)) as tx:
            confirm_orders(tx, chosen)
            for symbol, ours, theirs in differences:
                raise_alert(
                    tx,
                    self._store.now(),
                    "position_mismatch",
                    f"{self._run['client']}: position in {symbol} differs from the broker's",
                    f"at {to_text(ts)} UTC the ledger holds {ours:g} {symbol} in account {self._run['account']}, the "
                    f"broker holds {theirs:g}. Compare the executions with the broker's statement, and correct what "
                    "is missing with insert_execution or reverse_execution.",
                    client=str(self._run["client"]),
                    rate_key=f"position_mismatch:{self._run['run_key']}:{symbol}",
                )
        for order_id in chosen:
            self._symbols.pop(order_id, None)
            self._executed.pop(order_id, None)

    def positions(self) -> dict[str, float]:
        """Units by symbol that the ledger shows in the run's account at its broker, of all strategies."""
        held: dict[str, float] = {}
        account = {"mode": self._run["mode"], "account": self._run["account"], "broker_id": self._broker_id}
        with self._store.read() as tx:
            for key in tx.dicts(_KEYS, account):
                held[key["symbol"]] = held.get(key["symbol"], 0.0) + position_of(tx, key).quantity
        return held
