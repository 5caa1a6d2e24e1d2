"""The trade journal: fills entered by hand, positions taken over, corrections. Every entry is a row; none is edited."""

import secrets
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from quantstrip.clock import to_text
from quantstrip.errors import InvalidRecord, UnknownRecord
from quantstrip.ledger import validate
from quantstrip.ledger.booking import held_in, position_of
from quantstrip.ledger.corrections import replace, reverse
from quantstrip.ledger.executions import COMMISSION, Executions, record_commission
from quantstrip.ledger.instruments import ready_calendars, terms_of, trade_date_of
from quantstrip.ledger.late import held_at
from quantstrip.ledger.names import broker_id_of, strategy_id_of
from quantstrip.ledger.statements import Statement
from quantstrip.ledger.store import Transaction
from quantstrip.ledger.symbols import known_symbol
from quantstrip.ledger.tables import commission, execution

MANUAL, TRANSFER = "MANUAL", "TRANSFER"
"""Order types of journal entries: a trade entered by hand, a position that came or went without a trade."""

OWN_ID = "journal-"
"""How exec_ids of entries begin for which nobody gave the broker's."""

_C = commission.c
_PAID = Statement(
    lambda: select(func.coalesce(func.sum(_C.amount), 0.0), func.coalesce(func.max(_C.revision), -1)).where(
        _C.exec_id == bindparam("exec_id"), _C.fee_type == bindparam("fee_type"), _C.currency == bindparam("currency")
    )
)
_NEXT = Statement(lambda: select(func.coalesce(func.max(execution.c.seq_id), 0) + 1))
_FILL = Statement(lambda: select(execution.c.currency).where(execution.c.exec_id == bindparam("exec_id")))


class Correction(NamedTuple):
    """exec_ids of the reversing entry and of what takes the wrong fill's place, None where nothing does."""

    reversal: str
    replacement: str | None


class Journal(Executions):
    """Entries that a person makes."""

    def known_symbol(self, symbol: str) -> str:
        """The symbol as it is traded or registered, whatever the case of its letters; as given where it is new.

        Raises:
            InvalidRecord: several are known that differ in case alone.

        """
        with self.store.read() as tx:
            return known_symbol(tx, symbol)

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
        """Enter a trade by hand; it is booked where it belongs in time, and reported like any other.

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
        with self.store.write() as tx:
            chosen = exec_id or _new_id(tx, MANUAL)
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
        to_strategy: int | str | None,
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
        """Move a position: between strategies, both sides in one transaction; from outside the ledger, or to there.

        Args:
            quantity: signed units; negative for a short position.
            to_strategy: who receives it; None when it goes outside.
            from_strategy: who gives it away, and holds as much then and now; None when it comes from outside.
            price: what it is taken over at; the giving strategy's average price of that time when None.

        Returns:
            The exec_ids of the entries.

        Raises:
            InvalidRecord: a value is impossible, more would be given than is held, or no price is given and none is
                known; nothing was written.

        """
        units = validate.finite("quantity", quantity)
        where: dict[str, Any] = {
            "exec_time": exec_time, "broker_id": broker_id, "account": account, "currency": currency,
            "contract_id": contract_id, "instrument_type": instrument_type, "mode": mode, "leg": leg,
        }  # fmt: skip
        with self.store.write() as tx:
            known = known_symbol(tx, symbol)
            average = None if from_strategy is None else self._given(tx, from_strategy, known, units, where)
            at = average if price is None else price
            if at is None or (to_strategy is None and from_strategy is None):
                raise InvalidRecord(
                    f"no price is given for {known}, and no strategy that it comes from",
                    hint="Give the price at which the position is taken over.",
                )
            number, sides = _new_id(tx, TRANSFER), ("BUY", "SELL") if units > 0.0 else ("SELL", "BUY")
            sold, bought = (f"{number}-out", from_strategy, sides[1]), (f"{number}-in", to_strategy, sides[0])
            entries = [(exec_id, who, side) for exec_id, who, side in (sold, bought) if who is not None]
            for exec_id, strategy, side in entries:
                self._enter(TRANSFER, exec_id, strategy, known, side, abs(units), at, note, **where)
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
            "symbol": None if symbol is None else self.known_symbol(symbol),
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
            exec_id, None, strategy, symbol=self.known_symbol(symbol), side=side, quantity=quantity, price=price,
            order_type=kind, metadata={"note": note} if note else None, in_time=True, **where,
        )  # fmt: skip

    def _given(self, tx: Transaction, giver: int | str, symbol: str, units: float, where: dict[str, Any]) -> float:
        """The average price of what ``giver`` gives away, at the time of the transfer."""
        key = {
            "strategy_id": strategy_id_of(tx, giver),
            "broker_id": broker_id_of(tx, where["broker_id"]),
            "symbol": symbol,
            "mode": where["mode"] or str(self.context.mode),
            "account": where["account"] or "",
            "contract_id": validate.optional_words(where["contract_id"]) or "",
            "leg": where["leg"] or "NET",
        }
        moment = validate.moment("exec_time", where["exec_time"], "")
        known = held_in(tx, key)
        if where["currency"] is None and len(known) > 1:
            raise InvalidRecord(f"{giver} holds {symbol} in {' and '.join(known)}", hint="Give the currency.")
        where["currency"] = validate.currency(where["currency"]) or next(iter(known), "")
        key["currency"] = where["currency"]
        held = position_of(tx, key)
        then = held_at(tx, self.store.now(), key, moment) if moment else held
        for one, when in ((then, f" at {moment[:19]} UTC" if moment else ""), (held, "")):
            if one.is_flat or not 0.0 < units / one.quantity <= 1.0 + 1e-9:
                raise InvalidRecord(
                    f"{giver} holds {one.quantity:.10g} {symbol}{when}, so it cannot give {units:.10g}",
                    hint="A short position is moved with a number below zero.",
                )
        return then.avg_price


def _place(tx: Transaction, now: int, wrong: dict[str, Any], given: dict[str, Any]) -> None:
    """The session of a fill whose time or symbol changes."""
    symbol = given.get("symbol", wrong["symbol"])
    terms = terms_of(tx, now, symbol, wrong["contract_id"], wrong["instrument_type"])
    given["trade_date"] = trade_date_of(tx, now, terms.calendar, given.get("exec_time", wrong["exec_time"]))
    if symbol != wrong["symbol"]:
        given |= {"multiplier": terms.multiplier, "currency": terms.currency}


def _new_id(tx: Transaction, kind: str) -> str:
    """An exec_id that sorts after those of earlier entries: of two at one moment, the one entered first comes first."""
    return f"{OWN_ID}{tx.one(_NEXT, {})[0]:012d}-{kind.lower()}-{secrets.token_hex(4)}"
