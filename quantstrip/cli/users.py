"""``user add, list, role, password, remove``."""

import sys

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table

_ROLES = ("viewer", "operator", "admin")
_BY = "quantstrip user"
_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group()
def user() -> None:
    """Who may use the dashboard besides you.

    The holder of the token (quantstrip token) needs no user: on this machine they may everything. Users log in with a
    password, or by OIDC, from elsewhere too.
    """


@user.command(short_help="Add a user.")
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), default="viewer", show_default=True, help="What they may do.")
@_stdin
@click.option(
    "--oidc", is_flag=True, help="No password: NAME is what the OIDC provider says, an e-mail address mostly."
)
@json_option
@pass_session
def add(session: Session, name: str, role: str, password_stdin: bool, oidc: bool, as_json: bool) -> None:
    """Add user NAME. The password is asked twice, or read from standard input; as an argument others could see it.

    \b
    viewer    looks; runs no code, changes nothing
    operator  starts and stops clients, books trades, sends mail, runs backtests
    admin     everything: code, packages, settings, secrets
    """  # noqa: D301 - click reads \b as a character
    from quantstrip.operations import users

    if oidc and password_stdin:
        raise click.UsageError("--oidc is a user without a password")
    users.add_user(session.existing_home(), name, role, None if oidc else _password(password_stdin), by=_BY)
    _done(f"{name} may log in, as {role}", as_json, name=name, role=role)


@user.command("list", short_help="List the users and their roles.")
@json_option
@pass_session
def list_(session: Session, as_json: bool) -> None:
    """List the users, their roles and how they log in."""
    from quantstrip.operations import users

    found = users.list_users(session.existing_home())
    if as_json:
        print_json(found)
    elif found:
        print_table(
            ("NAME", "ROLE", "LOGIN", "ADDED (UTC)"), [(u.name, u.role, u.login, u.created[:19]) for u in found]
        )
    else:
        click.echo("There are no users; only the token's holder can log in, on this machine.")


@user.command(short_help="Give a user another role.")
@click.argument("name")
@click.argument("role", type=click.Choice(_ROLES))
@json_option
@pass_session
def role(session: Session, name: str, role: str, as_json: bool) -> None:
    """Give user NAME the role ROLE; open pages follow within seconds."""
    from quantstrip.operations import users

    users.set_role(session.existing_home(), name, role, by=_BY)
    _done(f"{name} is {role} now", as_json, name=name, role=role)


@user.command(short_help="Give a user another password.")
@click.argument("name")
@_stdin
@json_option
@pass_session
def password(session: Session, name: str, password_stdin: bool, as_json: bool) -> None:
    """Give user NAME another password; every login of theirs ends."""
    from quantstrip.operations import users

    users.set_password(session.existing_home(), name, _password(password_stdin), by=_BY)
    _done(f"{name} has a new password, and is logged out everywhere", as_json, name=name)


@user.command(short_help="Forget a user.")
@click.argument("name")
@json_option
@pass_session
def remove(session: Session, name: str, as_json: bool) -> None:
    """Forget user NAME; every login of theirs ends."""
    from quantstrip.operations import users

    users.remove_user(session.existing_home(), name, by=_BY)
    _done(f"{name} is removed, and is logged out everywhere", as_json, name=name)


def _password(from_stdin: bool) -> str:
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    given: str = click.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    return given


def _done(words: str, as_json: bool, **told: str) -> None:
    if as_json:
        print_json(told)
    else:
        click.echo(words)
