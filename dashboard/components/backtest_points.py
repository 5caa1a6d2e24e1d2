"""The points of a sweep: their figures in words, and one of them run as a backtest of its own."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from components import backtest_runs, roles
from quantstrip.home import Home
from quantstrip.operations import sweeps, tasks
from quantstrip.operations.sweeps import Point, Sweep

NAMES: Final = {
    "total_return": "Total return", "annualised_return": "Annualised return", "sharpe": "Sharpe ratio",
    "max_drawdown": "Max drawdown", "win_rate": "Win rate", "profit_factor": "Profit factor",
    "trade_count": "Round trips", "equity_final": "Final equity", "fills": "Fills", "rejected": "Rejected signals",
}  # fmt: skip
SHARES: Final = frozenset({"total_return", "annualised_return", "max_drawdown", "win_rate"})


def written(name: str, value: float | None) -> str:
    """A figure as text."""
    return backtest_runs.percent(value) if name in SHARES else backtest_runs.number(value)


def shown(name: str, value: float | None) -> float | None:
    """A figure as a table shows it: shares in percent."""
    return 100.0 * value if value is not None and name in SHARES else value


def pairs(parameters: Mapping[str, Any]) -> str:
    """Parameters in words."""
    return ", ".join(f"{name} {value}" for name, value in parameters.items())


def open_point(home: Home, found: Sweep, point: Point, key: str) -> None:
    """A button that runs one point as a backtest of its own, with charts and tables."""
    words = f"Open {pairs(point.parameters)} as a backtest"
    if roles.may("operator") and st.button(words, icon=":material/open_in_new:", key=key):
        arguments = sweeps.backtest_arguments(home, found.task_id, point.parameters)
        made = tasks.submit(home, "backtest", arguments, by=f"sweep {found.task_id}")
        backtest_runs.go(task=str(made.task_id))
        st.rerun()
