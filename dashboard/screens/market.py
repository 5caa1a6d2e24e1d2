"""Market data: what the bar store holds, a look at it, and how bars come in and go out."""

from functools import partial

import streamlit as st

from components import (
    dialogs,
    frame,
    later,
    market_download,
    market_import,
    market_stored,
    markup,
    roles,
    service_state,
)
from quantstrip.home import Home


def main(home: Home) -> None:
    """Show the page: what is stored to everyone, the ways in to who may run what is there."""
    with frame.boundary():
        title = frame.early_title(home, "Market data")
        frame.say_notice()
        dialogs.show({"market-delete": ("Delete bars", lambda subject: market_stored.delete(home, subject))})
        found = market_stored.listed(home)
        title(markup.chip(f"{len(found)} series", "info" if found else "idle"))
        may = roles.may("operator")
        if may:
            service_state.needed(home, "worker", "so no bars can be imported, downloaded, looked through or exported")
        parts: dict[str, partial[None]] = {"Stored": partial(market_stored.show, home, found)}
        if may:
            parts |= {"Import": partial(market_import.show, home), "Download": partial(market_download.show, home)}
        for tab, body in zip(st.tabs(list(parts), key="market-tabs", on_change="rerun"), parts.values(), strict=True):
            if tab.open:
                with tab, frame.boundary():
                    body()
        later.wake(market_stored.PAGE)


main(frame.home())
