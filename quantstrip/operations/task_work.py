"""What the kinds of tasks do; each function is a ``task_kinds.Work``."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantstrip.clock import to_text
from quantstrip.home import Home
from quantstrip.operations.task_kinds import BacktestArguments, ReportArguments
from quantstrip.operations.task_progress import Progress
from quantstrip.report.files import write_whole

if TYPE_CHECKING:
    from quantstrip.backtest import BacktestResult

_ALL_TRADES = 1_000_000
_PAGE_TRADES = 500


def check_backtest(arguments: BacktestArguments) -> None:
    """Refuse what ``backtest`` would refuse before it looks at the strategy; no code of the user's runs.

    Raises:
        ConfigError, DataError: as ``research.check_options``.

    """
    from quantstrip.operations import research

    checked = ("symbols", "start", "end", "cash", "fee_rate", "slippage_bps", "risk", "quantity")
    research.check_options(**{name: getattr(arguments, name) for name in checked})


def backtest(home: Home, arguments: BacktestArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Run a strategy over bars; ``result.json`` is ``BacktestResult.to_dict``, ``equity.csv`` its curve."""
    from quantstrip.operations import research

    progress.report(0.0, "loading the strategy and its bars")

    def tell(fraction: float) -> None:
        progress.report(0.02 + 0.95 * fraction, "running")

    given = {each.name: getattr(arguments, each.name) for each in fields(arguments)}
    result = research.backtest(home, given.pop("file"), on_progress=tell, **given)
    progress.report(0.97, "writing")
    path = write_whole(folder / "result.json", (json.dumps(result.to_dict(), default=str, indent=1) + "\n").encode())
    curve = write_whole(folder / "equity.csv", _curve(result))
    return {
        "path": str(path),
        "equity": str(curve),
        "run": {name: result.run[name] for name in ("key", "strategy", "symbols", "timeframe", "start", "end", "bars")},
        "fills": len(result.fills),
        "trades": len(result.trades),
        "rejected": len(result.rejected),
        "equity_final": result.equity_final,
        "metrics": result.metrics._asdict(),
    }


def report(home: Home, arguments: ReportArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Build the portfolio's report and write it; the newest one's figures become those that SQL and Excel read."""
    from quantstrip.operations import reports

    progress.report(0.0, "reading the ledger")
    made = reports.build(
        home,
        arguments.mode,
        as_of=date.fromisoformat(arguments.as_of) if arguments.as_of else None,
        benchmark=arguments.benchmark,
        trades=_PAGE_TRADES if arguments.form == "html" else _ALL_TRADES,
        title=arguments.title,
    )
    progress.report(0.5, "keeping the figures")
    if arguments.as_of is None:
        reports.keep_figures(home, made)
    progress.report(0.6, "writing")
    path = reports.write(made, folder / f"report.{arguments.form}")
    return {"path": str(path), "mode": made.mode, "title": made.title, "strategies": len(made.strategies)}


def _curve(result: "BacktestResult") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("time", "equity"))
    for ts, value in zip(result.equity.ts.tolist(), result.equity.value.tolist(), strict=True):
        writer.writerow((to_text(ts), value))
    return text.getvalue().encode()
