"""What every command shares: which home, and how to print."""

import dataclasses
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import click

from quantstrip.errors import HomeError
from quantstrip.home import Home, demo_home, find_home


class Session:
    """One invocation of the command."""

    def __init__(self, explicit: Path | None = None, *, demo: bool = False) -> None:
        self._explicit = explicit
        self._demo = demo

    @cached_property
    def home(self) -> Home:
        """The home to work on; it need not exist."""
        return demo_home() if self._demo and self._explicit is None else find_home(self._explicit)

    def use_demo(self) -> None:
        """The command itself was given ``--demo``; an explicit ``--home`` wins."""
        self._demo = True
        self.__dict__.pop("home", None)

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


pass_session = click.make_pass_decorator(Session)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
demo_option = click.option("--demo", is_flag=True, help="Work on the demo's own home.")

_MOMENTS = {"since", "started", "heartbeat", "when"}


def print_json(value: Any) -> None:
    """Print as JSON; moments are UTC text, unknown ones null."""
    click.echo(json.dumps(plain(value), indent=2, default=str))


def plain(value: Any) -> Any:
    """Dataclasses as dicts, moments as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in dataclasses.fields(value)]
        return {name: _field(name, getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _field(name: str, value: Any) -> Any:
    if name in _MOMENTS and isinstance(value, int):
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
