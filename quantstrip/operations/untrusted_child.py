"""``python -m quantstrip.operations.untrusted_child``: the process that runs strategy code nobody vouches for.

Everything of ours that the run needs is imported first; then the process confines itself, and only then is the code
looked at. It answers with one JSON object.
"""

import ast
import contextlib
import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from quantstrip import dialects
from quantstrip.errors import QuantstripError
from quantstrip.sandbox import Limits, confine, restricted
from quantstrip.sandbox.checks import module_refusal
from quantstrip.strategy import named_timeframe, restrict
from quantstrip.supervise.tether import tether


def main() -> int:
    """Entry of the process."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the code prints
    request = json.loads(sys.stdin.buffer.readline())
    tether(int(request["parent"]), signal.SIGKILL)
    source = str(request["source"]).encode(errors="surrogateescape")
    _import_first(Path(request["file"]), source)
    confine(Limits(float(request["seconds"]), int(request["memory"])))
    restrict(restricted())
    try:
        found = check(request, source)
    except QuantstripError as error:
        found = {"error": error.message, "hint": error.hint, "kind": type(error).__name__}
    except MemoryError:
        found = {"error": f"the code needs more than {request['memory']} MB", "hint": "", "kind": "SandboxError"}
    json.dump(found, answer, default=str)
    answer.close()
    return 0


def check(request: dict[str, Any], source: bytes) -> dict[str, Any]:
    """Load the code and construct its strategy.

    Raises:
        StrategyLoadError: it cannot be.

    """
    path = Path(request["file"])
    strategy, form = dialects.load(path, symbols=request["symbols"], parameters={}, source=source)
    return {
        "name": strategy.name,
        "form": form.name,
        "timeframe": named_timeframe(strategy) or "",
        "symbols": strategy.symbols,
        "parameters": strategy.get_parameters(),
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
