"""How a client ends, and the exception that ends a job which does not end by itself."""

import traceback
from typing import NamedTuple

from quantstrip.model import ExitCode
from quantstrip.redaction import scrub


class Ending(NamedTuple):
    """Why a client's process ends, as the ledger keeps it.

    ``outcome`` is one of stopped, finished, load_error, crashed, killed, job_error.
    """

    outcome: str
    exit_code: ExitCode
    trace: str = ""


STOPPED = Ending("stopped", ExitCode.STOPPED)
FINISHED = Ending("finished", ExitCode.STOPPED)


class StopTimeout(BaseException):
    """The client was asked to stop and its job did not end in time; not an ``Exception``, so that no job catches it."""


def trace_of(error: BaseException) -> str:
    """The whole trace, with the errors that led to it, free of secrets."""
    return scrub("".join(traceback.format_exception(error)))


def crash(error: BaseException) -> Ending:
    """The ending of a client that an exception left."""
    return Ending("crashed", ExitCode.CRASHED, trace_of(error))
