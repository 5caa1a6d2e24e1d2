"""Asks a cell about untrusted strategy code; a refusal of it is an error here too."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from quantstrip.errors import QuantstripError, SandboxError, StrategyFault, StrategyLoadError
from quantstrip.sandbox import Limits, ask
from quantstrip.strategy.patience import SECONDS

CHILD: Final = "quantstrip.operations.untrusted_child"
LOOKING: Final = Limits(seconds=20.0, memory=1_500, answer=1)
"""What loading and constructing a strategy may take."""
RUNNING: Final = Limits(seconds=600.0, memory=3_000, answer=400)
"""What a run may take."""
_FAULTS: Final[Mapping[str, type[QuantstripError]]] = {
    "StrategyFault": StrategyFault, "StrategyLoadError": StrategyLoadError,
}  # fmt: skip


def ask_cell(
    act: str,
    request: Mapping[str, Any],
    data: bytes = b"",
    limits: Limits = LOOKING,
    on_progress: Callable[[float], None] | None = None,
) -> dict[str, Any]:
    """The answer of a cell.

    Args:
        act: one of ``untrusted_acts.ACTS``.
        request: ``file`` (its full path, for messages), ``source`` and what the act needs.
        data: the bars, as numpy writes them.
        limits: of processor time, memory and the answer.
        on_progress: called again and again with the share that is done; what it raises ends the cell.

    Raises:
        StrategyLoadError, StrategyFault: the code cannot be loaded, or raised.
        SandboxError: it took too much, or answered nonsense.
        SandboxMissing: this machine has no cells.

    """
    asked = {"tables": [], "parameters": {}, "patience": SECONDS, **request, "act": act}
    found = ask(CHILD, asked, data, limits, on_progress)
    if "error" in found:
        kind = _FAULTS.get(str(found.get("kind")), SandboxError)
        raise kind(str(found["error"]), hint=str(found.get("hint", "")))
    return found
