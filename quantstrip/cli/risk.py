"""``risk status|clear|kill|revive``."""

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table

_RULES = ("max_daily_loss", "max_drawdown")
_NAME = click.argument("name", metavar="NAME|all")
_REASON = click.option("--reason", default="", metavar="TEXT", help="Why; kept with the decision.")


@click.group()
def risk() -> None:
    """Halts and kill switches of strategies. Exits are never stopped by either."""


@risk.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@json_option
@pass_session
def status(session: Session, names: tuple[str, ...], as_json: bool) -> None:
    """Show what stops entries, of all clients or of those named."""
    from quantstrip.operations import risk as operations

    found = operations.risk_status(session.existing_home(), names)
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No client is deployed.")
        return
    heads = ("NAME", "STRATEGY", "MODE", "ENTRIES", "WHY")
    rows: list[tuple[str, ...]] = []
    for state in found:
        named = (state.client, state.strategy or "-", state.mode or "-")
        stops = [("killed", f"{state.kill_reason or 'no reason was given'}, {state.killed_at[:19]} UTC")]
        stops = stops if state.killed else []
        stops += [(f"halted: {halt.rule}", halt.reason) for halt in state.halts]
        rows += [(*named, *stop) for stop in stops or [("on", "")]]
    print_table(heads, rows)


@risk.command()
@click.argument("name")
@click.option("--rule", type=click.Choice(_RULES), help="Lift the halts of this rule only.")
@_REASON
@json_option
@pass_session
def clear(session: Session, name: str, rule: str | None, reason: str, as_json: bool) -> None:
    """Lift the halts of client NAME, running or stopped; losses count from the equity of that moment on."""
    from quantstrip.operations import risk as operations

    lifted = operations.clear(session.existing_home(), name, rule or "", reason)
    if as_json:
        print_json(lifted)
        return
    for halt in lifted:
        click.echo(f"{name}: {halt.rule} of {halt.event_time[:19]} UTC is lifted from the next bar on")
    if not lifted:
        click.echo(f"{name}: nothing is halted{f' by {rule}' if rule else ''}")


@risk.command()
@_NAME
@_REASON
@json_option
@pass_session
def kill(session: Session, name: str, reason: str, as_json: bool) -> None:
    """Switch entries off, of one client or of all, running or stopped, until they are revived.

    Entries that wait at their limit or stop are cancelled; positions stay, and exits go on.
    """
    from quantstrip.operations import risk as operations

    _tell(operations.kill(session.existing_home(), name, reason), "off", as_json=as_json)


@risk.command()
@_NAME
@_REASON
@json_option
@pass_session
def revive(session: Session, name: str, reason: str, as_json: bool) -> None:
    """Switch entries on again, of one client or of all."""
    from quantstrip.operations import risk as operations

    _tell(operations.revive(session.existing_home(), name, reason), "on", as_json=as_json)


def _tell(changed: list[str], word: str, *, as_json: bool) -> None:
    if as_json:
        print_json([{"name": client, "entries": word} for client in changed])
        return
    for client in changed:
        click.echo(f"{client}: entries are {word} from the next bar on")
    if not changed:
        click.echo(f"Nothing changed: entries were {word} already")
