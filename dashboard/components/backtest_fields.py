"""The folded fields of a run: bars and sessions, sizing and risk, fills and costs.

They are drawn when they are unfolded: a page that draws twenty fields nobody sees is slow to show its first words. What
they say stands in the session, whether they are drawn or not.
"""

from collections.abc import Callable
from typing import Final

import streamlit as st

from quantstrip.operations.strategy_forms import Form, Offered

SOURCES: Final = {
    "": "in order: store, folder, feeds; else the sample", "store": "the home's bar store",
    "folder": "files of the home", "download": "feeds of the settings", "sample": "the shipped sample",
    "synthetic": "invented", "named": "another folder",
}  # fmt: skip
RISKS: Final = {
    "form": "of its form", "native": "native limits", "cash_only": "cash only", "off": "no limits", "file": "a file",
}  # fmt: skip
_FRAMES: Final = ("", "1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d", "1w")
_GAPS: Final = {"refuse": "refuse the run", "accept": "accept them"}
_LEGS: Final = {"": "the strategy's own choice", False: "no, one position", True: "yes, two legs"}
_HOURS: Final = (1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 24.0)


def draw(form: Form, there: Offered) -> None:
    """The groups, each drawn while it is open; what its fields begin with stands in the session before."""
    group("Bars and sessions", ":material/candlestick_chart:", "bt-group-bars", lambda: _bars(form, there))
    group("Sizing and risk", ":material/balance:", "bt-group-risk", lambda: _sizing(form))
    group("Fills and costs", ":material/payments:", "bt-group-fills", lambda: _fills(form))


def group(label: str, icon: str, key: str, fields: Callable[[], None]) -> None:
    """A part that is folded until somebody opens it, and drawn then."""
    part = st.expander(label, icon=icon, key=key, on_change="rerun")
    if part.open:
        with part:
            fields()


def _bars(form: Form, there: Offered) -> None:
    """Where the bars come from, and what they are."""
    source = st.selectbox(
        "Bars from", list(SOURCES), key="bt-source", persist_state="page", format_func=SOURCES.__getitem__,
        help="The only place to ask, or the order of the setting data.order. Bars are invented by that name alone.",
    )  # fmt: skip
    if source == "named":
        st.text_input("Folder", key="bt-bars", persist_state="page", placeholder="/home/me/bars",
                      help="Its full path on this machine: it holds SYMBOL.csv or SYMBOL.parquet files.")  # fmt: skip
    elif source == "synthetic":
        st.number_input("Seed", key="bt-invent", persist_state="page", min_value=0, step=1,
                        help="The same seed invents the same bars.")  # fmt: skip
    one, two = st.columns(2)
    one.selectbox(
        "Timeframe", _FRAMES, key="bt-frame", persist_state="page",
        format_func=lambda name: name or (f"{form.timeframe}, its own" if form.timeframe else "as the bars have it"),
        help="Length of a bar. The store makes it of finer ones. The first choice: the strategy's own.",
    )  # fmt: skip
    two.text_input(
        "Calendar", key="bt-calendar", persist_state="page",
        help="Exchange whose sessions the bars follow, such as NYSE or 24/7; none takes the bars as they are, auto "
        "finds out.",
    )  # fmt: skip
    one.selectbox("Missing sessions", list(_GAPS), key="bt-gaps", persist_state="page", format_func=_GAPS.__getitem__)
    two.number_input(
        "Warm-up bars", key="bt-warmup", persist_state="page", min_value=0, step=10,
        help="Bars before From (without it: the first ones) that only warm indicators up: nothing is traded on them.",
    )  # fmt: skip
    known = list(dict.fromkeys([*there.symbols, *filter(None, [st.session_state["bt-benchmark"]])]))
    st.selectbox(
        "Benchmark", known, key="bt-benchmark", persist_state="page", placeholder="none", accept_new_options=there.free,
        help="Symbol that alpha and beta are measured against; it is not traded.",
    )  # fmt: skip


def _sizing(form: Form) -> None:
    """How much is ordered, and which entries are rejected."""
    one, two = st.columns(2)
    one.number_input(
        "Units", key="bt-quantity", persist_state="page", min_value=0.0, step=1.0, placeholder="2 % of equity",
        help="For signals that open without a quantity. Empty: 2 % of equity.",
    )  # fmt: skip
    own = {"NATIVE": RISKS["native"], "CASH_ONLY": RISKS["cash_only"]}.get(form.risk, form.risk)
    risk = two.selectbox(
        "Risk limits", list(RISKS), key="bt-risk", persist_state="page",
        format_func=lambda name: f"{RISKS[name]}: {own}" if name == "form" else RISKS[name],
        help="Rules that reject entries: those of the form the strategy is written in, the native table, cash and "
        "leverage alone, none, or the limits of a TOML file.",
    )  # fmt: skip
    if risk == "file":
        st.text_input("File of limits", key="bt-limits", placeholder="settings/limits.toml", persist_state="page",
                      help="TOML: max_order_value = 50000. A path within the home, or a full one.")  # fmt: skip
    st.selectbox(
        "Long and short at once", list(_LEGS), key="bt-legs", persist_state="page", format_func=_LEGS.__getitem__,
        help="May a symbol be held on its two legs, or is there one position?",
    )  # fmt: skip


def _fills(form: Form) -> None:
    """How orders fill, and what they and positions cost."""
    one, two = st.columns(2)
    one.number_input(
        "Fee rate", key="bt-fee", persist_state="page", min_value=0.0, max_value=0.999, step=0.0001, format="%.5f",
        placeholder=form.fee,
        help=f"Commission as a fraction of the traded value: 0.001 is 0.1 %. Empty: {form.fee}.",
    )  # fmt: skip
    two.number_input(
        "Slippage (bps)", key="bt-slippage", persist_state="page", min_value=0.0, step=0.5, format="%.2f",
        placeholder=f"{form.slippage_bps:g}",
        help=f"Of market and stop orders, in 1/100 %. Empty: {form.slippage_bps:g}.",
    )  # fmt: skip
    one.number_input(
        "Share of volume", key="bt-share", persist_state="page", min_value=0.001, max_value=1.0, step=0.05,
        format="%.3f", placeholder="whole fills",
        help="Orders of a symbol fill at most this share of a bar's volume, 0.1 is 10 %; the rest waits for the next "
        "bar. Empty: they fill whole.",
    )  # fmt: skip
    two.number_input(
        "Borrow rate a year", key="bt-borrow", persist_state="page", min_value=0.0, step=0.005, format="%.4f",
        help="Paid on the value of short positions for each midnight UTC they are held over: 0.03 is 3 % a year.",
    )  # fmt: skip
    one.number_input(
        "Funding rate", key="bt-funding", persist_state="page", min_value=-0.999, max_value=0.999, step=0.0001,
        format="%.5f",
        help="Paid by longs to shorts on their value at the end of each interval (perpetual futures): 0.0001 is "
        "0.01 %; below zero the other way round.",
    )  # fmt: skip
    two.selectbox(
        "Funding interval", _HOURS, key="bt-hours", persist_state="page", format_func=lambda hours: f"{hours:g} h",
        help="Counted from midnight UTC.",
    )  # fmt: skip
    st.checkbox(
        "Strict: fill as live would", key="bt-strict", persist_state="page",
        help="Orders fill at the next open, also in forms whose document fills them within the bar. Strategy classes "
        "fill so anyway.",
    )  # fmt: skip
