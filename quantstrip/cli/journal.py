"""``journal trade, transfer, correct, list``."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.session import NegativeNumbers, Session, json_option, pass_session, print_json, print_table

if TYPE_CHECKING:
    from quantstrip.operations.journal import Change, Entry, Holding

_SIDES = click.Choice(["BUY", "SELL"], case_sensitive=False)


@click.group()
def journal() -> None:
    """Enter trades by hand, take positions over, correct what is wrong."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--yes", is_flag=True, help="Book without asking."),
        json_option,
    ):
        command = option(command)
    return command


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--time",
            "exec_time",
            help="When it happened, UTC unless it ends with an offset such as -05:00  [default: now]",
        ),
        click.option("--account", help="Account at the broker  [default: where the position is]"),
        click.option("--broker", "broker_id", help="Name of the broker  [default: where the position is]"),
        click.option("--currency", help="Currency of the price  [default: the instrument's]"),
        click.option("--contract", "contract_id", help="The broker's contract id."),
        click.option("--leg", type=click.Choice(["NET", "LONG", "SHORT"], case_sensitive=False), help="Of a hedge."),
        click.option("--type", "instrument_type", help="STK, FUT, OPT, CASH ..."),
        click.option("--mode", default="live", show_default=True, help="live, paper, replay or simulation"),
        click.option("--note", default="", help="Why, in words."),
    ):
        command = option(command)
    return command


@journal.command(cls=NegativeNumbers, short_help="Enter a trade by hand.")
@click.argument("strategy")
@click.argument("side", type=_SIDES)
@click.argument("quantity", type=float)
@click.argument("symbol")
@click.argument("price", type=float)
@click.option("--commission", type=float, default=0.0, help="What it cost, in the trade's currency.")
@click.option("--exec-id", help="The broker's id, so that the same fill is not booked twice.")
@_where
@_options
@pass_session
def trade(session: Session, /, strategy: str, yes: bool, as_json: bool, **given: Any) -> None:
    """Enter a trade of STRATEGY by hand.

    For example: quantstrip journal trade trend BUY 10 SPY 412.48
    """
    from quantstrip.operations import journal as operations

    _book(session, operations.trade(strategy_id=strategy, **given), yes, as_json)


@journal.command(cls=NegativeNumbers, short_help="Take a position over.")
@click.argument("symbol")
@click.argument("to_strategy", metavar="STRATEGY")
@click.argument("quantity", type=float)
@click.option("--from", "from_strategy", help="The strategy that gives it away  [default: from outside]")
@click.option("--out", is_flag=True, help="STRATEGY gives the position away, to outside.")
@click.option("--price", type=float, help="What it is taken over at  [default: the giver's average price]")
@_where
@_options
@pass_session
def transfer(session: Session, /, out: bool, yes: bool, as_json: bool, **given: Any) -> None:
    """Take QUANTITY units of SYMBOL over into STRATEGY; below zero for a short position.

    From outside give --price; from another strategy --from. For example: quantstrip journal transfer SPY trend 100
    --price 412.48
    """
    from quantstrip.operations import journal as operations

    if out and given["from_strategy"]:
        raise click.UsageError("--out gives to outside, --from takes from a strategy: choose one")
    _book(session, operations.transfer(out=out, **given), yes, as_json)


@journal.command(short_help="Correct a fill by a reversing entry.")
@click.argument("exec_id")
@click.option("--reason", required=True, help="Why, in words; kept with the rows.")
@click.option("--delete", is_flag=True, help="The fill never was: nothing takes its place.")
@click.option("--side", type=_SIDES, help="The right side.")
@click.option("--quantity", type=float, help="The right quantity, in units.")
@click.option("--price", type=float, help="The right price.")
@click.option("--time", "exec_time", help="When it happened, UTC unless it ends with an offset such as -05:00.")
@click.option("--strategy", "strategy_id", help="Whose fill it is.")
@click.option("--symbol", help="The right symbol.")
@click.option("--commission", type=float, help="The right commission, in the fill's currency.")
@_options
@pass_session
def correct(session: Session, /, yes: bool, as_json: bool, **given: Any) -> None:
    """Correct the fill EXEC_ID: it is reversed by a row that points to it, and the right one takes its place."""
    from quantstrip.operations import journal as operations

    _book(session, operations.correct(**given), yes, as_json)


@journal.command("list")
@click.option("--strategy", default="", help="Only this one.")
@click.option("--mode", default="live", show_default=True, help="live, paper, replay or simulation")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The newest so many.")
@json_option
@pass_session
def list_(session: Session, strategy: str, mode: str, limit: int, as_json: bool) -> None:
    """List what was entered and corrected, the newest first."""
    from quantstrip.operations import journal as operations

    rows = operations.entries(session.existing_home(), mode=mode, strategy=strategy, limit=limit)
    if as_json:
        print_json(rows)
        return
    print_table(
        ["ENTERED (UTC)", "KIND", "EXEC ID", "STRATEGY", "TRADE", "SESSION", "REFERS TO", "NOTE"],
        [
            [one.created[:19], one.kind, one.exec_id, one.strategy,
             f"{one.side} {one.quantity:g} {one.symbol} at {one.price:g}", one.trade_date, one.refers_to, one.note]
            for one in rows
        ],
    )  # fmt: skip


def _book(session: Session, entry: "Entry", yes: bool, as_json: bool) -> None:
    """Show what the entry does, ask, book."""
    from quantstrip.operations import journal as operations

    home = session.existing_home()
    expected = None if yes else operations.preview(home, entry)
    if expected is not None:
        _show(expected, to_error=as_json)
        _agreed(as_json)
    exec_ids, changes = operations.book(home, entry, expected)
    if as_json:
        print_json({"exec_ids": exec_ids, "changes": changes})
        return
    if yes:
        _show(changes)
    click.echo(f"Booked: {', '.join(exec_ids)}")


def _agreed(as_json: bool) -> None:
    """Ask, and go on only after a yes; a program that nobody watches is told how to do without."""
    try:
        agreed = click.confirm("Book this?", err=as_json)
    except click.Abort:
        if sys.stdin.isatty():  # Ctrl-C or Ctrl-D of a person
            raise
        raise click.UsageError("nobody answered, so nothing was booked; --yes books without asking") from None
    if not agreed:
        raise click.Abort


def _show(changes: "list[Change]", *, to_error: bool = False) -> None:
    for change in changes:
        one = change.after or change.before
        if one is not None:
            click.echo(f"{one.strategy} {one.symbol} {one.account or '(no account)'} ({one.mode})", err=to_error)
        click.echo(f"  before: {_words(change.before)}", err=to_error)
        click.echo(f"  after:  {_words(change.after)}", err=to_error)
    if not changes:
        click.echo("No position and no PnL changes.", err=to_error)


def _words(one: "Holding | None") -> str:
    if one is None:
        return "nothing held, nothing made"
    held = f"{one.position:.10g} at {one.avg_price:.10g}" if one.avg_price is not None else "flat"
    net = one.realized_pnl - one.commission
    return f"{held}, realised {one.realized_pnl:.2f}, commission {one.commission:.2f}, net {net:.2f} {one.currency}"
