"""What came of a check: figures, charts, and every finding with its place."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import frame, markup, roles, times, validation_charts
from components.markup import Column
from components.tiles import Tile, tiles
from components.validation_list import percent
from quantstrip.errors import FileError
from quantstrip.home import Home
from quantstrip.operations import files_places, validation_tasks
from quantstrip.operations.validation_tasks import (
    LOOKAHEAD,
    MONTE_CARLO,
    PARITY,
    PINE,
    STARTUP,
    STRATEGY,
    WALK,
    Check,
)
from quantstrip.redaction import scrub

_ROWS: Final = 1_000
_LINKS: Final = 20
_DEAL: Final = ("time", "side", "quantity", "price")


def show(home: Home, check: Check) -> None:
    """All of it."""
    {
        LOOKAHEAD: _lookahead, STARTUP: _startup, WALK: _walk, MONTE_CARLO: _shuffled, PARITY: _parity, PINE: _pine,
        STRATEGY: _strategy,
    }[check.task.kind](home, check)  # fmt: skip


def _lookahead(home: Home, check: Check) -> None:
    found = check.found
    if not found["cuts"]:
        _good("Clean: it is shown one bar after another, and cannot know the future.")
        return
    if found["clean"]:
        _good(f"Clean: {found['cuts']:,} histories that were cut short give the same decisions.")
    else:
        words = (
            f"It knows the future: decisions change when later bars are taken away. Backtests of it are refused. Look "
            f"for a negative shift, a centred window, or a figure of the whole column. {found['cuts']:,} cuts."
        )
        st.html(markup.notice("bad", markup.text(words)))
        columns = [Column("Symbol"), Column("Bar"), Column("Decision"), Column("With all bars"), Column("Cut short"),
                   Column("Last bar left", minor=True), Column("Line", numeric=True)]  # fmt: skip
        rows = [
            (each["symbol"], each["time"], each["decision"].replace("_", " "), _yes(each["whole"]), _yes(each["part"]),
             each["cut"], each["line"] or markup.DASH)
            for each in found["differences"]
        ]  # fmt: skip
        st.html(markup.table(columns, rows, label="Decisions that changed", none="None"))
        _links(home, check, {int(each["line"]) for each in found["differences"]})
    if found["failed"]:
        words = f"It raised on {found['failed']:,} short histories, which were left out: {found['failure']}"
        st.html(markup.notice("warn", markup.text(words)))


def _startup(home: Home, check: Check) -> None:  # noqa: ARG001
    enough, tried = check.found["enough"], check.found["warmups"]
    if enough is None:
        words = "Even the longest warm-up was too short: deals still depend on where the history begins."
        st.html(markup.notice("warn", markup.text(words)))
    else:
        _good(f"Enough: {enough} bars. Take that as warm-up in a backtest as in the client.")
    validation_charts.warmups(tried, key=f"check-warmups-{check.task.task_id}")
    columns = [Column("Warm-up, bars", numeric=True), Column("Deals", numeric=True), Column("Differ", numeric=True)]
    rows = [(f"{each['bars']:,}", f"{each['deals']:,}", f"{each['differ']:,}") for each in tried]
    st.html(markup.table(columns, rows, label="Warm-ups", none="None"))


def _walk(home: Home, check: Check) -> None:  # noqa: ARG001
    found, number = check.found, check.task.task_id
    share, metric = found["efficiency"], str(found["metric"]).replace("_", " ")
    tiles([
        Tile("Efficiency", percent(share), note="judged figures of the chosen ones"),
        Tile("Windows", f"{len(found['steps']):,}", note="anchored" if found["anchored"] else "rolling"),
        Tile("Tried in each", f"{found['tries']:,}", note=f"points, chosen by {metric}"),
        Tile("Equity carried on", markup.number(found["equity_final"]), note="of the judged parts"),
    ])  # fmt: skip
    words = "Near 100 % the past told something; far below, the choice was a fit to noise. Only the judged parts count."
    st.html(markup.tag("p", markup.text(words), "qs-soft"))
    frame.section("Equity of the judged parts", "one after the other, as if capital had been carried on")
    validation_charts.carried(found["curve"], key=f"check-curve-{number}")
    frame.section(f"{metric.capitalize()}, chosen and judged", "window by window")
    validation_charts.windows(found["steps"], key=f"check-windows-{number}")
    columns = [Column("Judged from"), Column("To"), Column("Parameters"), Column(f"{metric} before", numeric=True),
               Column("After", numeric=True), Column("Return", numeric=True),
               Column("Trades", numeric=True)]  # fmt: skip
    rows = [
        (step["window"][1], step["window"][2],
         ", ".join(f"{name} {value}" for name, value in step["parameters"].items()),
         markup.number(step["chosen"]), markup.number(step["judged"]), markup.percent(step["total_return"]),
         f"{step['trades']:,}")
        for step in found["steps"]
    ]  # fmt: skip
    st.html(markup.table(columns, rows, label="Windows", none="None"))


def _shuffled(home: Home, check: Check) -> None:  # noqa: ARG001
    found = check.found
    tiles([
        Tile("Drawdown of the run", percent(found["drawdown"], 2), note=f"{found['trades']:,} trades as they came"),
        Tile("Larger in", percent(found["worse"], 1), note=f"of {found['tries']:,} orders"),
        Tile("Ruined", percent(found["ruined"], 1), note="equity fell to nothing"),
        Tile("Drawn", "with replacement" if found["replaced"] else "shuffled", note=f"seed {found['seed']}"),
    ])  # fmt: skip
    frame.section("Largest drawdown", "quantiles over the orders; the line is the run's own")
    validation_charts.quantiles(found["levels"], found["drawdowns"], found["drawdown"],
                                key=f"check-drawdowns-{check.task.task_id}")  # fmt: skip
    columns = [Column("Quantile"), *(Column(percent(level), numeric=True) for level in found["levels"])]
    rows = [["Largest drawdown", *(percent(value, 2) for value in found["drawdowns"])]]
    if found["finals"]:
        rows.append(["Equity at the end", *(f"{value:,.2f}" for value in found["finals"])])
    st.html(markup.table(columns, rows, label="Quantiles", none="None"))
    words = "Profits are amounts of money: they do not grow with equity."
    st.html(markup.tag("p", markup.text(words), "qs-soft"))


def _pine(home: Home, check: Check) -> None:
    found = check.found
    if found["outside"]:
        words = f"{found['outside']:,} of its rows lie outside of the bars, and are not compared."
        st.html(markup.notice("info", markup.text(words)))
    if found["moments"]:
        shown = ", ".join(found["moments"][:_LINKS])
        words = f"There is no bar at {len(found['moments']):,} of its moments, so these are not compared: {shown}"
        st.html(markup.notice("warn", markup.text(words)))
    _parity(home, check)


def _parity(home: Home, check: Check) -> None:
    found, number = check.found, check.task.task_id
    share, rows = found["percent"], found["rows"]
    sized = bool(check.task.arguments.get("quantities", True))
    tiles([
        Tile("Parity", markup.DASH if share is None else f"{share:.1f} %", note="of the longer list"),
        Tile("Match", f"{found['matched']:,}", note=f"in time, side{', quantity' if sized else ''} and price"),
        Tile("Ours", f"{found['ours']:,}", note="deals of the backtest"),
        Tile("Theirs", f"{found['theirs']:,}", note="deals over there"),
    ])  # fmt: skip
    if not rows:
        _good("Every deal matches." if share is not None else "Neither side dealt.")
        return
    columns = [Column("Cause"), Column("Count", numeric=True)]
    causes = [(cause, f"{count:,}") for cause, count in found["causes"].items()]
    st.html(markup.table(columns, causes, label="Causes", none="None"))
    frame.section("Mismatches", f"{len(rows):,}, oldest first; times are closes of bars, UTC")
    pages = -(-len(rows) // _ROWS)
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {pages:,}", 1, pages, key=f"check-page-{number}", width=140))
    st.container(key="check-grid").dataframe(
        _mismatches(rows[(page - 1) * _ROWS : page * _ROWS], sized=sized), hide_index=True, width="stretch",
        placeholder=markup.DASH, alt="Mismatches",
    )  # fmt: skip
    st.download_button("Mismatches CSV", lambda: validation_tasks.mismatches(home, number), f"parity-{number}.csv",
                       "text/csv", icon=":material/download:", on_click="ignore", key="check-take")  # fmt: skip


def _mismatches(rows: Sequence[Mapping[str, Any]], *, sized: bool) -> pd.DataFrame:
    """A row each; without quantities where these were not compared."""
    sides = {
        f"{whose} {name}": [(each[side] or {}).get(name) for each in rows]
        for side, whose in (("ours", "our"), ("theirs", "their"))
        for name in _DEAL
        if sized or name != "quantity"
    }
    return pd.DataFrame(
        {"symbol": [scrub(each["symbol"]) for each in rows], "cause": [each["cause"] for each in rows], **sides}
    )


def _strategy(home: Home, check: Check) -> None:
    found = check.found
    if found["passed"]:
        about = found["strategy"]
        _good(f"It passes: {about.get('name', '')}, written as {found['form']}. Its text breaks no rule, and it was "
              "constructed in a cell.")  # fmt: skip
        parameters = ", ".join(f"{name} {value}" for name, value in dict(about.get("parameters") or {}).items())
        st.html(markup.facts([("Timeframe", about.get("timeframe") or "as its bars have it"),
                              ("Parameters", parameters or "none")]))  # fmt: skip
        return
    count = len(found["findings"])
    words = f"Refused: {count:,} finding{'' if count == 1 else 's'}. Nothing of it ran outside of a cell."
    st.html(markup.notice("bad", markup.text(words)))
    columns = [Column("Rule"), Column("Line", numeric=True), Column("What is not allowed")]
    rows = [(each["rule"], each["line"] or markup.DASH, each["message"]) for each in found["findings"]]
    st.html(markup.table(columns, rows, label="Findings", none="None"))
    _links(home, check, {int(each["line"]) for each in found["findings"]})


def _links(home: Home, check: Check, lines: set[int]) -> None:
    """Links that open the file at its lines, for who may edit it, where it is one of this home's files."""
    if not roles.may("admin"):
        return
    file = str(check.task.arguments["file"])
    try:
        path = files_places.locate(home, file)
    except FileError:
        return
    with st.container(horizontal=True, key="check-links"):
        for line in sorted(lines - {0})[:_LINKS]:
            frame.link("python", f"Open {file.rsplit('/', 1)[-1]}:{line}", icon=":material/code:", file=path,
                       line=str(line))  # fmt: skip


def _good(words: str) -> None:
    st.html(markup.notice("good", markup.text(words)))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def asked(check: Check) -> None:
    """What was asked, so that nothing decides a check unseen."""
    left_out = {"file", "run_id", "parameters", "digest"}
    pairs = [
        (name.replace("_", " "), value)
        for name, value in check.task.arguments.items()
        if name not in left_out and value not in (None, [], {}, "", False)
    ]
    parameters = check.task.arguments.get("parameters") or {}
    pairs += [(f"parameter {name}", value) for name, value in parameters.items()]
    with st.expander("What was asked", icon=":material/list:"):
        st.html(markup.facts([("Asked", times.moment(check.task.created)), *pairs]))
