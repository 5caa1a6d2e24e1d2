"""A candlestick chart of a hundred thousand bars in a real Chromium: from the request to candles on the canvas.

The server and the browser are warm: the first visit is not counted. The bound is absolute, so ``detail`` has what a
page that says hello needs on this machine at this moment.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import BrowserContext

from benchmarks.browsing import HELLO, SIZE, browser, figure, served
from quantstrip.home import asset

BARS: Final = 100_000
MARKS: Final = 2_000
BOUND: Final = 2.0
TURNS: Final = 5
_CHART: Final = f"""
import sys
sys.path.append({str(asset("dashboard"))!r})
import numpy as np
import pandas as pd
import streamlit as st
from components import candles

@st.cache_resource
def bars():
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.001, {BARS})))
    opened = np.concatenate(([100.0], close[:-1]))
    begin = pd.date_range("2020-01-01", periods={BARS}, freq="5min")
    frame = pd.DataFrame({{
        "time": begin, "open": opened, "high": np.maximum(opened, close) * 1.001,
        "low": np.minimum(opened, close) * 0.999, "close": close, "volume": rng.integers(1, 10**6, {BARS}),
    }})
    rows = np.linspace(0, {BARS} - 1, {MARKS}).astype(int)
    kinds = ("buy", "sell", "rejected")
    return frame, [candles.Marker(begin[i].to_pydatetime(), close[i], kinds[i % 3], "a mark") for i in rows]

frame, marks = bars()
candles.show(frame, marks, key="chart", name="TEST")
"""
# Candles are green and red; the page around them, the axes and the volume are neither.
_PAINTED: Final = """() => [...document.querySelectorAll('canvas')].some(canvas => {
    if (!canvas.width || !canvas.height) return false;
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 200 && Math.abs(data[i] - data[i + 1]) > 90) return true;
    }
    return false;
})"""


def run() -> Iterator[dict[str, Any]]:
    """Serve the chart and a hello page, and take turns."""
    found: dict[str, list[float]] = {"hello": [], "chart": []}
    with (
        tempfile.TemporaryDirectory(prefix="quantstrip-candles-") as folder,
        served(Path(folder), "hello", HELLO) as hello,
        served(Path(folder), "chart", _CHART) as chart,
        browser() as chromium,
    ):
        context = chromium.new_context(viewport=SIZE)
        for turn in range(TURNS + 1):
            shown = {"hello": _seconds(context, hello, "() => document.querySelector('h1')"),
                     "chart": _seconds(context, chart, _PAINTED)}  # fmt: skip
            for name, value in shown.items() if turn else ():
                found[name].append(value)
    detail = {"hello_s": round(statistics.median(found["hello"]), 2), "best_s": round(min(found["chart"]), 2),
              "marks": MARKS, "load": round(os.getloadavg()[0], 1)}  # fmt: skip
    yield figure(f"candlesticks of {BARS:,} bars painted, s", statistics.median(found["chart"]), BOUND, detail)


def _seconds(context: BrowserContext, address: str, condition: str) -> float:
    """From the request to the first frame in which ``condition`` holds, in a tab and session of its own."""
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(condition, timeout=60_000, polling=50)
    seconds = time.perf_counter() - begun
    page.close()
    return seconds
