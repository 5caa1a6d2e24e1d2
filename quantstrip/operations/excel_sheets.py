"""The workbook's sheets: a summary with charts, and a table for each view."""

import io
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite
from typing import Any, Final

import xlsxwriter

from quantstrip.ledger.views import ViewColumn
from quantstrip.operations.excel_parts import Sheet

_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,  # a symbol or a name may begin with "="
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FORMATS: Final = {
    "DATE": {"num_format": "yyyy-mm-dd", "align": "left"},
    "TIME": {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"},
    "INTEGER": {"num_format": "0"},
    "MONEY": {"num_format": "#,##0.00;[Red]-#,##0.00"},
    "PRICE": {"num_format": "#,##0.00####"},
    "PERCENT": {"num_format": "0.00%;[Red]-0.00%"},
}
_AMOUNTS: Final = (  # what a number is, by its name; the first that fits
    (re.compile(r"(price|avg_entry|avg_exit|trail_amount)$"), "PRICE"),
    (re.compile(r"(_pct|_return|return_on_capital)$"), "PERCENT"),
    (
        re.compile(r"(pnl|amount|commission|equity|cash|_value|cost|capital|turnover|drawdown|_change|mae|mfe)$"),
        "MONEY",
    ),
)
_WIDTHS: Final = {"DATE": 12, "TIME": 20}
_LONGEST_TEXT: Final = 32_767
"""Characters of a cell."""
_PORTFOLIO, _RETURNS = "v_portfolio_daily", "v_return_on_capital"
_NEWEST: Final = (
    "trade_date", "reporting_currency", "total_pnl", "cumulative_pnl", "missing_rate", "left_out",
    "cumulative_left_out",
)  # fmt: skip
_TO_REFRESH: Final = "Data > Refresh All reads the ledger anew. Times are UTC."


def render(sheets: Sequence[Sheet], *, mode: str, source: str, written: str) -> bytes:
    """The workbook, not connected yet.

    Args:
        sheets: one for each view.
        mode: whose rows they are.
        source: name of the data source.
        written: now, as UTC text.

    """
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        book.set_properties({"title": f"Quantstrip ledger ({mode})", "created": datetime.fromisoformat(written[:19])})
        styles: dict[str, Any] = {kind: book.add_format(style) for kind, style in _FORMATS.items()}
        styles["head"] = book.add_format({"bold": True, "bottom": 1})
        styles["title"] = book.add_format({"bold": True, "font_size": 14})
        summary = book.add_worksheet("Summary")
        for sheet in sheets:
            _table(book.add_worksheet(sheet.title), sheet, styles)
        _summary(summary, sheets, styles, (mode, source, written[:19]))
        _charts(book, summary, {sheet.view.name: sheet for sheet in sheets})
    return file.getvalue()


def style_of(column: ViewColumn) -> str:
    """How a column is shown: by its type, and numbers by what they are."""
    if column.kind != "REAL":
        return column.kind
    return next((style for pattern, style in _AMOUNTS if pattern.search(column.name)), "REAL")


def _table(page: Any, sheet: Sheet, styles: Mapping[str, Any]) -> None:
    """The rows as a table that bears the view's name, with its heading frozen and a filter on it."""
    columns = []
    for place, column in enumerate(sheet.view.columns):
        style = styles.get(style_of(column))
        page.set_column(place, place, _width(column, place, sheet.rows), style)
        columns.append({"header": column.name} | ({"format": style} if style is not None else {}))
        for number, row in enumerate(sheet.rows, start=1):
            _cell(page, number, place, row[place], column.kind, style)
    page.add_table(
        0, 0, sheet.table_rows, len(columns) - 1,
        {"name": sheet.view.name, "columns": columns, "style": "Table Style Light 9"},
    )  # fmt: skip
    page.freeze_panes(1, 0)


def _cell(page: Any, row: int, place: int, value: Any, kind: str, style: Any) -> None:
    """Write one value as what its column holds; text is never taken for a formula."""
    if value is None:
        return
    moment = _moment(value, kind)
    if moment is not None:
        page.write_datetime(row, place, moment, style)
    elif isinstance(value, int | float) and isfinite(value):
        page.write_number(row, place, value, style)
    else:
        page.write_string(row, place, str(value)[:_LONGEST_TEXT])


def _moment(value: Any, kind: str) -> date | datetime | None:
    if kind not in _WIDTHS or not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value) if kind == "DATE" else datetime.fromisoformat(value)
    except ValueError:  # a date of a user's own making stays text
        return None


def _width(column: ViewColumn, place: int, rows: Sequence[Sequence[Any]]) -> int:
    texts = [len(str(row[place])) for row in rows[:200]] if column.kind == "TEXT" else [_WIDTHS.get(column.kind, 10)]
    return min(max([len(column.name) + 4, *texts]), 40)  # the filter's button needs some room


def _summary(page: Any, sheets: Sequence[Sheet], styles: Mapping[str, Any], facts: tuple[str, str, str]) -> None:
    """What the workbook is, the portfolio's newest session, and where to find what."""
    page.set_column(0, 0, 26)
    page.set_column(1, 1, 24)
    page.write_string(0, 0, "Quantstrip ledger", styles["title"])
    page.write_string(1, 0, _TO_REFRESH)
    for row, (label, fact) in enumerate(
        zip(("Mode", "Data source", "First written (UTC)"), facts, strict=True), start=2
    ):
        page.write_string(row, 0, label)
        page.write_string(row, 1, fact)
    row = 6
    portfolio = next((sheet for sheet in sheets if sheet.view.name == _PORTFOLIO), None)
    if portfolio is not None:
        row = _newest(page, row, portfolio, styles)
    page.write_string(row, 0, "Sheet", styles["head"])
    page.write_string(row, 1, "One row", styles["head"])
    for number, sheet in enumerate(sheets, start=row + 1):
        page.write_url(number, 0, f"internal:'{sheet.title}'!A1", string=sheet.view.name)
        page.write_string(number, 1, sheet.view.row)


def _newest(page: Any, row: int, sheet: Sheet, styles: Mapping[str, Any]) -> int:
    """The newest session's row, taken from its table by a formula, so that it follows a refresh; the next free row."""
    page.write_string(row, 0, "Newest session", styles["head"])
    page.write_string(row, 1, "", styles["head"])
    for place, column in enumerate(sheet.view.columns):
        if column.name not in _NEWEST:
            continue
        row += 1
        style = styles.get(style_of(column))
        cells = f"{_PORTFOLIO}[{column.name}]"
        last = f"INDEX({cells},ROWS({cells}))"
        value = sheet.rows[-1][place] if sheet.rows else None
        moment = _moment(value, column.kind)
        shown = (moment - date(1899, 12, 30)).days if isinstance(moment, date) else "" if value is None else value
        page.write_string(row, 0, column.name)
        page.write_formula(row, 1, f'=IF({last}="","",{last})', style, shown)
    return row + 2


def _charts(book: Any, page: Any, sheets: Mapping[str, Sheet]) -> None:
    """Charts that Excel draws from the tables, and so grow with them."""
    row = 0
    portfolio, returns = sheets.get(_PORTFOLIO), sheets.get(_RETURNS)
    if portfolio is not None:
        for kind, column, title in (
            ("line", "cumulative_pnl", "Cumulative PnL, reporting currency"),
            ("column", "total_pnl", "PnL by session, reporting currency"),
        ):
            chart = _chart(book, kind, portfolio, "trade_date", column, title)
            chart.set_x_axis({"date_axis": True, "num_format": "yyyy-mm-dd", "label_position": "low"})
            page.insert_chart(row, 5, chart)
            row += 18
    if returns is not None:
        chart = _chart(book, "bar", returns, "strategy", "total_pnl", "PnL by strategy, its own currency")
        chart.set_y_axis({"label_position": "low"})
        page.insert_chart(row, 5, chart)


def _chart(book: Any, kind: str, sheet: Sheet, across: str, column: str, title: str) -> Any:
    names = [each.name for each in sheet.view.columns]
    chart = book.add_chart({"type": kind})
    ranges = {
        key: [sheet.title, 1, names.index(name), sheet.table_rows, names.index(name)]
        for key, name in (("categories", across), ("values", column))
    }
    chart.add_series({"name": column, **ranges})
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_size({"width": 760, "height": 340})
    return chart
