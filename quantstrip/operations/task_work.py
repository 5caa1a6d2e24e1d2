"""What the kinds of tasks do; each function is a ``task_kinds.Work``."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from quantstrip.home import Home
from quantstrip.operations.backtest_arguments import BacktestArguments, SingleArguments
from quantstrip.operations.task_kinds import ReportArguments
from quantstrip.operations.task_progress import Progress

_ALL_TRADES = 1_000_000
_PAGE_TRADES = 500


def check_backtest(arguments: BacktestArguments) -> None:
    """Refuse what ``backtest`` would refuse before it looks at the strategy; no code of the user's runs.

    Raises:
        ConfigError, DataError: as ``Request.check``.

    """
    arguments.check()


def backtest(home: Home, arguments: SingleArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Run a strategy over bars; what it leaves is told in ``outcomes``."""
    from quantstrip.operations import backtest_run, outcomes

    progress.report(0.0, "loading the strategy and its bars")

    def tell(fraction: float) -> None:
        progress.report(0.02 + 0.95 * fraction, "running")

    given = {each.name: getattr(arguments, each.name) for each in fields(arguments)}
    repository = {name: given.pop(name) for name in ("git", "branch", "commit", "path")}
    file, url = given.pop("file"), repository.pop("git")
    if url is None:
        kept = backtest_run.run(home, file, on_progress=tell, **given)
    else:
        kept = backtest_run.run_from_git(home, url, **repository, on_progress=tell, **given)
    result = kept.result
    progress.report(0.97, "writing")
    outcomes.write(folder, result)
    return {
        "path": str(folder / "result.json"),
        "equity": str(folder / "equity.csv"),
        "run": {
            name: result.run[name]
            for name in ("key", "strategy", "code_hash", "symbols", "timeframe", "start", "end", "bars")
        },
        "fills": len(result.fills),
        "trades": len(result.trades),
        "rejected": len(result.rejected),
        "equity_final": result.equity_final,
        "metrics": result.figures,
        "run_id": kept.run_id,
        "notes": list(kept.notes),
    }


def report(home: Home, arguments: ReportArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Build the portfolio's report and write it; the newest one's figures become those that SQL and Excel read."""
    from quantstrip.operations import reporting_export, reports
    from quantstrip.operations.reporting_filters import Filters

    progress.report(0.0, "reading the ledger")
    many = _PAGE_TRADES if arguments.form == "html" else _ALL_TRADES
    chosen = Filters(*(tuple(getattr(arguments, name)) for name in ("strategies", "symbols", "brokers", "tags")))
    if arguments.as_of:
        until = date.fromisoformat(arguments.as_of)
        made = reports.build(
            home, arguments.mode, as_of=until, benchmark=arguments.benchmark, trades=many, title=arguments.title
        )
    else:
        made = reporting_export.build(
            home, arguments.mode, chosen, benchmark=arguments.benchmark, trades_carried=many, title=arguments.title
        )
    progress.report(0.5, "keeping the figures")
    if arguments.as_of is None and chosen == Filters():
        reports.keep_figures(home, made)
    progress.report(0.6, "writing")
    path = reports.write(made, folder / f"report.{arguments.form}")
    return {"path": str(path), "mode": made.mode, "title": made.title, "strategies": len(made.strategies)}
