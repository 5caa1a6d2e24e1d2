"""A broker's statement against the ledger, as a pure comparison: nothing is changed, every difference is named.

Executions are the same by their exec_id, positions by account and contract. Order, repetition and the way a statement
is cut into files make no difference.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from quantstrip.errors import StatementError
from quantstrip.model import minor_digits
from quantstrip.model.position import QUANTITY_DIGITS, on_grid
from quantstrip.model.statement import LedgerFill, Statement, StatementFill, StatementPosition

_DUST = 10.0**-QUANTITY_DIGITS
_IBKR = re.compile(r"[0-9a-f]{8}\.[0-9a-f]{8}\.\d{2}\.\d{2}")
"""Interactive Brokers' ids: a corrected execution comes under the same id with other last two digits."""


class Outcome(StrEnum):
    """What a comparison says of one thing."""

    MATCHED = "MATCHED"
    MISSING_HERE = "MISSING_HERE"
    MISSING_THERE = "MISSING_THERE"
    DIFFERENT = "DIFFERENT"
    NOT_A_TRADE = "NOT_A_TRADE"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same.

    Attributes:
        outcome: missing on one side, different, or an event that is no trade.
        kind: EXECUTION, POSITION or EVENT.
        key: exec_id of an execution, contract of a position.
        what: what differs: price, quantity, side, commission, date ...; comma-separated.
        ours: the ledger's word, empty where it has none.
        theirs: the broker's word, empty where it has none.
        taken_over: it was booked since.

    """

    outcome: Outcome
    kind: str
    account: str
    symbol: str
    contract_id: str
    key: str
    what: str
    ours: str
    theirs: str
    strategy: str = ""
    order_id: int | None = None
    taken_over: bool = False

    def booked(self, strategy: str, order_id: int | None) -> "Difference":
        """The same, taken over."""
        return replace(self, taken_over=True, strategy=strategy, order_id=order_id)


@dataclass(slots=True)
class Comparison:
    """Result of comparing executions.

    Attributes:
        matched: ours and theirs that agree in everything.
        differences: what does not.
        unseen: the broker's fills that the ledger lacks, oldest first.
        unpaid: fills of which the ledger has no fee at all, and the broker has, with the ledger's exec_id.

    """

    matched: list[tuple[LedgerFill, StatementFill]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    unseen: list[StatementFill] = field(default_factory=list)
    unpaid: list[tuple[LedgerFill, StatementFill]] = field(default_factory=list)


def distinct(fills: Iterable[StatementFill]) -> list[StatementFill]:
    """Each execution once, oldest first; of a corrected one the newest version.

    Raises:
        StatementError: one exec_id stands for two different executions.

    """
    found: dict[str, StatementFill] = {}
    for fill in fills:
        same = found.setdefault(fill.exec_id, fill)
        if same != fill:
            raise StatementError(
                f"execution {fill.exec_id} is in the statement twice, as {words(same)} and as {words(fill)}",
                hint="Nothing was written. Ask for the statement again; reconcile one file at a time.",
            )
    newest: dict[str, StatementFill] = {}
    for fill in sorted(found.values(), key=lambda one: one.exec_id):
        newest[_version_of(fill.exec_id)] = fill
    return sorted(newest.values(), key=lambda one: (one.ts, one.exec_id))


def compare_executions(ours: Iterable[LedgerFill], theirs: Iterable[StatementFill]) -> Comparison:
    """Compare executions by id; what was entered by hand by account, contract, side, quantity and session.

    Raises:
        StatementError: the broker's fills contradict each other.

    """
    result = Comparison()
    known = {one.fill.exec_id: one for one in ours}
    versions = {_version_of(exec_id): exec_id for exec_id in known}
    left = []
    for fill in distinct(theirs):
        exec_id = fill.exec_id if fill.exec_id in known else versions.get(_version_of(fill.exec_id), "")
        if exec_id in known:
            _judge(result, known.pop(exec_id), fill)
        else:
            left.append(fill)
    _by_hand(result, known, left)
    for fill in left:
        result.unseen.append(fill)
        result.differences.append(_difference(Outcome.MISSING_HERE, None, fill, "execution"))
    for mine in known.values():
        if not mine.transferred:
            result.differences.append(_difference(Outcome.MISSING_THERE, mine, None, "execution"))
    return result


def _by_hand(result: Comparison, known: dict[str, LedgerFill], left: list[StatementFill]) -> None:
    """Pair what a person entered with what the broker reports under an id of its own, the nearest price first."""
    for mine in sorted(known.values(), key=lambda one: (one.fill.ts, one.fill.exec_id)):
        if not mine.by_hand:
            continue
        alike = [fill for fill in left if _alike(mine.fill, fill)]
        if alike:
            nearest = min((abs(one.price - mine.fill.price), one.ts, one.exec_id, one) for one in alike)[-1]
            left.remove(nearest)
            _judge(result, known.pop(mine.fill.exec_id), nearest)


def _alike(mine: StatementFill, fill: StatementFill) -> bool:
    return (
        mine.account in ("", fill.account)
        and _same_contract(mine, fill)
        and mine.side == fill.side
        and abs(mine.quantity - fill.quantity) < _DUST
        and ("" in (mine.trade_date, fill.trade_date) or mine.trade_date == fill.trade_date)
    )


def _judge(result: Comparison, mine: LedgerFill, fill: StatementFill) -> None:
    what = different_in(mine.fill, fill)
    if not what:
        result.matched.append((mine, fill))
        return
    result.differences.append(_difference(Outcome.DIFFERENT, mine, fill, ", ".join(what)))
    if what == ["commission"] and not mine.fill.fees:
        result.unpaid.append((mine, fill))


def different_in(mine: StatementFill, fill: StatementFill) -> list[str]:
    """Names of what differs between two words on one execution; what either does not say is not compared."""
    date = "" not in (mine.trade_date, fill.trade_date) and mine.trade_date != fill.trade_date
    checks = {
        "account": mine.account not in ("", fill.account),
        "contract": not _same_contract(mine, fill),
        "side": mine.side != fill.side,
        "quantity": abs(mine.quantity - fill.quantity) >= _DUST,
        "price": not math.isclose(mine.price, fill.price, rel_tol=1e-9, abs_tol=1e-9),
        "currency": None not in (mine.currency, fill.currency) and mine.currency != fill.currency,
        "commission": not _same_fees(mine, fill),
        "date": date,
    }
    return [name for name, differs in checks.items() if differs]


def _same_contract(mine: StatementFill, fill: StatementFill) -> bool:
    if mine.contract_id and fill.contract_id:
        return mine.contract_id == fill.contract_id
    return mine.symbol == fill.symbol


def _same_fees(mine: StatementFill, fill: StatementFill) -> bool:
    """Fees agree when each currency's sum does, to its minor unit."""
    if fill.fees is None:
        return True
    sums: dict[str, float] = defaultdict(float)
    for fees, sign in ((mine.fees or (), 1.0), (fill.fees, -1.0)):
        for fee in fees:
            sums[fee.currency] += sign * fee.amount
    return all(abs(rest) < 0.5 * 10.0 ** -minor_digits(currency) for currency, rest in sums.items())


def compare_positions(
    ours: Iterable[StatementPosition], theirs: Iterable[StatementPosition], contracts: Mapping[str, str]
) -> tuple[list[str], list[Difference]]:
    """Net units by account and contract: the keys on which both agree, and the differences.

    Args:
        contracts: symbol of each contract id that is known; lets a side that knows symbols only meet one that does not.

    """
    ours, theirs = list(ours), list(theirs)
    naming = _Naming([*ours, *theirs], contracts)
    here, there = naming.sums(ours), naming.sums(theirs)
    agreed, different = [], []
    for key in sorted(set(here) | set(there)):
        mine, other = here.get(key, 0.0), there.get(key, 0.0)
        account, contract = key
        if abs(mine - other) < _DUST:
            if mine != 0.0:
                agreed.append(f"{account}:{contract}")
            continue
        outcome = Outcome.DIFFERENT
        if mine == 0.0:
            outcome = Outcome.MISSING_HERE
        elif other == 0.0:
            outcome = Outcome.MISSING_THERE
        symbol = naming.symbol_of(contract)
        contract_id = contract if contract != symbol else ""
        different.append(
            Difference(
                outcome, "POSITION", account, symbol, contract_id, contract, "quantity", f"{mine:g}", f"{other:g}"
            )
        )
    return agreed, different


class _Naming:
    """One name for each contract: its id where one is known, else its symbol."""

    def __init__(self, positions: list[StatementPosition], contracts: Mapping[str, str]) -> None:
        self._symbols = dict(contracts)
        for one in positions:
            if one.contract_id and one.symbol:
                self._symbols[one.contract_id] = one.symbol
        self._ids: dict[str, set[str]] = defaultdict(set)
        for contract_id, symbol in self._symbols.items():
            self._ids[symbol].add(contract_id)

    def symbol_of(self, contract: str) -> str:
        return self._symbols.get(contract, contract)

    def key(self, one: StatementPosition) -> tuple[str, str]:
        if one.contract_id:
            return one.account, one.contract_id if one.contract_id not in self._ids else self._only(one.contract_id)
        return one.account, self._only(one.symbol)

    def _only(self, symbol: str) -> str:
        """The contract of a symbol where there is one; several contracts of a symbol cannot be told apart by it."""
        ids = self._ids.get(symbol, set())
        return next(iter(ids)) if len(ids) == 1 else symbol

    def sums(self, positions: Iterable[StatementPosition]) -> dict[tuple[str, str], float]:
        held: dict[tuple[str, str], float] = defaultdict(float)
        for one in positions:
            key = self.key(one)
            held[key] = on_grid(held[key] + one.quantity)
        return held


def events(statement: Statement) -> list[Difference]:
    """What the statement has beside trades, for a person to enter by hand where it matters."""
    found = sorted(set(statement.events))
    return [
        Difference(
            Outcome.NOT_A_TRADE, "EVENT", one.account, one.symbol, one.contract_id, one.date, one.kind, "", one.text
        )
        for one in found
    ]  # fmt: skip


def _difference(outcome: Outcome, mine: LedgerFill | None, fill: StatementFill | None, what: str) -> Difference:
    shown = fill if fill is not None else mine.fill if mine is not None else None
    assert shown is not None  # noqa: S101 - one of the two is there
    return Difference(
        outcome,
        "EXECUTION",
        shown.account,
        shown.symbol,
        shown.contract_id,
        shown.exec_id,
        what,
        "" if mine is None else words(mine.fill),
        "" if fill is None else words(fill),
        "" if mine is None else mine.strategy,
        None if mine is None else mine.order_id,
    )


def words(fill: StatementFill) -> str:
    """One execution in words."""
    text = f"{fill.side} {fill.quantity:.10g} {fill.symbol} at {fill.price:.10g}"
    text += f" on {fill.trade_date}" if fill.trade_date else ""
    paid: dict[str, float] = defaultdict(float)
    for fee in fill.fees or ():
        paid[fee.currency] += fee.amount
    return text + "".join(f", fee {amount:.10g} {currency}" for currency, amount in sorted(paid.items()))


def _version_of(exec_id: str) -> str:
    """The id without its version, where the broker is known to write one."""
    return exec_id[:-3] if _IBKR.fullmatch(exec_id) else exec_id
