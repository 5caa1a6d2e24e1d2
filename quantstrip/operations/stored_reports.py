"""Reports that a person puts together: sections of text, figures, queries and charts, kept in the report tables.

A section is kept as what it asks for; rendering asks again, so that such a report always shows what is recorded now. A
report stored by ``reports.store`` keeps what was shown instead.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from quantstrip.clock import now_text
from quantstrip.errors import QuantstripError, ReportError
from quantstrip.home import Home
from quantstrip.operations import queries
from quantstrip.operations.ledger import existing_ledger, query
from quantstrip.operations.reports import StoredReport, build, stored_reports

if TYPE_CHECKING:
    from quantstrip.report.model import Report
    from quantstrip.report.sections import Section

COMPOSED: Final = "composed"
"""The type of such a report."""
DRAFT: Final = "DRAFT"
Heard = Callable[[float, str], None]
Kind = Literal["text", "figures", "breakdown", "chart", "table"]
KINDS: Final[dict[Kind, str]] = {
    "text": "Text", "figures": "Figures", "breakdown": "Strategies", "chart": "Chart", "table": "Table of a query",
}  # fmt: skip
CHARTS: Final = {
    "pnl": "Cumulative PnL", "drawdown": "Drawdown", "returns": "Daily returns", "equity": "Equity",
    "sharpe": "Rolling Sharpe ratio",
}  # fmt: skip
HORIZONS: Final = ("3M", "6M", "1Y", "2Y", "3Y", "5Y", "ALL")
MOST_ROWS: Final = 500
_QUERY_SECONDS: Final = 30.0
_EXAMPLE: Final = 'Write {"name": "Weekly", "sections": [{"name": "Result", "kind": "figures"}]}.'
_SECTIONS: Final = "SELECT section_id, name, type FROM report_section WHERE report_id = ? ORDER BY section_id"
_ITEMS: Final = "SELECT text FROM report_item WHERE section_id = ? ORDER BY item_id"


@dataclass(frozen=True, slots=True)
class Part:
    """One section, as it was put together.

    Attributes:
        text: paragraphs with an empty line between; of a table, the query: a name, or SQL.
        mode: of figures, strategies and charts; "" for the first that has rows.
        horizon: of figures and strategies. Charts show everything.
        strategy: of figures; "" for the portfolio.
        chart: one of ``CHARTS``.
        rows: most rows of a table.

    """

    name: str
    kind: Kind = "text"
    text: str = ""
    mode: str = ""
    horizon: str = "ALL"
    strategy: str = ""
    chart: str = "pnl"
    rows: int = 50


@dataclass(frozen=True, slots=True)
class Composed:
    """A report as it was put together; ``report_id`` is 0 for one that is not saved."""

    name: str
    parts: tuple[Part, ...]
    recipients: str = ""
    report_id: int = 0


def save(home: Home, composed: Composed) -> int:
    """Keep a report, a new one or in the place of what it was; returns its id. All of it is kept, or nothing.

    Raises:
        ReportError: it has no name, or a section is not one; nothing was written.
        LedgerError: there is no ledger, or it cannot be written.

    """
    if not composed.name.strip():
        raise ReportError("a report needs a name", hint="Say what it is called.")
    rows = [(part.name.strip(), part.kind, _items(_checked(part))) for part in composed.parts]
    ledger, day = existing_ledger(home), now_text()[:10]
    with ledger.transaction():
        number = composed.report_id
        if number:
            _found(home, number)
            ledger.update_report(number, composed.name, day, DRAFT, COMPOSED, composed.recipients)
        else:
            number = ledger.insert_report(composed.name, day, DRAFT, COMPOSED, composed.recipients or None)
        ledger.replace_report_sections(number, rows)
    return number


def load(home: Home, report_id: int) -> Composed:
    """A report as it was put together; of one that a client wrote, each section is text.

    Raises:
        ReportError: there is no such report, or it is one that was stored as it was shown.

    """
    row = _found(home, report_id)
    parts = []
    with existing_ledger(home).reading() as read:
        for section, name, kind in read.query(_SECTIONS, (report_id,))[1]:
            if kind == "document":
                raise ReportError(
                    f"report {report_id} was stored as it was shown, and is not made of sections that can be changed",
                    hint="Make a new report, and give it the sections that you want.",
                )
            texts = [str(item[0]) for item in read.query(_ITEMS, (section,))[1]]
            parts.append(_part(name, kind, texts))
    return Composed(row.name, tuple(parts), row.recipients or "", report_id)


def duplicate(home: Home, report_id: int) -> int:
    """A copy that can be changed by itself; returns its id. Raises as ``load``."""
    was = load(home, report_id)
    return save(home, replace(was, name=f"{was.name} (copy)", report_id=0))


def delete(home: Home, report_id: int) -> None:
    """Forget a stored report, of whatever kind.

    Raises:
        ReportError: there is no such report.

    """
    _found(home, report_id)
    existing_ledger(home).delete_report(report_id)


def render(home: Home, composed: Composed, form: str = "html", heard: Heard = lambda *_: None) -> bytes:
    """The report with what is recorded now, as ``html`` or ``text``.

    A section that cannot be made (a query that fails, a mode without rows) says why in its place.

    Args:
        heard: called before each section with the share that is done and what comes now.

    Raises:
        ReportError: another form.

    """
    from quantstrip.report.sections import render_sections

    reports: dict[str, Report] = {}
    sections = []
    for done, part in enumerate(composed.parts):
        heard(done / len(composed.parts), part.name)
        sections.append(_rendered(home, part, reports))
    return render_sections(composed.name, f"{now_text()[:16]} UTC", sections, form)


def from_json(text: str) -> Composed:
    """A report from ``{"name": ..., "sections": [{"name": ..., "kind": ..., ...}]}``.

    Raises:
        ReportError: it is no such JSON.

    """
    try:
        return from_mapping(json.loads(text))
    except ValueError as error:
        raise ReportError(f"the report cannot be read: {error}", hint=_EXAMPLE) from error


def from_mapping(given: Any) -> Composed:
    """A report from what that JSON holds. Raises as ``from_json``."""
    try:
        parts = tuple(Part(**each) for each in given["sections"])
        return Composed(str(given["name"]), parts, str(given.get("recipients") or ""), int(given.get("report_id") or 0))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise ReportError(f"the report cannot be read: {error}", hint=_EXAMPLE) from error


def to_json(composed: Composed) -> str:
    """What ``from_json`` reads."""
    return json.dumps(to_mapping(composed), indent=2) + "\n"


def to_mapping(composed: Composed) -> dict[str, Any]:
    """What ``from_mapping`` reads."""
    sections = [
        {name: getattr(part, name) for name in ("name", "kind", *_FIELDS[part.kind])} for part in composed.parts
    ]
    return {"name": composed.name, "recipients": composed.recipients, "sections": sections}


_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "text": ("text",), "figures": ("mode", "horizon", "strategy"), "breakdown": ("mode", "horizon"),
    "chart": ("mode", "chart"), "table": ("text", "rows"),
}  # fmt: skip


def _found(home: Home, report_id: int) -> StoredReport:
    row = next((each for each in stored_reports(home) if each.report_id == report_id), None)
    if row is None:
        raise ReportError(f"no stored report has the id {report_id}", hint="`quantstrip report list` shows them.")
    return row


def _checked(part: Part) -> Part:
    wrong = ""
    if part.kind not in KINDS:
        wrong = f"kind must be one of {', '.join(KINDS)}, got {part.kind!r}"
    elif not part.name.strip():
        wrong = "it needs a heading"
    elif part.kind == "chart" and part.chart not in CHARTS:
        wrong = f"chart must be one of {', '.join(CHARTS)}, got {part.chart!r}"
    elif part.kind in ("figures", "breakdown") and part.horizon not in HORIZONS:
        wrong = f"horizon must be one of {', '.join(HORIZONS)}, got {part.horizon!r}"
    elif part.kind == "table" and not part.text.strip():
        wrong = "a table needs a query: its name, or SQL"
    elif part.kind == "table" and not 1 <= part.rows <= MOST_ROWS:
        wrong = f"rows must be 1 to {MOST_ROWS}, got {part.rows}"
    if wrong:
        raise ReportError(f"the section {part.name!r} cannot be kept: {wrong}", hint="Nothing was saved.")
    return part


def _items(part: Part) -> list[str]:
    """What of a section goes into items: paragraphs of text, else one line of JSON."""
    if part.kind == "text":
        return [each.strip() for each in part.text.split("\n\n") if each.strip()]
    return [json.dumps({name: getattr(part, name) for name in _FIELDS[part.kind]}, sort_keys=True)]


def _part(name: str, kind: str | None, texts: Sequence[str]) -> Part:
    if kind in KINDS and kind != "text":
        try:
            return Part(name, kind, **json.loads(texts[0]))
        except (ValueError, TypeError, LookupError):
            pass  # a client wrote it: text, whatever it calls itself
    return Part(name, "text", "\n\n".join(texts))


def _rendered(home: Home, part: Part, reports: dict[str, "Report"]) -> "Section":
    from quantstrip.report.sections import Section

    try:
        match part.kind:
            case "text":
                return Section(part.name, tuple(_items(part)))
            case "table":
                return _table(home, part)
        if part.mode not in reports:
            reports[part.mode] = build(home, part.mode or None, trades=0)
        return _of_report(part, reports[part.mode])
    except QuantstripError as error:
        return Section(part.name, (f"This section could not be made: {error.message}",))


def _of_report(part: Part, report: "Report") -> "Section":
    from quantstrip.report import words
    from quantstrip.report.catalogue import BY_NAME
    from quantstrip.report.html import charts_of
    from quantstrip.report.layout import BREAKDOWN, TILES
    from quantstrip.report.sections import Section

    name = f"{part.name} ({report.mode}, {part.horizon}, {report.currency})"
    if part.kind == "figures":
        scope = next((each for each in report.strategies if each.name == part.strategy), report.portfolio)
        if part.strategy and scope.name != part.strategy:
            return Section(part.name, (f"No strategy is called {part.strategy!r} in the mode {report.mode}.",))
        figures = [
            (BY_NAME[each].label, words.shown(scope.shown(each, part.horizon), BY_NAME[each].unit)) for each in TILES
        ]
        return Section(name, figures=tuple(figures))
    if part.kind == "breakdown":
        rows = [
            (scope.name, *(words.shown(scope.shown(each, part.horizon), BY_NAME[each].unit) for each in BREAKDOWN))
            for scope in (*report.strategies, report.portfolio)
        ]
        heads = ("Strategy", *(BY_NAME[each].label for each in BREAKDOWN))
        return Section(name, columns=heads, rows=tuple(rows), numeric=frozenset(range(1, len(heads))))
    chart = charts_of(report).get(f"{part.chart.removesuffix('s')}_chart")
    if chart is None:
        return Section(part.name, ("There is nothing to draw: no session, or no capital to have returns on.",))
    return Section(f"{part.name} ({report.mode})", chart=chart)


def _table(home: Home, part: Part) -> "Section":
    from quantstrip.report.sections import Section

    found = query(home, queries.statement(part.text, home), limit=part.rows, timeout_seconds=_QUERY_SECONDS)
    numeric = frozenset(
        at for at in range(len(found.columns)) if found.rows and isinstance(found.rows[0][at], int | float)
    )
    rows = tuple(tuple(_word(cell) for cell in row) for row in found.rows)
    more = (f"The first {part.rows} rows.",) if found.truncated else ()
    return Section(part.name, more, columns=tuple(found.columns), rows=rows, numeric=numeric)


def _word(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:,.8f}".rstrip("0").rstrip(".")
    return "" if cell is None else str(cell)
