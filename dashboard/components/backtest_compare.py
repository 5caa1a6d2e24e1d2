"""Backtests side by side: figures, curves, and what was not the same."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from components import backtest_charts, frame, markup
from components.backtest_runs import number, percent
from components.markup import Column, Html
from quantstrip.home import Home
from quantstrip.operations import backtests, kept_runs
from quantstrip.operations.backtests import Outcome

_FIGURES: Final = {
    "total_return": ("Total return", True), "annualised_return": ("Annualised return", True),
    "sharpe": ("Sharpe ratio", False), "max_drawdown": ("Max drawdown", True), "win_rate": ("Win rate", True),
    "profit_factor": ("Profit factor", False),
}  # fmt: skip


def show(home: Home, names: Sequence[int | str]) -> None:
    """All of it; a run without a result is named and left out.

    Args:
        names: numbers of tasks, and names of kept runs.

    """
    loaded: dict[int | str, Outcome] = {}
    for name in names:
        with frame.boundary():
            loaded[name] = backtests.load(home, name) if isinstance(name, int) else kept_runs.outcome(home, name)
    differs = backtests.differing(list(loaded.values()))
    compared = [(_title(name, one, differs), one) for name, one in loaded.items()]
    if len(compared) < 2:
        st.html(markup.notice("info", markup.text("Choose two or more backtests that are done.")))
        return
    frame.section("Return on the initial capital")
    backtest_charts.together(compared, key="bt-together")
    frame.section("Figures")
    st.html(figures(compared))
    frame.section("What was run", "what differs is marked")
    st.html(asked(compared))


def figures(compared: Sequence[tuple[str, Outcome]]) -> Html:
    """The metrics of each."""
    columns = [Column(""), *(Column(name, numeric=True) for name, _ in compared)]
    rows: list[list[object]] = [
        [label, *(percent(one.metrics[name]) if share else number(one.metrics[name]) for _, one in compared)]
        for name, (label, share) in _FIGURES.items()
    ]
    rows.append(["Round trips", *(f"{one.metrics['trade_count']:,}" for _, one in compared)])
    rows.append(["Fills", *(f"{one.counts['fills']:,}" for _, one in compared)])
    rows.append(["Rejected signals", *(f"{one.counts['rejected']:,}" for _, one in compared)])
    rows.append(["Final equity", *(markup.number(one.equity_final) for _, one in compared)])
    return markup.table(columns, rows, label="Figures", none="Nothing to compare")


def asked(compared: Sequence[tuple[str, Outcome]]) -> Html:
    """What each was asked, what differs first."""
    differs = backtests.differing([one for _, one in compared])
    told = [backtests.described(one) for _, one in compared]
    names = sorted(dict.fromkeys(name for each in told for name in each), key=lambda name: name not in differs)
    columns = [Column(""), *(Column(name) for name, _ in compared)]
    rows = []
    for name in names:
        label = markup.text(name.replace("_", " "))
        marked = markup.join(label, markup.text(" "), markup.chip("differs", "warn")) if name in differs else label
        rows.append([marked, *(_said(each.get(name)) for each in told)])
    return markup.table(columns, rows, label="What was run", none="Nothing to compare")


def _title(name: int | str, one: Outcome, differs: frozenset[str]) -> str:
    """A run's number, with the parameters that tell it from the others."""
    told = [f"{each} {value}" for each, value in one.run["parameters"].items() if f"parameter {each}" in differs]
    words = ", ".join(told[:3])
    return f"Run {name} ({words})" if told else f"Run {name}"


def _said(value: object) -> str:
    if value is None or value == "":
        return markup.DASH
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
