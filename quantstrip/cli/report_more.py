"""``report trades, trade, compose, preview, sections, copy, delete``: single trades, and reports made of sections."""

from pathlib import Path
from typing import IO

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table

_SORTS = ("closed", "opened", "pnl", "return", "hold", "quantity", "symbol", "strategy")


@click.command()
@click.option("--mode", help="live, paper, replay or simulation  [default: the first that has rows]")
@click.option("--strategy", "strategies", multiple=True, help="Only this strategy.")
@click.option("--symbol", "symbols", multiple=True, help="Only this symbol.")
@click.option("--broker", "brokers", multiple=True, help="Only this broker; '' for none.")
@click.option("--tag", "tags", multiple=True, help="Only round trips with this tag; '' for none.")
@click.option("--sort", type=click.Choice(_SORTS), default="closed", show_default=True, help="What they are sorted by.")
@click.option("--rising", is_flag=True, help="The smallest or oldest first.")
@click.option("--result", type=click.Choice(["all", "won", "lost"]), default="all", show_default=True, help="Which.")
@click.option("-n", "limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--skip", type=click.IntRange(0), default=0, help="Leave out so many first.")
@json_option
@pass_session
def trades(
    session: Session, /, mode: str | None, sort: str, rising: bool, result: str, limit: int, skip: int, as_json: bool,
    **names: tuple[str, ...],
) -> None:  # fmt: skip
    """List closed round trips, the newest first."""
    from quantstrip.operations import reporting
    from quantstrip.operations.reporting_filters import Filters
    from quantstrip.operations.reporting_trades import trades as found_in

    home = session.existing_home()
    chosen = mode or next(iter(reporting.modes(home)), "")
    rows, total = found_in(
        home, chosen, Filters(**names), sort=sort, descending=not rising, result=result, limit=limit, skip=skip
    )
    if as_json:
        print_json(rows)
        return
    print_table(
        ["ID", "STRATEGY", "SYMBOL", "SIDE", "UNITS", "OPENED (UTC)", "CLOSED (UTC)", "NET PNL", "CURRENCY"],
        [
            [row.trade_id, row.strategy, row.symbol, row.side, f"{row.quantity:g}", row.opened[:16], row.closed[:16],
             f"{row.net_pnl:,.2f}", row.currency]
            for row in rows
        ],
    )  # fmt: skip
    click.echo(f"{len(rows)} of {total} round trips in mode {chosen or 'none'}")


@click.command()
@click.argument("number", type=int, metavar="ID")
@json_option
@pass_session
def trade(session: Session, number: int, as_json: bool) -> None:
    """Show one round trip: result, orders and statuses, fills, fees, the code that made it."""
    from quantstrip.operations import trade_page

    page = trade_page.trade(session.existing_home(), number)
    if as_json:
        print_json(page)
        return
    facts = page.facts
    closed = f"closed {facts.closed[:19]}" if facts.closed else "open"
    net = "-" if facts.net_pnl is None else f"{facts.net_pnl:,.2f} {facts.currency}"
    click.echo(
        f"Trade {number}: {facts.side.lower()} {facts.quantity:g} {facts.symbol}, {facts.strategy}, {facts.mode}"
    )
    click.echo(f"opened {facts.opened[:19]}, {closed} UTC; net PnL {net}, commission {facts.commission:,.2f}")
    if facts.client or page.tags:
        tags = ", ".join(page.tags) or "-"
        click.echo(f"client {facts.client or '-'}, code {facts.code_hash[:12] or '-'}, tags {tags}")
    click.echo()
    orders = [[one.order_id, one.side, one.order_type or "", f"{one.quantity:g}", one.status,
               ", ".join(f"{each.status} {each.time[:19]}" for each in page.statuses if each.order_id == one.order_id)]
              for one in page.orders]  # fmt: skip
    print_table(["ORDER", "SIDE", "TYPE", "UNITS", "STATUS", "STATUSES (UTC)"], orders)
    click.echo()
    fills = [
        [one.exec_id, one.exec_time[:19], one.side, f"{one.quantity:g}", f"{one.price:g}", f"{one.commission:,.2f}"]
        for one in page.fills
    ]
    print_table(["FILL", "TIME (UTC)", "SIDE", "UNITS", "PRICE", "COMMISSION"], fills)


@click.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@click.option("--number", type=int, default=0, help="Replace the stored report of this number.")
@pass_session
def compose(session: Session, file: IO[str], number: int) -> None:
    """Keep a report made of sections, from the JSON in FILE (- for what is piped in)."""
    from dataclasses import replace

    from quantstrip.operations import stored_reports

    given = stored_reports.from_json(file.read())
    kept = stored_reports.save(session.existing_home(), replace(given, report_id=number or given.report_id))
    click.echo(f"Kept as report {kept}. Show it: quantstrip report render {kept} report.html")


@click.command()
@click.argument("sections", type=click.File(encoding="utf-8"))
@click.argument("file", type=click.Path(path_type=Path), default=Path("report.html"))
@pass_session
def preview(session: Session, sections: IO[str], file: Path) -> None:
    """Write what the sections in the JSON file SECTIONS show now to FILE (html or txt), without keeping them."""
    from quantstrip.operations import reports, stored_reports
    from quantstrip.report.files import write_whole

    given = stored_reports.from_json(sections.read())
    content = stored_reports.render(session.existing_home(), given, reports.form_of(file))
    click.echo(f"Written: {write_whole(file.expanduser(), content)}")


@click.command()
@click.argument("number", type=int)
@pass_session
def sections(session: Session, number: int) -> None:
    """Print the sections of the stored report NUMBER as JSON, as compose takes them."""
    from quantstrip.operations import stored_reports

    click.echo(stored_reports.to_json(stored_reports.load(session.existing_home(), number)), nl=False)


@click.command()
@click.argument("number", type=int)
@pass_session
def copy(session: Session, number: int) -> None:
    """Copy the stored report NUMBER, one made of sections."""
    from quantstrip.operations import stored_reports

    click.echo(f"Copied as report {stored_reports.duplicate(session.existing_home(), number)}")


@click.command()
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_session
def delete(session: Session, number: int, yes: bool) -> None:
    """Delete the stored report NUMBER with its sections."""
    from quantstrip.operations import stored_reports

    home = session.existing_home()
    if not yes:
        click.confirm(f"Delete report {number}? This cannot be undone", abort=True)
    stored_reports.delete(home, number)
    click.echo(f"Report {number} is deleted")


COMMANDS = (trades, trade, compose, preview, sections, copy, delete)
