"""An end-of-day summary as blocks of lines, and those as HTML, as its plain-text twin, and as a chart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any, Final, NamedTuple

import numpy as np

from quantstrip.clock import Micros, from_text, to_datetime
from quantstrip.operations.client_status import ClientStatus
from quantstrip.operations.eod_rows import MOST_FILLS, MOST_TOLD, OWN_PACE, DayRows, Row
from quantstrip.report import words
from quantstrip.report.charts import Line
from quantstrip.report.picture import line_png

PICTURE: Final = "cumulative-pnl.png"
"""Name and content id of the chart in a mail."""


class Cell(NamedTuple):
    """A figure of a line, and how it is coloured: ``up``, ``down`` or ""."""

    text: str
    tone: str = ""


class Item(NamedTuple):
    """A line: what it is about, a smaller line below, figures to its right."""

    name: str
    small: str = ""
    cells: tuple[Cell, ...] = ()


class Block(NamedTuple):
    """A part of the summary; ``lines`` is all of it as text."""

    title: str
    heads: tuple[str, ...]
    items: tuple[Item, ...]
    note: str = ""
    urgent: bool = False

    @property
    def lines(self) -> list[str]:
        """The block in columns, for readers without HTML."""
        width = max((len(item.name) for item in self.items), default=0)
        widths = [max(len(head), *(len(item.cells[n].text) for item in self.items if item.cells), 0)
                  for n, head in enumerate(self.heads)]  # fmt: skip
        found = []
        if self.heads and self.items:
            heads = "  ".join(head.rjust(size) for head, size in zip(self.heads, widths, strict=True))
            found.append(f"{'':<{width}}  {heads}".rstrip())
        for item in self.items:
            cells = "  ".join(cell.text.rjust(size) for cell, size in zip(item.cells, widths, strict=False))
            found.append(f"{item.name:<{width}}  {cells}".rstrip())
            found += [f"    {line}" for line in item.small.splitlines()]
        return [*found, *([self.note] if self.note else [])]


@dataclass(frozen=True, slots=True)
class Page:
    """What a summary says.

    Attributes:
        subject: of the mail.
        lead: sentences under the title: which session, which mode, what is missing.
        tiles: name and figure of what matters most.
        footer: lines at the very end, such as the head of an audit chain.

    """

    subject: str
    title: str
    lead: tuple[str, ...]
    tiles: tuple[tuple[str, Cell], ...]
    blocks: tuple[Block, ...]
    footer: tuple[str, ...]

    def values(self, picture: str) -> dict[str, Any]:
        """What the templates ``eod.html.j2`` and ``eod.txt.j2`` fill in; ``picture`` is the source of the chart."""
        return {
            "title": self.title, "lead": self.lead, "tiles": self.tiles, "blocks": self.blocks,
            "footer_lines": self.footer, "footer": "end-of-day summary", "picture": picture,
        }  # fmt: skip

    @property
    def plain(self) -> str:
        """All of it as text, without a template."""
        parts = ["\n".join(self.lead), "\n".join(f"{name}: {cell.text}" for name, cell in self.tiles)]
        parts += ["\n".join([block.title, *block.lines]) for block in self.blocks]
        return "\n\n".join([self.title, *parts, *self.footer])


def blocks_of(rows: DayRows, clients: Sequence[ClientStatus], zone: tzinfo, mode: str) -> tuple[Block, ...]:
    """The summary's parts, what needs a person first."""
    return (
        *_troubles(rows, zone),
        _strategies(rows),
        _fills(rows, zone),
        _positions(rows, mode),
        _clients(clients, zone),
    )


def tiles_of(rows: DayRows) -> tuple[tuple[str, Cell], ...]:
    """Day, total, fills, commission; where nothing of one has a rate, a dash stands for it, never a zero."""
    today = rows.today
    day = today["total_pnl"] if today else 0.0
    return (
        (f"Day, {rows.currency}", _money(day)),
        (f"Total, {rows.currency}", _money(rows.total)),
        ("Fills", Cell(f"{today['fills'] if today else 0:,}")),
        (f"Commission, {rows.currency}", Cell(words.money(today["commission"] if today else 0.0))),
    )


def picture_of(rows: DayRows, mode: str) -> bytes:
    """Cumulative profit of up to a year, as PNG."""
    days = np.array([day for day, _ in rows.curve], dtype="datetime64[D]")
    values = np.array([np.nan if value is None else value for _, value in rows.curve], dtype=np.float64)
    lines = [Line("Portfolio", values)]
    return line_png(f"Cumulative PnL, {rows.currency} ({mode})", days, lines, words.short_money, height=240)


def local(moment: str | Micros, zone: tzinfo, form: str = "%Y-%m-%d %H:%M") -> str:
    """A moment in the user's zone."""
    at = from_text(moment) if isinstance(moment, str) else moment
    return to_datetime(at).astimezone(zone).strftime(form)


def _strategies(rows: DayRows) -> Block:
    items = []
    for row in rows.strategies:
        small = words.counted(row["fills"], "fill")
        if row["today"] is not None:
            small += (
                f", realised {words.money(row['realized'])}, unrealised {words.money(row['unrealized'])}, "
                f"commission {words.money(row['commission'])}"
            )
        if row["missing_rate"]:
            small += f"\nno exchange rate: {row['missing_rate'].replace(',', ', ')}"
        items.append(Item(_label(row, rows.strategies), small, (_money(row["today"]), _money(row["total"]))))
    note = "" if items else "No strategy has traded yet."
    return Block(f"Profit and loss, {rows.currency}", ("Day", "Total"), tuple(items), note)


def _label(row: Row, rows: Iterable[Row]) -> str:
    several = sum(other["strategy"] == row["strategy"] for other in rows) > 1
    return f"{row['strategy']} ({row['account']})" if several else str(row["strategy"])


def _fills(rows: DayRows, zone: tzinfo) -> Block:
    items = [
        Item(
            f"{row['side']} {words.quantity(row['quantity'])} {row['symbol']} at {words.quantity(row['price'])}",
            f"{local(row['exec_time'], zone)}, {row['strategy']}, commission {words.money(row['commission'])}",
            (_money(row["net_pnl"], row["currency"]),),
        )
        for row in rows.fills
    ]
    count = int(rows.today["fills"]) if rows.today else 0
    more = f"... and {count - len(items):,} more, in the dashboard." if count > len(items) == MOST_FILLS else ""
    return Block("Fills", ("Net",), tuple(items), more if items else "None.")


def _positions(rows: DayRows, mode: str) -> Block:
    if rows.positions is None:
        note = "They are known for now only, and a later session has begun: see the dashboard."
        return Block("Open positions", (), (), note)
    items = []
    for row in rows.positions:
        paid = words.quantity(round(row["avg_price"], 4))
        leg = "" if row["leg"] == "NET" else f" {row['leg']}"
        price = f"{paid} paid, {words.quantity(row['mark_price'])} {row['currency']} now"
        small = f"{row['strategy']}, {price}\n{_age(row, mode)}"
        if row["missing_rate"]:
            small += f", no exchange rate {row['missing_rate']}"
        name = f"{row['symbol']}{leg} {words.quantity(row['position'])}"
        value = Cell(words.money(row["reporting_market_value"]))
        items.append(Item(name, small, (value, _money(row["reporting_unrealized_pnl"]))))
    return Block(f"Open positions, {rows.currency}", ("Value", "Unrealised"), tuple(items), "" if items else "None.")


def _age(row: Row, mode: str) -> str:
    days = row["mark_age_days"]
    age = "" if days is None or days < 1 else f", {days} {'day' if days == 1 else 'days'} old"
    if row["mark_source"] == "run":
        return f"the run's last bar, {row['mark_date']}{age}{' (replayed)' if mode in OWN_PACE else ''}"
    if row["mark_source"] != "mtm":
        return f"last fill, {row['mark_date']}{age}: no close is known since"
    return f"close of {row['mark_date']}{age}{' (replayed)' if mode in OWN_PACE else ''}"


def _troubles(rows: DayRows, zone: tzinfo) -> list[Block]:
    halts = [
        Item(
            f"{row['strategy']} takes no entries: {row['rule']}", f"since {row['event_time'][:16]} UTC: {row['reason']}"
        )
        for row in rows.halts
    ]
    halts += [Item(f"{row['client']}: entries are switched off", str(row["reason"])) for row in rows.kill_switches]
    jobs = [
        Item(
            f"{row['client']}: {row['job']}",
            f"{row['problem'].lower()}, due {local(row['due'], zone)}\n{_last(row)}".strip(),
        )
        for row in rows.jobs[:MOST_TOLD]
    ]
    alerts = [
        Item(str(row["subject"]), f"{local(row['last_time'], zone)}, {row['client'] or 'service'}{_times(row)}")
        for row in rows.alerts[:MOST_TOLD]
    ]
    parts = (
        ("Halts", halts, 0),
        ("Missed and failed jobs", jobs, len(rows.jobs)),
        ("Errors and alerts", alerts, len(rows.alerts)),
    )
    return [
        Block(title, (), tuple(items), "... and more, in the dashboard." if count > MOST_TOLD else "", urgent=True)
        for title, items, count in parts
        if items
    ] or [Block("Errors, alerts, missed jobs, halts", (), (), "None.")]


def _clients(clients: Sequence[ClientStatus], zone: tzinfo) -> Block:
    wanted = [client for client in clients if client.desired == "running"]
    items = [Item(client.display_name or client.name, _doing(client), (_next(client, zone),)) for client in wanted]
    return Block("What runs next", ("Due",), tuple(items), "" if items else "No client is to run.")


def _doing(client: ClientStatus) -> str:
    return client.mode if client.state == "running" else f"{client.mode}, {client.state.replace('_', ' ')}"


def _next(client: ClientStatus, zone: tzinfo) -> Cell:
    if client.next_job:
        return Cell(local(client.next_job, zone, "%a %d %b %H:%M"))
    return Cell("-" if client.state == "running" else "not running", "" if client.state == "running" else "down")


def _money(value: float | None, currency: str = "") -> Cell:
    return Cell(f"{words.money(value)}{f' {currency}' if currency and value is not None else ''}", words.sign(value))


def _last(row: Row) -> str:
    lines = str(row["trace"] or "").strip().splitlines()
    return lines[-1][:200] if lines else ""


def _times(row: Row) -> str:
    return f", {row['occurrences']} times" if row["occurrences"] > 1 else ""


def day_text(day: date) -> str:
    """A session's date with its weekday."""
    return f"{day:%A} {day.isoformat()}"
