"""The report as plain tables: what the workbook's sheets and the CSV files hold. Numbers stay numbers, dates dates."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from quantstrip.errors import ReportError
from quantstrip.report.catalogue import METRICS, Unit
from quantstrip.report.model import Report

Cell = str | float | int | date | None


class Kind(StrEnum):
    """What a column holds, and so how a workbook shows it."""

    TEXT = "text"
    DATE = "date"
    TIME = "time"
    MONEY = "money"
    PRICE = "price"
    NUMBER = "number"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns as (heading, kind), and rows of their cells; None is an empty cell."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    rows: Sequence[Sequence[Cell]]


_KINDS = {
    Unit.MONEY: Kind.MONEY,
    Unit.FRACTION: Kind.PERCENT,
    Unit.RATIO: Kind.PRICE,
    Unit.DAYS: Kind.PRICE,
    Unit.SESSIONS: Kind.NUMBER,
    Unit.COUNT: Kind.NUMBER,
}


def kind_of(unit: Unit) -> Kind:
    """How a metric of that unit is shown."""
    return _KINDS[unit]


def daily_table(report: Report) -> Table:
    """One row for each strategy and session in which something happened."""
    columns = (
        ("date", Kind.DATE), ("strategy", Kind.TEXT), ("realised_pnl", Kind.MONEY), ("unrealised_change", Kind.MONEY),
        ("commission", Kind.MONEY), ("net_pnl", Kind.MONEY), ("fills", Kind.NUMBER),
    )  # fmt: skip
    rows = [(d.day, d.strategy, d.realised, d.unrealised, d.commission, d.net, d.fills) for d in report.daily]
    return Table("Daily PnL", columns, rows)


def strategies_table(report: Report) -> Table:
    """One row for each strategy, the portfolio last, with every metric over its whole history."""
    columns = (("strategy", Kind.TEXT), *((metric.name, kind_of(metric.unit)) for metric in METRICS))
    rows = [[scope.name, *(scope.figure(each.name) for each in METRICS)] for scope in report.strategies]
    rows.append([report.portfolio.name, *(report.portfolio.figure(each.name) for each in METRICS)])
    return Table("Strategies", columns, rows)


def metrics_table(report: Report) -> Table:
    """One row for each scope, horizon and metric, as the table ``report_metric`` holds them."""
    columns = (
        ("scope", Kind.TEXT), ("strategy", Kind.TEXT), ("horizon", Kind.TEXT), ("first_date", Kind.DATE),
        ("last_date", Kind.DATE), ("metric", Kind.TEXT), ("value", Kind.NUMBER),
    )  # fmt: skip
    rows = [
        (_scope(scope is report.portfolio), scope.name, each.name, each.first, each.last, name, value)
        for scope in report.scopes
        for each in scope.horizons
        for name, value in each.figures.items()
    ]
    return Table("Metrics", columns, rows)


def trades_table(report: Report) -> Table:
    """Round trips, the newest first."""
    columns = (
        ("strategy", Kind.TEXT), ("symbol", Kind.TEXT), ("side", Kind.TEXT), ("quantity", Kind.PRICE),
        ("entry_time", Kind.TIME), ("entry_price", Kind.PRICE), ("exit_time", Kind.TIME), ("exit_price", Kind.PRICE),
        ("gross_pnl", Kind.MONEY), ("commission", Kind.MONEY), ("net_pnl", Kind.MONEY),
    )  # fmt: skip
    return Table("Trades", columns, report.trades)


def positions_table(report: Report) -> Table:
    """What is held."""
    columns = (
        ("strategy", Kind.TEXT), ("symbol", Kind.TEXT), ("leg", Kind.TEXT), ("quantity", Kind.PRICE),
        ("average_price", Kind.PRICE), ("price", Kind.PRICE), ("price_date", Kind.DATE), ("unrealised_pnl", Kind.MONEY),
    )  # fmt: skip
    return Table("Positions", columns, report.positions)


TABLES = {
    "daily": daily_table,
    "strategies": strategies_table,
    "metrics": metrics_table,
    "trades": trades_table,
    "positions": positions_table,
}
"""What ``render_csv`` can be asked for."""


def render_csv(report: Report, table: str = "daily") -> str:
    """One table as CSV: comma, quotes where needed, ISO dates, a point in numbers, empty where there is no value.

    Text that a spreadsheet would take for a formula has an apostrophe before it.

    Raises:
        ReportError: there is no such table.

    """
    if table not in TABLES:
        raise ReportError(f"no table is called {table!r}", hint=f"There are: {', '.join(TABLES)}")
    made = TABLES[table](report)
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([name for name, _ in made.columns])
    writer.writerows([_escaped(cell) for cell in row] for row in made.rows)
    return file.getvalue()


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run the text instead of showing it."""
    return text[:1] in {"=", "+", "-", "@", "\t", "\r"}


def _escaped(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell


def _scope(portfolio: bool) -> str:
    return "portfolio" if portfolio else "strategy"


def widths(table: Table, most: int = 40) -> Iterable[int]:
    """Characters that each column needs, judged by its heading and its first rows."""
    for place, (name, kind) in enumerate(table.columns):
        texts = [len(str(row[place])) for row in table.rows[:200]] if kind is Kind.TEXT else [12]
        yield min(max([len(name) + 2, *texts]), most)
