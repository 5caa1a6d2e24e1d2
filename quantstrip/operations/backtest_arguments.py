"""What the tasks ``backtest`` and ``sweep`` are asked, as JSON can say it."""

from dataclasses import dataclass, field
from typing import Any

from quantstrip.errors import TaskRefused
from quantstrip.operations.grids import check_grid
from quantstrip.operations.research_request import Request
from quantstrip.operations.task_arguments import check_there


@dataclass(frozen=True, slots=True)
class BacktestArguments(Request):
    """A backtest as a task is asked for it; paths are absolute."""

    def __post_init__(self) -> None:
        """Refuse a path that a worker would not find; nothing of the strategy is loaded."""
        check_there("file", self.file)
        if self.bars is not None and not _is_source(self.bars):
            check_there("bars", self.bars, "folder")


@dataclass(frozen=True, slots=True)
class SingleArguments(BacktestArguments):
    """Those of one backtest, whose strategy may come from a repository.

    Attributes:
        file: the strategy's file; "" where ``git`` names a repository.
        git, branch, commit, path: as of ``backtest_run.run_from_git``.

    """

    file: str = ""
    git: str | None = None
    branch: str | None = None
    commit: str | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        """Refuse an address that is none, or two places for one strategy."""
        if self.git is None:
            BacktestArguments.__post_init__(self)
            return
        if self.file:
            raise TaskRefused("a file and a repository are named", hint="Name one of the two.")
        from quantstrip.operations.from_git import check

        check(self.git, self.branch, self.commit)


@dataclass(frozen=True, slots=True)
class SweepArguments(BacktestArguments):
    """Those of a backtest, and the values that some parameters take in turn.

    Attributes:
        grid: values of each parameter that varies; every combination is one run. ``parameters`` are the others.
        workers: how many run at once; 0 for as many as there are processors.
        random: how many combinations are drawn by chance; 0 for all of them.
        seed: of that draw.
        limit_minutes: what the points may take, judged by the first one.
        bar_by_bar: every point is the engine's own run, also where compiled code could do it.
        dask: address of a Dask scheduler that runs the points, or ``local``; "" for processes of this machine.
        resume: number of an earlier sweep of the same grid whose points are taken over; 0 for none.

    """

    grid: dict[str, Any] = field(default_factory=dict)
    workers: int = 0
    random: int = 0
    seed: int = 0
    limit_minutes: float = 60.0
    bar_by_bar: bool = False
    dask: str = ""
    resume: int = 0

    def __post_init__(self) -> None:
        """Refuse a grid that is none."""
        BacktestArguments.__post_init__(self)
        if self.random < 0:
            raise TaskRefused(f"random must be a number of points, got {self.random}", hint="0 runs all of them.")
        if not self.limit_minutes > 0.0:
            raise TaskRefused(f"limit_minutes must be above 0, got {self.limit_minutes!r}", hint="For example 60.")
        check_grid(self.grid, self.random)
        both = sorted(set(self.grid) & set(self.parameters))
        if both:
            raise TaskRefused(f"{', '.join(both)} is in the grid and fixed at once", hint="Name each parameter once.")
        if not 0 <= self.workers <= 256:
            raise TaskRefused(f"workers must be from 0 to 256, got {self.workers}", hint="0 takes every processor.")


def _is_source(name: str) -> bool:
    from quantstrip.feeds.sources import is_source  # arrays with it: only whoever names bars pays for them

    return is_source(name)
