"""The tasks ``bars_check`` and ``bars_export``: stored bars looked through, and written to a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from quantstrip.errors import DataError, TaskRefused
from quantstrip.home import Home
from quantstrip.model import TIMEFRAMES

if TYPE_CHECKING:
    from quantstrip.operations.task_progress import Progress
    from quantstrip.operations.tasks import Task

CHECK: Final = "bars_check"
EXPORT: Final = "bars_export"
MOST_DOWNLOAD: Final = 200_000_000
"""Bytes of a file that a browser is given: the server holds it in memory meanwhile."""
_LOOKED_AT: Final = 500
_SHOWN: Final = 20
_FILE: Final = "checked.json"


@dataclass(frozen=True, slots=True)
class CheckArguments:
    """Whose bars are looked through; all where no symbol is named."""

    symbols: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExportArguments:
    """Bars to write; made of finer ones where the timeframe is not stored."""

    symbol: str
    timeframe: str
    start: str | None = None
    end: str | None = None
    form: Literal["csv", "parquet"] = "csv"

    def __post_init__(self) -> None:
        """Refuse what no bars could be of."""
        from quantstrip.operations.dates import moment

        if self.timeframe not in TIMEFRAMES:
            raise TaskRefused(f"there is no timeframe {self.timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")
        moment(self.start), moment(self.end)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look through a stored series found.

    Attributes:
        hash: of the bars it was then.
        words: the findings, a sentence each; empty where it is whole.
        damaged: its files are not what was written.

    """

    hash: str
    bars: int
    words: tuple[str, ...]
    damaged: bool


def check(home: Home, arguments: CheckArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Look stored bars through; a ``task_kinds.Work``. Errors as of ``data.check``."""
    from quantstrip.operations import data

    found, rows = data.check(home, arguments.symbols, progress.report), []
    for each in found:
        words = list(each.damaged)
        words += [str(each.gaps)] if each.gaps.missing_sessions or each.gaps.missing_bars or each.gaps.outside else []
        words += [f"{one.label} looks wrong: {one.why}" for one in each.outliers[:_SHOWN]]
        more = len(each.outliers) - _SHOWN
        words += [f"{more:,} more bars look wrong"] if more > 0 else []
        about = each.about
        rows.append({
            "symbol": about.symbol, "timeframe": about.timeframe,
            **asdict(Looked(about.hash, about.rows, tuple(words), bool(each.damaged))),
        })  # fmt: skip
    path = folder / _FILE
    path.write_text(json.dumps(rows), encoding="utf-8")
    return {
        "path": str(path), "series": len(rows), "damaged": sum(row["damaged"] for row in rows),
        "whole": sum(not row["words"] for row in rows),
    }  # fmt: skip


def looked(home: Home) -> dict[tuple[str, str], Looked]:
    """What the looks through the store found, by symbol and timeframe; of each series the newest."""
    from quantstrip.operations import tasks

    found: dict[tuple[str, str], Looked] = {}
    if not home.database.is_file():
        return found
    for task in tasks.list_tasks(home, "done", limit=_LOOKED_AT):
        if task.kind != CHECK or task.result is None:
            continue
        try:
            rows = json.loads(Path(str(task.result["path"])).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # its files were removed
        for row in rows:
            told = Looked(row["hash"], row["bars"], tuple(row["words"]), row["damaged"])
            found.setdefault((row["symbol"], row["timeframe"]), told)
    return found


def export(home: Home, arguments: ExportArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:
    """Write stored bars into a file; a ``task_kinds.Work``. Errors as of ``data.export``."""
    from quantstrip.operations import data

    progress.report(0.0, f"reading {arguments.symbol} {arguments.timeframe}")
    name = f"{quote(arguments.symbol, safe='^=-')}.{arguments.form}"
    path = folder / name
    rows = data.export(home, arguments.symbol, arguments.timeframe, path, arguments.start, arguments.end)
    return {"path": str(path), "rows": rows, "bytes": path.stat().st_size}


def file_of(task: "Task") -> bytes:
    """What an export that is done wrote.

    Raises:
        DataError: the file is gone, or too large for a browser.

    """
    path = Path(str((task.result or {}).get("path")))
    try:
        size = path.stat().st_size
        if size > MOST_DOWNLOAD:
            raise DataError(f"the file has {size:,} bytes", hint=f"It lies on this machine: {path}")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} is not there any more: {error.strerror}", hint="Write it once more.") from error
