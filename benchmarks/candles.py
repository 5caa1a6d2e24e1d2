"""A candlestick chart of a hundred thousand bars in a real Chromium: from the request to candles on the canvas.

The server and the browser are warm: the first visit is not counted. The bound is absolute, so ``detail`` has what a
page that says hello needs on this machine at this moment.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from benchmarks.supervision import _free_port
from quantstrip.home import asset

BARS: Final = 100_000
MARKS: Final = 2_000
BOUND: Final = 2.0
TURNS: Final = 5
_ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
_HELLO: Final = 'import streamlit as st\n\nst.html("<h1>Hello</h1>")\n'
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
        _served(Path(folder), "hello", _HELLO) as hello,
        _served(Path(folder), "chart", _CHART) as chart,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=_chromium(), args=list(_ARGUMENTS))
        for turn in range(TURNS + 1):
            shown = {"hello": _seconds(browser, hello, "() => document.querySelector('h1')"),
                     "chart": _seconds(browser, chart, _PAINTED)}  # fmt: skip
            for name, value in shown.items() if turn else ():
                found[name].append(value)
        browser.close()
    value = statistics.median(found["chart"])
    yield {
        "name": f"candlesticks of {BARS:,} bars painted, s",
        "value": round(value, 2),
        "bound": BOUND,
        "ok": value <= BOUND,
        "detail": {"hello_s": round(statistics.median(found["hello"]), 2), "best_s": round(min(found["chart"]), 2),
                   "marks": MARKS, "load": round(os.getloadavg()[0], 1)},
    }  # fmt: skip


def _seconds(browser: Browser, address: str, condition: str) -> float:
    """From the request to the first frame in which ``condition`` holds, in a window of its own."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(condition, timeout=60_000, polling=50)
    seconds = time.perf_counter() - begun
    page.close()
    return seconds


@contextmanager
def _served(folder: Path, name: str, source: str) -> Iterator[str]:
    """A Streamlit server on a page; its address."""
    port, page = _free_port(), folder / f"{name}.py"
    page.write_text(source)
    options = ("--server.headless", "true", "--server.address", "127.0.0.1", "--browser.gatherUsageStats", "false")
    command = [sys.executable, "-m", "streamlit", "run", str(page), "--server.port", str(port), *options]
    with (folder / f"{name}.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        deadline = time.monotonic() + 60
        while _refused(port):
            if time.monotonic() > deadline or server.poll() is not None:
                raise RuntimeError(f"the server did not start: {(folder / f'{name}.log').read_text()}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.terminate()
        server.wait()


def _refused(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _chromium() -> str:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not found:
        raise RuntimeError("no Chromium is installed: apt-get install -y --no-install-recommends chromium")
    return found
