"""What every command shares: which home, and how to print."""

import contextlib
import dataclasses
import json
import math
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TextIO

import click

from quantstrip.errors import HomeError
from quantstrip.home import Home, demo_home, find_home


class Session:
    """One invocation of the command."""

    def __init__(self, explicit: Path | None = None, *, demo: bool = False) -> None:
        self._explicit = explicit
        self._demo = demo
        self.printed_json = False
        self.output: TextIO | None = None
        """Where JSON goes when standard output is not it."""

    @cached_property
    def home(self) -> Home:
        """The home to work on; it need not exist."""
        return demo_home() if self._demo and self._explicit is None else find_home(self._explicit)

    def use_demo(self) -> None:
        """The command itself was given ``--demo``; an explicit ``--home`` wins."""
        self._demo = True
        self.__dict__.pop("home", None)

    def readable_home(self) -> Home:
        """The home for a command that does without one; but a home that was named must be there.

        Raises:
            HomeError: a home was named, and nobody made it yet.

        """
        return self.existing_home() if self._explicit is not None else self.home

    def named(self, text: str) -> str:
        """``text`` with this home in each command it shows, where without it they would ask another home.

        A home that a command names already is quoted as a shell needs it.
        """
        from quantstrip.cli import COMMANDS

        root, where = str(self.home.root), shlex.quote(str(self.home.root))
        if root != where:
            text = text.replace(f"--home {root} ", f"--home {where} ")
        if self.home == find_home():
            return text
        shown = "|".join(name for name in COMMANDS if name != "init")  # init says itself where
        if self._demo and self._explicit is None:
            text = re.sub(r"\bquantstrip up\b(?! --demo)", "quantstrip up --demo", text)
            return re.sub(rf"\bquantstrip (?!up\b)(?=(?:{shown})\b)", "quantstrip --demo ", text)
        return re.sub(rf"\bquantstrip (?=(?:{shown})\b)", lambda _: f"quantstrip --home {where} ", text)

    def existing_home(self) -> Home:
        """The home, when there is one.

        Raises:
            HomeError: nobody made it yet.

        """
        if not self.home.exists():
            raise HomeError(
                f"there is no home at {self.home.root}",
                hint=f"Make one with: quantstrip init {self.home.root}   or name another one with --home DIR",
            )
        return self.home


class FilePath(click.Path):
    """A path that must not be empty: an empty one would be read as the working folder."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; empty text is wrong usage."""
        if not str(value).strip():
            self.fail("a name is expected, got an empty one; the working folder is '.'", param, ctx)
        return super().convert(value, param, ctx)


class FolderPath(FilePath):
    """A folder, which need not exist."""

    def __init__(self) -> None:
        super().__init__(file_okay=False)


class NegativeNumbers(click.Command):
    """A command whose arguments may be negative numbers, which would otherwise be taken for options."""

    looks_like_an_option = re.compile(r"-\.?\d")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put a blank before each argument that only looks like an option: it keeps its place and begins none."""
        options = [each for each in self.params if isinstance(each, click.Option) and not each.is_flag]
        valued = {name for each in options for name in each.opts}
        guarded, before = list(args), ""
        for at, each in enumerate(args):
            if before not in valued and self.looks_like_an_option.match(each):
                guarded[at] = f" {each}"
            before = each
        blanks = set(guarded) - set(args)
        left = super().parse_args(ctx, guarded)
        for name, value in ctx.params.items():
            if isinstance(value, str) and value in blanks:
                ctx.params[name] = value[1:]
        return left


pass_session = click.make_pass_decorator(Session)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def _prints_aside(context: click.Context, option: click.Parameter, given: bool) -> bool:  # noqa: ARG001
    """From now on, what a strategy prints goes to standard error: JSON is to be read by programs."""
    if given:
        context.with_resource(_output_kept(context.ensure_object(Session)))
    return given


@contextlib.contextmanager
def _output_kept(session: Session) -> Iterator[None]:
    """While inside, only ``print_json`` writes to standard output; other processes that are started do not either."""
    with contextlib.ExitStack() as stack:
        session.output = sys.stdout
        try:
            is_its_own = sys.stdout.fileno() == 1
        except (OSError, ValueError):
            is_its_own = False  # a test's, a notebook's
        if is_its_own:
            sys.stdout.flush()
            kept = os.dup(1)
            stack.callback(os.dup2, kept, 1)
            session.output = stack.enter_context(os.fdopen(os.dup(kept), "w", encoding=sys.stdout.encoding))
            os.dup2(2, 1)
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        yield


strategy_json_option = click.option(
    "--json", "as_json", is_flag=True, callback=_prints_aside, help="Print JSON for programs."
)  # of commands that run a strategy in this process
demo_option = click.option("--demo", is_flag=True, help="Work on the demo's own home.")

_MOMENTS = {"since", "started", "heartbeat", "when", "last_error_at", "created", "sent", "next_attempt", "newest"}


def print_json(value: Any) -> None:
    """Print as JSON; moments are UTC text, unknown ones null, and so are numbers that JSON cannot write."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.ensure_object(Session).printed_json = True
    to = None if context is None else context.ensure_object(Session).output
    click.echo(json.dumps(plain(value), indent=2, default=str, allow_nan=False), file=to)


def plain(value: Any) -> Any:
    """Dataclasses as dicts, moments as text, bytes in hexadecimal, NaN and infinity as None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in dataclasses.fields(value)]
        return {name: _field(name, getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _field(name: str, value: Any) -> Any:
    if name in _MOMENTS and isinstance(value, int) and not isinstance(value, bool):
        return moment_text(value) or None
    return plain(value)


def moment_text(moment: int) -> str:
    """A moment as UTC text, "" for 0."""
    from quantstrip.clock import to_text

    return to_text(moment) if moment else ""


def local_text(moment: int) -> str:
    """A moment in the machine's zone, to the second; "-" for 0."""
    from quantstrip.clock import to_datetime

    return f"{to_datetime(moment).astimezone():%Y-%m-%d %H:%M:%S}" if moment else "-"


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns as wide as their content."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(head), *(len(row[n]) for row in cells)) if cells else len(head) for n, head in enumerate(heads)]
    for line in [list(heads), *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
