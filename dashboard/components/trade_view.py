"""One trade as tiles, facts and tables."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from components import markup, times
from components.candle_levels import Kind, Level
from components.markup import Column, Html, Tone
from components.reporting_view import link
from components.tiles import Tile, tiles
from quantstrip.bars import BarTable
from quantstrip.clock import from_text, to_datetime
from quantstrip.operations.trade_page import TradeBars, TradeFill, TradePage, excursions

_STATUS_TONES: Final[dict[str, Tone]] = {
    "FILLED": "good", "PARTIALLY_FILLED": "info", "CANCELLED": "idle", "REJECTED": "bad", "EXPIRED": "idle",
}  # fmt: skip


_ENDED: Final = frozenset({"FILLED", "CANCELLED", "REJECTED", "EXPIRED"})


def headline(page: TradePage, bars: TradeBars) -> None:
    """What came of it."""
    facts = page.facts
    worst, best = excursions(page, bars)
    source = bars.source if facts.mae is None and bars.source else "daily bars"
    converted = "" if facts.reporting_currency == facts.currency else (
        f"{markup.number(facts.reporting_net_pnl)} {facts.reporting_currency}, "
    )  # fmt: skip
    returned = "" if facts.trade_return is None else f"{100 * facts.trade_return:+.2f} % of what was opened"
    tiles(
        [
            Tile("Net PnL", markup.signed(facts.net_pnl), facts.currency,
                 converted + returned if facts.closed else "open: with what it would bring now"),
            Tile("Gross PnL", markup.signed(facts.gross_pnl), facts.currency, "before commission"),
            Tile("Commission", markup.number(facts.commission), facts.currency, f"{len(page.fills)} fills"),
            Tile("Worst", markup.signed(worst), facts.currency, f"unrealised (MAE), by {source}"),
            Tile("Best", markup.signed(best), facts.currency, f"unrealised (MFE), by {source}"),
        ]
    )  # fmt: skip


def facts(page: TradePage) -> Html:
    """What it was, whose, and which code made it."""
    one = page.facts
    symbol = " ".join(part for part in (one.symbol, one.contract_id, one.leg if one.leg != "NET" else "") if part)
    pairs: list[tuple[str, object]] = [
        ("Symbol", symbol),
        ("Side", f"{one.side.lower()} {markup.quantity(one.quantity)}"),
        ("Strategy", one.strategy),
        ("Mode", one.mode),
        ("Account", " at ".join(part for part in (one.account, one.broker or "") if part) or markup.DASH),
        ("Entry", f"{markup.number(one.avg_entry)} on {_when(one.opened)}"),
        ("Exit", f"{markup.number(one.avg_exit)} on {_when(one.closed)}" if one.closed else "open"),
        ("Tags", ", ".join(page.tags) or markup.DASH),
    ]
    pairs += [("Client", link(one.client, f"/client?name={one.client}"))] if one.client else []
    code = markup.tag("code", markup.text(one.code_hash[:12]), title=one.code_hash)
    pairs += [("Code", code)] if one.code_hash else []
    pairs += [("Parameters", one.parameters)] if one.parameters not in ("", "{}") else []
    pairs += [("Notes", "; ".join(page.notes))] if page.notes else []
    pairs += [("Correct it in", link("Trade journal", "/journal"))]
    return markup.tag("div", markup.facts(pairs), "qs-trade")


def orders(page: TradePage) -> Html:
    """Its orders, with every status that was recorded."""
    columns = [
        Column("Order"), Column("Decided", minor=True), Column("Side"), Column("Type"), Column("Units", True),
        Column("Limit", True, minor=True), Column("Stop", True, minor=True), Column("Status"),
        Column("What became of it"),
    ]  # fmt: skip
    rows = []
    for one in page.orders:
        said = [
            f"{each.status.lower()} {_when(each.time)}" + (f" ({each.reason})" if each.reason else "")
            for each in page.statuses
            if each.order_id == one.order_id
        ]
        name = f"{one.order_id}" + (f", protects {one.parent}" if one.parent else "")
        rows.append(
            (
                name,
                _when(one.event_time),
                one.side,
                one.order_type or "",
                markup.quantity(one.quantity),
                markup.number(one.limit_price),
                markup.number(one.stop_price),
                markup.chip(one.status, _STATUS_TONES.get(one.status, "info")),
                _lines(said or [one.reason]),
            )
        )
    return markup.table(columns, rows, label="Orders", none="No order is known: the fills were entered or taken over")


def fills(page: TradePage) -> Html:
    """Its executions, with fees."""
    columns = [
        Column("Time"), Column("Side"), Column("Units", True), Column("Price", True), Column("Commission", True),
        Column("Net PnL", True, minor=True), Column("What", minor=True), Column("Tag", minor=True),
        Column("Execution", minor=True),
    ]  # fmt: skip
    rows = [
        (
            _when(one.exec_time),
            one.side,
            markup.quantity(one.quantity),
            markup.number(one.price),
            markup.number(one.commission),
            markup.signed(one.net_pnl),
            (one.event or "").replace("_", " ").lower(),
            one.tag,
            one.exec_id,
        )
        for one in page.fills
    ]
    return markup.table(columns, rows, label="Fills", none="No fill")


def fill_words(one: TradeFill) -> str:
    """A fill in words, for its mark on the chart."""
    what = (one.event or "").replace("_", " ").lower()
    return f"{one.side} {markup.quantity(one.quantity)} at {markup.number(one.price)}, {what}".rstrip(", ")


def levels(page: TradePage) -> list[Level]:
    """Limits and stops of its orders, those that protect it too, from the decision to the end of each."""
    found = []
    for one in page.orders:
        told = [each.time for each in page.statuses if each.order_id == one.order_id]
        begin = one.event_time or min(told, default=page.facts.opened)
        end = max(told, default=begin) if one.status in _ENDED else page.facts.closed
        prices: tuple[tuple[Kind, float | None], ...] = (("limit", one.limit_price), ("stop", one.stop_price))
        found += [
            Level(kind, price, to_datetime(from_text(begin)), to_datetime(from_text(end)) if end else None)
            for kind, price in prices
            if price is not None
        ]
    return found


def frame_of(table: BarTable) -> pd.DataFrame:
    """Bars as the chart takes them; days are named by their session."""
    times_of = table.label if table.timeframe in ("1d", "1w") else table.ts_open
    columns = {name: getattr(table, name) for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame({"time": pd.to_datetime(times_of, unit="us", utc=True), **columns})


def _when(text: str | None) -> str:
    return times.minute(from_text(text)) if text else markup.DASH


def _lines(words: Sequence[str]) -> Html:
    return markup.join(*(markup.tag("div", markup.text(each)) for each in words))
