"""supervisord's configuration, generated from the templates in ``service/``."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from quantstrip.errors import HomeError
from quantstrip.home import Home, asset, private_folder
from quantstrip.supervise.names import check_name, program_name

if TYPE_CHECKING:
    from jinja2 import Environment

DEFAULT_STOP_SECONDS = 20
_UNSAFE = re.compile(r"[%*?\[\"\n\r\t]| [;#]|\\")


def output_folder(home: Home) -> Path:
    """Where supervisord keeps the raw output of the processes: what they say before and after their own log."""
    return home.run / "output"


def output_file(home: Home, program: str) -> Path:
    """Raw output of one process."""
    return output_folder(home) / f"{program}.log"


def supervisor_log(home: Home) -> Path:
    """Supervisord's own log."""
    return home.logs / "supervisord.log"


def pid_file(home: Home) -> Path:
    """Holds the process id of the running supervisord."""
    return home.run / "supervisord.pid"


def write_config(home: Home, port: int, address: str = "") -> Path:
    """Write ``home.supervisor_config`` for a dashboard on ``port``, of ``address`` as well; returns its path.

    Raises:
        HomeError: the home's path holds characters that supervisord's configuration cannot carry.

    """
    check_path(home)
    private_folder(output_folder(home))
    private_folder(home.programs)
    private_folder(home.socket.parent)
    text = (
        _environment()
        .get_template("supervisord.conf.j2")
        .render(
            home=home,
            port=port,
            address=address or "127.0.0.1",
            python=sys.executable,
            output=output_folder(home),
            log_file=supervisor_log(home),
            pid_file=pid_file(home),
        )
    )
    return write_atomically(home.supervisor_config, text)


def write_program(home: Home, client: str, *, stop_seconds: int = DEFAULT_STOP_SECONDS) -> Path:
    """Write the program section of ``client``; it is killed ``stop_seconds`` after it was asked to end."""
    check_path(home)
    text = (
        _environment()
        .get_template("program.conf.j2")
        .render(
            home=home,
            client=check_name(client),
            program=program_name(client),
            python=sys.executable,
            output=output_folder(home),
            stop_seconds=int(stop_seconds),
        )
    )
    return write_atomically(program_file(home, client), text)


def program_file(home: Home, client: str) -> Path:
    """The program section of ``client``."""
    return home.programs / f"{program_name(client)}.conf"


def write_atomically(path: Path, text: str) -> Path:
    """Replace ``path`` by ``text`` in one step, readable by its owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(0o600)
    temporary.replace(path)
    return path


def check_path(home: Home) -> None:
    """Raise ``HomeError`` for a home whose path supervisord's configuration cannot carry."""
    found = _UNSAFE.search(str(home.root))
    if found is not None:
        raise HomeError(
            f"the path of the home {home.root} holds {found.group()!r}, which the service's configuration cannot carry",
            hint="Choose with --home DIR a folder whose path has no quotes, %, backslashes or wildcards.",
        )


def render_unit(
    home: Home, *, scope: str, port: int | None = None, run_as: str = "", stop_seconds: int = DEFAULT_STOP_SECONDS
) -> str:
    """The systemd unit that runs ``quantstrip up`` on ``home``.

    Args:
        home: whose service.
        scope: ``user`` or ``system``.
        port: the dashboard's; None leaves it to the setting at each start.
        run_as: the user of a system unit.
        stop_seconds: how long a client may take to end.

    """
    check_path(home)
    template = _environment().get_template("quantstrip.service.j2")
    return template.render(
        home=home, port=port, scope=scope, run_as=run_as, stop_seconds=stop_seconds, python=sys.executable
    )


def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(asset("service")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - these are configuration files; each value passes one of the filters below
    )
    environment.filters["ini"] = lambda value: str(value).replace("%", "%%")
    environment.filters["command"] = lambda words: shlex.join(map(str, words)).replace("%", "%%")
    environment.filters["unit"] = lambda value: str(value).replace("%", "%%")
    environment.filters["exec"] = _systemd_command
    return environment


def _systemd_command(words: list[object]) -> str:
    # systemd knows double quotes, %-specifiers and $-variables (systemd.service(5), "Command lines").
    escaped = (str(word).replace("%", "%%").replace("$", "$$") for word in words)
    return " ".join(f'"{word}"' if re.search(r"[\s']", word) else word for word in escaped)
