"""``reconcile flex, positions, list, show``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from quantstrip.cli.session import FilePath, Session, json_option, pass_session, print_json, print_table


@click.group()
def reconcile() -> None:
    """Compare the ledger with what the broker says."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--account", "accounts", multiple=True, help="Only this account; may be given several times."),
        click.option("--mode", default="live", show_default=True, help="live, paper, replay or simulation"),
        click.option("--dry-run", is_flag=True, help="Only compare: nothing is written."),
        click.option("--check", is_flag=True, help="Exit with 1 when a difference is left."),
        json_option,
    ):
        command = option(command)
    return command


@reconcile.command()
@click.argument("files", nargs=-1, required=True, type=FilePath())
@click.option("--take-over", is_flag=True, help="Book the fills and fees that the ledger missed.")
@click.option("--broker", default="", help="Broker of fills of no known order  [default: the account's, else IBKR]")
@click.option("--timezone", "zone", default="", help="Zone of the statement's times  [default: America/New_York]")
@_options
@pass_session
def flex(
    session: Session,
    /,
    files: tuple[Path, ...],
    take_over: bool,
    broker: str,
    zone: str,
    accounts: tuple[str, ...],
    **how: Any,
) -> None:
    """Compare executions and positions with Flex XML FILES of Interactive Brokers."""
    from quantstrip.operations import broker_statements

    if take_over and how["dry_run"]:
        raise click.UsageError("--take-over books and --dry-run writes nothing: choose one")
    statement = broker_statements.from_flex(files, accounts=accounts, zone=zone)
    _run(session, statement, accounts, how, take_over=take_over, broker=broker)


@reconcile.command()
@_options
@pass_session
def positions(session: Session, /, accounts: tuple[str, ...], **how: Any) -> None:
    """Compare positions with the broker's, as clients wrote them down (position_external)."""
    from quantstrip.operations import broker_statements

    statement = broker_statements.from_external(session.existing_home(), accounts=accounts)
    _run(session, statement, accounts, how)


@reconcile.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="The newest so many.")
@json_option
@pass_session
def list_(session: Session, limit: int, as_json: bool) -> None:
    """List the reconciliations that were made, the newest first."""
    from quantstrip.operations import reconciliation

    rows = reconciliation.past(session.existing_home(), limit)
    if as_json:
        print_json(rows)
        return
    names = ("reconciliation_id", "create_time", "accounts", "executions_matched", "taken_over", "open_differences")
    cells = [[str(row[name])[:19] for name in names] + [row["source"]] for row in rows]
    print_table(["ID", "MADE (UTC)", "ACCOUNTS", "MATCHED", "TAKEN OVER", "LEFT", "SOURCE"], cells)


@reconcile.command()
@click.argument("number", type=int)
@json_option
@pass_session
def show(session: Session, number: int, as_json: bool) -> None:
    """Show what the reconciliation NUMBER found."""
    from quantstrip.operations import reconciliation

    rows = reconciliation.found(session.existing_home(), number)
    if as_json:
        print_json(rows)
        return
    names = ("outcome", "kind", "account", "symbol", "reference", "what", "ours", "theirs")
    cells = [[row[name] for name in names] + ["yes" if row["taken_over"] else ""] for row in rows]
    print_table(["OUTCOME", "KIND", "ACCOUNT", "SYMBOL", "REFERENCE", "WHAT", "OURS", "THEIRS", "TAKEN OVER"], cells)


def _run(session: Session, statement: Any, accounts: tuple[str, ...], how: dict[str, Any], **more: Any) -> None:
    from quantstrip.operations import reconciliation
    from quantstrip.operations.reconciliation_text import as_text

    result = reconciliation.reconcile(
        session.existing_home(), statement, mode=how["mode"], accounts=accounts, dry_run=how["dry_run"], **more
    )
    if how["as_json"]:
        print_json(result)
    else:
        click.echo(as_text(result))
    if how["check"] and not result.clean:
        click.get_current_context().exit(1)
