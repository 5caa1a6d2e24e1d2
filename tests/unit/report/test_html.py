"""The page: one file that needs nothing, shows the report's own figures, and runs nothing it was given."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from quantstrip.report import BY_NAME, METRICS
from quantstrip.report.html import render_html
from quantstrip.report.layout import GROUPS
from quantstrip.report.model import Report
from quantstrip.report.words import shown
from tests.unit.report.conftest import history, report_of


class Page(HTMLParser):
    """What the tests ask of a page: its figures by scope and metric, its tags and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.figures: dict[tuple[str, str], str] = {}
        self.addresses: list[str] = []
        self.opened: list[str] = []
        self.ids: list[str] = []
        self._scope = ""
        self.feed(text)
        assert self.opened == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag != "meta":
            self.opened.append(tag)
        self._scope = given.get("data-scope", self._scope)
        self.ids += [given["id"]] if "id" in given else []
        if "data-metric" in given and self._scope:
            self.figures.setdefault((self._scope, given["data-metric"]), given["data-value"])
        self.addresses += [given[name] for name in ("src", "href", "action", "xlink:href") if name in given]

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag, self.getpos()


@pytest.fixture(scope="module", name="page")
def _page(report: Report) -> Page:
    return Page(render_html(report))


def test_the_page_needs_nothing_from_anywhere(page: Page) -> None:
    assert page.addresses == []
    assert re.findall(r"(?i)https?://|url\(|@import|//[a-z0-9-]+\.[a-z]{2}", page.text) == []
    assert len(page.text) < 400_000


def test_the_page_shows_the_reports_figures(report: Report, page: Page) -> None:
    for scope in report.scopes:
        for name in ("net_pnl", "total_return", "max_drawdown", "sharpe", "trade_count", "win_rate"):
            value = scope.figure(name)
            assert page.figures[scope.name, name] == str(value)
            assert shown(value, BY_NAME[name].unit) in page.text


def test_every_metric_has_its_place(report: Report, page: Page) -> None:
    grouped = [name for group in GROUPS.values() for name in group]
    assert sorted(grouped) == sorted(metric.name for metric in METRICS)
    for metric in METRICS:
        assert page.text.count(f'data-metric="{metric.name}"') >= len(report.portfolio.horizons)
        assert metric.label in page.text


def test_every_part_is_there(page: Page) -> None:
    charts = {"pnl", "drawdown", "returns", "sharpe", "equity"}
    assert charts | {"strategies", "horizons", "months", "falls", "correlation", "positions", "trades"} <= set(page.ids)


def test_names_and_notes_are_text_never_markup(page: Page) -> None:
    assert "<b>GLD</b>" not in page.text
    assert "&lt;b&gt;GLD&lt;/b&gt; &amp; others." in page.text
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    text = render_html(report_of([history(evil, 1), history("calm", 2)], title=evil, notes=[evil]))
    assert "alert(1)</script>" not in text.replace("&lt;/script&gt;", "")
    assert "<img" not in text
    assert text.count("<script>") == 1


def test_a_horizon_longer_than_the_history_is_in_brackets(page: Page) -> None:
    assert ">(5Y)</th>" in page.text
    assert ">1Y</th>" in page.text


def test_the_empty_report_says_so(empty_report: Report) -> None:
    page = Page(render_html(empty_report))
    assert "Nothing was traded in this mode yet." in page.text
    assert page.ids == []


def test_without_capital_the_parts_that_need_it_are_left_out() -> None:
    page = Page(render_html(report_of([history("ten_lines", 3, 40, capital=None)])))
    assert "pnl" in page.ids
    assert not {"drawdown", "returns", "months", "falls", "correlation"} & set(page.ids)
    assert page.figures["ten_lines", "sharpe"] == ""


def test_no_drawing_has_a_coordinate_that_is_no_number(page: Page) -> None:
    drawn = re.findall(r' d="([^"]*)"', page.text)
    assert len(drawn) >= 7
    assert all(re.fullmatch(r"(?:[ML]-?\d+\.\d -?\d+\.\d)+Z?", path) for path in drawn)


def test_ten_years_of_ten_strategies_stay_small() -> None:
    text = render_html(report_of([history(f"strategy_{n}", n, 2520) for n in range(10)]))
    assert len(text) < 700_000


def test_one_day_and_a_flat_line_are_drawn_too() -> None:
    for count in (1, 2, 3):
        made = history("s", 1, 30)
        flat = type(made)("s", 100.0, made.days[:count], np.zeros(count), np.zeros(count))
        assert "NaN" not in render_html(report_of([flat]))
