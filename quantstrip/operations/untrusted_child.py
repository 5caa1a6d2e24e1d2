"""``python -m quantstrip.operations.untrusted_child``: the process that holds strategy code nobody vouches for.

Everything of ours that it needs is imported and read first, the bars that came with the request too; then the process
confines itself, and only then is the code looked at. While it works it says how far it is, a line at a time; its last
line is the answer, one JSON object.
"""

import ast
import contextlib
import importlib
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import IO, Any, Final

import numpy as np

from quantstrip import dialects
from quantstrip.bars import BarTable
from quantstrip.calendars import get_calendar
from quantstrip.clock import system_clock
from quantstrip.errors import QuantstripError
from quantstrip.operations.runs_bars import COLUMNS, described
from quantstrip.operations.untrusted_acts import ACTS
from quantstrip.sandbox import Limits, confine, progress_line, restricted
from quantstrip.sandbox.checks import module_refusal
from quantstrip.strategy import restrict
from quantstrip.supervise.tether import tether

_EVERY: Final = 0.2
"""Seconds between two words of how far it is."""


class _OutOfTime(BaseException):
    """Raised in the code itself at the end of its processor time; a strategy that catches all errors is killed."""


def main() -> int:
    """Entry of the process."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the code prints
    request = json.loads(sys.stdin.buffer.readline())
    tether(int(request["parent"]), signal.SIGKILL)
    path, source = Path(request["file"]), str(request["source"]).encode(errors="surrogateescape")
    tables = _tables(request["tables"], sys.stdin.buffer.read())
    _import_first(path, source)
    for calendar in {table.gaps.calendar or "NYSE" for table in tables.values()}:
        with contextlib.suppress(QuantstripError):  # the run says so
            get_calendar(calendar)
    signal.signal(signal.SIGXCPU, _stop_at(str(path)))
    confine(Limits(float(request["seconds"]), int(request["memory"])))
    restrict(restricted())
    try:
        found = ACTS[request["act"]](request, source, tables, _teller(answer))
    except QuantstripError as error:
        found = {"error": error.message, "hint": error.hint, "kind": type(error).__name__}
    except MemoryError:
        found = {"error": f"the code needs more than {request['memory']} MB", "hint": "", "kind": "SandboxError"}
    except _OutOfTime as error:
        said = f"{error}: the code took more than {request['seconds']:g} s of processor time"
        found = {"error": said, "hint": "Look for a loop that has no end.", "kind": "SandboxError"}
    json.dump(found, answer, default=str)
    answer.close()
    return 0


def _teller(answer: IO[str]) -> Callable[[float], None]:
    """Says how far it is, now and then."""
    due = 0.0

    def tell(share: float) -> None:
        nonlocal due
        now = system_clock.monotonic()
        if now >= due:
            due = now + _EVERY
            answer.write(progress_line(share))
            answer.flush()

    return tell


def _stop_at(file: str) -> Callable[[int, FrameType | None], None]:
    """A handler that ends the code, and knows at which line of its file that was."""

    def stop(_number: int, frame: FrameType | None) -> None:
        while frame is not None and frame.f_code.co_filename != file:
            frame = frame.f_back
        raise _OutOfTime(f"{file}, line {frame.f_lineno}" if frame is not None else file)

    return stop


def _tables(pins: list[dict[str, Any]], data: bytes) -> dict[str, BarTable]:
    """The bars that came with the request, by symbol."""
    if not pins:
        return {}
    with np.load(io.BytesIO(data)) as found:
        return {
            pin["symbol"]: described(
                BarTable(pin["symbol"], pin["timeframe"], *(found[f"{place}-{name}"] for name in COLUMNS)), pin
            )
            for place, pin in enumerate(pins)
        }


def _import_first(path: Path, source: bytes) -> None:
    """Import the code's form and the libraries it names: where files can no longer be opened it could not itself."""
    with contextlib.suppress(QuantstripError):  # loading says so
        dialects.recognise(path, source)
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):  # the check says so
        for node in ast.walk(ast.parse(source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for name in names:
                if not module_refusal(name, ("Bar",) if name.startswith("quantstrip") else ()):
                    with contextlib.suppress(ImportError):  # the code meets the same error, with its line
                        importlib.import_module(name)


if __name__ == "__main__":
    sys.exit(main())
