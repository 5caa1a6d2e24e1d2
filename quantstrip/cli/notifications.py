"""``notify accounts, add, remove, default, test, list, show, resend, discard, drain, recipients, alerts, seen``."""

import sys
from typing import Any

import click

from quantstrip.cli.session import Session, json_option, local_text, pass_session, print_json, print_table

_PROVIDERS = ("gmail", "outlook", "yahoo", "sendgrid", "smtp")
_SECURITY = ("starttls", "tls", "none")
_STATUSES = ("queued", "held", "sending", "sent", "merged", "dead", "discarded", "captured")


@click.group()
def notify() -> None:
    """Mail accounts, channels, and the messages in the outbox."""


@notify.command(short_help="List mail accounts and channels.")
@json_option
@pass_session
def accounts(session: Session, as_json: bool) -> None:
    """List mail accounts, channels, and who is told when a client names nobody; no password is shown."""
    from quantstrip.operations import notifications

    home = session.existing_home()
    found, channels = notifications.list_accounts(home), notifications.list_channels(home)
    told = notifications.recipients_of(home)
    if as_json:
        print_json({"accounts": found, "channels": channels, "recipients": told})
        return
    rows = [
        (
            each.name,
            each.provider,
            f"{each.server}:{each.port}",
            each.security if each.verify else f"{each.security}, certificate not checked",
            each.from_address,
            "login" if each.password else ("no password" if each.username else "no login"),
            "default" if each.default else "",
        )
        for each in found
    ]
    print_table(("NAME", "PROVIDER", "SERVER", "SECURITY", "FROM", "LOGIN", ""), rows)
    click.echo(f"\nChannels: {', '.join(channels) or 'none'}\nTold by default: {', '.join(told) or 'nobody'}")


@notify.command(short_help="Add a mail account, or change one.")
@click.argument("name")
@click.option("--provider", type=click.Choice(_PROVIDERS), help="Server, port and security of a provider.")
@click.option("--server", metavar="HOST", help="Name of the mail server.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its port (587 for starttls, 465 for tls).")
@click.option("--security", type=click.Choice(_SECURITY), help="How the connection is encrypted; none on this machine.")
@click.option("--username", help="Login (default: the from-address); empty for a server without login.")
@click.option("--from", "from_address", metavar="ADDRESS", help="Address that mail comes from.")
@click.option("--from-name", help="Name that mail comes from.")
@click.option("--no-verify", is_flag=True, help="Take any certificate of the server.")
@click.option("--default", is_flag=True, help="Send with it when no account is named (the first one is anyway).")
@click.option("--keep-password", is_flag=True, help="Do not ask for the password.")
@json_option
@pass_session
def add(session: Session, /, name: str, no_verify: bool, keep_password: bool, as_json: bool, **given: Any) -> None:
    """Add mail account NAME, or change what is given of one.

    The password is asked for, or read from standard input: as an argument everyone on this machine could see it. It is
    kept among the secrets of the settings.

    \b
    quantstrip notify add home --provider gmail --from you@gmail.com
    quantstrip notify add work --server mail.example.com --from bot@example.com --username bot
    """  # noqa: D301 - click reads \b as a character
    from quantstrip.operations import notifications

    home = session.existing_home()
    password = None if keep_password or given["username"] == "" else _password()
    made = notifications.put_account(home, name, password=password, verify=False if no_verify else None, **given)
    if as_json:
        print_json(made)
        return
    click.echo(f"{name} sends as {made.from_address} through {made.server}:{made.port} ({made.security})")
    if note := notifications.provider_note(made.provider):
        click.echo(note)
    click.echo(f"Try it with: quantstrip notify test {name}")


def _password() -> str:
    if sys.stdin.isatty():
        value: str = click.prompt("Password", hide_input=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise click.UsageError("the password is empty; for a server without login give --username ''")
    return value


@notify.command(short_help="Forget a mail account and its password.")
@click.argument("name")
@json_option
@pass_session
def remove(session: Session, name: str, as_json: bool) -> None:
    """Forget mail account NAME and its password; messages stay."""
    from quantstrip.operations import notifications

    notifications.remove_account(session.existing_home(), name)
    _done(f"{name} is removed", as_json, name=name)


@notify.command(short_help="Choose the account that sends when none is named.")
@click.argument("name")
@json_option
@pass_session
def default(session: Session, name: str, as_json: bool) -> None:
    """Make NAME the account that sends when none is named."""
    from quantstrip.operations import notifications

    notifications.set_default(session.existing_home(), name)
    _done(f"{name} is the default account", as_json, name=name)


@notify.command(short_help="Send a test message now.")
@click.argument("name")
@click.argument("recipient", default="")
@json_option
@pass_session
def test(session: Session, name: str, recipient: str, as_json: bool) -> None:
    """Send a test message with account NAME to RECIPIENT (default: the account's own address), or through channel NAME.

    Says what the server said; exits with 1 when it was not sent.
    """
    from quantstrip.operations import notifications

    _done(notifications.send_test(session.existing_home(), name, recipient), as_json, name=name)


@notify.command("list", short_help="List the messages in the outbox.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only these; dead ones were given up.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most messages to show.")
@json_option
@pass_session
def list_(session: Session, status: str | None, limit: int, as_json: bool) -> None:
    """List the newest messages first, and why those that are not sent are not."""
    from quantstrip.operations import notifications

    found = notifications.list_messages(session.existing_home(), status or "", limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.id,
            each.status,
            local_text(each.created),
            each.recipients,
            each.subject,
            each.attempts,
            each.last_error or (f"sent {local_text(each.sent)}" if each.sent else ""),
        )
        for each in found
    ]
    print_table(("ID", "STATUS", "WRITTEN", "TO", "SUBJECT", "TRIED", ""), rows)


@notify.command(short_help="Show one message whole.")
@click.argument("number", metavar="ID", type=int)
@json_option
@pass_session
def show(session: Session, number: int, as_json: bool) -> None:
    """Show message ID: who has it, what went wrong, its text."""
    from quantstrip.operations import notifications

    found = notifications.get_message(session.existing_home(), number)
    if as_json:
        print_json(found)
        return
    info = found.info
    click.echo(f"{info.status}, written {local_text(info.created)}, tried {info.attempts} times")
    if info.next_attempt:
        click.echo(f"Next attempt: {local_text(info.next_attempt)}")
    click.echo(f"Subject: {info.subject}\nMessage-ID: {found.message_id}")
    for address, (status, error) in found.recipients.items():
        click.echo(f"To: {address}: {status}{f' ({error})' if error else ''}")
    for name, size in found.attachments.items():
        click.echo(f"Attached: {name} ({size} bytes)")
    if info.last_error:
        click.echo(f"Last error: {info.last_error}")
    click.echo(f"\n{found.body}")


@notify.command(short_help="Send messages that were given up, or wait, now.")
@click.argument("numbers", metavar="ID...", type=int, nargs=-1, required=True)
@json_option
@pass_session
def resend(session: Session, numbers: tuple[int, ...], as_json: bool) -> None:
    """Queue messages again, for those who do not have them yet; the running service sends them at once."""
    from quantstrip.operations import notifications

    notifications.resend(session.existing_home(), numbers)
    _done(f"queued: {', '.join(map(str, numbers))}", as_json, queued=list(numbers))


@notify.command(short_help="Take back messages that are not sent.")
@click.argument("numbers", metavar="ID...", type=int, nargs=-1, required=True)
@json_option
@pass_session
def discard(session: Session, numbers: tuple[int, ...], as_json: bool) -> None:
    """Take messages back; they stay listed as discarded for a while."""
    from quantstrip.operations import notifications

    notifications.discard(session.existing_home(), numbers)
    _done(f"discarded: {', '.join(map(str, numbers))}", as_json, discarded=list(numbers))


@notify.command(short_help="Send what waits, now, without the service.")
@json_option
@pass_session
def drain(session: Session, as_json: bool) -> int:
    """Try every waiting message now, in this process. Exits with 1 when some still wait."""
    from quantstrip.operations import notifications

    done = notifications.drain(session.existing_home())
    if as_json:
        print_json(done)
    else:
        click.echo(
            f"tried {done.tried}, delivered {done.delivered}, given up {done.given_up}, still waiting {done.waiting}"
        )
    return 1 if done.waiting else 0


@notify.command(short_help="List or choose who is told about a client.")
@click.argument("client", default="")
@click.argument("who", nargs=-1)
@click.option("--nobody", is_flag=True, help="Tell nobody about CLIENT.")
@click.option("--as-default", is_flag=True, help="Tell those who are told by default.")
@json_option
@pass_session
def recipients(
    session: Session, client: str, who: tuple[str, ...], nobody: bool, as_default: bool, as_json: bool
) -> None:
    """List who is told, or say that WHO (addresses, names of channels) are told about CLIENT.

    The CLIENT named default is everyone who names nobody.

    \b
    quantstrip notify recipients
    quantstrip notify recipients ma_cross you@example.com phone
    quantstrip notify recipients ma_cross --as-default
    """  # noqa: D301 - click reads \b as a character
    from quantstrip.operations import recipients as operations

    home = session.existing_home()
    if bool(who) + nobody + as_default > 1:
        raise click.UsageError("name people, or --nobody, or --as-default")
    if client and (who or nobody or as_default):
        name = "" if client == "default" else client
        operations.set_recipients(home, name, None if as_default else who)
    found = operations.list_recipients(home)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.client or "default",
            ", ".join(each.recipients) or "nobody",
            "" if each.own or not each.client else "as default",
        )
        for each in found
        if client in ("", each.client or "default")
    ]
    print_table(("CLIENT", "TOLD", ""), rows)


@notify.command(short_help="List alerts.")
@click.option("--unseen", is_flag=True, help="Only those that nobody has seen.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Most alerts to show.")
@json_option
@pass_session
def alerts(session: Session, unseen: bool, limit: int, as_json: bool) -> None:
    """List the newest alerts first: what happened, how often, and whether people were told."""
    from quantstrip.operations.alerts import list_alerts

    found = list_alerts(session.existing_home(), limit, unseen=unseen)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each.id,
            "" if each.seen else "new",
            local_text(each.newest),
            each.kind,
            each.client,
            each.subject + (f" ({each.occurrences} times)" if each.occurrences > 1 else ""),
            each.told,
        )
        for each in found
    ]
    print_table(("ID", "", "WHEN", "KIND", "CLIENT", "SUBJECT", "TOLD"), rows)


@notify.command(short_help="Mark every alert, or one, as seen.")
@click.argument("number", type=int, required=False)
@json_option
@pass_session
def seen(session: Session, number: int | None, as_json: bool) -> None:
    """Mark every alert as seen, or the one with the ID NUMBER; one that happens again counts anew."""
    from quantstrip.operations.alerts import mark_alerts_seen

    count = mark_alerts_seen(session.existing_home(), number)
    _done(f"{count} {'alert' if count == 1 else 'alerts'} marked as seen", as_json, seen=count)


def _done(words: str, as_json: bool, **facts: Any) -> None:
    if as_json:
        print_json(facts | {"message": words})
    else:
        click.echo(words)
