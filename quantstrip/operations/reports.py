"""Reports: build one from the ledger, keep its figures for SQL and Excel, store it, render it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quantstrip.clock import now_text
from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.ledger.report_metrics import ReportFigure
from quantstrip.operations.ledger import existing_ledger

if TYPE_CHECKING:
    from collections.abc import Callable

    from quantstrip.report.model import Report

FORMS: Final = ("html", "xlsx", "csv", "text", "png", "json")
"""What a report can be rendered as."""
REPORT_TYPE: Final = "portfolio"
_DOCUMENT: Final = "document"
_STORED: Final = (
    "SELECT report_id, name, date, status, type, recipients, create_time FROM report "
    "WHERE report_id = COALESCE(?, report_id) ORDER BY report_id DESC"
)
_SECTIONS: Final = (
    "SELECT s.name, s.type, i.text FROM report_section s JOIN report_item i ON i.section_id = s.section_id "
    "WHERE s.report_id = ? ORDER BY s.section_id, i.item_id"
)


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A row of the report table."""

    report_id: int
    name: str
    date: str | None
    status: str | None
    type: str | None
    recipients: str | None
    created: str


def build(
    home: Home,
    mode: str | None = None,
    *,
    as_of: date | None = None,
    benchmark: str = "",
    trades: int = 500,
    title: str = "Portfolio report",
) -> "Report":
    """The portfolio in ``mode``; in the first of live, paper, replay and simulation that has rows where it is None.

    Args:
        as_of: leave out what came later; positions, which are known for now only, are left out too.
        benchmark: symbol in ``mtm_price`` that alpha and beta refer to.
        trades: most round trips to carry; the figures are of all.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
        ReportError: nothing was recorded in the mode, or the benchmark has no prices.

    """
    from quantstrip.operations.report_rows import read_rows
    from quantstrip.report.build import build_report

    rows = read_rows(existing_ledger(home), mode, as_of, benchmark, trades)
    return build_report(
        rows.histories,
        mode=rows.mode,
        currency=rows.currency,
        created=now_text(),
        title=title,
        daily=rows.daily,
        trades=rows.trades,
        positions=rows.positions,
        benchmark=rows.benchmark,
        notes=rows.notes,
        as_of=as_of,
    )


def keep_figures(home: Home, report: "Report") -> int:
    """Make the report's metrics those that ``v_metrics`` shows; returns how many. None where nothing was traded yet."""
    if not report.mode:
        return 0
    figures = [
        ReportFigure(
            "portfolio" if scope is report.portfolio else "strategy",
            scope.name,
            each.name,
            name,
            value,
            each.first,
            each.last,
            each.complete,
        )
        for scope in report.scopes
        for each in scope.horizons
        for name, value in each.figures.items()
    ]
    return existing_ledger(home).replace_report_metrics(report.mode, report.currency, report.as_of, figures)


def render(report: "Report", form: str, *, table: str = "daily", horizon: str = "ALL") -> bytes:
    """The report as a file's content.

    Args:
        form: one of ``FORMS``.
        table: which one, for CSV.
        horizon: which one, for text.

    Raises:
        ReportError: there is no such form or table.

    """
    if form not in FORMS:
        raise ReportError(f"a report cannot be made as {form!r}", hint=f"It can be: {', '.join(FORMS)}")
    renderers: dict[str, Callable[[], bytes]] = {
        "html": lambda: _html(report),
        "xlsx": lambda: _xlsx(report),
        "csv": lambda: _csv(report, table),
        "text": lambda: _text(report, horizon),
        "png": lambda: _png(report),
        "json": lambda: _json(report),
    }
    return renderers[form]()


def write(report: "Report", path: Path, *, form: str = "", table: str = "daily") -> Path:
    """Write the report to ``path``, whole or not at all; its ending says the form where none is named.

    Raises:
        ReportError: no form has that ending, or the file cannot be written (it is open elsewhere, the disk is full).

    """
    from quantstrip.report.files import write_whole

    return write_whole(path.expanduser(), render(report, form or form_of(path), table=table))


def form_of(path: Path) -> str:
    """The form that a file's ending stands for, which need not exist."""
    ending = path.suffix[1:].lower()
    return {"htm": "html", "txt": "text"}.get(ending, ending)


def store(home: Home, report: "Report", name: str = "", recipients: str | None = None) -> int:
    """Keep the report in the ledger as report, sections and items; returns its id. All of it is kept, or nothing.

    People read the sections as text; the last one holds the whole document, from which ``stored`` renders it again.
    """
    from quantstrip.report.document import to_document
    from quantstrip.report.text import strategy_line, summary_lines

    ledger = existing_ledger(home)
    positions = [f"{each.strategy}: {each.symbol} {each.quantity:g}" for each in report.positions]
    sections = [
        ("Summary", "text", [" ".join(line.split()) for line in summary_lines(report)]),
        ("Strategies", "text", [strategy_line(scope) for scope in report.strategies]),
        ("Open positions", "text", positions),
        ("Notes", "text", list(report.notes)),
        ("Document", _DOCUMENT, [to_document(report)]),
    ]
    with ledger.transaction():
        report_id = ledger.insert_report(
            name or f"{report.title} ({report.mode or 'nothing traded yet'})",
            report.as_of.isoformat(),
            "STORED",
            REPORT_TYPE,
            recipients,
        )
        for heading, kind, items in sections:
            section = ledger.insert_report_section(report_id, heading, kind)
            for item in items:
                ledger.insert_report_item(section, item)
    return report_id


def stored_reports(home: Home) -> list[StoredReport]:
    """Every stored report, the newest first."""
    return [StoredReport(*row) for row in existing_ledger(home).query(_STORED, (None,))[1]]


def stored(
    home: Home,
    report_id: int,
    form: str = "html",
    *,
    table: str = "daily",
    heard: "Callable[[float, str], None]" = lambda *_: None,
) -> bytes:
    """A stored report, rendered as it was when it was stored; one made of sections as it is now.

    Those, and what a client wrote itself, are made as HTML or text.

    Args:
        heard: called before each section of one made of sections, with the share that is done and what comes now.

    Raises:
        ReportError: there is no such report, or it has no such form.

    """
    from quantstrip.report.document import from_document
    from quantstrip.report.sections import Section, render_sections

    ledger = existing_ledger(home)
    found = [StoredReport(*row) for row in ledger.query(_STORED, (report_id,))[1]]
    if not found:
        raise ReportError(f"no stored report has the id {report_id}", hint="`quantstrip report list` shows them.")
    if found[0].type == "composed":
        from quantstrip.operations import stored_reports

        return stored_reports.render(home, stored_reports.load(home, report_id), form, heard)
    rows = ledger.query(_SECTIONS, (report_id,))[1]
    document = next((text for _, kind, text in rows if kind == _DOCUMENT), None)
    if document is not None:
        return render(from_document(document), form, table=table)
    sections: dict[str, list[str]] = {}
    for name, _, text in rows:
        sections.setdefault(name, []).append(text)
    return render_sections(
        found[0].name, found[0].date or "", [Section(name, tuple(items)) for name, items in sections.items()], form
    )


def framed(page: bytes) -> str:
    """A report's page for a frame within another page: without its script, and with a policy under which none runs."""
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    shown = page.decode().rpartition("<script>")[0]
    return shown.replace("<head>", f"<head>{policy}", 1) + "</body></html>"


def _html(report: "Report") -> bytes:
    from quantstrip.report.html import render_html

    return render_html(report).encode()


def _xlsx(report: "Report") -> bytes:
    from quantstrip.report.workbook import render_xlsx

    return render_xlsx(report)


def _csv(report: "Report", table: str) -> bytes:
    from quantstrip.report.tables import render_csv

    return render_csv(report, table).encode("utf-8-sig")  # with a mark: Excel takes the file for Latin-1 without


def _text(report: "Report", horizon: str) -> bytes:
    from quantstrip.report.text import render_text

    return render_text(report, horizon).encode()


def _png(report: "Report") -> bytes:
    from quantstrip.report.picture import render_png

    return render_png(report)


def _json(report: "Report") -> bytes:
    from quantstrip.report.document import to_document

    return to_document(report).encode()
