"""A workbook that reads the ledger: one sheet a view, each connected to the ODBC data source.

It holds the rows as they are now, and whoever opens it in Excel refreshes them from the ledger itself: no export step,
the same views as every other reader. The rows of all sheets are of one moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from quantstrip.clock import now_text
from quantstrip.errors import DataSourceError, LedgerError, ReportError
from quantstrip.home import Home
from quantstrip.ledger.query import Reading
from quantstrip.ledger.views import PREFIX, View, read_view, view_files
from quantstrip.model.enums import Mode
from quantstrip.operations import odbc
from quantstrip.operations.excel_parts import Sheet, connected
from quantstrip.operations.excel_sheets import render
from quantstrip.operations.ledger import existing_ledger, recorded_modes
from quantstrip.report.files import MOST_ROWS, check_closed, write_whole

ROWS: Final = 100_000
"""Rows of a sheet unless told otherwise: the newest ones."""
_READ_SECONDS: Final = 300.0
_FIRST: Final = (
    "v_portfolio_daily", "v_return_on_capital", "v_strategy_pnl", "v_positions", "v_trades", "v_executions", "v_orders",
    "v_daily_pnl", "v_metrics",
)  # fmt: skip
_ORDER: Final = (
    "trade_date", "closed", "event_time", "exec_time", "due", "started", "opened", "seq_id", "execution_seq",
    "commission_id", "trade_id", "rejected_signal_id", "job_run_id", "strategy", "account", "symbol", "leg", "currency",
    "scope", "horizon", "metric",
)  # fmt: skip
"""What rows are sorted by, as far as the view has it."""


@dataclass(frozen=True, slots=True)
class Workbook:
    """What was written.

    Attributes:
        source: the data source that its connections name.
        installed: that data source is on this machine.
        mode: whose rows it shows.
        recorded: something is recorded in that mode.
        sheets: rows by view.

    """

    path: Path
    source: str
    installed: bool
    mode: str
    recorded: bool
    sheets: dict[str, int]


def write(
    home: Home,
    path: Path,
    *,
    views: Sequence[str] = (),
    mode: str = "",
    source: str = "",
    rows: int = ROWS,
    all_runs: bool = False,
    refresh_on_open: bool = False,
    sources: odbc.Sources | None = None,
) -> Workbook:
    """Write the workbook to ``path``, whole or not at all.

    Args:
        home: whose ledger.
        views: names, with or without ``v_``; none takes all.
        mode: "" takes the first of live, paper, replay and simulation that has rows.
        source: name of the data source, which need not be on this machine; "" takes the one that reads this ledger.
        rows: most rows of a sheet; the newest stay.
        all_runs: rows of older runs of a strategy too, not of its newest one alone.
        refresh_on_open: read the ledger whenever the workbook is opened.
        sources: where data sources are kept; None takes this machine's.

    Raises:
        DataSourceError: the data source reads something else than this home's ledger.
        LedgerError: there is no ledger, or it cannot be read.
        ReportError: there is no such view or mode, or the file cannot be written (it is open elsewhere).

    """
    target = path.expanduser()
    if target.suffix.lower() != ".xlsx":
        raise ReportError(f"a workbook's name ends with .xlsx, got {target.name!r}")
    check_closed(target)
    chosen = _views(views)
    if not 1 <= rows <= MOST_ROWS:
        raise ReportError(f"a sheet holds 1 to {MOST_ROWS} rows, got {rows}")
    found = _source(home, source, sources)
    with existing_ledger(home).reading(timeout_seconds=_READ_SECONDS) as reading:
        shown, recorded = _mode(reading, mode)
        sheets = [_sheet(reading, view, shown, rows, all_runs=all_runs) for view in chosen]
    content = render(sheets, mode=shown, source=found.name, written=now_text())
    whole = connected(content, sheets, found.connection, refresh_on_open=refresh_on_open)
    return Workbook(
        write_whole(target, whole),
        found.name,
        found.installed,
        shown,
        recorded,
        {sheet.view.name: len(sheet.rows) for sheet in sheets},
    )


def select(view: View, mode: str, rows: int = ROWS, *, all_runs: bool = False) -> str:
    """The statement that a sheet reads on refresh: the newest ``rows`` of the view in ``mode``, the oldest first."""
    names = {column.name for column in view.columns}
    wanted = []
    if "mode" in names:
        wanted.append(f"(mode = '{Mode(mode)}' OR mode IS NULL)")
    if "current_run" in names and not all_runs:
        wanted.append("current_run = 1")
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    order: list[str] = [name for name in _ORDER if name in names] or [view.columns[0].name]
    newest = ", ".join(f"{name} DESC" for name in order)
    return (
        f"SELECT * FROM (SELECT * FROM {view.name}{where} ORDER BY {newest} LIMIT {rows}) "  # noqa: S608 - names of ours
        f"ORDER BY {', '.join(order)}"
    )


def _views(names: Sequence[str]) -> list[View]:
    known = {view.name: view for view in map(read_view, view_files())}
    order = {name: place for place, name in enumerate(_FIRST)}
    wanted = [name if name.startswith(PREFIX) else f"{PREFIX}{name}" for name in names] or sorted(
        known, key=lambda name: (order.get(name, len(order)), name)
    )
    missing = [name for name in wanted if name not in known]
    if missing:
        raise ReportError(f"there is no view {', '.join(missing)}", hint=f"There are: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(wanted)]


def _mode(reading: Reading, wanted: str) -> tuple[str, bool]:
    """The mode to show, and whether anything is recorded in it."""
    recorded = recorded_modes(reading)
    if wanted:
        if wanted not in list(Mode):
            raise ReportError(f"there is no mode {wanted!r}", hint=f"There are: {', '.join(Mode)}")
        return wanted, wanted in recorded
    return (recorded[0] if recorded else str(Mode.LIVE)), bool(recorded)


def _sheet(reading: Reading, view: View, mode: str, rows: int, *, all_runs: bool) -> Sheet:
    statement = select(view, mode, rows, all_runs=all_runs)
    names, found = reading.query(statement)
    if names != [column.name for column in view.columns]:
        raise LedgerError(
            f"the view {view.name} has other columns than this program's",
            hint="Bring the database up to date: quantstrip db migrate",
        )
    return Sheet(view, statement, found)


def _source(home: Home, name: str, sources: odbc.Sources | None) -> odbc.DataSource:
    """The data source to name; it may be missing here, but must not be one that reads something else."""
    found = odbc.show(home, name or odbc.source_of(home, sources=sources), sources=sources)
    if found.installed and not found.ours:
        raise DataSourceError(
            f"the data source {found.name!r} does not read this home's ledger, but: "
            f"{found.values.get('Database', 'no file')}",
            hint="Make one that does: quantstrip odbc install --name NAME",
        )
    return found
