"""``settings get, set, list, known, delete, lock, unlock, export, import, rotate-key, move-key``."""

import sys
from pathlib import Path
from typing import Any

import click

from quantstrip.cli.session import (
    FilePath,
    NegativeNumbers,
    Session,
    json_option,
    pass_session,
    print_json,
    print_table,
)

_TYPES = ("text", "int", "float", "bool", "list", "dict", "secret", "folder")


@click.group()
def settings() -> None:
    """Show and change settings and secrets; a path is written like dashboard.port or /dashboard/port."""


@settings.command("get", short_help="Print a value, or a folder's values.")
@click.argument("path")
@json_option
@pass_session
def get_(session: Session, path: str, as_json: bool) -> None:
    """Print the value at PATH, or a folder's values; secrets are masked."""
    from quantstrip.operations.settings import get_setting

    value = get_setting(session.readable_home(), path)
    if as_json or isinstance(value, dict | list | bool):
        print_json(value)
    else:
        click.echo(value)


@settings.command("set", cls=NegativeNumbers, short_help="Set a value and save.")
@click.argument("path")
@click.argument("value", required=False)
@click.option("--type", "value_type", type=click.Choice(_TYPES), help="Its type (default: the one it has, else text).")
@json_option
@pass_session
def set_(session: Session, path: str, value: str | None, value_type: str | None, as_json: bool) -> None:
    """Set PATH to VALUE and save; what the platform reads is checked first.

    A secret is asked for, or read from standard input: as an argument everyone on this machine could see it.

    \b
    quantstrip settings set dashboard.port 9000
    quantstrip settings set clients.ma_cross.symbols AAPL,MSFT
    quantstrip settings set my.weights '{"SPY": 0.6, "TLT": 0.4}' --type dict
    quantstrip settings set broker.password --type secret
    quantstrip settings set broker --type folder
    """  # noqa: D301 - click reads \b as a character
    from quantstrip.operations.settings import meant, set_setting, type_at

    home = session.existing_home()
    before = type_at(home, path)
    kind = value_type or before
    if before == "secret" != kind:
        raise click.UsageError(f"{path} is a secret and stays one; delete it first to keep it in the clear")
    if kind == "secret":
        value = _secret(value)
    elif value is None and kind != "folder":
        raise click.UsageError("Missing argument 'VALUE'.")
    set_setting(home, path, value, kind)
    _done(f"{path} is set", as_json, path=path)
    if near := meant(path):
        click.echo(f"Note: the platform does not read {path}. Did you mean {near}?", err=True)


def _secret(given: str | None) -> str:
    """The secret from a prompt, or all of standard input without its last line end."""
    if given is not None:
        raise click.UsageError(
            "a secret is never an argument: others can read it there. Leave VALUE out, and it is asked for"
        )
    asked = sys.stdin.isatty()
    value: str = click.prompt("Value", hide_input=True, err=True) if asked else sys.stdin.read()
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise click.UsageError("the secret is empty")
    return value


@settings.command("list", short_help="List what is set.")
@click.argument("path", default="")
@click.option("--own", is_flag=True, help="Only what you set yourself.")
@click.option("--find", "words", default="", metavar="WORDS", help="Only with these words in path, meaning or value.")
@json_option
@pass_session
def list_(session: Session, path: str, own: bool, words: str, as_json: bool) -> None:
    """List all settings, or those below PATH; secrets are masked."""
    from quantstrip.operations.settings import list_settings, problems
    from quantstrip.operations.settings_tree import search

    home = session.readable_home()
    wanted = {leaf.path for leaf in search(home, words)} if words else None
    found = [
        row for row in list_settings(home, path)
        if (not own or row.changed) and (wanted is None or row.path in wanted)
    ]  # fmt: skip
    if as_json:
        print_json(found)
    else:
        rows = [
            (row.path, str(row.type), row.value, "own" if row.changed else "default")
            for row in found
            if row.type != "folder"
        ]
        print_table(("PATH", "TYPE", "VALUE", "FROM"), rows)
    for problem in problems(home):
        click.echo(f"Warning: {problem}", err=True)


@settings.command("known", short_help="List what the platform reads.")
@click.argument("path", default="")
@json_option
def known(path: str, as_json: bool) -> None:
    """List what the platform reads, or what it reads below PATH: type, default, bounds, meaning, when it acts."""
    from quantstrip.operations.settings import known_settings

    found = known_settings(path)
    if as_json:
        print_json(found)
        return
    for each in found:
        default = "the class's" if each.default is None else each.default if each.default != "" else "empty"
        click.echo(f"{each.path}  ({each.type}, default: {default})")
        click.echo(f"    {each.help}" + (f" Must be {each.expected}." if each.expected else ""))
        click.echo(f"    A change acts {each.acts}.")


@settings.command("delete", short_help="Delete a value or folder of your own.")
@click.argument("path")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_session
def delete(session: Session, path: str, yes: bool, as_json: bool) -> None:
    """Delete a value or a folder of your own; a platform setting goes back to its default.

    A folder with what is in it, and a secret, are asked about first.
    """
    from quantstrip.operations import settings_undo
    from quantstrip.operations.settings import list_settings

    home = session.existing_home()
    found = list_settings(home, path)
    folder = any(row.type == "folder" for row in found)
    if not yes and (folder or any(row.type == "secret" for row in found)):
        count = sum(row.changed for row in found if row.type != "folder")
        what = f"the folder {path} with {count} of your values" if folder else f"the secret {path}"
        click.confirm(f"Delete {what}?", abort=True, err=as_json)
    settings_undo.delete(home, path)
    _done(f"{path} is deleted. Put it back with: quantstrip settings restore", as_json, path=path)


@settings.command(short_help="Put back what was deleted last.")
@json_option
@pass_session
def restore(session: Session, as_json: bool) -> None:
    """Put back the value or folder that was deleted last, here or on the dashboard, its secrets too."""
    from quantstrip.operations import settings_undo

    path = settings_undo.restore(session.existing_home())
    _done(f"{path} is back", as_json, path=path)


@settings.command("lock", short_help="Keep a folder from being deleted.")
@click.argument("path")
@json_option
@pass_session
def lock(session: Session, path: str, as_json: bool) -> None:
    """Keep the folder PATH from being deleted, with all that is in it; values can still be changed."""
    from quantstrip.operations.settings import lock_folder

    lock_folder(session.existing_home(), path)
    _done(f"{path} is locked", as_json, path=path, locked=True)


@settings.command("unlock", short_help="Take back a lock.")
@click.argument("path")
@json_option
@pass_session
def unlock(session: Session, path: str, as_json: bool) -> None:
    """Take back 'settings lock PATH'."""
    from quantstrip.operations.settings import unlock_folder

    unlock_folder(session.existing_home(), path)
    _done(f"{path} is unlocked", as_json, path=path, locked=False)


@settings.command("export", short_help="Write what is set, without secrets.")
@click.argument("path", default="")
@click.option("-o", "--out", type=FilePath(dir_okay=False, writable=True), help="A file (default: print it).")
@pass_session
def export(session: Session, path: str, out: Path | None) -> None:
    """Print your own settings, or those below PATH, as a settings file for another home; secrets are left out."""
    from quantstrip.operations.settings_transfer import export_settings

    text = export_settings(session.readable_home(), path)
    if out is None:
        click.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    click.echo(f"written to {out}")


@settings.command("import", short_help="Set what an exported file holds.")
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@json_option
@pass_session
def import_(session: Session, file: Path, dry_run: bool, as_json: bool) -> None:
    """Set what FILE holds, all of it or nothing; what it does not name stays as it is."""
    from quantstrip.operations.settings_transfer import import_settings, preview_import

    home = session.existing_home()
    text = file.read_bytes().decode("utf-8", errors="replace")
    found = preview_import(home, text) if dry_run else import_settings(home, text)
    if as_json:
        print_json(found)
        return
    print_table(
        ("PATH", "BEFORE", "AFTER"), [(row.path, "" if row.before is None else row.before, row.after) for row in found]
    )
    click.echo(f"\n{len(found)} would be set" if dry_run else f"\n{len(found)} set")


@settings.command("rotate-key", short_help="Encrypt every secret with a new key.")
@json_option
@pass_session
def rotate_key(session: Session, as_json: bool) -> None:
    """Make a new key and encrypt every secret with it; clients that run go on.

    Older copies of settings.toml can no longer be read: back it up together with the key.
    """
    from quantstrip.operations.settings import rotate_key as rotate

    count = rotate(session.existing_home())
    _done(f"A new key encrypts {count} {'secret' if count == 1 else 'secrets'}", as_json, secrets=count)


@settings.command("move-key", short_help="Move the key to the keyring or a file.")
@click.argument("place", type=click.Choice(("keyring", "file")))
@json_option
@pass_session
def move_key(session: Session, place: str, as_json: bool) -> None:
    """Keep the key of the secrets in the system's keyring, or in a file that only you can read.

    A service that starts before you log in usually reaches no keyring: move the key to a file then.
    """
    from quantstrip.operations.settings import move_key as move

    move(session.existing_home(), place)
    _done(f"The key is kept in {'the system keyring' if place == 'keyring' else 'a file'}", as_json, place=place)


def _done(message: str, as_json: bool, **facts: Any) -> None:
    if as_json:
        print_json(facts)
    else:
        click.echo(message)
