"""``file, check, diff, versions``: sources of a home, what is wrong with one, and what differs from what runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from quantstrip.cli.session import (
    FilePath,
    Session,
    json_option,
    local_text,
    pass_session,
    plain,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from quantstrip.operations.files_tree import Entry

_PATH = click.argument("path")
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.group()
def file() -> None:
    """Files of the home: sources (clients/), examples and deployed versions. Sources can be changed."""


@file.command("list")
@json_option
@pass_session
def list_files(session: Session, as_json: bool) -> None:
    """Show the files, what runs, and what differs from what is deployed."""
    from quantstrip.operations import files_tree

    tree = files_tree.tree(session.existing_home())
    if as_json:
        print_json(list(tree.entries))
        return
    print_table(("path", "bytes", ""), [(each.path, f"{each.size:,}", _marks(each)) for each in tree.entries])
    for area in tree.cut:
        click.echo(f"{area}/ holds more files than are listed", err=True)


def _marks(entry: "Entry") -> str:
    marks = ["runs"] if entry.runs else []
    if entry.differs:
        others = [name for name in entry.differs if name != entry.client]
        marks.append(f"differs from deployed ({', '.join(others)})" if others else "differs from deployed")
    return ", ".join(marks)


@file.command("show")
@_PATH
@json_option
@pass_session
def show_file(session: Session, path: str, as_json: bool) -> None:
    """Print a file as it is; its digest is in the JSON."""
    from quantstrip.operations import files

    opened = files.read(session.existing_home(), path)
    if as_json:
        print_json(opened)
    else:
        click.echo(opened.text, nl=False)


@file.command("new")
@_PATH
@click.option(
    "--template", type=click.Choice(("client", "strategy", "strategy_client", "empty")), default="client",
    show_default=True, help="What it begins with.",
)  # fmt: skip
@click.option("--from", "source", type=FilePath(), help="Take this file's text instead.")
@json_option
@pass_session
def new_file(session: Session, path: str, template: str, source: Path | None, as_json: bool) -> None:
    """Make the source PATH (such as clients/my_strategy.py), which must not be there yet."""
    from quantstrip.operations import files

    home = session.existing_home()
    made = files.upload(home, {path: _bytes(source)})[0] if source else files.new(home, path, template)
    print_json(made) if as_json else click.echo(f"{made.path} is made: {files.on_disk(home, path)}")


@file.command("save")
@_PATH
@click.argument("source", type=FilePath(allow_dash=True))
@click.option(
    "--over", default="", metavar="DIGEST", help="Only over the file with this digest (see: file show --json)."
)
@json_option
@pass_session
def save_file(session: Session, path: str, source: Path, over: str, as_json: bool) -> None:
    """Put the text of SOURCE, a file or - for standard input, into the source PATH."""
    from quantstrip.operations import files

    data = sys.stdin.read().encode("utf-8", "surrogateescape") if str(source) == "-" else _bytes(source)
    saved = files.replace(session.existing_home(), path, data, over=over)
    print_json(saved) if as_json else click.echo(f"{saved.path} is saved")


@file.command("rename")
@_PATH
@click.argument("to")
@json_option
@pass_session
def rename_file(session: Session, path: str, to: str, as_json: bool) -> None:
    """Give the source PATH another name or folder. What was deployed under the old name goes on under it."""
    from quantstrip.operations import files

    renamed = files.rename(session.existing_home(), path, to)
    print_json(renamed) if as_json else click.echo(f"{path} is now {renamed.path}")


@file.command("remove")
@_PATH
@json_option
@pass_session
def remove_file(session: Session, path: str, as_json: bool) -> None:
    """Move the source PATH to the trash. What was deployed from it is a copy, and goes on."""
    from quantstrip.operations import files_trash

    deleted = files_trash.delete(session.existing_home(), path)
    if as_json:
        print_json(deleted)
    else:
        click.echo(session.named(f"{path} is deleted; bring it back with: quantstrip file restore {deleted.id}"))


@file.command("restore")
@click.argument("which", required=False)
@click.option("--to", default="", metavar="PATH", help="Bring it back under another path.")
@json_option
@pass_session
def restore_file(session: Session, which: str | None, to: str, as_json: bool) -> None:
    """Bring a deleted source back: WHICH is its id, or the path that it had. Without it, list what there is."""
    from quantstrip.operations import files_trash

    home = session.existing_home()
    if which:
        path = files_trash.restore(home, which, to=to)
        print_json({"path": path}) if as_json else click.echo(f"{path} is back")
        return
    deleted = files_trash.trash(home)
    if as_json:
        print_json(deleted)
    else:
        print_table(("id", "path", "deleted"), [(each.id, each.path, local_text(each.when)) for each in deleted])


@click.command()
@click.argument("source")
@json_option
@pass_session
def check(session: Session, source: str, as_json: bool) -> int:
    """Say what is wrong with a Python file without running it. Exits with 1 where something will not work.

    SOURCE is a file, or the name of a client in the home's clients folder.
    """
    from quantstrip.operations import files_text, lint
    from quantstrip.supervise.deploy import find_source

    path = find_source(session.home, source)
    own = path / "__init__.py" if path.is_dir() else path
    beside = own.is_relative_to(session.home.clients.resolve())
    name = f"clients/{own.relative_to(session.home.clients.resolve()).as_posix()}" if beside else own.name
    report = lint.check(name, files_text.decode(str(own), own.read_bytes()).text)
    if as_json:
        print_json({"file": str(own), **plain(report)})
    else:
        for each in report.findings:
            click.echo(f"{own}:{each.line}:{each.column}: {each.severity}: {each.message} ({each.source})")
        if report.incomplete:
            click.echo(report.incomplete, err=True)
        if not report.findings:
            click.echo(f"{own}: no findings")
    return int(report.count("error") > 0)


@click.command()
@click.argument("name")
@click.option("--from", "old", default="", metavar="HASH", help="A version, instead of the one deployed now.")
@click.option("--to", "new", default="", metavar="HASH", help="A version, instead of the source as it is now.")
@json_option
@pass_session
def diff(session: Session, name: str, old: str, new: str, as_json: bool) -> None:
    """Show what differs between what client NAME runs and its source, or between two of its versions."""
    from quantstrip.operations import versions
    from quantstrip.operations.differences import unified

    found = versions.difference(session.existing_home(), name, old, new)
    if as_json:
        print_json(found)
    elif found.same:
        click.echo(f"{name}: nothing differs between {found.old} and {found.new}")
    else:
        for line in unified(found.files, found.old, found.new).splitlines():
            click.secho(line, fg=None if line.startswith(("---", "+++")) else _COLOURS.get(line[:1]))


@click.command("versions")
@click.argument("name")
@json_option
@pass_session
def list_versions(session: Session, name: str, as_json: bool) -> None:
    """Show every version of client NAME that was deployed, newest first, and what going back to it would change."""
    from quantstrip.operations import versions

    found = versions.versions(session.existing_home(), name)
    if as_json:
        print_json(found)
        return
    print_table(
        ("", "version", "deployed", "going back changes"),
        [("*" if each.current else "", each.code_hash, local_text(each.last), each.change or "-") for each in found],
    )


def _bytes(source: Path) -> bytes:
    from quantstrip.errors import FileError

    try:
        return source.read_bytes()
    except OSError as error:
        raise FileError(f"{source} cannot be read: {error.strerror or error}") from error
