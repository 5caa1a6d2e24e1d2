"""A backtest as a person asks for it: run, and kept where there is a home to keep it in."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quantstrip.backtest import BacktestResult
from quantstrip.errors import RunError
from quantstrip.home import Home
from quantstrip.operations import from_git, research, runs
from quantstrip.operations.research_request import Request


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A result, and under which name it is kept.

    Attributes:
        run_id: "" where it is not kept.
        notes: what a person should know of that: why it is not kept, or that the same pins gave another result.

    """

    result: BacktestResult
    run_id: str
    notes: tuple[str, ...]


def run(
    home: Home,
    file: str | Path,
    *,
    keep: bool = True,
    git: Mapping[str, str] | None = None,
    on_progress: Callable[[float], None] | None = None,
    **asked: Any,
) -> Kept:
    """Run a backtest, and keep it once it is done.

    Args:
        home: whose bars it may use, and where it is kept; without a home it is not.
        file: the strategy's file.
        keep: False leaves nothing behind.
        git: where the file came from.
        on_progress: as of ``research.backtest``.
        asked: the other arguments of ``research.backtest``; errors as there.

    """
    begun = time.monotonic()
    request = Request.of(file, asked)
    ready = research.prepare_honest(home, request)
    result = ready.run(on_progress=on_progress)
    if not keep or not home.exists():
        return Kept(result, "", ())
    try:
        run_id = runs.keep(home, ready, result, seconds=time.monotonic() - begun, arguments=request.kept(), git=git)
    except (RunError, ValueError) as error:  # the result is there: it is told, though it is not kept
        return Kept(result, "", (f"not kept: {error}",))
    others = runs.twins(home, runs.get(home, run_id))
    notes = [f"the same code, data and parameters gave another result before: {', '.join(others)}"] if others else []
    return Kept(result, run_id, tuple(notes))


def run_from_git(
    home: Home,
    url: str,
    *,
    branch: str | None = None,
    commit: str | None = None,
    path: str | None = None,
    **asked: Any,
) -> Kept:
    """Run the strategy of a repository; the run is pinned to the commit. Without a home nothing of it stays.

    Args:
        home: where the repository is kept, else as of ``run``.
        url, branch, commit, path: as of ``from_git.fetch`` and ``from_git.choose``.
        asked: the other arguments of ``run``; errors as there.

    Raises:
        GitError: the repository is refused or cannot be had, or it does not say which strategy is meant.

    """
    with ExitStack() as stack:
        place = home if home.exists() else Home(Path(stack.enter_context(TemporaryDirectory(prefix="quantstrip-git-"))))
        checkout = from_git.fetch(place, url, branch=branch, commit=commit)
        file = from_git.choose(checkout, path)
        return run(home, file, git=checkout.pin(file), **asked)
