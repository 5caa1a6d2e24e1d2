"""Sweeps: the grid's fields, the points as a table, and the heat map."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import backtest_runs, frame, markup, roles
from components.tiles import Tile, tiles
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.operations import grids, sweeps, tasks
from quantstrip.operations.strategy_forms import Field, Form
from quantstrip.operations.sweeps import Point, Sweep
from quantstrip.operations.tasks import Task

_NAMES: Final = {
    "total_return": "Total return", "annualised_return": "Annualised return", "sharpe": "Sharpe ratio",
    "max_drawdown": "Max drawdown", "win_rate": "Win rate", "profit_factor": "Profit factor",
    "trade_count": "Round trips", "equity_final": "Final equity", "fills": "Fills", "rejected": "Rejected signals",
}  # fmt: skip
_SHARES: Final = frozenset({"total_return", "annualised_return", "max_drawdown", "win_rate"})
_BEST: Final = "the best"
_ROWS: Final = 1_000
_REFRESH_SECONDS: Final = 2.0


def grid(form: Form) -> dict[str, list[Any]] | None:
    """A field for each parameter: one value, a list, or first:last:step; the number of runs below them.

    None while one of the fields names no values.
    """
    if not form.fields:
        st.html(markup.notice("info", markup.text("This strategy has no parameters, so there is nothing to sweep.")))
        return {}
    st.html(markup.tag("p", markup.text("One value, several (5, 10, 20) or a range: first:last:step, such as 5:50:5."),
                       "qs-soft"))  # fmt: skip
    found: dict[str, list[Any]] = {}
    count = 1
    for field in form.fields:
        key = f"bt-grid-{form.name}-{field.name}"
        st.session_state.setdefault(key, ", ".join(map(str, field.choices)) or str(field.default))
        text = st.text_input(markup.plain(field.name), key=key, help=markup.plain(field.help) or None)
        try:
            found[field.name] = [_typed(field, value) for value in grids.values_of(text)]
            count *= len(found[field.name])
        except QuantstripError as error:
            st.html(markup.tag("div", markup.text(f"{error.message}. {error.hint}"), "qs-field-error"))
    if len(found) < len(form.fields):
        return None
    runs = f"{count:,} run{'' if count == 1 else 's'}, each the same as a backtest with these parameters."
    st.html(markup.tag("div", markup.text(runs), "qs-soft", role="status"))
    return found


def asked(values: dict[str, list[Any]]) -> dict[str, Any]:
    """The arguments that a sweep adds: what varies, and what is fixed."""
    return {
        "grid": {name: each for name, each in values.items() if len(each) > 1},
        "parameters": {name: each[0] for name, each in values.items() if len(each) == 1},
    }


def fill(form: Form, arguments: Mapping[str, Any]) -> None:
    """Put an earlier run's values into the fields."""
    given = {**arguments.get("parameters", {}), **arguments.get("grid", {})}
    for field in form.fields:
        if field.name in given:
            value = given[field.name]
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            st.session_state[f"bt-grid-{form.name}-{field.name}"] = text


def show(home: Home, task: Task) -> None:
    """The sweep as far as it is; while it runs, brought up to date."""
    st.fragment(_show, run_every=None if task.over else _REFRESH_SECONDS)(home, task.task_id)


def _show(home: Home, task_id: int) -> None:
    with frame.boundary():
        found = sweeps.load(home, task_id)
        if not found.points:
            if found.state not in {"queued", "running"}:
                st.html(markup.notice("info", markup.text("No point was run.")))
            return
        counts = {state: sum(point.state == state for point in found.points) for state in ("done", "refused", "failed")}
        metric = st.selectbox("Judged by", sweeps.METRICS, index=sweeps.METRICS.index("sharpe"), width=240,
                              key=f"bt-metric-{task_id}", format_func=_NAMES.__getitem__)  # fmt: skip
        ranked = found.ranked(metric)
        _summary(found, counts, ranked, metric)
        if ranked:
            heat(home, found, metric)
            table(home, found, ranked, metric)
        refusals(found)
        st.download_button("Points CSV", lambda: sweeps.export(home, task_id), f"sweep-{task_id}.csv", "text/csv",
                           icon=":material/download:", on_click="ignore", key="bt-take-points")  # fmt: skip


def _summary(found: Sweep, counts: dict[str, int], ranked: list[Point], metric: str) -> None:
    best = ranked[0] if ranked and ranked[0].figures[metric] is not None else None
    tiles(
        [
            Tile("Points", f"{len(found.points):,}", note=f"of {found.total:,}"),
            Tile("Refused", f"{counts['refused']:,}", note="by the strategy, not run"),
            Tile("Failed", f"{counts['failed']:,}", note="while they ran"),
            Tile(f"Best {_NAMES[metric]}", _written(metric, best.figures[metric]) if best else markup.DASH,
                 note=_pairs(best.parameters) if best else ""),
        ]
    )  # fmt: skip
    if best:
        tried = counts["done"]
        words = (
            f"The best of {tried:,} tries on the same bars is better than what it can be expected to do on others: the "
            "more that is tried, the more luck is in it. Look for a region where neighbours do well too, and test what "
            "you choose on bars that it has not seen. No figure here is corrected for the number of tries."
        )
        st.html(markup.notice("warn", markup.text(words)))


def heat(home: Home, found: Sweep, metric: str) -> None:
    """The figure over two parameters; a click chooses the point."""
    names = list(found.grid)
    if len(names) < 2:
        _line(found, metric)
        return
    frame.section("Heat map", _NAMES[metric])
    key = f"bt-heat-{found.task_id}"
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-bar"):
        across = st.selectbox("Across", names, key=f"{key}-x", width=160)
        others = [name for name in names if name != across]
        upright = st.selectbox("Upright", others, key=f"{key}-y", width=160)
        fixed = {}
        for name in (name for name in others if name != upright):
            choices: list[Any] = [_BEST, *found.grid[name]]
            chosen = st.selectbox(markup.plain(name), choices, key=f"{key}-{name}", width=140)
            if chosen != _BEST:
                fixed[name] = chosen
    rows = found.heat(metric, across, upright, fixed)
    scale = 100.0 if metric in _SHARES else 1.0
    cells: list[dict[str, Any]] = [
        # A cell is chosen by its name, so each has one of its own; it stands in the tooltip too.
        {"name": f"{across} {found.grid[across][x]}, {upright} {found.grid[upright][y]}",
         "value": [x, y, round(value * scale, 4)]}
        for y, row in enumerate(rows) for x, value in enumerate(row) if value is not None
    ]  # fmt: skip
    if not cells:
        st.html(markup.notice("info", markup.text("No point has this figure here.")))
        return
    figures = [float(cell["value"][2]) for cell in cells]
    option = {
        "animation": False,
        "tooltip": {"confine": True},
        "grid": {"left": 56, "right": 12, "top": 12, "bottom": 84},
        "xAxis": {"type": "category", "data": [str(value) for value in found.grid[across]], "name": across,
                  "nameLocation": "middle", "nameGap": 26},
        "yAxis": {"type": "category", "data": [str(value) for value in found.grid[upright]], "name": upright},
        "visualMap": {"min": min(figures), "max": max(figures) if max(figures) > min(figures) else min(figures) + 1.0,
                      "calculable": False, "orient": "horizontal", "left": "center", "bottom": 0, "precision": 2,
                      "text": [f"{max(figures):.4g}", f"{min(figures):.4g}"],
                      "inRange": {"color": ["#8fa3d1", "#6fc0b5", "#f0cf65"]}},
        "series": [{"type": "heatmap", "name": _NAMES[metric], "data": cells, "selectedMode": "single",
                    "label": {"show": len(cells) <= 150, "color": "#10202b", "fontSize": 11},
                    "select": {"itemStyle": {"borderColor": "#d9480f", "borderWidth": 3}}}],
    }  # fmt: skip
    event = st.echarts_chart(
        option, key=key, on_select="rerun", height=min(640, 150 + 34 * max(3, len(rows))), width="stretch",
        alt=f"{_NAMES[metric]} for each {across} and {upright}",
    )  # fmt: skip
    picked = [index for group in event.selection.selected for index in group["data_indices"]]
    if picked and picked[0] < len(cells):
        x, y, _ = cells[picked[0]]["value"]
        wanted = {**fixed, across: found.grid[across][x], upright: found.grid[upright][y]}
        chosen = [point for point in found.ranked(metric) if wanted.items() <= dict(point.parameters).items()]
        if chosen:
            _open(home, found, chosen[0], f"{key}-open")


def table(home: Home, found: Sweep, ranked: list[Point], metric: str) -> None:
    """The points, the best first; a row that is chosen can be opened."""
    frame.section("Points", f"the best {_ROWS:,} first" if len(ranked) > _ROWS else "the best first")
    order = [metric, *(name for name in sweeps.FIGURES if name != metric)]
    rows = [
        {**point.parameters, **{_NAMES[name]: _shown(name, point.figures[name]) for name in order}}
        for point in ranked[:_ROWS]
    ]
    formats = {_NAMES[name]: st.column_config.NumberColumn(format="%.2f %%" if name in _SHARES else "%.2f")
               for name in order if name not in {"fills", "rejected", "trade_count"}}  # fmt: skip
    with st.container(key="bt-points-grid"):
        event = st.dataframe(
            pd.DataFrame(rows), hide_index=True, width="stretch", column_config=formats, on_select="rerun",
            selection_mode="single-row", key=f"bt-points-{found.task_id}", height=420 if len(rows) > 11 else "auto",
        )  # fmt: skip
    if event.selection.rows and event.selection.rows[0] < len(ranked):
        _open(home, found, ranked[event.selection.rows[0]], f"bt-point-open-{found.task_id}")
    else:
        st.html(markup.tag("div", markup.text("Tick a row to run that point as a backtest of its own."), "qs-soft"))


def refusals(found: Sweep) -> None:
    """Points that were refused or failed, with the reason: none is hidden."""
    wrong = [point for point in found.points if point.state != "done"]
    if not wrong:
        return
    with st.expander(f"{len(wrong):,} points refused or failed", icon=":material/block:"):
        rows = [{**point.parameters, "state": point.state, "why": point.error} for point in wrong[:_ROWS]]
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")


def _line(found: Sweep, metric: str) -> None:
    (name,) = found.grid
    frame.section(_NAMES[metric], f"for each {name}")
    scale = 100.0 if metric in _SHARES else 1.0
    figures = {
        str(point.parameters[name]): point.figures.get(metric) for point in found.points if point.state == "done"
    }
    drawn = pd.DataFrame(
        {"c0": list(figures), "c1": [None if each is None else each * scale for each in figures.values()]}
    )
    label = f"{_NAMES[metric]} %" if scale > 1 else _NAMES[metric]
    st.bar_chart(drawn, x="c0", y="c1", x_label=name, y_label=label, sort=False, height=300)


def _open(home: Home, found: Sweep, point: Point, key: str) -> None:
    """Run one point as a backtest of its own, with charts and tables."""
    words = f"Open {_pairs(point.parameters)} as a backtest"
    if roles.may("operator") and st.button(words, icon=":material/open_in_new:", key=key):
        arguments = sweeps.backtest_arguments(home, found.task_id, point.parameters)
        made = tasks.submit(home, "backtest", arguments, by=f"sweep {found.task_id}")
        backtest_runs.go(task=str(made.task_id))
        st.rerun()


def _typed(field: Field, value: Any) -> Any:
    """A whole number where the parameter is any number: the strategy's default says which it wants."""
    if field.kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return str(value) if field.kind == "text" else value


def _pairs(parameters: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())


def _shown(name: str, value: float | None) -> float | None:
    return 100.0 * value if value is not None and name in _SHARES else value


def _written(name: str, value: float | None) -> str:
    return backtest_runs.percent(value) if name in _SHARES else backtest_runs.number(value)
