"""The report as an XLSX workbook: numbers as numbers, dates as dates, charts that Excel draws itself."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import xlsxwriter

from quantstrip.report.catalogue import BY_NAME, METRICS
from quantstrip.report.files import MOST_ROWS
from quantstrip.report.layout import GROUPS
from quantstrip.report.model import Report
from quantstrip.report.tables import (
    Cell,
    Kind,
    Table,
    daily_table,
    kind_of,
    positions_table,
    strategies_table,
    trades_table,
    widths,
)

_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,  # a symbol or a name may begin with "="
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
_FORMATS: Final = {
    Kind.TEXT: {},
    Kind.DATE: {"num_format": "yyyy-mm-dd", "align": "left"},
    Kind.TIME: {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"},
    Kind.MONEY: {"num_format": "#,##0.00;[Red]-#,##0.00"},
    Kind.PRICE: {"num_format": "#,##0.00####"},
    Kind.NUMBER: {"num_format": "0.########"},
    Kind.PERCENT: {"num_format": "0.00%;[Red]-0.00%"},
}


def render_xlsx(report: Report) -> bytes:
    """The workbook: Summary, Daily PnL, Equity, Strategies, Trades, Positions, Definitions."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        book.set_properties({"title": report.title, "created": datetime.fromisoformat(report.created[:19])})
        styles: dict[str, Any] = {kind: book.add_format(style) for kind, style in _FORMATS.items()}
        styles["head"] = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        styles["title"] = book.add_format({"bold": True, "font_size": 14})
        styles["wrap"] = book.add_format({"text_wrap": True, "valign": "top"})
        summary = book.add_worksheet("Summary")
        days = daily_table(report)
        _write(book.add_worksheet(days.name), days, styles)
        _curves(book.add_worksheet("Equity"), report, styles)
        for table in (strategies_table(report), trades_table(report), positions_table(report)):
            _write(book.add_worksheet(table.name), table, styles)
        _definitions(book.add_worksheet("Definitions"), styles)
        _summary(summary, report, styles)
        _charts(book, summary, report)
    return file.getvalue()


def _write(sheet: Any, table: Table, styles: Mapping[str, Any]) -> None:
    """A table with its heading frozen and a filter on it."""
    for place, ((name, _), width) in enumerate(zip(table.columns, widths(table), strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, styles["head"])
    kinds = [kind for _, kind in table.columns]
    for number, row in enumerate(table.rows[:MOST_ROWS], start=1):
        for place, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
            _cell(sheet, number, place, cell, kind, styles)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, min(len(table.rows), MOST_ROWS)), len(kinds) - 1)


def _cell(sheet: Any, row: int, column: int, cell: Cell, kind: Kind, styles: Mapping[str, Any]) -> None:
    if cell is None or cell != cell:
        return
    if kind is Kind.TIME and isinstance(cell, str):
        sheet.write_datetime(row, column, datetime.fromisoformat(cell), styles[kind])
    elif isinstance(cell, date):
        sheet.write_datetime(row, column, cell, styles[kind])
    elif isinstance(cell, str):
        sheet.write_string(row, column, cell)
    else:
        sheet.write_number(row, column, cell, styles[kind])


def _summary(sheet: Any, report: Report, styles: Mapping[str, Any]) -> None:
    """The portfolio's metrics by horizon, below what the report is of."""
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, len(report.portfolio.horizons) + 1, 14)
    sheet.write_string(0, 0, report.title, styles["title"])
    facts: list[tuple[str, Cell]] = [
        ("Mode", report.mode), ("As of", report.as_of), ("Currency", report.currency),
        ("Capital", report.portfolio.capital), ("Benchmark", report.benchmark or None),
    ]  # fmt: skip
    for number, (name, value) in enumerate(facts, start=1):
        sheet.write_string(number, 0, name)
        kind = Kind.DATE if isinstance(value, date) else Kind.TEXT if isinstance(value, str) else Kind.MONEY
        _cell(sheet, number, 1, value, kind, styles)
    row = len(facts) + 1
    for note in report.notes:
        sheet.write_string(row, 0, f"Note: {note}")
        row += 1
    row += 1
    sheet.write_string(row, 0, "Portfolio by horizon", styles["head"])
    for place, each in enumerate(report.portfolio.horizons, start=1):
        sheet.write_string(row, place, each.name if each.complete else f"({each.name})", styles["head"])
    for metric in (BY_NAME[name] for group in GROUPS.values() for name in group):
        row += 1
        sheet.write_string(row, 0, metric.label)
        for place, each in enumerate(report.portfolio.horizons, start=1):
            _cell(sheet, row, place, each.figures[metric.name], kind_of(metric.unit), styles)


def _curves(sheet: Any, report: Report, styles: Mapping[str, Any]) -> None:
    """What the charts draw: the portfolio's PnL and drawdown by day, and each strategy's cumulative PnL."""
    total = report.portfolio
    heads = ["date", "net_pnl", "cumulative_pnl", "drawdown", *(scope.name for scope in report.strategies)]
    for place, name in enumerate(heads):
        sheet.set_column(place, place, max(12, min(len(name) + 2, 30)))
        sheet.write_string(0, place, name, styles["head"])
    kinds = [Kind.DATE, Kind.MONEY, Kind.MONEY, Kind.PERCENT, *([Kind.MONEY] * len(report.strategies))]
    columns: list[Sequence[Cell]] = [
        total.days.tolist(), total.pnl.tolist(), total.cumulative.tolist(), total.drawdown.tolist(),
    ]  # fmt: skip
    for scope in report.strategies:
        known = dict(zip(scope.days.tolist(), scope.cumulative.tolist(), strict=True))
        columns.append([known.get(day) for day in columns[0]])
    for place, (column, kind) in enumerate(zip(columns, kinds, strict=True)):
        for number, cell in enumerate(column[:MOST_ROWS], start=1):
            _cell(sheet, number, place, cell, kind, styles)
    sheet.freeze_panes(1, 1)


def _charts(book: Any, summary: Any, report: Report) -> None:
    """Cumulative PnL of all and of each strategy, and the drawdown, beside the summary."""
    last = min(len(report.portfolio.days), MOST_ROWS)
    if not last:
        return
    beside = len(report.portfolio.horizons) + 2
    pnl = book.add_chart({"type": "line"})
    for column in (2, *range(4, 4 + len(report.strategies))):
        pnl.add_series(_series(column, last, 2.25 if column == 2 else 1.0))
    _dressed(pnl, f"Cumulative PnL, {report.currency}", "#,##0")
    summary.insert_chart(0, beside, pnl)
    if report.portfolio.capital is not None:
        fall = book.add_chart({"type": "area"})
        fall.add_series(_series(3, last, 1.0) | {"fill": {"color": "#e9a3a3"}, "line": {"color": "#b42323"}})
        _dressed(fall, "Drawdown", "0%")
        fall.set_legend({"none": True})
        summary.insert_chart(19, beside, fall)


def _series(column: int, last: int, width: float) -> dict[str, Any]:
    return {
        "name": ["Equity", 0, column],
        "categories": ["Equity", 1, 0, last, 0],
        "values": ["Equity", 1, column, last, column],
        "line": {"width": width},
    }


def _dressed(chart: Any, title: str, numbers: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_x_axis({"date_axis": True, "num_format": "yyyy-mm", "label_position": "low"})
    chart.set_y_axis({"num_format": numbers, "major_gridlines": {"visible": True, "line": {"color": "#dde3e9"}}})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 760, "height": 360})


def _definitions(sheet: Any, styles: Mapping[str, Any]) -> None:
    for place, (name, width) in enumerate((("metric", 28), ("label", 30), ("unit", 10), ("definition", 110))):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, name, styles["head"])
    for number, metric in enumerate(METRICS, start=1):
        for place, text in enumerate((metric.name, metric.label, str(metric.unit), metric.definition)):
            sheet.write_string(number, place, text, styles["wrap"])
    sheet.freeze_panes(1, 0)
