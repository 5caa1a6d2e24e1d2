"""The task ``git_fetch``: a repository's files at one commit, and the strategies that are among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quantstrip.errors import TaskError
from quantstrip.home import Home

if TYPE_CHECKING:
    from quantstrip.operations.task_progress import Progress

KIND: Final = "git_fetch"


@dataclass(frozen=True, slots=True)
class FetchArguments:
    """A repository; as of ``from_git.fetch``."""

    url: str
    branch: str | None = None
    commit: str | None = None

    def __post_init__(self) -> None:
        """Refuse an address, a branch or a commit that is none; nothing is asked of anybody."""
        from quantstrip.operations.from_git import check

        check(self.url, self.branch, self.commit)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A repository at a commit.

    Attributes:
        folder: where its files lie.
        strategies: files that hold one, relative to it; each with its first line of description.

    """

    folder: Path
    url: str
    branch: str
    commit: str
    strategies: Mapping[str, str]


def work(home: Home, arguments: FetchArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Fetch it and look for strategies by the syntax of its files: nothing of it runs. A ``task_kinds.Work``."""
    from quantstrip.operations import from_git

    progress.report(0.0, "asking the repository")
    checkout = from_git.fetch(home, arguments.url, branch=arguments.branch, commit=arguments.commit)
    progress.report(0.9, "looking for strategies")
    return {
        "folder": str(checkout.folder), "url": checkout.url, "branch": checkout.branch, "commit": checkout.commit,
        "strategies": from_git.strategies(checkout),
    }  # fmt: skip


def fetched(home: Home, task_id: int) -> Fetched:
    """What a task fetched.

    Raises:
        UnknownRecord: no such task.
        TaskError: it is another task, it is not done, or the files are gone.

    """
    from quantstrip.operations import tasks

    task = tasks.get(home, task_id)
    found = task.result or {}
    if task.kind != KIND or task.state != "done" or not Path(str(found["folder"])).is_dir():
        raise TaskError(f"task {task_id} has fetched no repository that is still there", hint="Fetch it once more.")
    return Fetched(
        Path(str(found["folder"])), str(found["url"]), str(found["branch"]), str(found["commit"]),
        dict(found["strategies"]),
    )  # fmt: skip


def file_of(found: Fetched, path: str) -> Path:
    """A file of a repository that was fetched.

    Raises:
        GitError: there is none, or the path leads out of it.

    """
    from quantstrip.operations.from_git import Checkout, choose

    return choose(Checkout(found.folder, found.url, found.branch, found.commit), path)
