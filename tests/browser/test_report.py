"""The HTML report in a real Chromium: light and dark, on a phone, on paper, without a network."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from quantstrip.report.build import Benchmark, History, Trips, build_report
from quantstrip.report.html import render_html
from quantstrip.report.model import Position, Report, Trade

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
NAMES = ("breakout_daily", "carry_fx", "ma_cross", "rsi_reversion")


def made_report() -> Report:
    days = np.arange(np.datetime64("2019-01-01"), np.datetime64("2024-01-01"))
    days = days[np.is_busday(days)]
    histories, trades = [], []
    for seed, name in enumerate(NAMES):
        random = np.random.default_rng(seed)
        entered = np.sort(random.integers(0, len(days) - 12, 150))
        left = entered + random.integers(0, 10, 150)
        result = np.round(random.normal(60, 700, 150), 2)
        pnl = np.round(random.normal(30, 600, len(days)), 2)
        trips = Trips(result, (left - entered) * 86_400.0, days[entered], days[left])
        histories.append(History(name, 100_000.0, days, pnl, np.abs(pnl) * 10, trips))
        trades += [
            Trade(name, "AAPL", "LONG", 100.0, f"{days[first]} 14:30:00", 123.45, f"{days[last]} 20:00:00", 124.5,
                  pnl + 2, 2.0, pnl)
            for first, last, pnl in zip(entered[-30:], left[-30:], result[-30:].tolist(), strict=True)
        ]  # fmt: skip
    market = Benchmark("SPY", days, 100 * np.cumprod(1 + np.random.default_rng(9).normal(3e-4, 0.01, len(days))))
    return build_report(
        histories,
        mode="paper",
        currency="USD",
        created="2024-01-02 18:00:00.000000",
        trades=trades,
        positions=[Position("ma_cross", "AAPL", "NET", 200.0, 150.125, 155.2, date(2023, 12, 29), 1015.0)],
        benchmark=market,
    )


@pytest.fixture(scope="module")
def report_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render_html(made_report()), encoding="utf-8")
    return path


@pytest.fixture
def opened(chromium: Browser, report_file: Path) -> Iterator[Open]:
    """Open the report with a given screen and colour scheme; nothing may be asked of any network."""
    contexts, trouble = [], []

    def open_it(width: int = 1200, height: int = 900, scheme: str = "light", script: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: trouble.append(message.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda request: trouble.append(request.url) if request.url[:5] != "file:" else None)
        page.goto(report_file.as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert trouble == []


def luminance(page: Page, what: str, of: str) -> float:
    """How bright a colour of an element is, 0 to 1."""
    colour = page.eval_on_selector(what, f"element => getComputedStyle(element).{of}")
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("scheme", "paper"), [("light", 0.9), ("dark", 0.1)])
def test_the_page_is_as_light_as_the_readers_system(opened: Open, pictures: Path, scheme: str, paper: float) -> None:
    page = opened(scheme=scheme)
    assert luminance(page, "body", "backgroundColor") == pytest.approx(paper, abs=0.1)
    assert abs(luminance(page, "body", "color") - luminance(page, "body", "backgroundColor")) > 0.6
    for line in ("path.c0", "path.c1", "path.c2", "path.c3", "path.c4"):
        assert abs(luminance(page, f"#pnl {line}", "stroke") - luminance(page, ".card", "backgroundColor")) > 0.15, line
    page.screenshot(path=pictures / f"report-{scheme}.png", full_page=True)


@pytest.mark.parametrize("width", [320, 390, 768, 1200, 1920])
def test_nothing_is_wider_than_the_screen(opened: Open, pictures: Path, width: int) -> None:
    page = opened(width=width, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    too_wide = page.evaluate(
        "[...document.querySelectorAll('.card, .tile, figure, .plot .x, .plot .y, h1, h2')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < 0)"
        ".map(e => e.textContent)"
    )
    assert too_wide == []
    overflowing = page.evaluate(
        "[...document.querySelectorAll('.tile b')].filter(e => e.scrollWidth > e.clientWidth).length"
    )
    assert overflowing == 0
    if width == 390:
        page.screenshot(path=pictures / "report-phone.png", full_page=True)


def test_text_is_large_enough_to_read_on_a_phone(opened: Open) -> None:
    page = opened(width=390, height=844)
    sizes = page.evaluate(
        "[...document.querySelectorAll('.plot .x, .plot .y, td, th, .tile b, p')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 11
    heights = page.evaluate("[...document.querySelectorAll('.plot svg')].map(e => e.getBoundingClientRect().height)")
    assert min(heights) >= 100


def test_labels_along_an_axis_do_not_touch(opened: Open) -> None:
    for width in (320, 390, 1200):
        page = opened(width=width)
        touching = page.evaluate(
            """[...document.querySelectorAll('.plot > div')].flatMap(axis => {
                 const boxes = [...axis.children].map(e => e.getBoundingClientRect()).filter(box => box.width);
                 return boxes.slice(1).filter((box, n) => box.left < boxes[n].right + 2);
               }).length"""
        )
        assert touching == 0, width


def test_a_pointer_shows_the_values_of_the_day(opened: Open, pictures: Path) -> None:
    page = opened(scheme="dark")
    plot = page.locator("#pnl .plot")
    plot.hover(position={"x": 400, "y": 80})
    box = page.locator("#pnl .box")
    assert re.match(r"20\d\d-\d\d-\d\d", box.inner_text())
    for name in ("Portfolio", *NAMES):
        assert name in box.inner_text()
    page.screenshot(path=pictures / "report-pointer.png")
    page.locator("h1").hover()
    assert page.locator("#pnl .box").count() == 0


def test_without_scripts_the_report_is_the_same(opened: Open) -> None:
    with_script, without = opened(), opened(script=False)
    assert without.locator("main").inner_text() == with_script.locator("main").inner_text()


def test_on_paper_it_is_light_and_nothing_is_cut_off(opened: Open, pictures: Path) -> None:
    page = opened(width=703, scheme="dark")  # A4 without its margins
    page.emulate_media(media="print", color_scheme="dark")
    assert luminance(page, "body", "backgroundColor") > 0.95
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
        ".map(e => e.firstChild.id)"
    )
    assert cut == []
    content = page.pdf(prefer_css_page_size=True, print_background=True)
    (pictures / "report.pdf").write_bytes(content)
    assert content.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 9


def test_definitions_open_at_the_end(opened: Open) -> None:
    page = opened()
    assert not page.locator("dl").is_visible()
    page.locator("summary").click()
    assert page.locator("dt", has_text="Sharpe ratio").is_visible()
