"""A reconciliation in words, for a terminal, a log or a mail."""

from quantstrip.operations.reconciliation import Reconciled
from quantstrip.trading.statement import Difference, Outcome

_HEADS = {
    Outcome.MISSING_HERE: "Missing here (the broker has it, the ledger does not)",
    Outcome.MISSING_THERE: "Missing there (the ledger has it, the broker does not)",
    Outcome.DIFFERENT: "Different",
    Outcome.NOT_A_TRADE: "Not a trade: enter it with `quantstrip journal` where it changes what is held",
}


def as_text(result: Reconciled) -> str:
    """The reconciliation in plain text, several lines, without a last line break."""
    number = f" {result.reconciliation_id}" if result.reconciliation_id is not None else " (dry run)"
    span = f", {result.first_date} to {result.last_date}" if result.first_date else ""
    lines = [
        f"Reconciliation{number}: {', '.join(result.accounts)} ({result.mode}) against {result.source}{span}",
        f"Matched: {result.executions} executions, {result.positions} positions",
    ]
    taken = [one for one in result.differences if one.taken_over]
    if taken:
        lines.append("Taken over:")
        lines += [f"  {one.key}: {_taken(one)} -> {one.strategy}{_order(one)}" for one in taken]
    if result.rebooked:
        lines.append(f"  of these, put before later fills: {', '.join(result.rebooked)}")
    if result.confirmed:
        lines.append(f"Confirmed orders: {', '.join(map(str, result.confirmed))}")
    for outcome, head in _HEADS.items():
        found = [one for one in result.differences if one.outcome is outcome and not one.taken_over]
        if found:
            lines.append(f"{head}:")
            lines += [_line(one) for one in found]
    lines += [f"Note: {note}" for note in result.notes]
    lines.append("Ledger and broker agree." if result.clean else f"{len(result.left)} differences are left.")
    return "\n".join(lines)


def _taken(one: Difference) -> str:
    """What was booked: a fill with its fees, or the fees alone of one that was there."""
    return one.theirs if one.outcome is Outcome.MISSING_HERE else f"the fees alone, of {one.theirs}"


def _line(one: Difference) -> str:
    # An execution's words name its symbol; a position's key is its contract, or its symbol again.
    name = one.key if one.kind == "EXECUTION" else one.symbol or one.contract_id
    if one.kind == "POSITION" and one.key != name:
        name += f" ({one.key})"
    where = f"  {one.kind.lower()} {one.account} {name}"
    if one.outcome is Outcome.NOT_A_TRADE:
        return f"  {one.key} {one.account} {one.symbol}: {one.what}: {one.theirs}"
    if one.outcome is Outcome.DIFFERENT:
        return f"{where} ({one.what}): here {one.ours}, there {one.theirs}"
    return f"{where}: {one.theirs or one.ours}"


def _order(one: Difference) -> str:
    return f", order {one.order_id}" if one.order_id is not None else ""
