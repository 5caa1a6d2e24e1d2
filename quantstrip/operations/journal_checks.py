"""What an entry of the journal must not do: move what nobody holds, or put two currencies into one position.

Entries are history as soon as they are booked, so a mistake is better refused than corrected.
"""

from typing import Any, Final

from quantstrip.errors import LedgerError
from quantstrip.ledger import Ledger, validate

_HELD: Final = (
    "SELECT account, broker AS broker_id, contract_id, leg, currency, position FROM v_positions "
    "WHERE strategy = ? AND symbol = ? AND mode = ? ORDER BY account, broker, contract_id, leg"
)
_WHERE: Final = ("account", "broker_id", "contract_id", "leg")
_NAME_ONE: Final = "Name one with --account, --broker, --contract and --leg."
Held = dict[str, Any]


def trade_fits(ledger: Ledger, strategy: str, given: dict[str, Any]) -> dict[str, Any]:
    """What was given, completed by the position it belongs to: the one that the strategy holds of the symbol.

    Where it holds none that fits, the trade begins one, in the place that was given.

    Raises:
        InvalidRecord: the currency is no code.
        LedgerError: the strategy holds several that fit, or in another currency.

    """
    code = validate.currency(given.get("currency"))
    fits = _fitting(_positions(ledger, strategy, given), given)
    if not fits:
        return given | {"currency": code}
    if len(fits) > 1:
        raise LedgerError(
            f"{strategy} holds {given['symbol']} in {len(fits)} places: {'; '.join(map(_words, fits))}", hint=_NAME_ONE
        )
    (one,) = fits
    if code not in (None, one["currency"]):
        raise LedgerError(
            f"{strategy} holds {given['symbol']} in {one['currency']}; a trade in {code} cannot be added to it",
            hint="Name the account, or the broker's contract (--contract) of the listing in that currency.",
        )
    return given | {name: one[name] for name in (*_WHERE, "currency")}


def place_of(ledger: Ledger, giver: str, given: dict[str, Any]) -> dict[str, Any]:
    """Where ``giver`` holds what it gives away: what was given, completed by its one position that fits.

    Raises:
        LedgerError: it holds none, several that fit, or less than it gives away.

    """
    symbol, units = given["symbol"], float(given["quantity"])
    held = _positions(ledger, giver, given)
    if not held:
        raise LedgerError(f"{giver} holds no {symbol}", hint="What is held: quantstrip db query all_positions")
    fits = _fitting(held, given)
    if len(fits) != 1:
        raise LedgerError(
            f"{giver} holds {symbol} in {len(held)} places, of which {len(fits)} fit: {'; '.join(map(_words, held))}",
            hint=_NAME_ONE,
        )
    (one,) = fits
    if not 0.0 < units / one["position"] <= 1.0 + 1e-9:
        raise LedgerError(
            f"{giver} holds {one['position']:.10g} {symbol}, so it cannot give {units:.10g}",
            hint="A short position is moved with a number below zero.",
        )
    return given | {name: one[name] for name in (*_WHERE, "currency")}


def _positions(ledger: Ledger, strategy: str, given: dict[str, Any]) -> list[Held]:
    wanted = (strategy, given["symbol"], given.get("mode") or ledger.mode)
    with ledger.store.read() as tx:  # sees what the open transaction wrote
        cursor = tx.raw.execute(_HELD, wanted)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _fitting(held: list[Held], given: dict[str, Any]) -> list[Held]:
    """Those that are where it was said; what was not said fits."""
    said = {name: given[name] for name in _WHERE if given.get(name) is not None}
    return [one for one in held if all(one[name] == value for name, value in said.items())]


def _words(one: Held) -> str:
    place = f"{one['account'] or 'no account'}{' at ' + one['broker_id'] if one['broker_id'] else ''}"
    contract = f", contract {one['contract_id']}" if one["contract_id"] else ""
    leg = "" if one["leg"] == "NET" else f", {one['leg']}"
    return f"{one['position']:.10g} in {place}{contract}{leg}"
