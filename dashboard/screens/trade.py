"""One trade: its bars with entry and exit, orders and what became of them, fills and fees, and whose code it was."""

from typing import Final

import streamlit as st

from components import candles, frame, markup, times, trade_view
from components.reporting_view import link
from quantstrip.clock import from_text, to_datetime
from quantstrip.home import Home
from quantstrip.operations import trade_page
from quantstrip.operations.trade_page import TradeBars, TradePage

_ID: Final = "id"


def main(home: Home) -> None:
    """Show the page."""
    with frame.boundary():
        asked = st.query_params.get(_ID, "")
        frame.title_where_silent(home, "Trade")
        frame.title(f"Trade {asked}" if asked.isdigit() else "Trade")
        st.html(link("All trades", "/reporting?report-part=Trades"))
        if not asked.isdigit():
            st.html(markup.notice("info", markup.text("Choose a trade from the list of trades on the page Reporting.")))
            return
        page = trade_page.trade(home, int(asked))
        with st.spinner("Reading bars..."):
            found = trade_page.bars_around(home, page)
        trade_view.headline(page, found)
        st.html(trade_view.facts(page))
        chart(page, found)
        frame.section("Orders", f"times in {times.zone_name()}")
        st.html(trade_view.orders(page))
        frame.section("Fills", f"amounts in {page.facts.currency}, times in {times.zone_name()}")
        st.html(trade_view.fills(page))


def chart(page: TradePage, found: TradeBars) -> None:
    """The bars around it, with each fill and the levels of its orders; where there are no bars, why."""
    frame.section("Price")
    if found.table is None:
        st.html(markup.notice("info", markup.text(f"There are no bars to draw. {found.why}")))
        return
    marks = [
        candles.Marker(
            to_datetime(from_text(fill.exec_time)),
            fill.price,
            "buy" if fill.side == "BUY" else "sell",
            trade_view.fill_words(fill),
        )
        for fill in page.fills
        if fill.entry == "FILL"
    ]
    bars, levels = trade_view.frame_of(found.table), trade_view.levels(page)
    candles.show(bars, marks, levels, key=f"trade-{page.trade_id}", name=page.facts.symbol)
    st.html(markup.tag("div", markup.text(f"Bars of {found.source}, {found.table.timeframe}"), "qs-soft"))


main(frame.home())
