"""``report show, breakdown, months, html, xlsx, csv, metrics, definitions, eod, list, store, render, send``."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.report_more import COMMANDS
from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.operations.reporting_cut import By
    from quantstrip.report.model import Report

_ALL_TRADES = 1_000_000
_HORIZONS = ("3M", "6M", "1Y", "2Y", "3Y", "5Y", "ALL")
_BY = ("strategy", "symbol", "broker", "tag")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ATTACHED = ("html", "xlsx", "csv", "png")
_TABLES = ("daily", "strategies", "metrics", "trades", "positions")


@click.group()
def report() -> None:
    """Show and write reports of what the strategies did."""


def _day(context: click.Context, option: click.Parameter, given: datetime | None) -> date | None:  # noqa: ARG001
    return given.date() if given else None


_mode = click.option("--mode", help="live, paper, replay or simulation  [default: the first that has rows]")
_benchmark = click.option(
    "--benchmark", default="", metavar="SYMBOL", help="What alpha and beta refer to, in mtm_price."
)


def _of_ledger(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which report."""
    for option in (
        _mode,
        click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), callback=_day, help="Leave out what came later."),
        _benchmark,
    ):
        command = option(command)
    return command


def _narrowed(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that narrow a report; each may be given several times."""
    for option in (
        click.option("--tag", "tags", multiple=True, help="Only round trips with this tag; '' for none."),
        click.option("--broker", "brokers", multiple=True, help="Only this broker; '' for none."),
        click.option("--symbol", "symbols", multiple=True, help="Only this symbol."),
        click.option("--strategy", "strategies", multiple=True, help="Only this strategy."),
    ):
        command = option(command)
    return command


def _build(
    session: Session, mode: str | None, as_of: date | None, benchmark: str, trades: int = 500, **names: tuple[str, ...]
) -> "Report":
    """Build the report; the newest one's figures, where it is whole, become those that SQL and Excel read."""
    from quantstrip.errors import ReportError
    from quantstrip.operations import reporting_export, reports
    from quantstrip.operations.reporting_filters import Filters

    home, filters = session.existing_home(), Filters(**names)
    if as_of is not None and filters != Filters():
        raise ReportError("a report is narrowed as of now only", hint="Leave out --as-of, or the filters.")
    if filters != Filters():
        return reporting_export.build(home, mode, filters, benchmark=benchmark, trades_carried=trades)
    made = reports.build(home, mode, as_of=as_of, benchmark=benchmark, trades=trades)
    if as_of is None:
        reports.keep_figures(home, made)
    return made


@report.command()
@click.option("--horizon", type=click.Choice(_HORIZONS), default="ALL", show_default=True, help="Months or years back.")
@click.option("--full", is_flag=True, help="Every metric over every horizon, too.")
@_narrowed
@_of_ledger
@json_option
@pass_session
def show(session: Session, /, horizon: str, full: bool, as_json: bool, **which: Any) -> None:
    """Print the portfolio, its strategies and what is held."""
    made = _build(session, **which)
    if as_json:
        from quantstrip.report.document import to_document

        click.echo(to_document(made))
        return
    from quantstrip.report.text import render_text

    click.echo(render_text(made, horizon, full=full), nl=False)


@report.command()
@click.option("--by", type=click.Choice(_BY), default="symbol", show_default=True, help="Of what each row is.")
@click.option("--horizon", type=click.Choice(_HORIZONS), default="ALL", show_default=True, help="Months or years back.")
@_mode
@_benchmark
@_narrowed
@json_option
@pass_session
def breakdown(
    session: Session, /, by: "By", horizon: str, mode: str | None, benchmark: str, as_json: bool, **names: Any
) -> None:
    """Print the portfolio in parts: one row a symbol, broker, tag or strategy. The parts add up to the whole."""
    from quantstrip.operations import reporting
    from quantstrip.operations.reporting_filters import Filters
    from quantstrip.operations.reporting_series import rest_name, rest_of
    from quantstrip.report.catalogue import BY_NAME
    from quantstrip.report.layout import BREAKDOWN
    from quantstrip.report.words import shown

    found = reporting.show(session.existing_home(), mode, Filters(**names), by=by, benchmark=benchmark)
    whole, left = found.report.portfolio, rest_of(found, horizon)
    if as_json:
        parts = {each.name: {name: each.scope.shown(name, horizon) for name in BREAKDOWN} for each in found.groups}
        portfolio = {name: whole.shown(name, horizon) for name in BREAKDOWN}
        print_json({"currency": found.report.currency, "parts": parts, "rest": left, "portfolio": portfolio})
        return
    scopes = [*((each.name, each.scope) for each in found.groups), (whole.name, whole)]
    rows = [
        [name, *(shown(scope.shown(each, horizon), BY_NAME[each].unit) for each in BREAKDOWN)] for name, scope in scopes
    ]
    if left:
        rows.insert(-1, [rest_name(by), f"{left:,.2f}", *[""] * (len(BREAKDOWN) - 1)])
    click.echo(f"Mode {found.report.mode}, {horizon}, {found.report.currency}")
    print_table([by.upper(), *(BY_NAME[name].label for name in BREAKDOWN)], rows)


@report.command()
@_mode
@_narrowed
@json_option
@pass_session
def months(session: Session, /, mode: str | None, as_json: bool, **names: Any) -> None:
    """Print what each month brought: percent, or money where there is no capital."""
    from quantstrip.operations import reporting, reporting_series
    from quantstrip.operations.reporting_filters import Filters

    found = reporting.show(session.existing_home(), mode, Filters(**names)).report
    years = reporting_series.months(found.portfolio)
    share = found.portfolio.capital is not None
    if as_json:
        print_json({"unit": "fraction" if share else found.currency, "years": years})
        return
    click.echo(f"Mode {found.mode}, " + ("percent" if share else found.currency))
    print_table(["YEAR", *_MONTHS, "YEAR"], [
        [year.year, *("" if value is None else f"{100 * value:.1f}" if share else f"{value:,.0f}"
                      for value in (*year.months, year.total))]
        for year in years
    ])  # fmt: skip


@report.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("report.html"))
@_narrowed
@_of_ledger
@pass_session
def html(session: Session, /, file: Path, **which: Any) -> None:
    """Write one HTML page that needs no network, to FILE (report.html)."""
    _write(session, file, "html", 500, which)


@report.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("report.xlsx"))
@_narrowed
@_of_ledger
@pass_session
def xlsx(session: Session, /, file: Path, **which: Any) -> None:
    """Write a workbook with charts to FILE (report.xlsx)."""
    _write(session, file, "xlsx", _ALL_TRADES, which)


@report.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default=Path("-"))
@click.option("--table", type=click.Choice(_TABLES), default="daily", show_default=True, help="Which one.")
@_narrowed
@_of_ledger
@pass_session
def csv(session: Session, /, file: Path, table: str, **which: Any) -> None:
    """Write one table as CSV to FILE, or print it."""
    if file != Path("-"):
        _write(session, file, "csv", _ALL_TRADES, which, table)
        return
    from quantstrip.report.tables import render_csv

    click.echo(render_csv(_build(session, trades=_ALL_TRADES, **which), table).replace("\r\n", "\n"), nl=False)


@report.command()
@click.option("--strategy", help="Only this one.")
@_of_ledger
@json_option
@pass_session
def metrics(session: Session, /, strategy: str | None, as_json: bool, **which: Any) -> None:
    """Compute every metric and keep them for SQL and Excel (v_metrics); docs/metrics.md defines each."""
    from quantstrip.errors import ReportError
    from quantstrip.report.catalogue import METRICS
    from quantstrip.report.words import shown

    made = _build(session, **which)
    scopes = [scope for scope in made.scopes if strategy in (None, scope.name)]
    if not scopes:
        names = ", ".join(scope.name for scope in made.strategies)
        raise ReportError(f"no strategy is called {strategy!r} in the mode {made.mode}", hint=f"There are: {names}")
    if as_json:
        print_json({scope.name: {each.name: dict(each.figures) for each in scope.horizons} for scope in scopes})
        return
    for scope in scopes:
        heads = [scope.name, *(each.name if each.complete else f"({each.name})" for each in scope.horizons)]
        rows = [
            [one.label, *(shown(scope.shown(one.name, each.name), one.unit) for each in scope.horizons)]
            for one in METRICS
        ]
        print_table(heads, rows)
        click.echo()


@report.command()
def definitions() -> None:
    """Print what each metric is, as the Markdown table of docs/metrics.md."""
    from quantstrip.report.catalogue import definitions as table

    click.echo(table(), nl=False)


@report.command()
@click.option("--name", default="", help="What to call it.")
@_narrowed
@_of_ledger
@pass_session
def store(session: Session, /, name: str, **which: Any) -> None:
    """Keep the report in the ledger, to be rendered again as it is now."""
    from quantstrip.operations import reports

    number = reports.store(session.existing_home(), _build(session, **which), name)
    click.echo(f"Stored as report {number}. Show it again: quantstrip report render {number} report.html")


@report.command("list")
@json_option
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """List the stored reports, the newest first."""
    from quantstrip.operations import reports

    found = reports.stored_reports(session.existing_home())
    if as_json:
        print_json(found)
        return
    rows = [[one.report_id, one.name, one.date or "", one.type or "", one.status or "", one.created[:19]]
            for one in found]  # fmt: skip
    print_table(["ID", "NAME", "DATE", "TYPE", "STATUS", "STORED (UTC)"], rows)


@report.command()
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), callback=_day, help="Which session  [default: the last]"
)
@_mode
@click.option("--send", is_flag=True, help="Send it, unless the summary of that day was sent.")
@click.option("--again", is_flag=True, help="Send it even so.")
@click.option("--html", "file", type=click.Path(path_type=Path), help="Write the page to FILE.")
@pass_session
def eod(session: Session, /, day: date | None, mode: str | None, send: bool, again: bool, file: Path | None) -> None:
    """Print the end-of-day summary of the session that closed last, or send it."""
    from quantstrip.operations import eod as summaries
    from quantstrip.report.files import write_whole

    home = session.existing_home()
    made = summaries.summarise(home, summaries.due_now(home, day=day, mode=mode))
    if file is not None:
        click.echo(f"Written: {write_whole(file.expanduser(), made.html.encode())}")
    if send or again:
        click.echo(summaries.deliver(home, made, again=again).words)
    if not (send or again or file):
        click.echo(made.body("").text.strip())


@report.command()
@click.argument("number", type=int)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--table", type=click.Choice(_TABLES), default="daily", show_default=True, help="Which one, for CSV.")
@pass_session
def render(session: Session, number: int, file: Path, table: str) -> None:
    """Write the stored report NUMBER to FILE; its ending says how: html, xlsx, csv, txt, png or json."""
    from quantstrip.operations import reports
    from quantstrip.report.files import write_whole

    content = reports.stored(session.existing_home(), number, reports.form_of(file), table=table)
    click.echo(f"Written: {write_whole(file.expanduser(), content)}")


@report.command()
@click.argument("number", type=int)
@click.option("--to", metavar="A,B", help="Addresses or channels  [default: the report's, else those of the settings]")
@click.option("--account", help="The mail account to send with.")
@click.option(
    "--attach", "forms", type=click.Choice(_ATTACHED), multiple=True, default=["html"], show_default=True,
    help="Send it in this form; may be given several times.",
)  # fmt: skip
@pass_session
def send(session: Session, number: int, to: str | None, account: str | None, forms: tuple[str, ...]) -> None:
    """Send the stored report NUMBER: its text as the mail, its page or workbook attached."""
    from quantstrip.operations import report_mail

    click.echo(report_mail.send(session.existing_home(), number, to, account=account, forms=forms))


def _write(session: Session, file: Path, form: str, trades: int, which: dict[str, Any], table: str = "daily") -> None:
    from quantstrip.operations import reports

    made = _build(session, trades=trades, **which)
    click.echo(f"Written: {reports.write(made, file, form=form, table=table)}")


for _command in COMMANDS:
    report.add_command(_command)
