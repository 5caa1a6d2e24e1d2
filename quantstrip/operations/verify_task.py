"""The task ``verify``: a kept run is run again in the worker, and what came of it is kept beside the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quantstrip.errors import TaskRefused
from quantstrip.home import Home

if TYPE_CHECKING:
    from quantstrip.operations.task_progress import Progress
    from quantstrip.operations.tasks import Task

KIND: Final = "verify"
_LOOKED_AT: Final = 200
"""Newest tasks among which one of a run is looked for."""


@dataclass(frozen=True, slots=True)
class VerifyArguments:
    """Which kept run: its id, or the beginning of it that no other has."""

    run_id: str

    def __post_init__(self) -> None:
        """Refuse what is no name."""
        if not self.run_id.strip():
            raise TaskRefused("run_id must name a kept run, got nothing", hint="See: quantstrip runs list")


def work(home: Home, arguments: VerifyArguments, folder: Path, progress: "Progress") -> Mapping[str, Any]:  # noqa: ARG001
    """Run it again and compare; a ``task_kinds.Work``. Errors as of ``runs_verify.verify``."""
    from quantstrip.operations import runs_verify

    progress.report(0.0, "reading what the run was pinned to")
    found = runs_verify.verify(
        home, arguments.run_id, lambda share: progress.report(0.02 + 0.96 * share, "running again")
    )
    return {
        "run_id": found.run_id, "equal": found.equal, "differs": [each._asdict() for each in found.differs],
        "notes": list(found.notes), "result_hash": found.result_hash, "again": found.again,
    }  # fmt: skip


def submit(home: Home, run_id: str, *, by: str = "") -> "Task":
    """Queue it; errors as of ``tasks.submit``, and ``RunError`` where there is no such run."""
    from quantstrip.operations import runs, tasks

    return tasks.submit(home, KIND, {"run_id": runs.get(home, run_id).run_id}, by=by)


def newest(home: Home, run_id: str) -> "Task | None":
    """The newest task that verified a run, or will; None where there is none."""
    from quantstrip.operations import tasks

    known = tasks.list_tasks(home, limit=_LOOKED_AT)
    return next((task for task in known if task.kind == KIND and task.arguments.get("run_id") == run_id), None)
