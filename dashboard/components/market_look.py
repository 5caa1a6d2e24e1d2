"""A look at one stored series: its candles, what is known of it, and taking it out or away."""

from datetime import timedelta
from typing import Final

import pandas as pd
import streamlit as st

from components import candles, dialogs, frame, markup, roles, times, waiting
from quantstrip.bars import About, label_text
from quantstrip.clock import from_text, to_datetime
from quantstrip.home import Home
from quantstrip.operations import data, data_import, data_tasks

_FILE: Final = "market-file"
_DAYS: Final = 366
"""Days of bars shorter than one that are shown at first."""
_MEDIA: Final = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def show(home: Home, about: About, wrong: str) -> None:
    """One series; ``wrong`` says why it cannot be read."""
    daily = about.timeframe in ("1d", "1w")
    frame.section(f"{about.symbol} {about.timeframe}", "" if daily else f"times in {times.zone_name()}")
    if wrong:
        words = "Delete it and bring its bars in anew, or put the files back from a backup."
        strong = markup.tag("strong", markup.text(wrong))
        st.html(markup.notice("bad", markup.join(strong, markup.tag("div", markup.text(words), "qs-hint"))))
        _remove(about)
        return
    first, last = (to_datetime(moment).date() for moment in (about.first, about.last))
    key = f"{about.symbol}-{about.timeframe}"
    one, two, three = st.columns(3)
    there = data.timeframes(home, about.symbol)
    coarser = there[there.index(about.timeframe) :]
    timeframe = one.selectbox("Timeframe", coarser, key=f"market-frame-{key}",
                              help="Coarser bars are made of these.")  # fmt: skip
    begin = first if daily else max(first, last - timedelta(days=_DAYS))
    start = two.date_input("From", begin, key=f"market-from-{key}", min_value=first, max_value=last,
                           format="YYYY-MM-DD")  # fmt: skip
    end = three.date_input("To", last, key=f"market-to-{key}", min_value=first, max_value=last, format="YYYY-MM-DD")
    # What begins with the series is not cut: a week's label lies before its first bar.
    span = (None if start == first else str(start), None if end == last else str(end))
    with frame.boundary():
        bars, gaps = _bars(str(home.root), data.stamp(home), about.symbol, timeframe, *span, home)
        candles.show(bars, key=f"market-candles-{key}-{timeframe}", name=about.symbol)
        st.html(markup.tag("div", markup.text(f"{len(bars):,} bars; {gaps}"), "qs-soft"))
    st.html(markup.facts([
        ("Stored", f"{about.rows:,} bars, {label_text(about.timeframe, about.first)} to "
                   f"{label_text(about.timeframe, about.last)}"),
        ("Source", ", ".join(about.sources) or "not known"),
        ("Came", times.moment(from_text(about.imported)) if about.imported else markup.DASH),
        ("Hash of the newest file", about.hash[:16]),
    ]))  # fmt: skip
    if roles.may("operator"):
        _take(home, about, timeframe, *span)


@st.cache_data(max_entries=4, show_spinner="Reading bars...")
def _bars(  # another stamp: other bars
    root: str, stamp: str, symbol: str, timeframe: str, start: str | None, end: str | None, _home: Home,  # noqa: ARG001
) -> tuple[pd.DataFrame, str]:  # fmt: skip
    """Bars as a chart wants them, and what is missing in them."""
    table = data.show(_home, symbol, timeframe, start, end)
    bars = data_import.exported(table)
    bars["time"] = pd.to_datetime(bars["time"], utc=True)
    return bars, str(table.gaps)


def _take(home: Home, about: About, timeframe: str, start: str | None, end: str | None) -> None:
    """Write what is shown to a file, or delete the series."""
    asked = {"symbol": about.symbol, "timeframe": timeframe, "start": start, "end": end}
    with st.container(horizontal=True, key="market-acts"):
        for form, label in (("csv", "Export as CSV"), ("parquet", "Export as Parquet")):
            st.button(label, icon=":material/table_view:", key=f"market-export-{form}", on_click=waiting.ask,
                      args=(home, _FILE, data_tasks.EXPORT, {**asked, "form": form}),
                      kwargs={"by": "Market data"})  # fmt: skip
        _remove(about)
    if (task := waiting.show(home, _FILE, "Nothing was written")) and task.result is not None:
        name = f"{task.arguments['symbol']}-{task.arguments['timeframe']}.{task.arguments['form']}"
        st.download_button(
            f"Save {markup.plain(name)} ({int(task.result['rows']):,} bars)", lambda: data_tasks.file_of(task), name,
            _MEDIA[str(task.arguments["form"])], icon=":material/download:", on_click="ignore", type="primary",
            key="market-save",
        )  # fmt: skip


def _remove(about: About) -> None:
    if roles.may("operator"):
        st.button("Delete", icon=":material/delete:", key="market-delete", on_click=dialogs.ask,
                  args=("market-delete", f"{about.timeframe} {about.symbol}"))  # fmt: skip
