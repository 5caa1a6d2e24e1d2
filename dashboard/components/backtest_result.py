"""What came of a backtest: figures, charts, tables, what was assumed, files."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from math import nan
from typing import Any, Final

import pandas as pd
import streamlit as st

from components import backtest_charts, candles, frame, markup, times
from components.backtest_runs import number, percent
from components.candle_lines import Drawn
from components.markup import Html
from components.tiles import Tile, tiles
from quantstrip.clock import from_datetime
from quantstrip.home import Home
from quantstrip.operations import backtests, outcomes
from quantstrip.operations.backtests import Mark, Outcome

PAGE_ROWS: Final = 1_000
_TITLES: Final = {"trades": "Trades", "fills": "Fills", "rejected": "Rejected signals"}
_LABELS: Final = {
    "entry_time": "entry", "entry_price": "entry price", "exit_time": "exit", "exit_price": "exit price", "pnl": "PnL",
}  # fmt: skip


def show(home: Home, task_id: int, *, kept: bool) -> None:
    """All of it but the files; a run that is kept tells its hashes itself."""
    outcome = backtests.load(home, task_id)
    figures(outcome)
    if outcome.counts["fills"] == 0:
        st.html(markup.notice("info", markup.text(_why_nothing(outcome))))
    prices(home, outcome)
    zone = "" if backtest_charts.daily(outcome) else f"; times in {times.zone_name()}"
    frame.section("Equity and drawdown", f"after every bar; drawdown from the highest value so far{zone}")
    backtest_charts.equity(outcome, key=f"bt-equity-{task_id}")
    if sum(value is not None for year in outcome.years for value in year.months) > 2:
        frame.section("Months", "return of each, in %")
        backtest_charts.months(outcome, key=f"bt-months-{task_id}")
    tables(outcome, partial(backtests.rows, home, task_id), key=str(task_id))
    frame.section("What was assumed")
    st.html(assumed(outcome, kept=kept))


def figures(outcome: Outcome) -> None:
    """Tiles of the metrics; a dash where one does not exist."""
    found = outcome.metrics
    refused = outcome.counts["rejected"]
    with st.container(key="bt-tiles"):
        tiles(
            [
                Tile("Total return", markup.percent(found["total_return"]),
                     note=f"{markup.number(float(outcome.run['cash']))} to {markup.number(outcome.equity_final)}"),
                Tile("Annualised", markup.percent(found["annualised_return"]), note=_span(outcome)),
                Tile("Sharpe ratio", number(found["sharpe"]), note="daily, no risk-free rate"),
                Tile("Max drawdown", markup.percent(found["max_drawdown"]), note="of daily closes"),
                Tile("Round trips", f"{found['trade_count']:,}", note=f"{outcome.counts['fills']:,} fills"),
                Tile("Win rate", percent(found["win_rate"])),
                Tile("Profit factor", number(found["profit_factor"]), note="gains / losses"),
                Tile("Rejected signals", f"{refused:,}",
                     note=", ".join(f"{rule} {count}" for rule, count in outcome.rules.items())),
                *_measured(outcome),
            ]
        )  # fmt: skip
    with st.expander("More figures", icon=":material/functions:"):
        st.html(markup.tag("div", markup.facts(_further(found)), "qs-bt-facts"))


def _measured(outcome: Outcome) -> list[Tile]:
    """Against the benchmark, where one was asked for."""
    name, found = outcome.run.get("benchmark"), outcome.metrics
    if not name:
        return []
    return [
        Tile("Alpha", markup.percent(found.get("alpha")), note=f"a year, beside {name}"),
        Tile("Beta", number(found.get("beta")), note=f"to {name}"),
    ]


def _further(found: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [
        ("Payoff", f"{number(found.get('payoff'))}, average win / average loss"),
        ("Average hold", f"{number(found.get('average_hold'))} days"),
        ("Worst day", percent(found.get("worst_day"))),
        ("Exposure", f"{percent(found.get('exposure'))} of the sessions"),
    ]


def prices(home: Home, outcome: Outcome) -> None:
    """The bars of one symbol with entries, exits and rejected signals."""
    if not outcome.candles:
        return
    symbols = list(outcome.candles)
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        zone = "" if backtest_charts.daily(outcome) else f"; times in {times.zone_name()}"
        frame.section("Price", f"with every fill, and every signal that was rejected{zone}")
        key = f"bt-symbol-{outcome.task_id}"
        symbol = st.selectbox("Symbol", symbols, key=key, width=180) if len(symbols) > 1 else symbols[0]
    columns, together = backtests.candles(home, outcome.task_id, symbol)
    bars = pd.DataFrame({name: columns[name] for name in outcomes.COLUMNS})
    bars["time"] = pd.to_datetime(bars["time"], unit="us", utc=True)
    found = backtests.marks(home, outcome.task_id, symbol)
    own = drawn(backtests.drawn(home, outcome.task_id, symbol))
    candles.show(bars, placed(found, columns), drawn=own, key=f"bt-candles-{outcome.task_id}", name=symbol)
    if len(found) >= backtests.MOST_MARKS:
        words = f"Of very many, the newest {backtests.MOST_MARKS:,} fills and refusals are marked; the tables have all."
        st.html(markup.tag("div", markup.text(words), "qs-soft"))
    if together > 1:
        words = f"Each candle is {together} bars in a row: a chart holds {outcomes.CANDLES:,}."
        st.html(markup.tag("div", markup.text(words), "qs-soft"))


def drawn(found: Sequence[Mapping[str, Any]]) -> list[Drawn]:
    """What the run's script drew."""
    return [
        Drawn(each["name"], [nan if value is None else value for value in each["data"]], each["color"],
              each["overlay"], each["text"])
        for each in found
    ]  # fmt: skip


def placed(found: Sequence[Mark], columns: Mapping[str, Any]) -> list[candles.Marker]:
    """The marks by their moments; what has no price of its own stands at the close of its bar."""
    moments = [datetime.fromisoformat(mark.time).replace(tzinfo=UTC) for mark in found]
    labels = [from_datetime(moment) for moment in moments]
    closes = columns["close"][(columns["time"].searchsorted(labels, "right") - 1).clip(0)].tolist()
    return [
        candles.Marker(moment, close if mark.price is None else mark.price, mark.kind, mark.words)
        for mark, moment, close in zip(found, moments, closes, strict=True)
    ]


def tables(outcome: Outcome, rows_of: Callable[[str, int, int], Sequence[Sequence[Any]]], *, key: str) -> None:
    """Trades, fills and rejected signals, a page at a time.

    Args:
        rows_of: rows of a table: its name, how many to skip, how many at most.
        key: tells the widgets of one run from those of another.

    """
    chosen = st.segmented_control(
        "Table", list(_TITLES), default="trades", required=True, key=f"bt-table-{key}",
        label_visibility="collapsed", format_func=lambda name: f"{_TITLES[name]} ({outcome.counts[name]:,})",
    )  # fmt: skip
    count = outcome.counts[chosen]
    pages = max(1, -(-count // PAGE_ROWS))
    page = 1
    if pages > 1:
        page = int(st.number_input(f"Page of {pages:,}", 1, pages, key=f"bt-rows-{key}-{chosen}", width=140))
    rows = rows_of(chosen, (page - 1) * PAGE_ROWS, PAGE_ROWS)
    if not rows:
        st.html(markup.notice("info", markup.text(f"{_TITLES[chosen]}: none.")))
        return
    names = [_LABELS.get(name, name) for name in outcomes.TABLES[chosen]]
    with st.container(key="bt-grid"):
        st.dataframe(pd.DataFrame(rows, columns=names), hide_index=True, width="stretch", column_config=_formats(),
                     height=420 if len(rows) > 11 else "auto")  # fmt: skip
    if not backtest_charts.daily(outcome):
        st.html(markup.tag("div", markup.text("Times are the labels of bars: their start, in UTC."), "qs-soft"))
    if chosen == "trades" and outcome.open:
        held = ", ".join(
            f"{each['symbol']} {float(each['quantity']):g} since {each['entry_time']}" for each in outcome.open
        )
        st.html(markup.tag("div", markup.text(f"Still open at the end, so no trade yet: {held}"), "qs-soft"))


def assumed(outcome: Outcome, *, kept: bool = False) -> Html:
    """Everything that decides the result, with the hashes of code and data where no kept run tells them."""
    run = outcome.run
    found: list[tuple[str, object]] = [
        ("Strategy", run["strategy"]),
        ("Parameters", pairs(run["parameters"]) or "none"),
        ("Symbols", ", ".join(run["symbols"])),
        ("Bars", f"{run['bars']:,} of {run['timeframe']}, {_span(outcome)}"),
        ("Warm-up", f"{run['warmup']} bars"),
        ("Bars from", ", ".join(dict.fromkeys(run["sources"]))),
        ("Gaps", "; ".join(run["gaps"]) or "none"),
        ("Cash", markup.number(float(run["cash"]))),
        ("Units", "2 % of equity" if run["quantity"] is None else f"{run['quantity']:g}"),
        ("Costs", pairs(run["costs"])),
        ("Options", pairs(run.get("options", {})) or "none"),
        ("Charges", pairs(outcome.charges) or "none for borrowing or funding"),
        ("Benchmark", run.get("benchmark") or "none"),
        ("Direction", run.get("direction") or "of the risk limits"),
        ("Risk limits", run["risk"]),
        ("Fills", "; ".join(run.get("notes", ())) or "decided at a bar's close, market orders at the next open"),
    ]
    if not kept:
        found += [("Code", run["code_hash"] or "typed into a session"), ("Data", run["data_hash"]),
                  ("Engine", run["engine_version"]), ("Run", run["key"])]  # fmt: skip
    return markup.tag("div", markup.facts(found), "qs-bt-facts")


def export(home: Home, task_id: int) -> None:
    """The files, made when they are asked for."""
    with st.container(horizontal=True, key="bt-export"):
        for name, label in (("result", "JSON"), ("equity", "Equity"), *_TITLES.items()):
            form = "json" if name == "result" else "csv"
            st.download_button(
                label if form == "json" else f"{label} CSV",
                partial(backtests.export, home, task_id, name),
                f"backtest-{task_id}-{name}.{form}",
                f"{'application' if form == 'json' else 'text'}/{form}",
                icon=":material/download:", on_click="ignore", key=f"bt-take-{name}",
            )  # fmt: skip


def _formats() -> dict[str, Any]:
    written = {
        "quantity": "%.8g",
        "price": "%.4f",
        "entry price": "%.4f",
        "exit price": "%.4f",
        "fee": "%.2f",
        "PnL": "%.2f",
    }
    return {name: st.column_config.NumberColumn(format=form) for name, form in written.items()}


def _span(outcome: Outcome) -> str:
    return f"{outcome.run['start']} to {outcome.run['end']}"


def pairs(values: Mapping[str, Any]) -> str:
    """Names with their values, in words."""
    return ", ".join(f"{name} {_said(value)}" for name, value in values.items())


def _said(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _why_nothing(outcome: Outcome) -> str:
    if outcome.counts["rejected"]:
        rules = ", ".join(f"{rule} ({count})" for rule, count in outcome.rules.items())
        return f"Nothing was traded: every signal was rejected, by {rules}. Rejected signals, below, tells why."
    return "Nothing was traded: the strategy gave no signal on these bars. Try a longer span or other parameters."
