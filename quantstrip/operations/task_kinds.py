"""The kinds of tasks: name, typed arguments, and the function that does the work, imported when it is needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

from quantstrip.errors import TaskRefused
from quantstrip.operations.backtest_arguments import SingleArguments, SweepArguments
from quantstrip.operations.data_download import DownloadArguments
from quantstrip.operations.data_intake import ImportArguments
from quantstrip.operations.data_tasks import CheckArguments
from quantstrip.operations.data_tasks import ExportArguments as BarsExportArguments
from quantstrip.operations.git_task import FetchArguments
from quantstrip.operations.maintenance import (
    AuditArguments,
    BackupArguments,
    BackupVerifyArguments,
    EndOfDayArguments,
)
from quantstrip.operations.package_tasks import InstallArguments, LookUpArguments, RemoveArguments, UpgradeArguments
from quantstrip.operations.reporting_arguments import SendArguments, StoredReportArguments
from quantstrip.operations.simulation_arguments import RehearsalArguments, SimulationArguments
from quantstrip.operations.sql_forms import ExportArguments
from quantstrip.operations.task_arguments import read_arguments
from quantstrip.operations.validation_arguments import (
    CheckedArguments,
    LookAheadArguments,
    ParityArguments,
    PineArguments,
    ShuffleArguments,
    StrategyArguments,
    WalkArguments,
)
from quantstrip.operations.verify_task import VerifyArguments

if TYPE_CHECKING:
    from pathlib import Path

    from quantstrip.home import Home
    from quantstrip.operations.task_progress import Progress

    Work = Callable[[Home, Any, Path, Progress], Mapping[str, Any]]
    """Does a task: the home, its arguments, a folder for what it writes, and whom it tells its progress.

    Returns what came of it: small, with the paths of its files.
    """


Lane = Literal["work", "report", "package", "upkeep", "download", "trial"]
WORK: Final[Lane] = "work"
"""Backtests and sweeps: as many at once as ``worker.parallel`` says."""
REPORT: Final[Lane] = "report"
"""What a person waits for: reports, mails, exports; as many as ``worker.reports`` says."""
PACKAGE: Final[Lane] = "package"
"""Changes of packages, one after the other: two would refuse each other."""
UPKEEP: Final[Lane] = "upkeep"
"""Reading or copying the whole ledger, one after the other."""
DOWNLOAD: Final[Lane] = "download"
"""Waiting for feeds elsewhere, which want to be asked by one at a time."""
TRIAL: Final[Lane] = "trial"
"""Clients on trial: as many at once as ``worker.trials`` says."""
ROOM: Final[Mapping[Lane, int]] = {WORK: 1, REPORT: 2, PACKAGE: 1, UPKEEP: 1, DOWNLOAD: 1, TRIAL: 4}
"""How many of each lane run at once, where no setting says otherwise; their sum bounds the processes."""


_CHECKED: Final = "quantstrip.operations.task_work:check_backtest"
"""Refuses what no backtest would take."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of task.

    Attributes:
        help: what it does, in a sentence.
        arguments: a dataclass.
        work: ``module:function``.
        check: ``module:function`` that takes the arguments and refuses, when they are asked for, what the work would
            refuse; "" where the arguments say it all.
        lane: those of one lane wait for each other, and for no other: a sweep of hours holds up no mail.

    """

    name: str
    help: str
    arguments: type
    work: str
    check: str = ""
    lane: Lane = WORK

    def accept(self, given: object) -> Any:
        """``given`` as this kind's arguments, looked at as far as that is possible without doing the work.

        Raises:
            TaskRefused: they do not fit.
            QuantstripError: the work could not be done with them.

        """
        arguments = self.read(given)
        if self.check:
            _function(self.check)(arguments)
        return arguments

    def read(self, given: object) -> Any:
        """``given`` as this kind's arguments.

        Raises:
            TaskRefused: they do not fit.

        """
        return read_arguments(self.name, self.arguments, given)

    def load(self) -> "Work":
        """The function."""
        work: Work = _function(self.work)
        return work


@dataclass(frozen=True, slots=True)
class ReportArguments:
    """Arguments of ``quantstrip.operations.reports.build``, and the form of the file."""

    form: Literal["html", "xlsx"] = "html"
    mode: Literal["live", "paper", "replay", "simulation"] | None = None
    as_of: str | None = None
    benchmark: str = ""
    title: str = "Portfolio report"
    strategies: list[str] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    brokers: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse what is no date, and a date together with filters: what is narrowed is known for now only."""
        from datetime import date

        if self.as_of and (self.strategies or self.symbols or self.brokers or self.tags):
            raise TaskRefused("a report is narrowed as of now only", hint="Leave out as_of, or the filters.")

        try:
            date.fromisoformat(self.as_of or "2000-01-01")
        except ValueError:
            raise TaskRefused(f"as_of must be a date, got {self.as_of!r}", hint="Write 2005-12-31.") from None


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("backtest", "Run a strategy's file over historical bars.", SingleArguments,
             "quantstrip.operations.task_work:backtest", "quantstrip.operations.task_work:check_backtest"),
        Kind("sweep", "Run a strategy with every combination of some parameters' values.", SweepArguments,
             "quantstrip.operations.sweeps:sweep", "quantstrip.operations.sweeps:check_sweep"),
        Kind("sweep_estimate", "Run a few points of a sweep and say how long all of them would take.", SweepArguments,
             "quantstrip.operations.sweep_estimate:work", "quantstrip.operations.sweeps:check_sweep", lane=REPORT),
        Kind("verify", "Run a kept run again, and prove that it gives the same.", VerifyArguments,
             "quantstrip.operations.verify_task:work"),
        Kind("git_fetch", "Fetch a repository at one commit, and name the strategies in it.", FetchArguments,
             "quantstrip.operations.git_task:work", lane=DOWNLOAD),
        Kind("report", "Build the portfolio's report as a page or a workbook.", ReportArguments,
             "quantstrip.operations.task_work:report", lane=REPORT),
        Kind("stored_report", "Render a stored report, or one made of sections that is not saved yet.",
             StoredReportArguments, "quantstrip.operations.reporting_export:render_stored",
             "quantstrip.operations.reporting_export:check_stored", lane=REPORT),
        Kind("send_report", "Send a stored report by mail, or build the portfolio's, store and send it.", SendArguments,
             "quantstrip.operations.reporting_export:send", lane=REPORT),
        Kind("simulation", "Run a client's file on a copy of the ledger: nothing is sent.", SimulationArguments,
             "quantstrip.operations.simulation_work:simulate", lane=TRIAL),
        Kind("rehearsal", "Run a span of a client's schedule in seconds, with its time set.", RehearsalArguments,
             "quantstrip.operations.rehearsal_work:rehearse", lane=TRIAL),
        Kind("sql_export", "Write a query's whole result into a file.", ExportArguments,
             "quantstrip.operations.sql_export:work", lane=REPORT),
        Kind("backup", "Copy the ledger into the backups' folder, and look the copy through.", BackupArguments,
             "quantstrip.operations.maintenance:backup", lane=UPKEEP),
        Kind("backup_verify", "Look a backup through.", BackupVerifyArguments,
             "quantstrip.operations.maintenance:verify_backup", lane=UPKEEP),
        Kind("audit_verify", "Hold every row of orders, fills and positions against the audit.", AuditArguments,
             "quantstrip.operations.maintenance:audit_verify", lane=UPKEEP),
        Kind("end_of_day", "Build the summary of a session and send it.", EndOfDayArguments,
             "quantstrip.operations.maintenance:end_of_day", lane=REPORT),
        Kind("package_look_up", "Look one package up on the index.", LookUpArguments,
             "quantstrip.operations.package_lookup:work", "quantstrip.operations.package_lookup:check", lane=PACKAGE),
        Kind("package_install", "Install packages for clients into the home.", InstallArguments,
             "quantstrip.operations.package_changes:install", "quantstrip.operations.package_changes:check_install",
             lane=PACKAGE),
        Kind("package_upgrade", "Bring installed packages to their newest version that fits.", UpgradeArguments,
             "quantstrip.operations.package_changes:upgrade", lane=PACKAGE),
        Kind("package_remove", "Remove packages from the home.", RemoveArguments,
             "quantstrip.operations.package_changes:remove", lane=PACKAGE),
        Kind("download", "Fetch bars from a feed into the store.", DownloadArguments,
             "quantstrip.operations.data_download:work", "quantstrip.operations.data_download:check_download",
             lane=DOWNLOAD),
        Kind("bars_import", "Look a file of bars through, and keep its bars in the store.", ImportArguments,
             "quantstrip.operations.data_intake:work", lane=REPORT),
        Kind("bars_check", "Look stored bars through: damaged files, gaps, what looks wrong.", CheckArguments,
             "quantstrip.operations.data_tasks:check", lane=REPORT),
        Kind("validate_lookahead", "Cut the history short: does the strategy know the future?", LookAheadArguments,
             "quantstrip.operations.validation_tasks:lookahead", _CHECKED),
        Kind("validate_startup", "Trade after warm-ups of several lengths: how long must one be?", CheckedArguments,
             "quantstrip.operations.validation_tasks:start_up", _CHECKED),
        Kind("validate_walk_forward", "Choose parameters on the past, judge them on what came after.", WalkArguments,
             "quantstrip.operations.validation_tasks:walk_forward", _CHECKED),
        Kind("validate_monte_carlo", "Shuffle the trades of a kept run.", ShuffleArguments,
             "quantstrip.operations.validation_tasks:monte_carlo"),
        Kind("validate_parity", "Compare a backtest with another file's, or with fills in the ledger.",
             ParityArguments, "quantstrip.operations.validation_tasks:parity", _CHECKED),
        Kind("validate_pine", "Compare a backtest with a list of trades of TradingView.", PineArguments,
             "quantstrip.operations.validation_tasks:pine", _CHECKED),
        Kind("validate_strategy", "Judge a strategy's file by its text, and construct it in a cell.",
             StrategyArguments, "quantstrip.operations.validation_tasks:strategy", lane=REPORT),
        Kind("bars_export", "Write stored bars to a file.", BarsExportArguments,
             "quantstrip.operations.data_tasks:export", lane=REPORT),
    )
}  # fmt: skip
"""Every kind, by name."""


def kind_of(name: str, kinds: Mapping[str, Kind] = KINDS) -> Kind:
    """The kind called ``name``.

    Raises:
        TaskRefused: there is none.

    """
    if name not in kinds:
        raise TaskRefused(f"there is no kind of task {name!r}", hint=f"There are: {', '.join(kinds)}")
    return kinds[name]


def lane_of(name: str, kinds: Mapping[str, Kind] = KINDS) -> Lane:
    """The lane of a kind; one that is not known fails among the backtests."""
    return kinds[name].lane if name in kinds else WORK


def _function(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
