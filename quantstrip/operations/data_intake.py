"""The task ``bars_import``: a file looked through and, when that is asked, kept in the home's bar store.

What it found is told whole before anything is kept: asked ``dry``, it takes what could be refused and counts it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from quantstrip.errors import DataError, TaskRefused
from quantstrip.home import Home
from quantstrip.model import TIMEFRAMES
from quantstrip.operations import uploads
from quantstrip.operations.task_arguments import check_there

if TYPE_CHECKING:
    from quantstrip.operations.data_import import Imported
    from quantstrip.operations.task_progress import Progress
    from quantstrip.operations.tasks import Task

KIND: Final = "bars_import"
ENDINGS: Final = (".csv", ".csv.gz", ".parquet")
_SHOWN: Final = 200
"""Findings of each sort that are told one by one; the others are counted."""


@dataclass(frozen=True, slots=True)
class ImportArguments:
    """A file of bars, and what is done about what is not as it should be; as of ``data_import.import_bars``.

    Attributes:
        file: absolute path.
        dry: only look it through, and say all that was found and what would be done.
        digest: SHA-256 of the file that was looked through; another one is refused. "" takes any.

    """

    file: str
    symbol: str | None = None
    timeframe: str | None = None
    calendar: str | None = "auto"
    zone: str = "UTC"
    adjusted: bool | None = None
    gaps: Literal["refuse", "accept"] = "refuse"
    duplicates: Literal["refuse", "first", "last"] = "refuse"
    outliers: Literal["accept", "refuse"] = "accept"
    conflicts: Literal["refuse", "keep", "replace"] = "refuse"
    dry: bool = False
    digest: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no file of bars, and a timeframe that is none."""
        path = check_there("file", self.file)
        if not path.name.lower().endswith(ENDINGS):
            raise TaskRefused(f"file must end in one of {', '.join(ENDINGS)}, got {path.name!r}")
        if self.timeframe is not None and self.timeframe not in TIMEFRAMES:
            raise TaskRefused(f"there is no timeframe {self.timeframe!r}", hint=f"Known: {', '.join(TIMEFRAMES)}.")


@dataclass(frozen=True, slots=True)
class Found:
    """What a look through a file found.

    Attributes:
        rows: bars in the file; ``bars`` those that remain.
        first, last: labels, as text.
        calendar: whose sessions the bars follow; "" where there is none.
        expected: sessions from the first to the last bar; ``missing`` those without any bar, ``missing_sessions`` the
            first of them; ``missing_bars`` inside of sessions that have some, ``outside`` of every session.
        repeated, contradictory: bars whose time is there twice, with the same values and with others.
        outliers: bars that look wrong; ``strange`` the first of them, each with why.
        added, same, differing: bars that the store does not have, has, and has with other values.

    """

    symbol: str
    timeframe: str
    rows: int
    bars: int
    first: str
    last: str
    calendar: str
    expected: int
    missing: int
    missing_sessions: tuple[str, ...]
    missing_bars: int
    outside: int
    reordered: bool
    repeated: int
    contradictory: int
    outliers: int
    strange: tuple[tuple[str, str], ...]
    added: int
    same: int
    differing: int

    @property
    def clean(self) -> bool:
        """Nothing has to be decided, and nothing told."""
        odd = self.missing or self.missing_bars or self.outside or self.repeated or self.contradictory
        return not (odd or self.outliers or self.differing or self.reordered)


def offered(home: Home) -> Mapping[str, str]:
    """Files of bars that can be taken in from this machine, by their paths: how each is called briefly."""
    from quantstrip.bars import sample_folder

    found = {}
    for folder, name in ((home.bars, "data/bars"), (sample_folder(), "sample")):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_file() and path.name.lower().endswith(ENDINGS):
                found[str(path)] = f"{name}/{path.name}"
    return found


def inside(home: Home, given: str) -> Path:
    """A file that a person named, which has to lie in the home or in the shipped sample.

    Raises:
        DataError: it lies elsewhere, is not there, or is no file of bars.

    """
    from quantstrip.bars import sample_folder

    text = given.strip()
    path = (home.root / text).resolve() if text else home.root
    if not any(path.is_relative_to(place.resolve()) for place in (home.root, sample_folder())):
        raise DataError(
            f"{text!r} is not in the home {home.root}",
            hint="Copy the file into the home, or hand it over with Upload.",
        )
    if not path.is_file() or not path.name.lower().endswith(ENDINGS):
        raise DataError(
            f"{text or 'nothing'!r}: expected a file that ends in {', '.join(ENDINGS)}",
            hint="Name it as it lies below the home, such as data/prices/AAPL.csv.",
        )
    return path


def work(home: Home, arguments: ImportArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Look a file through and keep its bars; a ``task_kinds.Work``. Errors as of ``data_import.import_bars``."""
    from quantstrip.bars.intake import Policy
    from quantstrip.operations.data_import import import_bars

    path = Path(arguments.file)
    digest = digest_of(path)
    if arguments.digest not in ("", digest):
        raise DataError(f"{path} is not the file that was looked through", hint="Look it through once more.")
    if arguments.dry:
        first = "first" if arguments.duplicates == "refuse" else arguments.duplicates
        policy = Policy("accept", first, "accept")
    else:
        policy = Policy(arguments.gaps, arguments.duplicates, arguments.outliers)
    made = import_bars(
        home, path, symbol=arguments.symbol, timeframe=arguments.timeframe, calendar=arguments.calendar,
        adjusted=arguments.adjusted, zone=arguments.zone, policy=policy, conflicts=arguments.conflicts,
        dry=arguments.dry, on_progress=progress.report,
    )  # fmt: skip
    if not arguments.dry:
        uploads.drop(home, path)
    return {"digest": digest, "kept": not arguments.dry, "name": path.name, **asdict(_found(made))}


def digest_of(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        DataError: it cannot be read.

    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}", hint="Choose it once more.") from error


def found_by(task: "Task") -> Found:
    """What a task that is done found."""
    told = dict(task.result or {})
    for name in ("digest", "kept", "name"):
        told.pop(name, None)
    strange = tuple((str(label), str(why)) for label, why in told.pop("strange"))
    return Found(**{**told, "missing_sessions": tuple(told["missing_sessions"])}, strange=strange)


def _found(made: "Imported") -> Found:
    report, gaps, merged = made.report, made.report.gaps, made.merged
    return Found(
        report.symbol, report.timeframe, report.rows, report.bars, report.first, report.last, gaps.calendar,
        gaps.expected, len(gaps.missing_sessions), tuple(day.isoformat() for day in gaps.missing_sessions[:_SHOWN]),
        gaps.missing_bars, gaps.outside, report.reordered, report.repeated, report.contradictory,
        len(report.outliers), tuple((each.label, each.why) for each in report.outliers[:_SHOWN]),
        merged.added, merged.same, merged.kept + merged.replaced,
    )  # fmt: skip
