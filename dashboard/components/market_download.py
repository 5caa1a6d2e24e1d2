"""Bars from feeds: what to fetch, how far it is, and going on where one ended."""

import re
from typing import Final

import streamlit as st

from components import frame, markup, output, roles, times
from components.output import TONES
from quantstrip.errors import QuantstripError
from quantstrip.home import Home
from quantstrip.model import TIMEFRAMES
from quantstrip.operations import data_sources, tasks
from quantstrip.operations.tasks import Task

_KIND: Final = "download"
_KNOWN: Final = ("yfinance", "ccxt:binance", "ccxt:kraken", "ccxt:coinbase")
_SHOWN: Final = 8
_LOOKED_AT: Final = 500
_HELP: Final = {
    "Cancel": "What has come is kept", "Resume": "Go on behind what has come", "Repeat": "Fetch what is newer",
}  # fmt: skip
_ENDED: Final = ("cancelled", "failed", "interrupted")


def show(home: Home) -> None:
    """The form, and the newest downloads."""
    _ask(home)
    found = _known(home)
    moving = any(not task.over for task in found)
    st.fragment(_list, run_every=output.REFRESH_SECONDS if moving else None)(home, moving=moving)


def _ask(home: Home) -> None:
    said = data_sources.places(home)
    known = list(dict.fromkeys([*said.feeds, *_KNOWN]))
    with st.form("market-download", border=True, enter_to_submit=False):
        symbols = st.text_input("Symbols", key="market-symbols", placeholder="AAPL, MSFT or BTC/USDT",
                                help="As the feed spells them, with commas or spaces between.")  # fmt: skip
        feeds = st.multiselect(
            "Feeds, asked in this order", known, default=list(said.feeds) or ["yfinance"], key="market-feeds",
            accept_new_options=True,
            help="The first that has a symbol gives it, and what came says which one. yfinance, or ccxt:EXCHANGE.",
        )  # fmt: skip
        one, two, three = st.columns(3)
        timeframe = one.selectbox(
            "Timeframe", list(TIMEFRAMES), index=list(TIMEFRAMES).index("1d"), key="market-wanted"
        )
        start = two.date_input("From", None, key="market-since", format="YYYY-MM-DD", min_value=times.EARLIEST,
                               help="Empty: from behind what is stored.")  # fmt: skip
        end = three.date_input("To", None, key="market-until", format="YYYY-MM-DD", min_value=times.EARLIEST,
                               help="Empty: until now.")  # fmt: skip
        calendar = one.text_input("Calendar", key="market-sessions", placeholder="the feed's own")
        adjusted = two.toggle("Adjusted prices", value=True, key="market-adjusted",
                              help="For dividends and splits, where the feed has both.")  # fmt: skip
        again = three.toggle("Fetch all again", key="market-again",
                             help="And replace what differs, as after a dividend.")  # fmt: skip
        if not st.form_submit_button("Download", icon=":material/download:", type="primary", key="market-fetch"):
            return
    asked = {
        "symbols": [each for each in re.split(r"[,\s]+", symbols) if each], "timeframe": timeframe,
        "feed": ",".join(feeds), "start": start.isoformat() if start else None,
        "end": end.isoformat() if end else None, "calendar": calendar.strip() or None, "adjusted": adjusted,
        "again": again,
    }  # fmt: skip
    with frame.boundary():
        tasks.submit(home, _KIND, asked, by="Market data")
        st.rerun()


def _known(home: Home) -> list[Task]:
    return [task for task in tasks.list_tasks(home, limit=_LOOKED_AT) if task.kind == _KIND][:_SHOWN]


def _list(home: Home, *, moving: bool) -> None:
    with frame.boundary():
        found = _known(home)
        if moving and all(task.over for task in found):
            st.rerun()
        frame.section("Downloads", "the newest" if found else "")
        if not found:
            st.html(markup.notice("info", markup.text("Nothing was downloaded yet. What has come is kept when one is "
                                                      "cancelled, and the next goes on behind it.")))  # fmt: skip
        for task in found:
            _row(home, task)


def _row(home: Home, task: Task) -> None:
    number = task.task_id
    with st.container(horizontal=True, vertical_alignment="center", key=f"item-market-{number}"):
        with st.container(gap="small"):
            st.html(_head(task))
            if not task.over:
                st.progress(task.progress, markup.plain(task.note or ("begins" if task.pid else "waits for its turn")))
        if not roles.may("operator"):
            return
        word = "Cancel" if not task.over else "Resume" if task.state in _ENDED else "Repeat"
        if st.button(word, key=f"market-{word.lower()}-{number}", help=_HELP[word]):
            _do(home, number, cancel=word == "Cancel")


def _do(home: Home, number: int, *, cancel: bool) -> None:
    try:
        if cancel:
            tasks.cancel(home, number)
        else:
            tasks.repeat(home, number, by="Market data")
    except QuantstripError as error:
        frame.keep_notice(str(error), failed=True)
    st.rerun()


def _head(task: Task) -> markup.Html:
    asked, told = task.arguments, dict(task.result or {})
    name = f"{', '.join(asked['symbols'])} {asked['timeframe']}"
    lines = [
        f"{each['symbol']} {each['timeframe']} from {each['feed']}: {each['added']:,} added; {each['bars']:,} from "
        f"{each['first']} to {each['last']}" + (f"; {each['gaps']}" if each["gaps"] else "")
        for each in told.get("downloaded", ())
    ]
    lines += [f"{symbol}: {why}" for symbol, why in told.get("failed", {}).items()]
    lines += [task.error.replace("\n", ". ")] if task.error else []
    facts = f"{times.second(task.created)} · asked of {asked['feed']}"
    return markup.join(
        markup.tag("div", markup.join(markup.tag("b", markup.text(name)), markup.chip(task.state, TONES[task.state])),
                   "qs-item-head"),
        markup.tag("div", markup.text(facts), "qs-item-facts"),
        *(markup.tag("div", markup.text(line), "qs-soft") for line in lines),
    )  # fmt: skip
