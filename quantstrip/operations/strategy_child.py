"""``python -m quantstrip.operations.strategy_child``: loads a strategy's file in a process of its own and describes it.

Reads a request as JSON from its standard input and writes one JSON object; what the file prints goes to stderr. The
file is the user's own code: it runs with a limit on its processor time, and ends with the process that asks.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from quantstrip.errors import QuantstripError

_CPU_SECONDS = 20


def main() -> int:
    """Entry of the process."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the file prints
    request = json.loads(sys.stdin.read())
    _be_modest(int(request["parent"]))
    from quantstrip import overlay
    from quantstrip.home import Home

    home = Home(Path(request["home"]))
    overlay.use(home, overlay.client_of(home, request["file"]))
    try:
        found = describe(request)
    except QuantstripError as error:
        found = {"error": error.message, "hint": error.hint}
    json.dump(found, answer, default=str)
    answer.close()
    return 0


def describe(request: dict[str, Any]) -> dict[str, Any]:
    """The strategy of ``file`` as it is with ``symbols`` and ``parameters``; ``untrusted`` code is loaded in a cell.

    Raises:
        StrategyLoadError: it cannot be loaded, or refuses them.
        SandboxError, SandboxMissing: the cell ended it, or this machine has none.

    """
    from quantstrip import dialects
    from quantstrip.operations.strategy_about import about
    from quantstrip.strategy import read_source

    source = read_source(Path(request["file"]))
    if request.get("untrusted"):
        from quantstrip.operations import untrusted_run

        return untrusted_run.about(Path(request["file"]), source, request["symbols"], request["parameters"])
    loaded = dialects.load(request["file"], symbols=request["symbols"], parameters=request["parameters"], source=source)
    return about(loaded, dialects.declared(request["file"], source))


def _be_modest(parent: int) -> None:
    import signal

    from quantstrip.supervise.tether import tether

    tether(parent, signal.SIGKILL)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
