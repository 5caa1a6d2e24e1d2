"""What a task of the kind ``rehearsal`` does: the process of a client on trial, with the time set."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from quantstrip.clock import system_clock
from quantstrip.home import Home
from quantstrip.operations.rehearsal_outcome import Follower
from quantstrip.operations.simulation_arguments import Reach, RehearsalArguments
from quantstrip.operations.simulation_outcome import summary_of
from quantstrip.operations.simulation_work import OverTime, refuse_bad_ending, trial
from quantstrip.operations.task_progress import Progress

_GRACE_SECONDS: Final = 5.0
"""What a process may take beyond its own limit: to start, and for a job that looks at no limit."""


def rehearse(home: Home, arguments: RehearsalArguments, folder: Path, progress: Progress) -> Mapping[str, Any]:
    """Run a client's schedule over a span, in seconds.

    Raises:
        TaskError: it did not end well; message and trace are the client's.
        ClientBusy: the same file is on trial already.

    """
    began = system_clock.monotonic()
    follower = Follower(folder)

    def look() -> None:
        follower.read()
        progress.report(follower.fraction, follower.words)
        if system_clock.monotonic() - began > arguments.seconds + _GRACE_SECONDS:
            raise OverTime

    names = ("start", "end", "most_jobs", "seconds")
    asked = {name: getattr(arguments, name) for name in names}
    note = ""
    reach = Reach(arguments.network, arguments.local)
    with trial(home, Path(arguments.file), folder, progress, reach, rehearse=asked) as run:
        try:
            run.watch(look)
        except OverTime:
            note = f"it was ended after {arguments.seconds + _GRACE_SECONDS:g} seconds, in the middle of a job"
            run.stop()
        found = run.keep()
    follower.read()
    if not note:
        refuse_bad_ending(run, found)
    outcomes = [each.outcome for each in follower.jobs]
    result = summary_of(found) | {
        "start": follower.start, "end": follower.end, "jobs": len(outcomes), "failed": outcomes.count("failed"),
        "seconds": round(system_clock.monotonic() - began, 3),
    }  # fmt: skip
    note = note or follower.note
    return result | ({"note": note} if note else {})
