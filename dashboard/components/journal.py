"""Entries of the trade journal, and what one would change, as the journal page shows them."""

from collections.abc import Sequence
from typing import Final

from components import markup, times
from components.markup import Html, Tone
from quantstrip.clock import from_text
from quantstrip.operations.journal import Change, Holding, JournalEntry

_KINDS: Final[dict[str, tuple[str, Tone]]] = {
    "MANUAL": ("by hand", "info"), "TRANSFER": ("moved", "info"), "FILL": ("fill", "idle"),
    "CORRECTION": ("reversal", "warn"), "REPLACEMENT": ("correction", "good"),
}  # fmt: skip
_REFERS: Final = {"CORRECTION": "reverses", "REPLACEMENT": "takes the place of"}


def entry(one: JournalEntry) -> Html:
    """One entry: what, whose, when, and what it corrects or is corrected by."""
    label, tone = _KINDS[one.kind]
    marks = [markup.chip(label, tone)]
    marks += [markup.chip("corrected", "bad", title="It counts no more")] if one.corrected_by else []
    marks.append(markup.tag("b", markup.text(trade(one))))
    facts = [one.strategy, f"traded {times.moment(from_text(one.exec_time))}", f"session {one.trade_date}"]
    facts += [f"account {one.account}"] if one.account else []
    facts += [f"commission {amount(one.commission)}"] if one.commission else []
    facts.append(f"entered {times.moment(from_text(one.created))}")
    links = [one.exec_id]
    links += [f"{_REFERS[one.kind]} {one.refers_to}"] if one.refers_to else []
    links += [f"reversed by {one.corrected_by}"] if one.corrected_by else []
    note = markup.tag("div", markup.text(f"\N{LEFT DOUBLE QUOTATION MARK}{one.note}\N{RIGHT DOUBLE QUOTATION MARK}"))
    parts = [
        markup.tag("div", markup.join(*marks), "qs-item-head"),
        *(markup.tag("div", markup.text(" \N{MIDDLE DOT} ".join(each)), "qs-item-facts") for each in (facts, links)),
        *([note] if one.note else []),
    ]
    return markup.tag("div", markup.join(*parts), "qs-item qs-item-gone" if one.corrected_by else "qs-item")


def trade(one: JournalEntry) -> str:
    """An entry's trade in words: ``BUY 10 SPY at 412.48 USD``."""
    return f"{one.side} {amount(one.quantity)} {one.symbol} at {amount(one.price)} {one.currency}".strip()


def amount(value: float) -> str:
    """A number with all its digits, and no zeros that say nothing."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


def changes(found: Sequence[Change]) -> Html:
    """Each position that would change: before, after, and the difference of each figure."""
    if not found:
        return markup.notice("info", markup.text("No position and no PnL changes."))
    return markup.tag("div", markup.join(*map(_change, found)), "qs-about")


def _change(one: Change) -> Html:
    known = one.after or one.before
    if known is None:
        return markup.EMPTY
    place = [known.strategy, known.symbol, known.account or "no account", known.mode]
    place += [f"contract {known.contract_id}"] if known.contract_id else []
    place += [known.leg] if known.leg != "NET" else []
    head = markup.tag("div", markup.tag("b", markup.text(" \N{MIDDLE DOT} ".join(place))), "qs-item-head")
    columns = [markup.Column(known.currency or "Figure")]
    columns += [markup.Column(title, numeric=True) for title in ("Before", "After", "Effect")]
    was, then = _figures(one.before), _figures(one.after)
    rows = [
        ("Position", amount(was[0]), amount(then[0]), _signed(then[0] - was[0])),
        ("Average price", _price(one.before), _price(one.after), ""),
        *(
            (name, markup.number(was[at]), markup.number(then[at]), show(then[at] - was[at]))
            for at, name, show in (
                (1, "Realised PnL", markup.signed),
                (2, "Commission", _more),
                (3, "Net PnL", markup.signed),
            )
        ),
    ]
    return markup.join(head, markup.table(columns, rows, label="What changes", none="Nothing"))


def _figures(one: Holding | None) -> tuple[float, float, float, float]:
    """Position, realised, commission, net."""
    if one is None:
        return 0.0, 0.0, 0.0, 0.0
    return one.position, one.realized_pnl, one.commission, one.realized_pnl - one.commission


def _signed(units: float) -> str:
    shown = amount(round(units, 9))
    return f"+{shown}" if units > 0 else shown if units else "0"


def _more(money: float) -> str:
    """A difference of money that is neither good nor bad by its sign."""
    shown = round(money, 2)
    return f"{shown:+,.2f}" if shown else "0.00"


def _price(one: Holding | None) -> str:
    return markup.DASH if one is None or one.avg_price is None else amount(one.avg_price)
