"""What came of a sweep: its best point and its robust region, the heat map, the points, and going on with it."""

from typing import Final

import pandas as pd
import streamlit as st

from components import backtest_runs, dialogs, frame, markup
from components.backtest_heat import BEST, ROBUST, heat
from components.backtest_points import NAMES, SHARES, open_point, pairs, shown, written
from components.tiles import Tile, tiles
from quantstrip.home import Home
from quantstrip.operations import sweeps, tasks
from quantstrip.operations.sweep_regions import Region
from quantstrip.operations.sweeps import Point, Sweep
from quantstrip.operations.tasks import Task

_ROWS: Final = 1_000
_REFRESH_SECONDS: Final = 2.0
_WHILE_IT_RUNS: Final = 2_000
"""Points up to which the robust region is looked for again and again."""


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
        metric = st.selectbox("Judged by", sweeps.METRICS, index=sweeps.METRICS.index("sharpe"), width=240,
                              key=f"bt-metric-{task_id}", format_func=NAMES.__getitem__)  # fmt: skip
        ranked = found.ranked(metric)
        _way(home, task_id)
        _counts(found)
        best = ranked[0] if ranked and ranked[0].figures[metric] is not None else None
        region = _region(home, found, metric) if best else None
        if best:
            _picks(home, found, best, region, metric)
        if ranked:
            marked = ({BEST: best} if best else {}) | ({ROBUST: region.point} if region else {})
            heat(home, found, metric, marked)
            table(home, found, ranked, metric)
        refusals(found)
        st.download_button("Points CSV", lambda: sweeps.export(home, task_id), f"sweep-{task_id}.csv", "text/csv",
                           icon=":material/download:", on_click="ignore", key="bt-take-points")  # fmt: skip


def _way(home: Home, task_id: int) -> None:
    """How its points were run, once it is done."""
    told = tasks.get(home, task_id).result
    if not told:
        return
    words = f"{str(told['way']).capitalize()}, in {told['seconds']:,.1f} s"
    words += f"; {told['taken_over']:,} points taken over from an earlier sweep" if told.get("taken_over") else ""
    st.html(markup.tag("div", markup.text(words), "qs-soft"))


def _counts(found: Sweep) -> None:
    counts = {state: sum(point.state == state for point in found.points) for state in ("done", "refused", "failed")}
    tiles(
        [
            Tile("Points", f"{len(found.points):,}", note=f"of {found.total:,}"),
            Tile("Done", f"{counts['done']:,}", note="tries on the same bars"),
            Tile("Refused", f"{counts['refused']:,}", note="by the strategy, not run"),
            Tile("Failed", f"{counts['failed']:,}", note="while they ran"),
        ]
    )


def _picks(home: Home, found: Sweep, best: Point, region: Region | None, metric: str) -> None:
    """The best point with the number of tries beside it, and the region to choose instead."""
    tried = sum(point.state == "done" for point in found.points)
    left, right = st.columns(2)
    with left, st.container(border=True, key="bt-pick-best", height="stretch"):
        words = (
            f"The best of {tried:,} tries on the same bars is better than what it can be expected to do on others: the "
            "more that is tried, the more luck is in it. No figure here is corrected for the number of tries."
        )
        st.html(_pick(f"Best {NAMES[metric]}", written(metric, best.figures[metric]), pairs(best.parameters), "warn",
                      words))  # fmt: skip
        open_point(home, found, best, f"bt-best-open-{found.task_id}")
    with right, st.container(border=True, key="bt-pick-robust", height="stretch"):
        if region is None:
            words = "No point has enough neighbours to tell, or the sweep still runs: take more values, a step apart."
            st.html(_pick("Robust region", markup.DASH, "", "info", words))
            return
        words = (
            f"In the middle of its neighbourhood of {region.size} points {NAMES[metric]} is "
            f"{written(metric, region.middle)}, at worst {written(metric, region.worst)}. A peak that stands alone is "
            "chance; test what you choose on bars that the sweep has not seen."
        )
        st.html(_pick("Robust region", written(metric, region.point.figures[metric]), pairs(region.point.parameters),
                      "good", words))  # fmt: skip
        if region.point != best:
            open_point(home, found, region.point, f"bt-robust-open-{found.task_id}")


def _pick(name: str, value: str, where: str, tone: markup.Tone, words: str) -> markup.Html:
    return markup.join(
        markup.tag("div", markup.text(name), "qs-tile-name"),
        markup.tag("div", markup.text(value), "qs-tile-value"),
        markup.tag("div", markup.text(where), "qs-tile-note"),
        markup.notice(tone, markup.text(words)),
    )


def _region(home: Home, found: Sweep, metric: str) -> Region | None:
    """The best region; of a large sweep once it is over."""
    if found.state in {"queued", "running"} and len(found.points) > _WHILE_IT_RUNS:
        return None
    return _best_region(found, str(home.root), found.task_id, len(found.points), metric)


@st.cache_data(max_entries=32, show_spinner="Looking for the robust region...")
def _best_region(_found: Sweep, home: str, task_id: int, count: int, metric: str) -> Region | None:  # noqa: ARG001 - what it is known by
    return next(iter(_found.robust(metric)), None)


def may_go_on(task: Task) -> bool:
    """Whether something of a sweep is left to be run: it was ended, or points failed."""
    return task.kind == "sweep" and task.over and (task.state != "done" or bool((task.result or {}).get("failed")))


def go_on(home: Home, subject: str) -> None:
    """Ask where and how long, then continue a sweep with the points that are left."""
    task = tasks.get(home, int(subject))
    found = sweeps.load(home, task.task_id)
    kept = sum(point.state != "failed" for point in found.points)
    st.text(f"{kept:,} of {found.total:,} points of sweep {subject} are taken over, the others are run.")
    with dialogs.form("bt-resume"):
        before = float(task.arguments["limit_minutes"])
        limit = st.number_input("Limit (minutes)", min_value=min(0.1, before), value=before, step=10.0, format="%g",
                                key="bt-resume-limit")  # fmt: skip
        workers = st.number_input("At once", min_value=0, max_value=256, value=int(task.arguments["workers"]), step=1,
                                  key="bt-resume-workers", help="0 is one a processor.")  # fmt: skip
        dask = st.text_input("Dask scheduler", value=str(task.arguments["dask"]), key="bt-resume-dask",
                             placeholder="none: processes of this machine")  # fmt: skip
        if dialogs.buttons("Continue", key="bt-resume-now", in_form=True):
            more = {"limit_minutes": float(limit), "workers": int(workers), "dask": dask.strip()}
            asked = {**task.arguments, **more, "resume": task.task_id if kept else 0}
            made = tasks.submit(home, "sweep", asked, by="dashboard")
            backtest_runs.go(task=str(made.task_id))
            dialogs.done(f"Sweep {subject} goes on as {made.task_id}")


def table(home: Home, found: Sweep, ranked: list[Point], metric: str) -> None:
    """The points, the best first; a row that is chosen can be opened."""
    frame.section("Points", f"the best {_ROWS:,} first" if len(ranked) > _ROWS else "the best first")
    order = [metric, *(name for name in sweeps.FIGURES if name != metric)]
    rows = [
        {**point.parameters, **{NAMES[name]: shown(name, point.figures[name]) for name in order}}
        for point in ranked[:_ROWS]
    ]
    formats = {NAMES[name]: st.column_config.NumberColumn(format="%.2f %%" if name in SHARES else "%.2f")
               for name in order if name not in {"fills", "rejected", "trade_count"}}  # fmt: skip
    with st.container(key="bt-points-grid"):
        event = st.dataframe(
            pd.DataFrame(rows), hide_index=True, width="stretch", column_config=formats, on_select="rerun",
            selection_mode="single-row", key=f"bt-points-{found.task_id}", height=420 if len(rows) > 11 else "auto",
        )  # fmt: skip
    if event.selection.rows and event.selection.rows[0] < len(ranked):
        open_point(home, found, ranked[event.selection.rows[0]], f"bt-point-open-{found.task_id}")
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
