"""``package list, find, install, upgrade, remove``."""

from typing import TYPE_CHECKING, Any

import click

from quantstrip.cli.session import Session, json_option, pass_session, print_json, print_table
from quantstrip.cli.streams import logged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quantstrip.operations.packages import Package

_source = click.option("--source", is_flag=True, help="Build what has no wheel; that runs code of the package.")
_client = click.option("--client", default="", metavar="NAME", help="In the environment of this client alone.")
_yes = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def package() -> None:
    """Packages that your clients import, beside the platform's own."""


@package.command("list", short_help="List what is installed.")
@click.option("--platform", "platforms", is_flag=True, help="The platform's own, which stay as they are.")
@_client
@json_option
@pass_session
def list_(session: Session, platforms: bool, client: str, as_json: bool) -> int:
    """List what you installed, or the platform's own. Exits with 1 where a package does not find what it needs.

    Environments of single clients follow; with --json they are listed one by one, with --client.
    """
    from quantstrip.operations import packages

    if platforms:
        there = {"": list(packages.platform())}
    elif client:
        packages.check_client(session.existing_home(), client)
        there = {client: packages.installed(session.existing_home(), client)}
    else:
        there = packages.everywhere(session.existing_home())
    if as_json:
        there = {client: there[client]}
        print_json(there[client])
    else:
        for whose, found in there.items():
            _show(session, whose, found, platforms=platforms)
    return 1 if any(each.problem for found in there.values() for each in found) else 0


def _show(session: Session, whose: str, found: "Sequence[Package]", *, platforms: bool) -> None:
    """One environment as a table, and what is wrong in it."""
    if whose:
        click.echo(f"\nEnvironment of {whose}, in the place of the shared packages:")
    if not found:
        none = "No package is installed here yet. Install one: quantstrip package install NAME"
        click.echo(f"{whose} has no environment of its own." if whose else session.named(none))
        return
    print_table(["PACKAGE", "VERSION", "WHY", "SUMMARY"], [
        (each.name, each.version, "" if platforms else _why(each), each.summary[:70]) for each in found
    ])  # fmt: skip
    for each in found:
        if each.problem:
            click.echo(f"WRONG  {each.name} {each.version}: {each.problem}")


@package.command(short_help="Look one package up on the index.")
@click.argument("name")
@_client
@json_option
@pass_session
def find(session: Session, name: str, client: str, as_json: bool) -> int:
    """Look NAME, an exact name, up on the index: its version, what it would bring, whether it fits.

    Asks the index that pip is set up with. Exits with 1 where it cannot be installed.
    """
    from quantstrip.operations import package_lookup

    found = package_lookup.look_up(session.existing_home(), name, client=client)
    if as_json:
        print_json(found)
        return 1 if found.problem else 0
    rows = [
        ("package", f"{found.name} {found.version}".strip()), ("is", found.summary), ("license", found.license),
        ("Python", found.needs_python), ("home page", found.homepage), ("versions", ", ".join(found.versions)),
        ("brings", ", ".join(found.brings)), ("installed", found.here), ("problem", found.problem), ("", found.hint),
    ]  # fmt: skip
    if found.alone:
        rows.append(("", f'one client can have it: quantstrip package install "{name}" --client NAME'))
    for label, value in rows:
        if value:
            click.echo(f"{label:<10} {value}")
    return 1 if found.problem else 0


@package.command(short_help="Install packages.")
@click.argument("names", nargs=-1, required=True)
@_source
@_client
@json_option
@pass_session
def install(session: Session, names: tuple[str, ...], source: bool, client: str, as_json: bool) -> int:
    """Install NAMES, such as polars or "polars<2", with what they need.

    A client sees them from its next start. The platform's own packages stay as they are: what does not go with them
    is refused, and the words say who wants what. What does not go with the other packages of your clients can go into
    an environment of one of them, --client NAME: that one sees it in the place of the shared packages.
    """
    given = {"names": list(names), "source": source, "client": client}
    return _changed(session, "package_install", given, as_json=as_json)


@package.command(short_help="Bring packages to their newest version that fits.")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that you installed.")
@_source
@_client
@json_option
@pass_session
def upgrade(
    session: Session, names: tuple[str, ...], everything: bool, source: bool, client: str, as_json: bool
) -> int:
    """Bring NAMES, or --all, to the newest version that goes with the rest."""
    if bool(names) == everything:
        raise click.UsageError("name packages, or give --all")
    given = {"names": list(names), "source": source, "client": client}
    return _changed(session, "package_upgrade", given, as_json=as_json)


@package.command(short_help="Remove packages.")
@click.argument("names", nargs=-1, required=True)
@click.option("--keep-leftovers", is_flag=True, help="Keep what came with them and nothing else needs.")
@_yes
@_client
@json_option
@pass_session
def remove(
    session: Session, names: tuple[str, ...], keep_leftovers: bool, yes: bool, client: str, as_json: bool
) -> int:
    """Remove NAMES. What came with them and nothing else needs goes too; that is asked first.

    With its last package an environment goes: the client sees the shared packages from its next start.
    """
    from quantstrip.operations import packages

    loose = packages.leftovers(session.existing_home(), names, client)
    too = bool(loose) and not keep_leftovers
    if too and not yes:
        too = click.confirm(f"Nothing else needs {', '.join(loose)}. Remove that too?", default=True, err=as_json)
    given = {"names": list(names), "leftovers": too, "client": client}
    return _changed(session, "package_remove", given, as_json=as_json)


def _changed(session: Session, kind: str, arguments: dict[str, Any], *, as_json: bool) -> int:
    """Change the packages in this process; what pip prints is seen as it comes."""
    import sys
    from contextlib import nullcontext, redirect_stdout

    from quantstrip.errors import PackageError
    from quantstrip.operations import tasks

    home = session.existing_home()
    with logged(home), redirect_stdout(sys.stderr) if as_json else nullcontext():
        made = tasks.run_now(home, kind, arguments, by="quantstrip package")
    if made.result is None:
        message, _, hint = made.error.partition("\n")
        raise PackageError(message or f"the packages were not changed: the task is {made.state}", hint=hint)
    if as_json:
        print_json(made.result)
    elif made.result["installed"] or made.result["removed"]:
        click.echo("Clients see it from their next start: quantstrip restart NAME")
    return 0


def _why(each: "Package") -> str:
    if each.asked:
        return "asked for" if each.asked == each.name else f"asked for as {each.asked}"
    return f"needed by {', '.join(each.needed_by)}" if each.needed_by else "left over"
