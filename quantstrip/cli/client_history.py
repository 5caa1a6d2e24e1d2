"""``client processes, versions, trades, alerts, problems``: what clients did, as the dashboard's pages show it."""

import click

from quantstrip.cli.session import Session, json_option, local_text, pass_session, print_json, print_table

_most = click.option(
    "-n", "limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="The newest so many."
)


@click.group()
def client() -> None:
    """What a client did: its processes and how they ended, versions that ran, trades, alerts, problems."""


@client.command(short_help="Its processes, and how each ended.")
@click.argument("name")
@_most
@json_option
@pass_session
def processes(session: Session, name: str, limit: int, as_json: bool) -> None:
    """List the processes of client NAME, the newest first: when they ran, which code, how they ended and why."""
    from quantstrip.operations import client_history

    found = client_history.processes(session.existing_home(), name, limit)
    if as_json:
        print_json(found)
        return
    rows = []
    for one in found:
        outcome = one.outcome or "runs"
        ended = outcome if one.exit_code is None else f"{outcome} ({one.exit_code})"
        began = [one.run_id, one.pid, one.mode, one.code_hash[:12], local_text(one.started)]
        rows.append([*began, local_text(one.ended), ended, one.error])
    print_table(["RUN", "PROCESS", "MODE", "CODE", "STARTED", "ENDED", "OUTCOME", "WHY"], rows)


@client.command(short_help="Its versions, and what ran them.")
@click.argument("name")
@json_option
@pass_session
def versions(session: Session, name: str, as_json: bool) -> None:
    """List the versions of client NAME that were deployed, with how many processes ran each, and when last."""
    from quantstrip.operations import client_history

    found = client_history.ran_versions(session.existing_home(), name)
    if as_json:
        print_json(found)
        return
    rows = [[one.version.code_hash, one.processes, local_text(one.last_ran)] for one in found]
    print_table(["VERSION", "PROCESSES", "RAN LAST"], rows)


@client.command(short_help="Its newest orders and fills, and its result.")
@click.argument("name")
@click.option(
    "--mode", default="", help="Whose result: live, paper, replay or simulation  [default: the first with rows]"
)
@_most
@json_option
@pass_session
def trades(session: Session, name: str, mode: str, limit: int, as_json: bool) -> None:
    """Show the newest orders and fills of client NAME, whatever their mode, and what its strategies made."""
    from quantstrip.operations import client_history

    found = client_history.trading(session.existing_home(), name, mode, limit)
    if as_json:
        print_json(found)
        return
    for one in found.strategies:
        click.echo(f"{one.strategy}: total PnL {_amount(one.total)} {found.currency}, today {_amount(one.today)}")
    orders = [[local_text(one.time), one.mode, one.strategy, one.symbol, one.side, one.order_type, f"{one.quantity:g}",
               f"{one.filled:g}", one.status, one.reason] for one in found.orders]  # fmt: skip
    print_table(["ORDER", "MODE", "STRATEGY", "SYMBOL", "SIDE", "TYPE", "UNITS", "FILLED", "STATUS", "WHY"], orders)
    fills = [[local_text(one.time), one.strategy, one.symbol, one.side, f"{one.quantity:g}", f"{one.price:g}",
              f"{one.commission:,.2f}"] for one in found.fills]  # fmt: skip
    print_table(["FILL", "STRATEGY", "SYMBOL", "SIDE", "UNITS", "PRICE", "COMMISSION"], fills)


@client.command(short_help="Alerts about it.")
@click.argument("name")
@_most
@json_option
@pass_session
def alerts(session: Session, name: str, limit: int, as_json: bool) -> None:
    """List the newest alerts about client NAME; "notify alerts" lists all."""
    from quantstrip.operations import client_history

    found = client_history.alerts_of(session.existing_home(), name, limit)
    if as_json:
        print_json(found)
        return
    rows = [[one.id, "" if one.seen else "new", local_text(one.newest), one.kind, one.subject] for one in found]
    print_table(["ID", "", "WHEN", "KIND", "SUBJECT"], rows)


@client.command(short_help="What went wrong with all clients, with traces.")
@click.argument("name", default="")
@_most
@json_option
@pass_session
def problems(session: Session, name: str, limit: int, as_json: bool) -> None:
    """Show load errors, crashes, failed jobs and refused deployments, of client NAME or of all, with their traces."""
    from quantstrip.operations import clients

    found = [one for one in clients.problems(session.existing_home(), 1000) if name in ("", one.name)][:limit]
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("Nothing went wrong.")
    for one in found:
        place = f"  {one.file}:{one.line}" if one.file else ""
        click.echo(f"{local_text(one.when)}  {one.name}  {one.kind}: {one.message}{place}")
        if one.trace:
            click.echo("\n".join(f"    {line}" for line in one.trace.rstrip().splitlines()))


def _amount(value: float | None) -> str:
    return "-" if value is None else f"{value:+,.2f}"
