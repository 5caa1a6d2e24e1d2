"""Reporting: what the strategies earned over any horizon, narrowed to what one asks; trades; stored reports."""

from typing import Final

import streamlit as st

from components import charts, empty, frame, later, markup, reporting_charts, reporting_export, reporting_stored, times
from components import reporting_view as view
from quantstrip.home import Home
from quantstrip.operations import reporting, reporting_series
from quantstrip.operations.reporting_cut import GROUPINGS
from quantstrip.operations.reporting_filters import Filters
from quantstrip.operations.reporting_trades import RESULTS, SORTS, trades
from quantstrip.report.periods import HORIZONS

PAGE_SIZE: Final = 50
_PAGE: Final = "report-page"
_NO_BENCHMARK: Final = "No benchmark"
_PARTS: Final = ("Overview", "Trades", "Stored reports")
_SORTED: Final = {
    "closed": "Closed", "opened": "Opened", "pnl": "Net PnL", "return": "Return", "hold": "Time held",
    "quantity": "Units", "symbol": "Symbol", "strategy": "Strategy",
}  # fmt: skip


def main(home: Home) -> None:
    """Show the page: its frame at once, the figures when they are read."""
    with frame.boundary():
        frame.title_where_silent(home, "Reporting")
        frame.title("Reporting")
        frame.say_notice()
        part = st.segmented_control("Part", _PARTS, default=_PARTS[0], required=True, wrap=True, key="report-part",
                                    bind="query-params", label_visibility="collapsed")  # fmt: skip
        if part == _PARTS[2]:
            reporting_stored.show(home)
            return
        there = reporting.modes(home)
        if not there:
            empty.nothing_recorded()
            return
        with st.container(horizontal=True, vertical_alignment="bottom", key="report-filters"):
            mode = choose_mode(there)
            filters = narrow(home, mode)
        if part == _PARTS[1]:
            trade_list(home, mode, filters)
        else:
            overview(home, mode, filters)


def choose_mode(there: tuple[str, ...]) -> str:
    """Which mode, for they are never added up."""
    chosen = st.segmented_control("Mode", there, default=there[0], required=True, wrap=True, key="report-mode",
                                  bind="query-params", on_change=_first)  # fmt: skip
    return str(chosen)


def narrow(home: Home, mode: str) -> Filters:
    """The filters; kept in the page's address."""
    with st.spinner("Reading the ledger..."):
        there = reporting.choices(home, mode)
    names = (("Strategy", there.strategies), ("Symbol", there.symbols), ("Broker", there.brokers), ("Tag", there.tags))
    return Filters(*(_chosen(label, options) for label, options in names))


def _chosen(label: str, options: tuple[str, ...]) -> tuple[str, ...]:
    """What is chosen of one kind of names; nothing to choose where there is one name alone."""
    if len(options) < 2:
        return ()
    none = f"no {label.lower()}"
    chosen = st.multiselect(label, options, key=f"report-{label.lower()}", bind="query-params", width=210,
                            placeholder="any", format_func=lambda each: each or none, on_change=_first)  # fmt: skip
    return tuple(chosen)


def overview(home: Home, mode: str, filters: Filters) -> None:
    """Tiles, curves, the breakdown and the months."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="report-choices"):
        horizon = str(
            st.segmented_control("Horizon", tuple(HORIZONS), default="ALL", required=True, wrap=True,
                                 key="report-horizon", bind="query-params")
        )  # fmt: skip
        benchmark = choose_benchmark(home, mode)
        by = st.selectbox("Break down by", GROUPINGS, key="report-by", bind="query-params", width=150,
                          format_func=str.capitalize)  # fmt: skip
        anew = st.button("Refresh", icon=":material/refresh:", key="report-refresh")
    with st.spinner("Reading the ledger..."):
        shown = reporting.show(home, mode, filters, by=by, benchmark=benchmark, anew=anew)
        points = reporting_series.series(shown, horizon)
    currency = shown.report.currency
    if points is None:
        st.html(markup.notice("info", markup.text("No session fits these filters. Empty one of them.")))
        return
    view.headline(shown, horizon)
    if shown.report.notes:
        st.html(view.notes(shown.report.notes))
    if later.ready("reporting"):
        curves(points, currency, key=f"{horizon}-{mode}-{by}")
    frame.section("Breakdown", f"by {by}, {horizon}, in {currency}")
    st.html(view.breakdown(shown, horizon))
    share = shown.report.portfolio.capital is not None
    frame.section(
        "Months", "returns of the portfolio in percent" if share else f"net PnL of the portfolio in {currency}"
    )
    st.html(view.heat(reporting_series.months(shown.report.portfolio), share=share))
    st.html(markup.tag("div", markup.text(f"Read at {times.clock_time(reporting.read_at(home, mode))}"), "qs-soft"))
    reporting_export.offer(home, mode, filters, benchmark)


def curves(points: reporting_series.Series, currency: str, *, key: str) -> None:
    """The curves, the falls and how returns are spread."""
    left_out = f", the {reporting_series.MOST_LINES} that moved most" if points.left_out else ""
    frame.section("Cumulative PnL", f"net, in {currency}{left_out}")
    charts.portfolio_chart(points.curves, "pnl", currency, times.zone(), key=f"report-pnl-{key}")
    left, right = st.columns(2, gap="medium")
    with left:
        frame.section("Drawdown", "of the portfolio within the horizon")
        reporting_charts.drawdown(points, currency, key=f"report-drawdown-{key}")
    with right:
        frame.section("Distribution", "daily returns" if points.share else f"daily PnL in {currency}")
        reporting_charts.distribution(points, currency, key=f"report-spread-{key}")


def choose_benchmark(home: Home, mode: str) -> str:
    """A symbol of ``mtm_price``, or nothing."""
    symbols = reporting.choices(home, mode).benchmarks
    if not symbols:
        return ""
    chosen = st.selectbox("Benchmark", [_NO_BENCHMARK, *symbols], key="report-benchmark", bind="query-params",
                          width=170)  # fmt: skip
    return "" if chosen == _NO_BENCHMARK else str(chosen)


def trade_list(home: Home, mode: str, filters: Filters) -> None:
    """One page of the round trips."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="report-trades-choices"):
        sort = st.selectbox("Sort by", tuple(SORTS), key="report-sort", bind="query-params", width=150,
                            format_func=_SORTED.__getitem__, on_change=_first)  # fmt: skip
        order = st.segmented_control("Order", ("Falling", "Rising"), default="Falling", required=True,
                                     key="report-order", bind="query-params", on_change=_first)  # fmt: skip
        result = st.segmented_control("Result", RESULTS, default=RESULTS[0], required=True, key="report-result",
                                      bind="query-params", format_func=str.capitalize, on_change=_first)  # fmt: skip
    page = int(st.session_state.get(_PAGE, 0))
    rows, total = trades(home, mode, filters, sort=sort, descending=order == "Falling", result=str(result),
                         limit=PAGE_SIZE, skip=page * PAGE_SIZE)  # fmt: skip
    frame.section("Round trips", f"{total:,}, flat to flat, after costs")
    none = "No round trip fits these filters" if filters != Filters() else "No round trip was closed yet"
    st.html(view.trade_table(rows, none=none))
    pages = -(-total // PAGE_SIZE)
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center", key="report-turn"):
            st.button("Previous", icon=":material/arrow_back:", key="report-previous", disabled=page < 1, on_click=_go,
                      args=(page - 1,))  # fmt: skip
            st.html(markup.tag("span", markup.text(f"Page {page + 1:,} of {pages:,}"), "qs-soft"), width="content")
            st.button("Next", icon=":material/arrow_forward:", key="report-next", disabled=page + 1 >= pages,
                      on_click=_go, args=(page + 1,))  # fmt: skip


def _go(page: int) -> None:
    st.session_state[_PAGE] = page


def _first() -> None:
    st.session_state.pop(_PAGE, None)


main(frame.home())
