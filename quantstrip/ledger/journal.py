"""The trade journal: fills entered by hand, positions taken over, corrections. Every entry is a row; none is edited."""

import secrets
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from quantstrip.clock import to_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.booking import position_of
from quantstrip.ledger.corrections import replace, reverse
from quantstrip.ledger.executions import COMMISSION, Executions, record_commission
from quantstrip.ledger.instruments import ready_calendars, terms_of, trade_date_of
from quantstrip.ledger.names import broker_id_of, strategy_id_of
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.tables import commission, execution

MANUAL, TRANSFER = "MANUAL", "TRANSFER"
"""Order types of journal entries: a trade entered by hand, a position that came or went without a trade."""

_C = commission.c
_PAID = Statement(
    lambda: select(func.coalesce(func.sum(_C.amount), 0.0), func.coalesce(func.max(_C.revision), -1)).where(
        _C.exec_id == bindparam("exec_id"), _C.fee_type == bindparam("fee_type"), _C.currency == bindparam("currency")
    )
)
_FILL = Statement(lambda: select(execution.c.currency).where(execution.c.exec_id == bindparam("exec_id")))


class Correction(NamedTuple):
    """exec_ids of the reversing entry and of what takes the wrong fill's place, None where nothing does."""

    reversal: str
    replacement: str | None


class Journal(Executions):
    """Entries that a person makes."""

    def insert_manual_trade(
        self,
        strategy_id: int | str,
        symbol: str,
        side: str,
        quantity: float,
        price: float,
        *,
        exec_time: validate.Moment = None,
        broker_id: int | str | None = None,
        account: str | None = None,
        commission: float = 0.0,
        currency: str | None = None,
        contract_id: str | int | None = None,
        instrument_type: str | None = None,
        mode: str | None = None,
        leg: str | None = None,
        note: str = "",
        exec_id: str | None = None,
    ) -> str:
        """Enter a trade by hand; it is booked and reported like any other.

        Args:
            quantity: units, greater than zero; the direction is ``side``.
            commission: money paid, in the currency of the trade.
            note: why, in words.
            exec_id: the broker's id where it is known, so that the same fill reported later is not booked twice.

        Returns:
            The exec_id.

        Raises:
            InvalidRecord: a value is impossible, or the exec_id is taken; nothing was written.
            UnknownRecord: no such broker or strategy id.

        """
        chosen = exec_id or _new_id(MANUAL)
        with self.store.write() as tx:
            if exec_id is not None and tx.one(_FILL, {"exec_id": exec_id}) is not None:
                raise InvalidRecord(
                    f"the execution {exec_id!r} is in the ledger already", hint="Correct it, or leave exec_id out."
                )
            self._enter(
                MANUAL, chosen, strategy_id, symbol, side, quantity, price, note, exec_time=exec_time,
                broker_id=broker_id, account=account, currency=currency, contract_id=contract_id,
                instrument_type=instrument_type, mode=mode, leg=leg,
            )  # fmt: skip
            if commission:
                self.insert_commission(chosen, commission, currency)
        return chosen

    def transfer_position(
        self,
        symbol: str,
        quantity: float,
        to_strategy: int | str,
        *,
        from_strategy: int | str | None = None,
        price: float | None = None,
        exec_time: validate.Moment = None,
        broker_id: int | str | None = None,
        account: str | None = None,
        currency: str | None = None,
        contract_id: str | int | None = None,
        instrument_type: str | None = None,
        mode: str | None = None,
        leg: str | None = None,
        note: str = "",
    ) -> tuple[str, ...]:
        """Take over a position from outside, or from another strategy; both sides in one transaction.

        Args:
            quantity: signed units that ``to_strategy`` receives; negative for a short position.
            from_strategy: who gives it away; None when it comes from outside the ledger.
            price: what it is taken over at; the giving strategy's average price when None.

        Returns:
            The exec_ids of the entries.

        Raises:
            InvalidRecord: a value is impossible, or no price is given and none is known; nothing was written.

        """
        units = validate.finite("quantity", quantity)
        where: dict[str, Any] = {
            "exec_time": exec_time, "broker_id": broker_id, "account": account, "currency": currency,
            "contract_id": contract_id, "instrument_type": instrument_type, "mode": mode, "leg": leg,
        }  # fmt: skip
        with self.store.write() as tx:
            at = price if price is not None else self._average(tx, from_strategy, symbol, where)
            number, sides = _new_id(TRANSFER), ("BUY", "SELL") if units > 0.0 else ("SELL", "BUY")
            entries = [(f"{number}-in", to_strategy, sides[0])]
            if from_strategy is not None:
                entries.insert(0, (f"{number}-out", from_strategy, sides[1]))
            for exec_id, strategy, side in entries:
                self._enter(TRANSFER, exec_id, strategy, symbol, side, abs(units), at, note, **where)
        return tuple(exec_id for exec_id, _, _ in entries)

    def correct_execution(
        self,
        exec_id: str,
        reason: str,
        *,
        delete: bool = False,
        side: str | None = None,
        quantity: float | None = None,
        price: float | None = None,
        exec_time: validate.Moment = None,
        strategy_id: int | str | None = None,
        symbol: str | None = None,
        commission: float | None = None,
    ) -> Correction:
        """Correct a fill: a reversing entry that points to it, and the right fill in its place, in one transaction.

        Args:
            reason: why, in words; kept with both rows.
            delete: the fill never was; nothing takes its place.
            side, quantity, price, exec_time, strategy_id, symbol: what was wrong; the rest is taken over.
            commission: the right commission, in the fill's currency; the fees of the wrong fill when None.

        Raises:
            UnknownRecord: there is no such fill.
            InvalidRecord: it is corrected already, is itself a reversal, or nothing is to change; nothing was written.

        """
        changes: dict[str, Any] = {
            "side": None if side is None else str(validate.side(side)),
            "quantity": None if quantity is None else validate.positive("quantity", quantity),
            "price": None if price is None else validate.finite("price", price),
            "exec_time": validate.moment("exec_time", exec_time, "") or None,
            "symbol": None if symbol is None else validate.words("symbol", symbol),
        }
        given = {name: value for name, value in changes.items() if value is not None}
        words = validate.words("reason", reason)
        fee = None if commission is None else validate.finite("commission", commission)
        if delete == bool(given or strategy_id is not None or fee is not None):
            raise InvalidRecord(
                "a correction either deletes the fill or says what it should have been",
                hint="Give delete=True, or one of side, quantity, price, exec_time, strategy_id, symbol, commission.",
            )
        ready_calendars(self.store)
        with self.store.write() as tx:
            now = self.store.now()
            if strategy_id is not None:
                given["strategy_id"] = strategy_id_of(tx, strategy_id)
            wrong = reverse(tx, now, exec_id, words)
            if delete:
                return Correction(f"{exec_id}~reversed", None)
            if given.keys() & {"exec_time", "symbol"}:
                _place(tx, now, wrong, given)
            return Correction(f"{exec_id}~reversed", replace(tx, now, wrong, given, fee, words))

    def correct_commission(self, exec_id: str, amount: float, reason: str, fee_type: str = COMMISSION) -> int:
        """Make a fee come to ``amount`` (in the fill's currency) by booking the difference; returns the new row's id.

        Raises:
            UnknownRecord: there is no such fill.
            InvalidRecord: it comes to that already; nothing was written.

        """
        right, words = validate.finite("amount", amount), validate.words("reason", reason)
        with self.store.write() as tx:
            fill = tx.one(_FILL, {"exec_id": exec_id})
            if fill is None:
                raise UnknownRecord(f"no execution {exec_id!r} in the ledger", hint="v_executions lists them all.")
            key = {"exec_id": exec_id, "fee_type": fee_type, "currency": fill[0]}
            paid, revision = tx.one(_PAID, key)
            difference = round(right - paid, 8)
            if difference == 0.0:
                raise InvalidRecord(f"{fee_type} of {exec_id} is {right:g} already", hint="Nothing is to be corrected.")
            notes = validate.to_json("metadata", {"note": words})
            more = {"amount": difference, "revision": revision + 1, "realized_pnl": None, "metadata": notes}
            return record_commission(tx, self.store.now(), key | more)

    def _enter(
        self,
        kind: str,
        exec_id: str,
        strategy: int | str,
        symbol: str,
        side: str,
        quantity: float,
        price: float,
        note: str,
        **where: Any,
    ) -> None:
        when, now = validate.moment("exec_time", where["exec_time"], ""), to_text(self.store.now())
        if when and when > now:
            raise InvalidRecord(
                f"a trade that was made cannot lie in the future: {when[:19]} UTC, it is {now[:19]} UTC now",
                hint="Check the date; times without a zone are UTC.",
            )
        self.insert_execution(
            exec_id, None, strategy, symbol=symbol, side=side, quantity=quantity, price=price, order_type=kind,
            metadata={"note": note} if note else None, **where,
        )  # fmt: skip

    def _average(self, tx: Transaction, strategy: int | str | None, symbol: str, where: dict[str, Any]) -> float:
        key = {
            "strategy_id": None if strategy is None else strategy_id_of(tx, strategy),
            "broker_id": broker_id_of(tx, where["broker_id"]),
            "symbol": symbol,
            "mode": where["mode"] or str(self.context.mode),
            "account": where["account"] or "",
            "contract_id": validate.optional_words(where["contract_id"]) or "",
            "leg": where["leg"] or "NET",
        }
        held = position_of(tx, key)
        if strategy is None or held.is_flat:
            raise InvalidRecord(
                f"no price is given for {symbol}, and no strategy holds it that it comes from",
                hint="Give the price at which the position is taken over.",
            )
        return held.avg_price


def _place(tx: Transaction, now: int, wrong: dict[str, Any], given: dict[str, Any]) -> None:
    """The session of a fill whose time or symbol changes."""
    symbol = given.get("symbol", wrong["symbol"])
    terms = terms_of(tx, now, symbol, wrong["contract_id"], wrong["instrument_type"])
    given["trade_date"] = trade_date_of(tx, now, terms.calendar, given.get("exec_time", wrong["exec_time"]))
    if symbol != wrong["symbol"]:
        given |= {"multiplier": terms.multiplier, "currency": terms.currency}


def _new_id(kind: str) -> str:
    return f"{kind.lower()}-{secrets.token_hex(8)}"
