"""The report as it was narrowed, made into files and sent: tasks for the worker, for a year of fills takes its time."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip.errors import ReportError
from quantstrip.home import Home
from quantstrip.operations import reporting, reports, stored_reports
from quantstrip.operations.ledger import existing_ledger
from quantstrip.operations.report_mail import ENDINGS
from quantstrip.operations.reporting_arguments import SendArguments, StoredReportArguments
from quantstrip.operations.reporting_filters import Filters
from quantstrip.operations.reporting_trades import as_trades, trades
from quantstrip.operations.task_progress import Progress
from quantstrip.operations.tasks import Task

if TYPE_CHECKING:
    from quantstrip.report.model import Report

_PAGE_TRADES = 500
_ALL_TRADES = 1_000_000


def build(
    home: Home,
    mode: str | None = None,
    filters: Filters = Filters(),  # noqa: B008 - frozen
    *,
    benchmark: str = "",
    trades_carried: int = _PAGE_TRADES,
    title: str = "Portfolio report",
) -> "Report":
    """The report of ``mode``, narrowed; without filters it is ``reports.build``, from which its figures never differ.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
        ReportError: nothing was recorded in the mode, or the benchmark has no prices.

    """
    if filters == Filters():
        return reports.build(home, mode, benchmark=benchmark, trades=trades_carried, title=title)
    made = reporting.show(home, mode, filters, benchmark=benchmark, anew=True).report
    rows, _ = trades(home, made.mode, filters, limit=trades_carried)
    return replace(made, title=title, trades=as_trades(rows))


def send(home: Home, arguments: SendArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:  # noqa: ARG001
    """Build the report, store it as it is now, and give it to the outbox; or give one that is stored already."""
    from quantstrip.operations import report_mail

    to, account = arguments.to or None, arguments.account or None
    if number := arguments.report_id:
        progress.report(0.0, "making what is attached")
        answer = report_mail.send(home, number, to, account=account, forms=arguments.forms)
        return {"report_id": number, "answer": answer}
    progress.report(0.0, "reading the ledger")
    chosen = Filters(*(tuple(getattr(arguments, name)) for name in ("strategies", "symbols", "brokers", "tags")))
    many = _ALL_TRADES if "xlsx" in arguments.forms else _PAGE_TRADES
    made = build(
        home, arguments.mode, chosen, benchmark=arguments.benchmark, trades_carried=many, title=arguments.title
    )
    progress.report(0.5, "storing it")
    number = reports.store(home, made, recipients=to)
    progress.report(0.7, "sending")
    try:
        answer = report_mail.send(home, number, to, account=account, forms=arguments.forms)
    except Exception:
        existing_ledger(home).update_report(number, status="NOT SENT")
        raise
    return {"report_id": number, "answer": answer, "mode": made.mode}


def check_stored(arguments: StoredReportArguments) -> None:
    """Refuse sections that are none.

    Raises:
        ReportError: they cannot be read.

    """
    if arguments.composed is not None:
        stored_reports.from_mapping(arguments.composed)


def render_stored(home: Home, arguments: StoredReportArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Render a stored report, or one that is not saved yet, into a file."""
    from quantstrip.report.files import write_whole

    def heard(done: float, name: str) -> None:
        progress.report(0.05 + 0.85 * done, f"section {name}" if name else None)

    progress.report(0.0, "reading the ledger")
    if arguments.composed is None:
        content = reports.stored(home, arguments.report_id, arguments.form, table=arguments.table, heard=heard)
    else:
        composed = stored_reports.from_mapping(arguments.composed)
        content = stored_reports.render(home, composed, arguments.form, heard)
    progress.report(0.95, "writing")
    ending = ENDINGS.get(arguments.form, arguments.form)
    return {"path": str(write_whole(folder / f"report.{ending}", content)), "form": arguments.form}


def file_of(task: Task) -> bytes:
    """What a task that is done wrote.

    Raises:
        ReportError: the file is gone: tasks that are over are forgotten after a while.

    """
    try:
        return Path(str((task.result or {})["path"])).read_bytes()
    except (KeyError, OSError) as error:
        raise ReportError(
            f"the file of task {task.task_id} is not there any more: {error}", hint="Make the report again."
        ) from error
