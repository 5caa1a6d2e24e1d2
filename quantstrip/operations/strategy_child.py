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
    """The strategy of ``file`` as it is with ``symbols`` and ``parameters``.

    Raises:
        StrategyLoadError: it cannot be loaded, or refuses them.

    """
    from quantstrip import dialects
    from quantstrip.strategy import named_timeframe, read_source

    source = read_source(Path(request["file"]))
    loaded = dialects.load(request["file"], symbols=request["symbols"], parameters=request["parameters"], source=source)
    strategy, form = loaded
    cls = type(strategy)
    return {
        "name": strategy.name,
        "form": form.title,
        "summary": (cls.__doc__ or sys.modules[cls.__module__].__doc__ or "").strip().partition("\n")[0],
        "symbols": strategy.symbols,
        "timeframe": named_timeframe(strategy) or "",
        "values": strategy.get_parameters(),
        "parameters": [
            {"name": each.name, "kind": each.kind, "default": each.default, "low": each.allowed.low,
             "high": each.allowed.high, "choices": list(each.allowed.choices), "help": each.allowed.help}
            for each in dialects.declared(request["file"], source)
        ],
    }  # fmt: skip


def _be_modest(parent: int) -> None:
    import signal

    from quantstrip.supervise.tether import tether

    tether(parent, signal.SIGKILL)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))


if __name__ == "__main__":
    sys.exit(main())
