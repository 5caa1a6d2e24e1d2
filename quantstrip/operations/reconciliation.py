"""Reconciliation: one call compares the ledger with a broker's statement, takes over what it missed, and reports."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from quantstrip.errors import LedgerError, StatementError, UnknownRecord
from quantstrip.home import Home
from quantstrip.ledger import Ledger
from quantstrip.model import Mode
from quantstrip.model.statement import Statement, StatementFill
from quantstrip.operations.ledger import existing_ledger
from quantstrip.trading.statement import Comparison, Difference, Outcome, compare_executions, compare_positions, events

FLEX_BROKER: Final = "IBKR"
"""Name of the broker of fills from Flex that belong to no order, where the account has none yet."""
_CURRENCIES: Final = (
    "SELECT DISTINCT currency FROM position_day "
    "WHERE mode = ? AND account = ? AND symbol = ? AND contract_id IN (?, '') AND fills > 0"
)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a reconciliation found and did.

    Attributes:
        reconciliation_id: its row in the ledger, None for a dry run.
        first_date, last_date: sessions of the statement, empty where it has no bound.
        executions, positions: how many of each agree.
        differences: what does not, those taken over included, and events that are no trades.
        taken_over: exec_ids whose fill, or whose fees, were booked now.
        rebooked: those of them that had to be put before later fills.
        confirmed: orders whose intention became CONFIRMED.

    """

    reconciliation_id: int | None
    source: str
    mode: str
    accounts: tuple[str, ...]
    first_date: str
    last_date: str
    executions: int
    positions: int
    differences: tuple[Difference, ...]
    taken_over: tuple[str, ...]
    rebooked: tuple[str, ...]
    confirmed: tuple[int, ...]
    notes: tuple[str, ...]

    @property
    def left(self) -> list[Difference]:
        """Differences that are still there; events that are no trades are not among them."""
        return [one for one in self.differences if not one.taken_over and one.outcome is not Outcome.NOT_A_TRADE]

    @property
    def clean(self) -> bool:
        """True when ledger and broker agree on everything that was compared."""
        return not self.left


def reconcile(
    home: Home,
    statement: Statement,
    *,
    mode: str = "live",
    broker: str = "",
    take_over: bool = False,
    accounts: Sequence[str] = (),
    dry_run: bool = False,
) -> Reconciled:
    """Compare the ledger with a statement; everything that is written, is written together or not at all.

    Intentions (``strategy_event``) of orders that are over and match become CONFIRMED; each position that differs, and
    executions that do, raise one alert an hour.

    Args:
        broker: name for missed fills that belong to no order; the account's only one where empty.
        take_over: book the fills and fees that the ledger missed, each where it belongs in time.
        accounts: accounts that the ledger need not know yet.
        dry_run: only compare; nothing is written.

    Raises:
        StatementError: the statement contradicts itself, or is of an account that the ledger does not know.
        LedgerError: there is no ledger, or a row is refused.

    """
    if mode not in list(Mode):
        raise LedgerError(f"mode is one of {', '.join(Mode)}, got {mode!r}", hint="Leave it out for live.")
    ledger = existing_ledger(home)
    _check_accounts(ledger, statement, mode, accounts)
    if dry_run:
        compared, agreed, found = _compare(ledger, statement, mode)
        return _result(None, statement, mode, compared, agreed, found, [], [], [])
    with ledger.transaction():
        first = compare_executions(ledger.statement_fills(statement, mode), statement.fills or ())
        refused = _in_other_currencies(ledger, first.unseen, mode) if take_over else {}
        statement = statement._replace(notes=(*statement.notes, *refused.values()))
        taken, late = _take_over(ledger, first, mode, broker, statement, refused) if take_over else ([], [])
        compared, agreed, found = _compare(ledger, statement, mode)
        if statement.fills is None:
            confirmed = ledger.confirm_positions(mode, _symbols(ledger, agreed))
        else:
            confirmed = ledger.confirm_matched(mode, [mine for mine, _ in compared.matched])
        result = _result(None, statement, mode, compared, agreed, [*taken, *found], taken, late, confirmed)
        number = _keep(ledger, result, broker)
        _tell(ledger, result)
    return replace(result, reconciliation_id=number)


def past(home: Home, limit: int = 20) -> list[dict[str, Any]]:
    """Reconciliations that were made, the newest first, as ``v_reconciliations`` has them."""
    return existing_ledger(home).reconciliations(limit)


def found(home: Home, reconciliation_id: int) -> list[dict[str, Any]]:
    """What a reconciliation found, as ``v_reconciliation_differences`` has it.

    Raises:
        UnknownRecord: there is no such reconciliation.

    """
    ledger = existing_ledger(home)
    rows = ledger.reconciliation_differences(reconciliation_id)
    known = "SELECT 1 FROM reconciliation WHERE reconciliation_id = ?"
    if not rows and not ledger.query(known, (reconciliation_id,))[1]:
        raise UnknownRecord(
            f"no reconciliation has the number {reconciliation_id}", hint="`quantstrip reconcile list` shows them."
        )
    return rows


def _check_accounts(ledger: Ledger, statement: Statement, mode: str, accounts: Sequence[str]) -> None:
    known = ledger.accounts_known(mode)
    strange = [account for account in statement.accounts if account not in known and account not in accounts]
    if strange:
        raise StatementError(
            f"the statement is of {', '.join(strange)}; the {mode} ledger knows {', '.join(known) or 'no account yet'}",
            hint=f"Nothing was written. If it is yours, name it: --account {strange[0]}",
        )


def _compare(ledger: Ledger, statement: Statement, mode: str) -> tuple[Comparison, list[str], list[Difference]]:
    """Executions, contracts that agree, and every difference."""
    compared = Comparison()
    if statement.fills is not None:
        compared = compare_executions(ledger.statement_fills(statement, mode), statement.fills)
    agreed: list[str] = []
    held: list[Difference] = []
    if statement.positions is not None:
        contracts = ledger.contract_symbols()
        agreed, held = compare_positions(ledger.statement_positions(statement, mode), statement.positions, contracts)
        # Statements have currencies as balances, not as positions.
        cash = ledger.currencies_traded({one.symbol for one in held})
        held = [one for one in held if one.symbol not in cash]
    return compared, agreed, [*compared.differences, *held, *events(statement)]


def _in_other_currencies(ledger: Ledger, fills: Iterable[StatementFill], mode: str) -> dict[str, str]:
    """Missed fills that would put two currencies into one position, by exec_id, with the note that says so."""
    notes = {}
    for fill in fills:
        rows = ledger.query(_CURRENCIES, (mode, fill.account, fill.symbol, fill.contract_id))[1]
        others = sorted({str(row[0]) for row in rows} - {fill.currency})
        if fill.currency and others:
            notes[fill.exec_id] = (
                f"{fill.exec_id} is in {fill.currency}, and the ledger has fills of {fill.symbol} in "
                f"{', '.join(others)}: it was not taken over. Put those right first: quantstrip journal correct "
                "EXEC_ID --delete, then enter them again with --currency."
            )
    return notes


def _take_over(
    ledger: Ledger, compared: Comparison, mode: str, broker: str, statement: Statement, refused: Collection[str]
) -> tuple[list[Difference], list[str]]:
    """Book what was missed, oldest first; what was booked, and which of it had to go before later fills."""
    found = {one.key: one for one in compared.differences}
    taken, late = [], []
    for fill in (fill for fill in compared.unseen if fill.exec_id not in refused):
        name = broker or ledger.broker_of(mode, fill.account) or _broker_of(statement)
        done = ledger.take_over_fill(fill, mode, name)
        if done is not None:
            taken.append(found[fill.exec_id].booked(done.strategy, done.order_id))
            late += [fill.exec_id] if done.late else []
    for mine, fill in compared.unpaid:
        ledger.take_over_fees(mine.exec_id, fill.fees or ())
        taken.append(found[fill.exec_id].booked(mine.strategy, mine.order_id))
    return taken, late


def _broker_of(statement: Statement) -> str:
    return statement.source.removeprefix("broker ") if statement.source.startswith("broker ") else FLEX_BROKER


def _symbols(ledger: Ledger, agreed: Iterable[str]) -> set[tuple[str, str]]:
    symbols = ledger.contract_symbols()
    pairs = (key.split(":", 1) for key in agreed)
    return {(account, symbols.get(contract, contract)) for account, contract in pairs}


def _result(
    number: int | None,
    statement: Statement,
    mode: str,
    compared: Comparison,
    agreed: list[str],
    differences: Sequence[Difference],
    taken: list[Difference],
    late: list[str],
    confirmed: list[int],
) -> Reconciled:
    return Reconciled(
        number,
        statement.source,
        mode,
        statement.accounts,
        statement.first_date,
        statement.last_date,
        len(compared.matched),
        len(agreed),
        tuple(differences),
        tuple(one.key for one in taken),
        tuple(late),
        tuple(confirmed),
        statement.notes,
    )


def _keep(ledger: Ledger, result: Reconciled, broker: str) -> int:
    counts = {outcome: sum(one.outcome is outcome for one in result.differences) for outcome in Outcome}
    run = {
        "source": result.source,
        "mode": result.mode,
        "accounts": ",".join(result.accounts),
        "broker_id": ledger.get_broker_id(broker or ledger.broker_of(result.mode, result.accounts[0])),
        "first_date": result.first_date or None,
        "last_date": result.last_date or None,
        "executions_matched": result.executions,
        "positions_matched": result.positions,
        "missing_here": counts[Outcome.MISSING_HERE],
        "missing_there": counts[Outcome.MISSING_THERE],
        "different": counts[Outcome.DIFFERENT],
        "not_trades": counts[Outcome.NOT_A_TRADE],
        "taken_over": len(result.taken_over),
        "confirmed": len(result.confirmed),
        "notes": "\n".join(result.notes),
    }
    rows = [
        {
            "outcome": str(one.outcome),
            "kind": one.kind,
            "account": one.account,
            "symbol": one.symbol,
            "contract_id": one.contract_id,
            "reference": one.key,
            "what": one.what,
            "ours": one.ours,
            "theirs": one.theirs,
            "strategy": one.strategy,
            "order_id": one.order_id,
            "taken_over": int(one.taken_over),
        }
        for one in result.differences
    ]
    return ledger.record_reconciliation(run, rows)


def _tell(ledger: Ledger, result: Reconciled) -> None:
    """One alert for each position that differs, one for executions."""
    for one in result.left:
        if one.kind == "POSITION":
            ledger.alert_mismatch(
                f"{one.account}: position in {one.symbol} differs from the broker's",
                f"The ledger holds {one.ours} {one.symbol}, the broker {one.theirs} ({result.source}"
                f"{', after ' + result.last_date if result.last_date else ''}).\n"
                "`quantstrip reconcile show` names what is missing; `--take-over` books missed fills.",
                f"{result.mode}:{one.account}:{one.key}",
            )
    fills = [one for one in result.left if one.kind == "EXECUTION"]
    if fills:
        lines = [f"{one.outcome} {one.key} ({one.what}): ours {one.ours or '-'}, theirs {one.theirs or '-'}"
                 for one in fills]  # fmt: skip
        ledger.alert_mismatch(
            f"{', '.join(result.accounts)}: {len(fills)} executions differ from the broker's",
            "\n".join([*lines[:20], *(["..."] if len(lines) > 20 else [])]),
            f"{result.mode}:{','.join(result.accounts)}:executions",
        )
