"""The report as plain text: for a terminal, and as the twin of a mail."""

from typing import Final

from quantstrip.report import words
from quantstrip.report.catalogue import BY_NAME
from quantstrip.report.layout import BREAKDOWN, GROUPS
from quantstrip.report.model import Report, Scope

SUMMARY: Final = (
    "net_pnl", "total_return", "annualised_return", "volatility", "sharpe", "sortino", "max_drawdown",
    "current_drawdown", "trade_count", "win_rate", "profit_factor",
)  # fmt: skip


def render_text(report: Report, horizon: str = "ALL", *, full: bool = False) -> str:
    """What a person wants to know first: the portfolio, its strategies, what is held.

    Args:
        full: every metric over every horizon, too.

    """
    parts = [
        " · ".join(filter(None, (report.title, report.mode, f"to {report.as_of}", f"amounts in {report.currency}"))),
        *(f"Note: {note}" for note in report.notes),
    ]
    if not len(report.portfolio.days):
        return "\n".join([*parts, "", "Nothing was traded in this mode yet."]) + "\n"
    parts += ["", *summary_lines(report, horizon), "", *_table(_strategies(report, horizon))]
    if full:
        parts += ["", *_table(_horizons(report))]
    if report.positions:
        parts += ["", "Open positions", *_table(_positions(report))]
    return "\n".join(parts) + "\n"


def summary_lines(report: Report, horizon: str = "ALL") -> list[str]:
    """The portfolio's first figures, one a line."""
    return [
        f"{BY_NAME[name].label:<18} {words.shown(report.portfolio.shown(name, horizon), BY_NAME[name].unit)}"
        for name in SUMMARY
    ]


def strategy_line(scope: Scope, horizon: str = "ALL") -> str:
    """One strategy in one line."""
    figures = (f"{BY_NAME[name].label} {words.shown(scope.shown(name, horizon), BY_NAME[name].unit)}"
               for name in BREAKDOWN)  # fmt: skip
    return f"{scope.name}: {', '.join(figures)}"


def _strategies(report: Report, horizon: str) -> list[list[str]]:
    heads = ["Strategy", *(BY_NAME[name].label for name in BREAKDOWN)]
    rows = [
        [scope.name, *(words.shown(scope.shown(name, horizon), BY_NAME[name].unit) for name in BREAKDOWN)]
        for scope in (*report.strategies, report.portfolio)
    ]
    return [heads, *rows]


def _horizons(report: Report) -> list[list[str]]:
    horizons = report.portfolio.horizons
    rows = [["Portfolio", *(each.name if each.complete else f"({each.name})" for each in horizons)]]
    for name in (name for group in GROUPS.values() for name in group):
        metric = BY_NAME[name]
        rows.append(
            [metric.label, *(words.shown(report.portfolio.shown(name, each.name), metric.unit) for each in horizons)]
        )
    return rows


def _positions(report: Report) -> list[list[str]]:
    rows = [["Strategy", "Symbol", "Leg", "Quantity", "Average price", "Price", "of", "Unrealised"]]
    for each in report.positions:
        numbers = [words.quantity(value) for value in (each.quantity, round(each.average_price, 6), each.price)]
        rows.append([each.strategy, each.symbol, each.leg, *numbers, words.day(each.price_date),
                     words.money(each.unrealised)])  # fmt: skip
    return rows


def _table(rows: list[list[str]]) -> list[str]:
    """Columns as wide as their content, the first to the left, the others to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
