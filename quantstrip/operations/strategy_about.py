"""A strategy as a form asks for it: told by whatever process has loaded it, as JSON."""

import sys
from collections.abc import Sequence
from typing import Any, Final

from quantstrip.dialects import Loaded
from quantstrip.dialects.script_rules import ALL_KEYS
from quantstrip.strategy import Declared, named_timeframe

_SCRIPTS: Final = ("dataframe", "event")


def about(loaded: Loaded, declared: Sequence[Declared]) -> dict[str, Any]:
    """Name, form, summary, symbols, values and declared parameters; and what the form takes where a run says nothing.

    Args:
        loaded: the strategy, as it is with the symbols and parameters that were given.
        declared: its parameters, as of ``dialects.declared``.

    """
    strategy, form = loaded
    cls = type(strategy)
    return {
        "name": strategy.name,
        "form": form.title,
        "summary": (cls.__doc__ or getattr(sys.modules.get(cls.__module__), "__doc__", "") or "")
        .strip()
        .partition("\n")[0],
        "symbols": list(strategy.symbols),
        "timeframe": named_timeframe(strategy) or "",
        "values": strategy.get_parameters(),
        "cash": form.cash,
        "risk": form.risk.name,
        "fee": _fee(form.costs.commission_rate, form.costs.commission_per_share),
        "slippage_bps": form.costs.slippage_bps,
        "parameters": [
            {"name": each.name, "kind": each.kind, "default": each.default, "low": each.allowed.low,
             "high": each.allowed.high, "choices": list(each.allowed.choices), "help": each.allowed.help,
             "setting": form.name in _SCRIPTS and each.name in ALL_KEYS}
            for each in declared
        ],
    }  # fmt: skip


def _fee(rate: float, per_share: float) -> str:
    """The commission in words."""
    parts = [f"{100 * rate:g} % of the value"] if rate else []
    return " and ".join([*parts, *([f"{per_share:g} a share"] if per_share else [])]) or "none"
