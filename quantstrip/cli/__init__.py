"""The ``quantstrip`` command: one boundary that turns errors into one readable message.

Exit codes: 0 done, 1 refused or failed (the message is on stderr, the trace in ``logs/commands.log``), 2 wrong usage,
130 ended by Ctrl-C. With ``--json`` a failure is a JSON object on stdout too.
Each command's module is imported when it is used, and imports what it needs when it runs: ``--help`` loads neither
pandas nor the database.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import click

from quantstrip import __version__
from quantstrip.cli.lazy import LazyGroup
from quantstrip.cli.session import FolderPath, Session

COMMANDS = {
    "init": ("quantstrip.cli.service:init", "Make a home: the folder that holds clients, settings, logs and data."),
    "up": ("quantstrip.cli.service:up", "Start the service and the dashboard."),
    "down": ("quantstrip.cli.service:down", "Stop the service and wait until all of it is gone."),
    "status": ("quantstrip.cli.service:status", "Show the service and its clients."),
    "deploy": ("quantstrip.cli.clients:deploy", "Copy a client into the store and run that version."),
    "rollback": ("quantstrip.cli.clients:rollback", "Go back to an older deployed version."),
    "versions": ("quantstrip.cli.files:list_versions", "Show the versions of a client that were deployed."),
    "diff": ("quantstrip.cli.files:diff", "Show what differs between what a client runs and its source."),
    "check": ("quantstrip.cli.files:check", "Say what is wrong with a client's file, without running it."),
    "file": ("quantstrip.cli.files:file", "Sources of the home: list, make, rename, remove, bring back."),
    "start": ("quantstrip.cli.clients:start", "Run deployed clients from now on."),
    "stop": ("quantstrip.cli.clients:stop", "End clients; they stay stopped."),
    "restart": ("quantstrip.cli.clients:restart", "End clients and start them again."),
    "remove": ("quantstrip.cli.clients:remove", "End a client and forget it; its history stays."),
    "logs": ("quantstrip.cli.clients:logs", "Show a log, and follow it with -f."),
    "run": ("quantstrip.cli.clients:run", "Run one client in the foreground, without deploying it."),
    "python": ("quantstrip.cli.python:python", "Run a Python file of yours as a strategy's file is run."),
    "client": ("quantstrip.cli.client_history:client", "What a client did: processes, versions, trades, problems."),
    "job": ("quantstrip.cli.jobs:job", "Jobs of clients: what runs next, what ran; run one now."),
    "risk": ("quantstrip.cli.risk:risk", "See halts, lift them, and switch entries off and on."),
    "simulate": ("quantstrip.cli.simulation:simulate", "Run a client on a copy of the ledger: nothing is sent."),
    "rehearse": ("quantstrip.cli.simulation:rehearse", "Run a span of a client's schedule in seconds."),
    "backtest": ("quantstrip.cli.backtest:backtest", "Run a strategy over historical bars, and prove a kept run."),
    "runs": ("quantstrip.cli.runs:runs", "Backtests that are kept: list, show, delete."),
    "data": ("quantstrip.cli.data:data", "Bars of the home: import, list, show, check, download, delete, export."),
    "sweep": ("quantstrip.cli.research:sweep", "Run a strategy with every combination of parameters."),
    "strategy": ("quantstrip.cli.strategies:strategy", "Look at a strategy's file before it runs."),
    "validate": ("quantstrip.cli.validate:validate", "Is a backtest honest, and does it carry over?"),
    "compare": ("quantstrip.cli.research:compare", "Compare backtests that were run as tasks."),
    "task": ("quantstrip.cli.tasks:task", "Long work in the background: see it, ask for it, take it back."),
    "report": ("quantstrip.cli.reports:report", "Show and write reports of what the strategies did."),
    "reconcile": ("quantstrip.cli.reconcile:reconcile", "Compare the ledger with what the broker says."),
    "package": ("quantstrip.cli.packages:package", "Packages that your clients import, beside the platform's own."),
    "journal": ("quantstrip.cli.journal:journal", "Enter trades by hand, take positions over, correct."),
    "settings": ("quantstrip.cli.settings:settings", "Show and change settings and secrets."),
    "token": ("quantstrip.cli.token:token", "Print the dashboard's address with its login token; --rotate renews it."),
    "user": ("quantstrip.cli.users:user", "Who may use the dashboard besides you: add, list, role, password, remove."),
    "notify": ("quantstrip.cli.notifications:notify", "Mail accounts, channels, and the messages in the outbox."),
    "sql": ("quantstrip.cli.sql:sql", "Read the ledger with SQL, or write what may be written."),
    "query": ("quantstrip.cli.queries:query", "Queries that have a name: list, show, save, rename, delete."),
    "static": ("quantstrip.cli.static_data:static", "Brokers, strategies and instruments."),
    "db": ("quantstrip.cli.database:database", "Migrate, back up and query the ledger."),
    "audit": ("quantstrip.cli.audit:audit", "Show that nobody changed the ledger behind the platform's back."),
    "odbc": ("quantstrip.cli.odbc:odbc", "Let Excel and other programs read the ledger through ODBC."),
    "excel": ("quantstrip.cli.excel:excel", "Write a workbook that reads the ledger whenever it is refreshed."),
    "service": ("quantstrip.cli.unit:service", "Start the service with the machine (systemd)."),
    "doctor": ("quantstrip.cli.service:doctor", "Check the installation and say what to do."),
}


_FIRST_STEPS = """\
\b
First steps:
  quantstrip up --demo            two strategies on sample prices, in your browser
  quantstrip init my_home         a home of your own
  quantstrip COMMAND --help       what a command takes

\b
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 ended by Ctrl-C.
"""


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_FIRST_STEPS,
)
@click.option("--home", type=FolderPath(), metavar="DIR", help="The home to work on.")
@click.option("--demo", is_flag=True, help="Work on the demo's own home.")
@click.version_option(__version__, prog_name="quantstrip")
@click.pass_context
def cli(context: click.Context, home: Path | None, demo: bool) -> None:
    """Keep trading strategies running, on a machine you own.

    The home is --home, else $QUANTSTRIP_HOME, else the nearest home upward of here, else the user's data folder.
    """
    if home is not None and demo:
        raise click.UsageError("--home and --demo exclude each other here; 'up --demo' accepts both")
    context.obj = Session(home, demo=demo)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry of the ``quantstrip`` command; always leaves through ``SystemExit``."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    context: click.Context | None = None
    try:
        with cli.make_context("quantstrip", list(given)) as context:
            result = cli.invoke(context)
            return result if isinstance(result, int) and not isinstance(result, bool) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe has gone; Python would complain about it at exit
        return 1
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the boundary: whatever it is becomes one message
        from quantstrip.cli.failure import report

        session = cast("Session | None", context.obj) if context is not None else None
        return report(session, error, as_json="--json" in given)
